package persona

import (
	"context"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The parts of a data set that brings its own division.
const (
	trains = 0
	tests  = 2
)

// row is an interaction, and where it goes.
type row struct {
	user, item int32
	value      float32
	part       uint8
}

// films is a data set in memory.
type films struct {
	scale      *sdk.Scale
	users      int
	attributes []sdk.Column
	titles     []string
	categories [][]string // by item; nil: none
	rows       []row
	evidence   string // of the split
}

func five() *sdk.Scale { return &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2} }

func (films) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "films", Tables: []sdk.TableSpec{
		{Name: sdk.TableUsers},
		{Name: sdk.TableItems},
		{Name: sdk.TableInteractions, Columns: []sdk.ColumnSpec{{Name: "value", Type: sdk.ColumnF32, Nullable: true}}},
	}}
}

func (films) Configure(context.Context, sdk.Config) error { return nil }

func (f films) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{Version: "1", License: "none", Scale: f.scale, Sources: []sdk.File{{Path: "x", SHA256: "ab"}}}, nil
}

func (f films) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	t := sdk.Table{Name: r.Table}
	switch r.Table {
	case sdk.TableUsers:
		uid := make([]string, f.users)
		for u := range uid {
			uid[u] = fmt.Sprintf("u%d", u)
		}
		t.Columns = append([]sdk.Column{{Name: "uid", Data: uid}}, f.attributes...)
	case sdk.TableItems:
		iid := make([]string, len(f.titles))
		for i := range iid {
			iid[i] = fmt.Sprintf("i%d", i)
		}
		t.Columns = []sdk.Column{{Name: "iid", Data: iid}, {Name: "title", Data: f.titles}}
		if f.categories != nil {
			of, lists := []string{}, []uint32{0}
			for _, c := range f.categories {
				of = append(of, c...)
				lists = append(lists, uint32(len(of)))
			}
			t.Columns = append(t.Columns, sdk.Column{Name: "categories", Data: of, Lists: lists})
		}
	case sdk.TableInteractions:
		n := len(f.rows)
		users, items, values, times, parts := make([]int32, n), make([]int32, n), make([]float32, n), make([]int64, n), make([]uint8, n)
		for i, x := range f.rows {
			users[i], items[i], values[i], times[i], parts[i] = x.user, x.item, x.value, int64(i), x.part
		}
		t.Columns = []sdk.Column{{Name: "user", Data: users}, {Name: "item", Data: items}}
		if f.scale != nil {
			t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: values})
		}
		t.Columns = append(t.Columns, sdk.Column{Name: "time", Data: times}, sdk.Column{Name: "part", Data: parts})
	}
	return sdk.Cut(t, r.Columns, yield)
}

func split(t testing.TB, f films) *corpus.Split {
	t.Helper()
	c, err := corpus.Open(t.Context(), corpus.Config{CacheDir: t.TempDir()}, "films", f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := c.Split(corpus.SplitParams{Method: "given", Seed: 1, Evidence: f.evidence})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// crowd is six users and six items named 0 to 5. Item i is of category "odd" or "even",
// items 4 and 5 of "late", too, and item 5 of "war". Users 0 to 4 have items 0 to 3 and more; user 5 has
// three items, too few for habits. Held out is item 5 of user 0, with a value of 1.
func crowd() films {
	f := films{scale: five(), users: 6}
	for i := range 6 {
		kinds := []string{[]string{"even", "odd"}[i%2]}
		if i >= 4 {
			kinds = append(kinds, "late")
		}
		if i == 5 {
			kinds = append(kinds, "war")
		}
		f.titles, f.categories = append(f.titles, fmt.Sprintf("Film %d", i)), append(f.categories, kinds)
	}
	values := [][]float32{
		{5, 5, 5, 5, 5},    // user 0: items 0 to 4
		{3, 3, 3, 3, 3},    // user 1
		{3, 3, 3, 3, 3, 3}, // user 2: items 0 to 5
		{3, 3, 3, 3, 3, 3}, // user 3
		{1, 3, 3, 3, 3, 3}, // user 4
		{4, 4, 4},          // user 5: items 0 to 2
	}
	for u, given := range values {
		for i, v := range given {
			f.rows = append(f.rows, row{int32(u), int32(i), v, trains})
		}
	}
	f.rows = append(f.rows, row{0, 5, 1, tests})
	return f
}
