package compare

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"
)

// RankTest is the outcome of [Friedman].
type RankTest struct {
	Blocks, Arms int
	MeanRanks    []float64 // per arm; 1 is best
	ChiSquared   float64   // corrected for ties; 0 where all arms tie everywhere
	P            float64   // of ChiSquared with Arms-1 degrees of freedom
	F            float64   // Iman and Davenport 1980; +Inf where every block agrees
	FP           float64   // of F with Arms-1 and (Arms-1)(Blocks-1) degrees of freedom
}

// Friedman tests whether arms are ranked alike by chance: blocks are users, values[a]
// holds a value per block for arm a, more is better unless lower (Friedman 1937; Hollander
// and Wolfe 1973, 7.1). Equal values of a block share the mean of their ranks, and
// the statistic is divided by 1 - Σ(t³-t)/(n(k³-k)) over all groups of t equal values.
// F = (n-1)χ²/(n(k-1)-χ²) is less conservative (Iman and Davenport 1980).
// It panics unless there are two arms with equally many blocks, two at least.
func Friedman(values [][]float64, lower bool) RankTest {
	k := len(values)
	if k < 2 || len(values[0]) < 2 {
		panic("compare: Friedman needs two arms and two blocks")
	}
	n := len(values[0])
	r := RankTest{Blocks: n, Arms: k, MeanRanks: make([]float64, k)}
	row := make([]float64, k)
	ties := 0.0
	for b := range n {
		for a, v := range values {
			if len(v) != n {
				panic(fmt.Sprintf("compare: Friedman: arm %d has %d blocks, want %d", a, len(v), n))
			}
			if row[a] = -v[b]; lower {
				row[a] = v[b]
			}
		}
		ranks, t := midranks(row)
		ties += t
		for a := range ranks {
			r.MeanRanks[a] += ranks[a]
		}
	}
	blocks, arms := float64(n), float64(k)
	squares := 0.0
	for a := range r.MeanRanks {
		r.MeanRanks[a] /= blocks
		squares += (r.MeanRanks[a] - (arms+1)/2) * (r.MeanRanks[a] - (arms+1)/2)
	}
	r.P, r.FP = 1, 1
	correction := 1 - ties/(blocks*(arms*arms*arms-arms))
	if correction <= 0 {
		return r
	}
	r.ChiSquared = 12 * blocks / (arms * (arms + 1)) * squares / correction
	r.P = distuv.ChiSquared{K: arms - 1}.Survival(r.ChiSquared)
	r.F, r.FP = imanDavenport(r.ChiSquared, blocks, arms)
	return r
}

func imanDavenport(chi, blocks, arms float64) (f, p float64) {
	left := blocks*(arms-1) - chi
	if left <= 1e-9*blocks {
		return math.Inf(1), 0
	}
	f = (blocks - 1) * chi / left
	return f, distuv.F{D1: arms - 1, D2: (arms - 1) * (blocks - 1)}.Survival(f)
}

// CriticalDifference is Nemenyi's: mean ranks of arms that differ by less are not
// told apart at level alpha, over all pairs together (Nemenyi 1963; Demšar 2006, 3.2.2).
// It is q·√(k(k+1)/(6n)), q being [StudentizedRange] over √2.
func CriticalDifference(arms, blocks int, alpha float64) float64 {
	k := float64(arms)
	return StudentizedRange(arms, alpha) / math.Sqrt2 * math.Sqrt(k*(k+1)/(6*float64(blocks)))
}

// StudentizedRange is the value that the range of k independent standard normal
// variables exceeds with probability alpha: the studentised range with infinitely
// many degrees of freedom. P(range <= q) = k·∫φ(z)·[Φ(z)-Φ(z-q)]^(k-1) dz, integrated by
// Gauss and Legendre and inverted by bisection, right to about nine digits.
func StudentizedRange(k int, alpha float64) float64 {
	within := func(q float64) float64 {
		return quad.Fixed(func(z float64) float64 {
			inside := distuv.UnitNormal.CDF(z) - distuv.UnitNormal.CDF(z-q)
			return float64(k) * distuv.UnitNormal.Prob(z) * math.Pow(inside, float64(k-1))
		}, -8, 8+q, 200, quad.Legendre{}, 1)
	}
	lo, hi := 0.0, 20.0
	for range 60 {
		if mid := (lo + hi) / 2; within(mid) < 1-alpha {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}
