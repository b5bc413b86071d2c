package main

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/alignuser/alignuser/sdk"
)

// dataset is a small population whose people watch what their number shares
// with the item's.
type dataset struct{ reads, asked atomic.Int64 }

const people, things = 20, 12

func (d *dataset) Spec() sdk.ComponentSpec {
	s := spec(sdk.KindDataset, sdk.FeatureRespond)
	s.Tables = []sdk.TableSpec{
		{Name: sdk.TableUsers, Rows: people, Columns: []sdk.ColumnSpec{{Name: "uid", Type: sdk.ColumnStr}}},
		{Name: sdk.TableItems, Columns: []sdk.ColumnSpec{
			{Name: "iid", Type: sdk.ColumnStr}, {Name: "title", Type: sdk.ColumnStr}, {Name: "categories", Type: sdk.ColumnStr, List: true},
		}},
		{Name: sdk.TableInteractions, Columns: []sdk.ColumnSpec{
			{Name: "user", Type: sdk.ColumnI32}, {Name: "item", Type: sdk.ColumnI32}, {Name: "value", Type: sdk.ColumnF32}, {Name: "time", Type: sdk.ColumnI64},
		}},
	}
	switch {
	case flaw("no-users"):
		s.Tables = s.Tables[1:]
	case flaw("rows"):
		s.Tables[0].Rows++
	case flaw("columns"):
		c := s.Tables[2].Columns
		c[0], c[1] = c[1], c[0]
	case flaw("no-licence"):
		s.License = ""
	}
	return s
}

func (d *dataset) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic { return validate(o) }
func (d *dataset) Configure(context.Context, sdk.Config) error                { return nil }

func (d *dataset) Prepare(_ context.Context, r sdk.PrepareRequest, _ sdk.Emit) (sdk.PrepareResult, error) {
	res := sdk.PrepareResult{Planted: true, Version: "1", Scale: &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}}
	mark := filepath.Join(r.CacheDir, "mark")
	_, err := os.Stat(mark)
	warm := err == nil
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return res, err
	}
	switch {
	case flaw("scale"):
		res.Scale.LikeAt = 9
	case flaw("source-without-hash"):
		res.Sources = []sdk.File{{Path: "x"}}
	case flaw("cold-when-offline") && warm:
		return res, errors.New("want to download it again")
	case flaw("forgets-version") && warm:
		res.Version = "2"
	}
	return res, nil
}

func (d *dataset) tables() []sdk.Table {
	users, items := sdk.Table{Name: sdk.TableUsers}, sdk.Table{Name: sdk.TableItems}
	var uids, iids, categories []string
	lists := []uint32{0}
	for i := range people {
		uids = append(uids, string(rune('a'+i)))
	}
	for i := range things {
		iids = append(iids, string(rune('A'+i)))
		categories = append(categories, make([]string, i%3)...)
		lists = append(lists, uint32(len(categories)))
	}
	var user, item []int32
	var value []float32
	var time []int64
	for i := range 150 {
		user, item = append(user, int32(i%people)), append(item, int32(i*7%things))
		value, time = append(value, float32(1+i%5)), append(time, int64(1e9+i))
	}
	switch {
	case flaw("twice"):
		uids[1] = uids[0]
	case flaw("far-item"):
		item[9] = things
	case flaw("off-scale"):
		value[9] = 6
	case flaw("off-step"):
		value[9] = 2.5
	case flaw("missing-value"):
		value[9] = float32(math.NaN())
	case flaw("milliseconds"):
		time[9] *= 1000
	case flaw("by-read"):
		time[9] += d.reads.Add(1)
	case flaw("by-process"):
		time[9] += int64(os.Getpid())
	case flaw("empty"):
		user, item, value, time = user[:0], item[:0], value[:0], time[:0]
	}
	users.Columns = []sdk.Column{{Name: "uid", Data: uids}}
	items.Columns = []sdk.Column{{Name: "iid", Data: iids}, {Name: "title", Data: iids}, {Name: "categories", Data: categories, Lists: lists}}
	return []sdk.Table{users, items, {Name: sdk.TableInteractions, Columns: []sdk.Column{
		{Name: "user", Data: user}, {Name: "item", Data: item}, {Name: "value", Data: value}, {Name: "time", Data: time},
	}}}
}

func (d *dataset) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	for _, t := range d.tables() {
		if t.Name != r.Table {
			continue
		}
		if flaw("all-columns") {
			r.Columns = nil
		}
		return sdk.Cut(t, r.Columns, yield)
	}
	if flaw("any-table") {
		return yield(sdk.Chunk{Table: sdk.Table{Name: r.Table}})
	}
	return sdk.Invalidf("", "no table %q", r.Table)
}

func (d *dataset) Respond(_ context.Context, r sdk.RespondRequest) (sdk.RespondReply, error) {
	asked := d.asked.Add(1)
	var out sdk.RespondReply
	if flaw("needs-cards") && len(r.Slates.Items) == 0 {
		return out, errors.New("no cards")
	}
	for i, user := range r.Users {
		for _, item := range r.Slates.Row(i) {
			p := 0.2 + 0.6*float32((user+item)%4)/3
			draw := r.Stream
			switch {
			case flaw("by-call"):
				draw += uint64(asked)
			case flaw("by-place"):
				draw += uint64(i)
			case flaw("stream-moves-chance"):
				p /= float32(1 + r.Stream%3)
			case flaw("deaf-to-stream"):
				draw = 0
			}
			watched := float32(sdk.Mix(draw, uint64(user), uint64(item), uint64(r.Exposures[i]))%1000)/1000 < p
			value := float32(math.NaN())
			if watched {
				value = float32(1 + (user+item)%5)
			}
			switch {
			case flaw("chance-above-one"):
				p = 1.5
			case flaw("impossible"):
				p = 0
			case flaw("value-unwatched"):
				value = 3
			case flaw("value-off-scale") && watched:
				value = 7
			}
			out.Watched = append(out.Watched, bit(watched))
			out.WatchProbability = append(out.WatchProbability, p)
			out.Values, out.ExpectedValues = append(out.Values, value), append(out.ExpectedValues, float32(1+(user+item)%5))
		}
		out.Left, out.LeaveProbability = append(out.Left, 0), append(out.LeaveProbability, 0.1)
	}
	if flaw("decision-two") && len(out.Watched) > 0 {
		out.Watched[0] = 2
	}
	return out, nil
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
