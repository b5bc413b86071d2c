// Command dataset-tiny is a data set for tests of runs: ten items, and users
// with six interactions each. Its option "held-out" changes what the last two
// interactions of every user are, and nothing else.
package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/serve"
)

const (
	items = 10
	rows  = 6 // of a user
	held  = 2 // of them, with test = 0.34
)

func main() { serve.Datasets(func() sdk.Dataset { return &tiny{} }) }

type tiny struct {
	users  int
	others bool
}

func (*tiny) Spec() sdk.ComponentSpec {
	s := sdk.ComponentSpec{
		Kind: sdk.KindDataset, Name: "tiny", Doc: "a few made-up users", Determinism: sdk.DeterminismBitwise,
		Options: []sdk.OptionSpec{
			{Name: "users", Type: sdk.OptionInt, Default: int64(300), Min: sdk.Bound(1), Doc: "number of users"},
			{Name: "held-out", Type: sdk.OptionEnum, Default: "some", Choices: []string{"some", "others"}, Doc: "what each user did last"},
		},
	}
	s.Tables = []sdk.TableSpec{
		{Name: sdk.TableUsers, Columns: []sdk.ColumnSpec{{Name: "uid", Type: sdk.ColumnStr}}},
		{Name: sdk.TableItems, Columns: []sdk.ColumnSpec{{Name: "iid", Type: sdk.ColumnStr}, {Name: "title", Type: sdk.ColumnStr}}},
		{Name: sdk.TableInteractions, Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32}, {Name: "item", Type: sdk.ColumnI32},
			{Name: "value", Type: sdk.ColumnF32}, {Name: "time", Type: sdk.ColumnI64},
		}},
	}
	return s
}

func (d *tiny) Configure(_ context.Context, c sdk.Config) error {
	d.users, d.others = c.Options.Int("users"), c.Options.String("held-out") == "others"
	return nil
}

func (d *tiny) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{
		Version: "1", License: "none", Planted: true,
		Scale: &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2},
	}, nil
}

func (d *tiny) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	t := sdk.Table{Name: r.Table}
	switch r.Table {
	case sdk.TableUsers:
		t.Columns = []sdk.Column{{Name: "uid", Data: names("u", d.users)}}
	case sdk.TableItems:
		t.Columns = []sdk.Column{{Name: "iid", Data: names("i", items)}, {Name: "title", Data: names("Title ", items)}}
	case sdk.TableInteractions:
		t.Columns = d.interactions()
	}
	return sdk.Cut(t, r.Columns, yield)
}

func names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(prefix, i)
	}
	return out
}

func (d *tiny) interactions() []sdk.Column {
	var user, item []int32
	var value []float32
	var time []int64
	for u := range int32(d.users) {
		order := make([]int32, items)
		for i := range order {
			order[i] = int32(i)
		}
		slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(sdk.TieHash(1, u, a), sdk.TieHash(1, u, b)) })
		if d.others {
			copy(order[rows-held:rows], order[rows:])
		}
		for i, it := range order[:rows] {
			user, item = append(user, u), append(item, it)
			value, time = append(value, float32(1+(int(u)+i)%5)), append(time, int64(i))
		}
	}
	return []sdk.Column{
		{Name: "user", Data: user}, {Name: "item", Data: item}, {Name: "value", Data: value}, {Name: "time", Data: time},
	}
}
