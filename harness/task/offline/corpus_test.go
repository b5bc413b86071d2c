package offline

import (
	"context"
	"fmt"
	"testing"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// event is an interaction of a made-up data set.
type event struct {
	user, item int32
	value      float32
	time       int64
}

// world is a data set in memory.
type world struct {
	users, items int
	events       []event
	scale        *sdk.Scale // nil: implicit data
	categories   [][]string // by item; nil: none
}

func (*world) Spec() sdk.ComponentSpec {
	s := sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "world"}
	for _, name := range []string{sdk.TableUsers, sdk.TableItems, sdk.TableInteractions} {
		s.Tables = append(s.Tables, sdk.TableSpec{Name: name})
	}
	return s
}

func (*world) Configure(context.Context, sdk.Config) error { return nil }

func (w *world) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{Version: "1", License: "none", Scale: w.scale}, nil
}

func (w *world) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	t := sdk.Table{Name: r.Table}
	names := func(letter string, n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprint(letter, i)
		}
		return out
	}
	switch r.Table {
	case sdk.TableUsers:
		t.Columns = []sdk.Column{{Name: "uid", Data: names("u", w.users)}}
	case sdk.TableItems:
		t.Columns = []sdk.Column{{Name: "iid", Data: names("i", w.items)}, {Name: "title", Data: names("Title ", w.items)}}
		if w.categories != nil {
			col := sdk.Column{Name: "categories", Lists: []uint32{0}}
			var all []string
			for _, of := range w.categories {
				all = append(all, of...)
				col.Lists = append(col.Lists, uint32(len(all)))
			}
			col.Data = all
			t.Columns = append(t.Columns, col)
		}
	case sdk.TableInteractions:
		var users, items []int32
		var values []float32
		var times []int64
		for _, e := range w.events {
			users, items, values, times = append(users, e.user), append(items, e.item), append(values, e.value), append(times, e.time)
		}
		t.Columns = []sdk.Column{{Name: "user", Data: users}, {Name: "item", Data: items}, {Name: "time", Data: times}}
		if w.scale != nil {
			t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: values})
		}
	}
	return sdk.Cut(t, r.Columns, yield)
}

// split divides a world by user and time.
func (w *world) split(t testing.TB, test, valid float64) *corpus.Split {
	t.Helper()
	c, err := corpus.Open(t.Context(), corpus.Config{CacheDir: t.TempDir()}, "world", w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := c.Split(corpus.SplitParams{Method: "user-temporal", Test: test, Valid: valid, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tiny is four users and six items. With test = 0.4 and valid = 0.2, five
// interactions divide into two, one and two:
//
//	user  training  validation  test (value)
//	0     0, 1      2           3 (5), 4 (2)
//	1     4, 5      3           0 (5), 2 (4)
//	2     1         -           -
//	3     0, 2      4           1 (2), 3 (1)
func tiny() *world {
	w := &world{users: 4, items: 6, scale: &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}}
	add := func(user int32, items []int32, values ...float32) {
		for i, item := range items {
			w.events = append(w.events, event{user, item, values[i], int64(10 * (i + 1))})
		}
	}
	add(0, []int32{0, 1, 2, 3, 4}, 5, 3, 1, 5, 2)
	add(1, []int32{5, 4, 3, 0, 2}, 1, 2, 3, 5, 4)
	add(2, []int32{1}, 5)
	add(3, []int32{2, 0, 4, 1, 3}, 4, 4, 4, 2, 1)
	return w
}

// crowd is 600 users, so that a cell has three batches: 256, 256 and 88.
func crowd() *world {
	w := &world{users: 600, items: 25}
	for u := range int32(600) {
		for i := range int32(5) {
			w.events = append(w.events, event{user: u, item: (7*u + 5*i) % 25, time: int64(i)})
		}
	}
	return w
}
