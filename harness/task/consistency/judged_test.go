package consistency

import (
	"context"
	"fmt"
	"slices"
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

// films is a data set in memory of two users and ten items. Items 0 to 3 are Drama, 4 is
// Drama and War, 5 and 6 are War, 7 is Noir, 8 is Noir and Comedy, 9 is of no kind.
// User 0 has 0 and 1 in training, and gave 4 to 2, 2 to 3 and 5 to 5 later. User 1 has
// 6, and nothing later.
type films struct{ values bool }

func (f films) Spec() sdk.ComponentSpec {
	s := sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "films", Tables: []sdk.TableSpec{{Name: sdk.TableUsers}, {Name: sdk.TableItems}, {Name: sdk.TableInteractions}}}
	if f.values {
		s.Tables[2].Columns = []sdk.ColumnSpec{{Name: "value", Type: sdk.ColumnF32, Nullable: true}}
	}
	return s
}

func (films) Configure(context.Context, sdk.Config) error { return nil }

func (f films) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	out := sdk.PrepareResult{Version: "1", License: "none", Sources: []sdk.File{{Path: "x", SHA256: "ab"}}}
	if f.values {
		out.Scale = &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}
	}
	return out, nil
}

func (f films) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	t := sdk.Table{Name: r.Table}
	switch r.Table {
	case sdk.TableUsers:
		t.Columns = []sdk.Column{{Name: "uid", Data: []string{"a", "b"}}}
	case sdk.TableItems:
		kinds := [][]string{{"Drama"}, {"Drama"}, {"Drama"}, {"Drama"}, {"Drama", "War"}, {"War"}, {"War"}, {"Noir"}, {"Noir", "Comedy"}, {}}
		var iid, titles, of []string
		lists := []uint32{0}
		for i, k := range kinds {
			iid, titles = append(iid, fmt.Sprint(i)), append(titles, fmt.Sprint("film ", i))
			of = append(of, k...)
			lists = append(lists, uint32(len(of)))
		}
		t.Columns = []sdk.Column{{Name: "iid", Data: iid}, {Name: "title", Data: titles}, {Name: "categories", Data: of, Lists: lists}}
	case sdk.TableInteractions:
		t.Columns = []sdk.Column{{Name: "user", Data: []int32{0, 0, 0, 0, 0, 1}}, {Name: "item", Data: []int32{0, 1, 2, 3, 5, 6}}}
		if f.values {
			t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: []float32{3, 5, 4, 2, 5, 4}})
		}
		t.Columns = append(t.Columns, sdk.Column{Name: "time", Data: []int64{1, 2, 3, 4, 5, 6}}, sdk.Column{Name: "part", Data: []uint8{trains, trains, tests, tests, tests, trains}})
	}
	return sdk.Cut(t, r.Columns, yield)
}

func split(t *testing.T, f films) *corpus.Split {
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
	s, err := c.Split(corpus.SplitParams{Method: "given", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// User 0 liked 2 and 5 later, and had Drama, and War in what came later: Noir and Comedy
// are foreign, item 9 is of no kind. User 1 had War alone: 4 is War, too.
func TestJudged(t *testing.T) {
	j := newJudged(split(t, films{values: true}))
	for _, c := range []struct {
		name string
		got  []int32
		want []int32
	}{
		{"liked by 0", j.liked(0), []int32{2, 5}},
		{"liked by 1", j.liked(1), nil},
		{"foreign to 0", j.foreign(0), []int32{7, 8}},
	} {
		slices.Sort(c.got)
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	got := j.foreign(1) // four of the six: 0 to 3, 7 and 8
	if len(got) != cards || slices.ContainsFunc(got, func(it int32) bool { return !slices.Contains([]int32{0, 1, 2, 3, 7, 8}, it) }) {
		t.Errorf("foreign to 1: %v", got)
	}
	if again := newJudged(j.split).foreign(1); !slices.Equal(got, again) {
		t.Errorf("drawn anew: %v and %v", got, again)
	}
	// Without values all that came later was wanted.
	if got := newJudged(split(t, films{})).liked(0); len(got) != 3 {
		t.Errorf("without values: %v", got)
	}
}
