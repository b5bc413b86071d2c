package metric

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// list is a ranking whose hits are known, and what could have been found.
type list struct {
	hits        []int32
	relevant, k int
}

func draw(t *rapid.T) list {
	length := rapid.IntRange(1, 60).Draw(t, "length")
	hit := rapid.SliceOfN(rapid.Bool(), length, length).Draw(t, "hit")
	var hits []int32
	for i, h := range hit {
		if h {
			hits = append(hits, int32(i+1))
		}
	}
	return list{
		hits:     hits,
		relevant: max(1, len(hits)+rapid.IntRange(0, 20).Draw(t, "missed")),
		k:        rapid.IntRange(1, 80).Draw(t, "k"),
	}
}

// each runs a property over every metric of one user.
func each(t *testing.T, property func(t *rapid.T, m Metric, l list)) {
	for _, m := range Table() {
		if m.User == nil {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { property(t, m, draw(t)) })
		})
	}
}

func TestRange(t *testing.T) {
	each(t, func(t *rapid.T, m Metric, l list) {
		if v := m.User(l.hits, l.relevant, l.k); !(v >= 0 && v <= 1) {
			t.Fatalf("%v", v)
		}
	})
}

func TestMovingAHitUpNeverLowers(t *testing.T) {
	each(t, func(t *rapid.T, m Metric, l list) {
		var free []int // hits with a miss above them
		for i, r := range l.hits {
			if r > 1 && (i == 0 || l.hits[i-1] < r-1) {
				free = append(free, i)
			}
		}
		if len(free) == 0 {
			t.Skip("the hits fill the top")
		}
		up := slices.Clone(l.hits)
		up[rapid.SampledFrom(free).Draw(t, "moved")]--
		if a, b := m.User(l.hits, l.relevant, l.k), m.User(up, l.relevant, l.k); b < a {
			t.Fatalf("%v -> %v", a, b)
		}
	})
}

func TestBelowTheCutNothingCounts(t *testing.T) {
	each(t, func(t *rapid.T, m Metric, l list) {
		var above []int32
		for _, r := range l.hits {
			if int(r) <= l.k {
				above = append(above, r)
			}
		}
		below := slices.Clone(above)
		next := int32(l.k)
		for range l.relevant - len(above) { // the others anywhere below
			next += rapid.Int32Range(1, 9).Draw(t, "gap")
			below = append(below, next)
		}
		a, b, c := m.User(l.hits, l.relevant, l.k), m.User(above, l.relevant, l.k), m.User(below, l.relevant, l.k)
		if a != b || a != c {
			t.Fatalf("%v, cut %v, moved %v", a, b, c)
		}
	})
}

func TestAnotherHitNeverLowers(t *testing.T) {
	each(t, func(t *rapid.T, m Metric, l list) {
		if len(l.hits) == l.relevant {
			t.Skip("everything is found")
		}
		last := int32(0)
		if n := len(l.hits); n > 0 {
			last = l.hits[n-1]
		}
		more := append(slices.Clone(l.hits), last+1)
		if a, b := m.User(l.hits, l.relevant, l.k), m.User(more, l.relevant, l.k); b < a {
			t.Fatalf("%v -> %v", a, b)
		}
	})
}

// With k beyond the list nothing is left to find further down, so recall, hit
// and reciprocal rank stand still, and precision falls as 1/k.
func TestCutoffBeyondTheList(t *testing.T) {
	each(t, func(t *rapid.T, m Metric, l list) {
		k := 60 + l.k
		a, b := m.User(l.hits, l.relevant, k), m.User(l.hits, l.relevant, k+l.k)
		switch m.Name {
		case "precision":
			if math.Abs(a*float64(k)-b*float64(k+l.k)) > 1e-9 {
				t.Fatalf("%v at %d, %v at %d", a, k, b, k+l.k)
			}
		case "ndcg", "map", "recall-capped": // the best that is possible grows with k
			if b > a || l.relevant <= k && a != b {
				t.Fatalf("%v at %d, %v at %d", a, k, b, k+l.k)
			}
		default:
			if a != b {
				t.Fatalf("%v at %d, %v at %d", a, k, b, k+l.k)
			}
		}
	})
}

// Capped recall is recall or precision, whichever can reach 1.
func TestCappedRecallIsTheLarger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := draw(t)
		want := max(Recall(l.hits, l.relevant, l.k), Precision(l.hits, l.relevant, l.k))
		if v := RecallCapped(l.hits, l.relevant, l.k); v != want {
			t.Fatalf("%v, want %v", v, want)
		}
	})
}

// The oracle's list is worth exactly 1, not 1 minus a rounding.
func TestPerfectIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := draw(t)
		best := make([]int32, l.relevant)
		for i := range best {
			best[i] = int32(i + 1)
		}
		for name, f := range map[string]func([]int32, int, int) float64{"ndcg": NDCG, "map": MAP, "recall-capped": RecallCapped} {
			if v := f(best, l.relevant, l.k); v != 1 {
				t.Fatalf("%s %v", name, v)
			}
		}
	})
}

func TestCoverageIsOfSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOf(rapid.SliceOf(rapid.Int32Range(0, 29))).Draw(t, "lists")
		k := rapid.IntRange(1, 12).Draw(t, "k")
		v := Coverage(lists, 30, k)
		if !(v >= 0 && v <= 1) {
			t.Fatalf("%v", v)
		}
		if w := Coverage(rapid.Permutation(lists).Draw(t, "users"), 30, k); w != v {
			t.Fatalf("users in another order: %v, %v", v, w)
		}
		if w := Coverage(append(slices.Clone(lists), lists...), 30, k); w != v {
			t.Fatalf("everyone twice: %v, %v", v, w)
		}
		if w := Coverage(lists, 30, k+1); w < v {
			t.Fatalf("a longer page shows less: %v, %v", v, w)
		}
	})
}
