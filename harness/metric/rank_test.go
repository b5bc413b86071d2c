package metric

import (
	"math"
	"testing"
)

// Hand-computed cases. 1/log2(2) = 1, 1/log2(3) = 0.63092975, 1/log2(4) = 0.5,
// 1/log2(5) = 0.43067656, 1/log2(6) = 0.38685281.
func TestByHand(t *testing.T) {
	const d1, d2, d3, d4, d5 = 1.0, 0.6309297535714575, 0.5, 0.43067655807339306, 0.38685280723454163
	nan := math.NaN()
	for _, c := range []struct {
		name                         string
		hits                         []int32
		relevant, k                  int
		ndcg, recall, prec, hit, mrr float64
		capped, ap                   float64
	}{
		// DCG = d1+d3 = 1.5; the best three places: d1+d2+d3 = 2.1309.
		// 2 of 3 found; 2 of 5 places; first hit at 1.
		// At most 3 of 5 places can be hits: 2/3. Precision 1/1 at rank 1, 2/3 at rank 3.
		{"two of three", []int32{1, 3}, 3, 5, 1.5 / (d1 + d2 + d3), 2.0 / 3, 2.0 / 5, 1, 1, 2.0 / 3, (1.0 + 2.0/3) / 3},
		// The ideal list is as long as what is relevant: d1+d2.
		// Capped by what is relevant. Precision 1/1 and 2/2, over 2.
		{"perfect", []int32{1, 2}, 2, 5, 1, 1, 2.0 / 5, 1, 1, 1, 1},
		// More relevant than places: the ideal is all k = 2 places, recall 2/10.
		// Capped by the page, 2/2. Precision 1/1 and 2/2, over 2, not 10.
		{"full page", []int32{1, 2}, 10, 2, 1, 0.2, 1, 1, 1, 1, 1},
		// The hit at 6 is beyond k = 5: d4 / (d1+d2), 1 of 2, 1 of 5, 1/4.
		// 1 of 2. Precision 1/4 at rank 4.
		{"one beyond", []int32{4, 6}, 2, 5, d4 / (d1 + d2), 0.5, 0.2, 1, 0.25, 0.5, (1.0 / 4) / 2},
		{"all beyond", []int32{6, 9}, 2, 5, 0, 0, 0, 0, 0, 0, 0},
		{"at the cutoff", []int32{5}, 1, 5, d5, 1, 0.2, 1, 0.2, 1, 1.0 / 5},
		{"nothing found", nil, 4, 5, 0, 0, 0, 0, 0, 0, 0},
		// A list of one item, a hit, with 10 relevant and k = 10: normalised by
		// what was returned this would be 1.00; it is 1/4.5436 = 0.2201.
		// 1 of 10; precision 1/1, over 10.
		{"short list", []int32{1}, 10, 10, 0.22009176629808017, 0.1, 0.1, 1, 1, 1.0 / 10, 1.0 / 10},
		// The same with 3 relevant: 1/2.1309 = 0.4693, precision still 1/10.
		{"short list, few relevant", []int32{1}, 3, 10, 0.46927872602275644, 1.0 / 3, 0.1, 1, 1, 1.0 / 3, 1.0 / 3},
		{"k = 1, miss", []int32{2}, 1, 1, 0, 0, 0, 0, 0, 0, 0},
		{"nothing relevant", nil, 0, 5, nan, nan, nan, nan, nan, nan, nan},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, m := range []struct {
				name      string
				got, want float64
			}{
				{"ndcg", NDCG(c.hits, c.relevant, c.k), c.ndcg},
				{"recall", Recall(c.hits, c.relevant, c.k), c.recall},
				{"precision", Precision(c.hits, c.relevant, c.k), c.prec},
				{"hit", Hit(c.hits, c.relevant, c.k), c.hit},
				{"mrr", MRR(c.hits, c.relevant, c.k), c.mrr},
				{"recall-capped", RecallCapped(c.hits, c.relevant, c.k), c.capped},
				{"map", MAP(c.hits, c.relevant, c.k), c.ap},
			} {
				if !same(m.got, m.want) {
					t.Errorf("%s: %v, want %v", m.name, m.got, m.want)
				}
			}
		})
	}
}

func same(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-12
}

func TestFaultsOfTheCallerPanic(t *testing.T) {
	panics := func(name string, f func()) {
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", name)
			}
		}()
		f()
	}
	for _, m := range Table() {
		switch {
		case m.Whole != nil:
			panics(m.Name+", k 0", func() { m.Whole(nil, 3, 0) })
			panics(m.Name+", item out of range", func() { m.Whole([][]int32{{3}}, 3, 1) })
		case m.Shown != nil:
			panics(m.Name+", k 0", func() { m.Shown(nil, 3, 0) })
			panics(m.Name+", fewer than none", func() { m.Shown([]int32{-1}, 3, 1) })
			panics(m.Name+", more than all", func() { m.Shown([]int32{4}, 3, 1) })
		case m.Mixed != nil:
			panics(m.Name+", k 0", func() { m.Mixed(nil, 0) })
			panics(m.Name+", a category twice", func() { m.Mixed([][]int32{{1, 1}}, 3) })
			panics(m.Name+", descending", func() { m.Mixed([][]int32{{2, 1}}, 3) })
		case m.Order != nil:
			panics(m.Name+", lengths", func() { m.Order([]int32{1}, nil, 3) })
			panics(m.Name+", fewer than none above", func() { m.Order([]int32{-1}, []int32{1}, 3) })
			panics(m.Name+", fewer than none equal", func() { m.Order([]int32{1}, []int32{-1}, 3) })
			panics(m.Name+", more than all", func() { m.Order([]int32{2}, []int32{2}, 3) })
		}
		if m.User == nil {
			continue
		}
		panics(m.Name+", k 0", func() { m.User(nil, 1, 0) })
		panics(m.Name+", rank 0", func() { m.User([]int32{0}, 1, 5) })
		panics(m.Name+", the same rank twice", func() { m.User([]int32{2, 2}, 2, 5) })
		panics(m.Name+", descending", func() { m.User([]int32{3, 2}, 2, 5) })
		panics(m.Name+", more hits than relevant", func() { m.User([]int32{1, 2}, 1, 5) })
	}
}
