package compare

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Tail says which alternative a test speaks for.
type Tail int

// Alternatives to "the differences are symmetric around 0".
const (
	TwoSided Tail = iota
	Greater       // differences tend to be above 0
	Less          // below
)

// Zeros says what a signed-rank test does with differences of 0.
type Zeros int

// Pratt ranks zeros with the others and then leaves them out (Pratt 1959);
// DropZeros leaves them out first (Wilcoxon 1945), which makes a sample look less
// undecided than it is.
const (
	Pratt Zeros = iota
	DropZeros
)

// SignedRank is the outcome of [Wilcoxon].
type SignedRank struct {
	V     float64 // sum of the ranks of differences above 0
	N     int     // differences other than 0
	P     float64 // 1 where N is 0
	Exact bool    // P counts all 2^N signs; else it is a normal approximation
}

// exactSigns bounds the samples whose signed-rank distribution is counted.
const exactSigns = 50

// Wilcoxon is the signed-rank test of paired differences (Wilcoxon 1945; Hollander
// and Wolfe 1973, 3.1). Equal absolute differences share the mean of their ranks. Up to
// 50 differences other than 0 the p-value is exact given the ranks, ties included;
// beyond, it is the normal approximation with correction for continuity and ties.
// Differences must be finite.
func Wilcoxon(differences []float64, zeros Zeros, tail Tail) SignedRank {
	var size []float64
	var above []bool
	for _, d := range differences {
		if d != 0 || zeros == Pratt {
			size, above = append(size, math.Abs(d)), append(above, d > 0)
		}
	}
	ranks, _ := midranks(size)
	var r SignedRank
	var doubled []int // twice the ranks of differences other than 0, whole numbers
	variance, total := 0.0, 0.0
	for i, rank := range ranks {
		if size[i] == 0 {
			continue
		}
		r.N++
		doubled = append(doubled, int(2*rank))
		variance += rank * rank / 4
		total += rank
		if above[i] {
			r.V += rank
		}
	}
	switch {
	case r.N == 0:
		r.P, r.Exact = 1, true
	case r.N <= exactSigns:
		r.P, r.Exact = exactSignedRank(doubled, int(2*r.V), tail), true
	default:
		r.P = normalTail(r.V-total/2, math.Sqrt(variance), tail)
	}
	return r
}

// exactSignedRank counts over all signs how often the sum of (doubled) ranks is as
// extreme as v.
func exactSignedRank(doubled []int, v int, tail Tail) float64 {
	total := 0
	for _, r := range doubled {
		total += r
	}
	chance := make([]float64, total+1) // of each sum, so far
	chance[0] = 1
	reach := 0
	for _, r := range doubled {
		reach += r
		for s := reach; s >= 0; s-- {
			p := chance[s] / 2
			if s >= r {
				p += chance[s-r] / 2
			}
			chance[s] = p
		}
	}
	var low, high float64
	for s, p := range chance {
		if s <= v {
			low += p
		}
		if s >= v {
			high += p
		}
	}
	return tail.of(low, high)
}

// of picks or doubles tail probabilities.
func (t Tail) of(low, high float64) float64 {
	switch t {
	case Greater:
		return min(1, high)
	case Less:
		return min(1, low)
	}
	return min(1, 2*min(low, high))
}

// normalTail is the chance beyond a deviation, half a unit nearer to 0 for
// continuity.
func normalTail(deviation, sd float64, tail Tail) float64 {
	below := distuv.UnitNormal.CDF((deviation + 0.5) / sd)
	above := distuv.UnitNormal.Survival((deviation - 0.5) / sd)
	return tail.of(below, above)
}
