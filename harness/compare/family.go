package compare

import (
	"math"

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
	t := tested{at: map[pair]int{}, p: s.pvalues(pairs), holm: make([]float64, len(pairs)), bh: make([]float64, len(pairs))}
	var p []float64
	var of []int
	for i, q := range pairs {
		t.at[q] = i
		t.holm[i], t.bh[i] = math.NaN(), math.NaN()
		if !math.IsNaN(t.p[i]) {
			p, of = append(p, t.p[i]), append(of, i)
		}
	}
	holm, bh := Holm(p), BenjaminiHochberg(p)
	for i, at := range of {
		t.holm[at], t.bh[at] = holm[i], bh[i]
	}
	return t
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

// family compares pairs, with the p-values of a family that they belong to.
func (s *Study) family(against string, pairs []pair, family tested) []record.Comparison {
	out := make([]record.Comparison, len(pairs))
	boot := s.bootOf(pairs)
	for i, q := range pairs {
		at := family.of(q)
		out[i] = s.compare(q, boot[i], family.p[at])
		out[i].Against, out[i].Holm, out[i].BH = against, family.holm[at], family.bh[at]
	}
	return out
}
