package align

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// marker is the title of a work that nobody met before what is held out.
const (
	marker     = "MARKER"
	markerItem = 10
)

// card is one that a person was shown.
type card struct {
	user, session, page, slot, item int32
	watched, left                   bool
	value                           float32
}

// library is a data set in memory: four people, five visits each of two pages of three
// cards, one of which is watched. The last visit is held out.
type library struct {
	sessions bool
	change   func(c *card, held bool) // of what people did; nil: as it is
}

const (
	people = 4
	visits = 5
	works  = 12
)

func (l library) cards() (out []card) {
	for u := range int32(people) {
		for s := range int32(visits) {
			for p := range int32(2) {
				for k := range int32(3) {
					taken := (u + s + p) % 3 // the slot; nobody takes a work twice
					c := card{user: u, session: s, page: p, slot: k, item: (3*(2*s+p) + u + (k-taken+3)%3) % 10, watched: k == taken, left: p == 1, value: nan32}
					if c.watched {
						c.value = float32(1 + (c.item+u)%5)
					}
					if l.change != nil {
						l.change(&c, s == visits-1)
					}
					out = append(out, c)
				}
			}
		}
	}
	return out
}

// day is when a card was shown: visits are a day apart, from the first day of 1970.
func (c card) day() int64 { return int64(c.session)*86400 + int64(c.page)*60 }

var nan32 = float32(math.NaN())

func (library) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "library", Tables: []sdk.TableSpec{
		{Name: sdk.TableUsers}, {Name: sdk.TableItems}, {Name: sdk.TableInteractions},
	}}
}

// shown is a library with its sessions.
type shown struct{ library }

func (s shown) Spec() sdk.ComponentSpec {
	d := s.library.Spec()
	d.Tables = append(d.Tables, sdk.TableSpec{Name: sdk.TableSessions})
	return d
}

func (library) Configure(context.Context, sdk.Config) error { return nil }

func (library) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{
		Version: "1", License: "none", Sources: []sdk.File{{Path: "x", SHA256: "ab"}},
		Scale: &sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2},
	}, nil
}

func (l library) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	t := sdk.Table{Name: r.Table}
	add := func(name string, data any) { t.Columns = append(t.Columns, sdk.Column{Name: name, Data: data}) }
	switch r.Table {
	case sdk.TableUsers:
		add("uid", column(people, func(i int) string { return fmt.Sprintf("reader-%d", i) }))
	case sdk.TableItems:
		add("iid", column(works, func(i int) string { return fmt.Sprintf("w%d", i) }))
		add("title", column(works, func(i int) string {
			if i == markerItem {
				return marker
			}
			return fmt.Sprintf("Work %d", i)
		}))
		t.Columns = append(t.Columns, sdk.Column{
			Name: "categories", Data: column(works, func(i int) string { return []string{"Drama", "War"}[i%2] }), Lists: column(works+1, func(i int) uint32 { return uint32(i) }),
		})
	case sdk.TableInteractions:
		cs := slices.DeleteFunc(l.cards(), func(c card) bool { return !c.watched })
		slices.SortStableFunc(cs, func(a, b card) int { return cmp.Compare(a.user, b.user) })
		each := func(of func(c card) int32) []int32 { return column(len(cs), func(i int) int32 { return of(cs[i]) }) }
		add("user", each(func(c card) int32 { return c.user }))
		add("item", each(func(c card) int32 { return c.item }))
		add("value", column(len(cs), func(i int) float32 { return cs[i].value }))
		add("time", column(len(cs), func(i int) int64 { return cs[i].day() }))
	case sdk.TableSessions:
		cs := l.cards()
		each := func(of func(c card) int32) []int32 { return column(len(cs), func(i int) int32 { return of(cs[i]) }) }
		add("user", each(func(c card) int32 { return c.user }))
		add("session", each(func(c card) int32 { return c.session }))
		add("page", each(func(c card) int32 { return c.page }))
		add("slot", each(func(c card) int32 { return c.slot }))
		add("item", each(func(c card) int32 { return c.item }))
		add("watched", column(len(cs), func(i int) uint8 { return bit(cs[i].watched) }))
		add("value", column(len(cs), func(i int) float32 { return cs[i].value }))
		add("time", column(len(cs), func(i int) int64 { return cs[i].day() }))
		add("left", column(len(cs), func(i int) uint8 { return bit(cs[i].left) }))
		add("propensity", column(len(cs), func(int) float32 { return 0.25 }))
	}
	return sdk.Cut(t, r.Columns, yield)
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

func column[T any](n int, of func(i int) T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = of(i)
	}
	return out
}

// stage sets a library up, with its last visits held out.
func stage(t *testing.T, l library) *browse.Stage {
	t.Helper()
	var d sdk.Dataset = l
	if l.sessions {
		d = shown{l}
	}
	c, err := corpus.Open(t.Context(), corpus.Config{CacheDir: t.TempDir()}, "library", d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := c.Split(corpus.SplitParams{Method: "user-temporal", Test: 0.2, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return browse.NewStage(s)
}

// recipe teaches everything.
func recipe() Recipe {
	return Recipe{
		Persona: "attributes", Memory: "page", Fields: page.Fields(), WorldModel: true, Counterfactuals: true,
		Objective: "cross-entropy", Learning: "tune", Ratio: 1, Seed: 1,
	}
}

// made builds a recipe and reads what it made, by the file's name.
func made(t *testing.T, s *browse.Stage, r Recipe) (map[string]string, *Manifest) {
	t.Helper()
	dir := t.TempDir()
	m, err := Build(t.Context(), s, Order{Recipe: r, Data: "d", Signature: "s", Progress: func(int) {}}, dir)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, dir), m
}

func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}
