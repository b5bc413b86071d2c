package compare

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Effect says how large paired differences are, in words without a unit.
type Effect struct {
	DZ           float64 // mean over standard deviation of the differences (Cohen 1988, 2.3.5); 0 where all are 0, NaN where all are equal otherwise
	RankBiserial float64 // (V - rest)/(V + rest) of the signed ranks (Kerby 2014), -1 to 1; 0 where all are 0
	Wins         float64 // share of users with a difference above 0, a difference of 0 counting half
}

// Effects computes all three. Differences must be finite, and one at least.
func Effects(differences []float64) Effect {
	var e Effect
	for _, d := range differences {
		switch {
		case d > 0:
			e.Wins++
		case d == 0:
			e.Wins += 0.5
		}
	}
	e.Wins /= float64(len(differences))
	mean, sd := meanSD(differences)
	if mean != 0 || sd != 0 {
		e.DZ = mean / sd
	}
	if math.IsInf(e.DZ, 0) {
		e.DZ = math.NaN()
	}
	var sizes, signs []float64
	for _, d := range differences {
		if d != 0 {
			sizes, signs = append(sizes, math.Abs(d)), append(signs, math.Copysign(1, d))
		}
	}
	ranks, _ := midranks(sizes)
	total := 0.0
	for i, r := range ranks {
		e.RankBiserial += signs[i] * r
		total += r
	}
	if total > 0 {
		e.RankBiserial /= total
	}
	return e
}

// meanSD is the mean and the standard deviation with n-1; one value has none (NaN).
func meanSD(values []float64) (mean, sd float64) {
	mean, variance := stat.MeanVariance(values, nil)
	if len(values) < 2 {
		return mean, math.NaN()
	}
	return mean, math.Sqrt(variance)
}

// Detectable is the smallest true mean difference that a two-sided paired test at
// level alpha finds with the given power among n users whose differences have
// standard deviation sd: (t_{1-alpha/2} + t_power)·sd/√n, t with n-1 degrees of freedom. It is NaN below
// two users.
func Detectable(sd float64, n int, alpha, power float64) float64 {
	if n < 2 {
		return math.NaN()
	}
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}
	return (t.Quantile(1-alpha/2) + t.Quantile(power)) * sd / math.Sqrt(float64(n))
}

// UsersFor is how many users [Detectable] needs for a mean difference of delta; 0
// where delta is not above 0.
func UsersFor(delta, sd, alpha, power float64) int {
	if !(delta > 0) || math.IsInf(sd, 0) || math.IsNaN(sd) {
		return 0
	}
	lo, hi := 1, 2 // Detectable(lo) is too large or undefined
	for Detectable(sd, hi, alpha, power) > delta {
		if lo, hi = hi, 2*hi; hi > 1<<40 {
			return 0
		}
	}
	for hi-lo > 1 {
		if mid := lo + (hi-lo)/2; Detectable(sd, mid, alpha, power) > delta {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
