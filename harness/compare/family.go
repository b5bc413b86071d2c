package compare

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
)

// pair is a metric and the places of two arms.
type pair struct{ m, a, b int }

// tested holds what sign flips say of a family of pairs: each p-value, and it adjusted
// for all of them. Pairs without a user in common have none (NaN) and do not count.
type tested struct {
	at          map[pair]int
	p, holm, bh []float64
}

// of finds a pair, whichever of its arms comes first: two-sided p-values are equal.
func (t tested) of(q pair) int {
	if i, ok := t.at[q]; ok {
		return i
	}
	return t.at[pair{q.m, q.b, q.a}]
}

// test makes a family of pairs.
func (s *Study) test(pairs []pair) tested {
	t := tested{at: map[pair]int{}, p: s.pvalues(pairs)}
	for i, q := range pairs {
		t.at[q] = i
	}
	t.holm, t.bh = adjust(t.p)
	return t
}

// adjust gives Holm and BH over the p-values that there are.
func adjust(p []float64) (holm, bh []float64) {
	holm, bh = slices.Clone(p), slices.Clone(p)
	var of []int
	for i, v := range p {
		if !math.IsNaN(v) {
			of = append(of, i)
		}
	}
	known := make([]float64, len(of))
	for i, at := range of {
		known[i] = p[at]
	}
	h, b := Holm(known), BenjaminiHochberg(known)
	for i, at := range of {
		holm[at], bh[at] = h[i], b[i]
	}
	return holm, bh
}

// pairsOf gives every two rivals of a league.
func (s *Study) pairsOf(m int, league []int) (pairs []pair) {
	for i, a := range league {
		for _, b := range league[i+1:] {
			if !s.Arms[a].Control && !s.Arms[b].Control {
				pairs = append(pairs, pair{m, a, b})
			}
		}
	}
	return pairs
}

// everyPair is the family of every two rivals of a league in a metric. Whichever of them the
// same data make the best, the chance of calling any arm different from it that is not
// is at most [Alpha], as it is for every leader of a tie group.
func (s *Study) everyPair(m int, league []int) tested {
	key := [2]int{m, league[0]}
	if _, ok := s.every[key]; !ok {
		s.every[key] = s.test(s.pairsOf(m, league))
	}
	return s.every[key]
}

// question is what is asked in one metric: pairs, and the family of tests they belong to.
type question struct {
	against string
	m       int
	pairs   []pair
	league  []int // the family is every two rivals of it; nil: it is pairs
}

// answer compares what was asked.
func (s *Study) answer(questions []question) (out []record.Comparison) {
	for _, q := range questions {
		var family tested
		if q.league != nil {
			family = s.everyPair(q.m, q.league)
		} else {
			family = s.test(q.pairs)
		}
		boot := s.bootOf(q.pairs)
		for i, two := range q.pairs {
			at := family.of(two)
			c := s.compare(two, boot[i], family.p[at])
			c.Against, c.Holm, c.BH = q.against, family.holm[at], family.bh[at]
			out = append(out, c)
		}
	}
	return out
}
