package corpus

import (
	"context"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a data set in memory.
type fake struct {
	info   sdk.PrepareResult
	spec   sdk.ComponentSpec
	tables map[string]sdk.Table
	reads  int
	asked  sdk.PrepareRequest
	read   func(ctx context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error // nil: tables
}

func (f *fake) Spec() sdk.ComponentSpec { return f.spec }

func (*fake) Configure(context.Context, sdk.Config) error { return nil }

func (f *fake) Prepare(_ context.Context, r sdk.PrepareRequest, _ sdk.Emit) (sdk.PrepareResult, error) {
	f.asked = r
	return f.info, nil
}

func (f *fake) Read(ctx context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	f.reads++
	if f.read != nil {
		return f.read(ctx, r, yield)
	}
	return sdk.Cut(f.tables[r.Table], r.Columns, yield)
}

// event is an interaction of a fake.
type event struct {
	user, item int32
	value      float32
	time       int64
}

func stars() *sdk.Scale { return &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2} }

func newFake(users, items int, events []event) *fake {
	f := &fake{
		info: sdk.PrepareResult{Version: "1", License: "none", Scale: stars(), Sources: []sdk.File{{Path: "x", SHA256: "ab"}}},
		spec: sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "fake"},
	}
	uids, iids, titles := make([]string, users), make([]string, items), make([]string, items)
	for u := range uids {
		uids[u] = fmt.Sprintf("u%d", u)
	}
	genres := sdk.Column{Name: "categories", Data: []string{}, Lists: []uint32{0}}
	for i := range iids {
		iids[i], titles[i] = fmt.Sprintf("i%d", i), fmt.Sprintf("Title %d", i)
		if i%2 == 0 {
			genres.Data = append(genres.Data.([]string), "even", "number")
		}
		genres.Lists = append(genres.Lists, uint32(len(genres.Data.([]string))))
	}
	f.tables = map[string]sdk.Table{
		sdk.TableUsers:        {Name: sdk.TableUsers, Columns: []sdk.Column{{Name: "uid", Data: uids}}},
		sdk.TableItems:        {Name: sdk.TableItems, Columns: []sdk.Column{{Name: "iid", Data: iids}, {Name: "title", Data: titles}, genres}},
		sdk.TableInteractions: eventTable(events),
	}
	for name := range f.tables {
		f.spec.Tables = append(f.spec.Tables, sdk.TableSpec{Name: name})
	}
	return f
}

func eventTable(events []event) sdk.Table {
	n := len(events)
	users, items, values, times := make([]int32, n), make([]int32, n), make([]float32, n), make([]int64, n)
	for i, e := range events {
		users[i], items[i], values[i], times[i] = e.user, e.item, e.value, e.time
	}
	return sdk.Table{Name: sdk.TableInteractions, Columns: []sdk.Column{
		{Name: "user", Data: users}, {Name: "item", Data: items}, {Name: "value", Data: values}, {Name: "time", Data: times},
	}}
}

// set replaces or adds a column of a table.
func (f *fake) set(table, name string, data any) {
	t := f.tables[table]
	cols := []sdk.Column{}
	for _, c := range t.Columns {
		if c.Name != name {
			cols = append(cols, c)
		}
	}
	if data != nil {
		cols = append(cols, sdk.Column{Name: name, Data: data})
	}
	f.tables[table] = sdk.Table{Name: table, Columns: cols}
}

// small is two users and four items.
func small() *fake {
	return newFake(2, 4, []event{
		{0, 0, 5, 10}, {0, 1, 3, 20}, {0, 2, 1, 30}, {0, 3, 4, 40}, {1, 1, 2, 5}, {1, 3, 5, 6},
	})
}

// warnings collects what Open and others warn of.
type warnings []string

func (w *warnings) emit(e sdk.Event) {
	if e, ok := e.(sdk.Warning); ok {
		*w = append(*w, e.Summary)
	}
}

func mustOpen(t testing.TB, cfg Config, f *fake) *Corpus {
	t.Helper()
	if cfg.CacheDir == "" {
		cfg.CacheDir = t.TempDir()
	}
	c, err := Open(t.Context(), cfg, "identity", f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
