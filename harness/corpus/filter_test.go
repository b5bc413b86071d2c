package corpus

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

func mustFilter(t testing.TB, c *Corpus, p FilterParams) (*Corpus, FilterStats) {
	t.Helper()
	out, stats, err := c.Filter(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := out.Close(); err != nil {
			t.Error(err)
		}
	})
	return out, stats
}

// TestCore by hand: items 0 1 2 of users 0 1 2, each user with two of them, are
// a 2-core. User 3 has items 2 and 3; item 3 has nobody else, so it leaves, then
// user 3 with one item left, then user 4, whose items were 4 and 5.
func TestCore(t *testing.T) {
	f := newFake(6, 6, []event{
		{0, 0, 5, 1},
		{0, 1, 4, 2},
		{1, 1, 3, 3},
		{1, 2, 2, 4},
		{2, 2, 1, 5},
		{2, 0, 5, 6},
		{3, 2, 5, 7},
		{3, 3, 5, 8},
		{4, 4, 5, 9},
		{4, 5, 5, 10},
	})
	f.set("users", "age", []int32{10, 11, 12, 13, 14, 15})
	c := mustOpen(t, Config{}, f)
	got, stats := mustFilter(t, c, FilterParams{UserCore: 2, ItemCore: 2})
	if want := (FilterStats{Users: 3, Items: 3, ByCore: 4}); stats != want {
		t.Errorf("%+v, want %+v", stats, want)
	}
	if got.Users() != 3 || got.Items() != 3 || got.Interactions() != 6 || got.Digest() == c.Digest() || got.Name() != "fake" {
		t.Errorf("%d users, %d items, %d interactions", got.Users(), got.Items(), got.Interactions())
	}
	users, _ := got.Table(sdk.TableUsers)
	want := sdk.Table{Name: "users", Columns: []sdk.Column{{Name: "uid", Data: []string{"u0", "u1", "u2"}}, {Name: "age", Data: []int32{10, 11, 12}}}}
	if diff := cmp.Diff(want, users); diff != "" {
		t.Error(diff)
	}
	items, _ := got.Table(sdk.TableItems)
	categories, _ := items.Column("categories")
	if diff := cmp.Diff(sdk.Column{Name: "categories", Data: []string{"even", "number", "even", "number"}, Lists: []uint32{0, 2, 2, 4}}, categories); diff != "" {
		t.Error(diff)
	}
	// Users alone: 5 leaves, who has nothing; items keep their numbers, 5 to 3.
	got, stats = mustFilter(t, c, FilterParams{UserCore: 1})
	if want := (FilterStats{Users: 1}); stats != want || got.Items() != 6 {
		t.Errorf("%+v, want %+v", stats, want)
	}
	// Values first, then the core: at least 3 leaves user 1 one item.
	three := 3.0
	got, stats = mustFilter(t, c, FilterParams{MinValue: &three, ItemCore: 2})
	// Left by value: 0-0 0-1 1-1 2-0 3-2 3-3 4-4 4-5; items 0 and 1 have two each.
	if want := (FilterStats{Items: 4, ByValue: 2, ByCore: 4}); stats != want || got.Interactions() != 4 || got.Users() != 6 {
		t.Errorf("%+v, want %+v", stats, want)
	}
}

func TestFilterIsKept(t *testing.T) {
	cfg := Config{CacheDir: t.TempDir()}
	c := mustOpen(t, cfg, small())
	four := 4.0
	first, _ := mustFilter(t, c, FilterParams{MaxValue: &four})
	again, _ := mustFilter(t, c, FilterParams{MaxValue: &four})
	other, _ := mustFilter(t, c, FilterParams{MinValue: &four})
	if first.Digest() != again.Digest() || first.Digest() == other.Digest() {
		t.Errorf("%s %s %s", first.Digest(), again.Digest(), other.Digest())
	}
	if _, err := first.Split(SplitParams{Method: "leave-one-out"}); err != nil {
		t.Error(err)
	}
}

func TestFilterRefuses(t *testing.T) {
	c := mustOpen(t, Config{}, small())
	v := func(f float64) *float64 { return &f }
	for _, tt := range []struct {
		p            FilterParams
		option, want string
	}{
		{FilterParams{UserCore: 9, ItemCore: 9}, "filter.user-core", "nothing is left of 6 interactions"},
		{FilterParams{ItemCore: 3}, "filter.item-core", "nothing is left"},
		{FilterParams{MinValue: v(4), MaxValue: v(3)}, "filter.min-value", "more than max-value"},
		{FilterParams{MinValue: v(6)}, "filter.min-value", "not on the scale of the data set, 1 to 5"},
		{FilterParams{MinValue: v(2.5), MaxValue: v(2.6)}, "filter.min-value", "none of 6 interactions"},
		{FilterParams{UserCore: -1}, "filter.user-core", "at least 0"},
	} {
		_, _, err := c.Filter(tt.p)
		var named *sdk.Error
		if !errors.As(err, &named) || named.Option != tt.option || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %s of %s", tt.p, err, tt.want, tt.option)
		}
	}
	implicit := small()
	implicit.info.Scale = nil
	implicit.set(sdk.TableInteractions, "value", nil)
	if _, _, err := mustOpen(t, Config{}, implicit).Filter(FilterParams{MinValue: v(1)}); err == nil || !strings.Contains(err.Error(), "implicit") {
		t.Errorf("%v", err)
	}
}

// TestPeelFindsTheLargestCore compares with taking away one offender at a time,
// in another order, until there is none: the largest core is unique.
func TestPeelFindsTheLargestCore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		users, items := rapid.IntRange(1, 8).Draw(t, "users"), rapid.IntRange(1, 8).Draw(t, "items")
		x := columns.Interactions{Users: users, Items: items}
		for _, pair := range rapid.SliceOfNDistinct(rapid.IntRange(0, users*items-1), 0, users*items, rapid.ID[int]).Draw(t, "pairs") {
			x.User, x.Item = append(x.User, int32(pair/items)), append(x.Item, int32(pair%items))
		}
		kept := rapid.SliceOfN(rapid.Bool(), len(x.User), len(x.User)).Draw(t, "kept")
		p, q := rapid.IntRange(0, 4).Draw(t, "user core"), rapid.IntRange(0, 4).Draw(t, "item core")
		want := slowCore(x, slices.Clone(kept), p, q)
		k := newCore(x, kept)
		k.peel(p, q)
		if !slices.Equal(kept, want) {
			t.Fatalf("%v, want %v", kept, want)
		}
		for row, ok := range kept {
			if ok && (k.users[x.User[row]] < p || k.items[x.Item[row]] < q) {
				t.Fatalf("row %d stays with a user of %d and an item of %d", row, k.users[x.User[row]], k.items[x.Item[row]])
			}
		}
	})
}

func slowCore(x columns.Interactions, kept []bool, p, q int) []bool {
	for row := len(kept) - 1; row >= 0; row-- {
		if !kept[row] {
			continue
		}
		users, items := 0, 0
		for other, ok := range kept {
			if ok && x.User[other] == x.User[row] {
				users++
			}
			if ok && x.Item[other] == x.Item[row] {
				items++
			}
		}
		if users < p || items < q {
			kept[row] = false
			row = len(kept) // from the start: others may be below now
		}
	}
	return kept
}
