package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/alignuser/alignuser/harness/record/score"
)

// luck seeds all bootstrap samples and sign flips. It is no option: who could
// choose it could choose a p-value.
const luck = 0x636f6d70617265 // "compare"

// Draws is the number of bootstrap samples and of sign flips.
const Draws = score.Draws

// Interval is a range that holds a mean with a stated confidence; NaN: none.
type Interval struct{ Lo, Hi float64 }

// Bootstrap gives the percentile and the BCa interval of the mean of values, one per
// user, at confidence level 1-alpha: users are drawn with replacement [Draws] times
// (Efron and Tibshirani 1993, 13.3 and 14.3). One-sided bounds at level a are the ends
// of an interval with alpha = 2a. Values must be finite; below two there is none.
func Bootstrap(values []float64, alpha float64) (percentile, bca Interval) {
	means := score.Resample(numbered(len(values)), [][]float64{values}, luck, 1)[0]
	return intervals(means, values, alpha)
}

// numbered gives users their places for names.
func numbered(n int) []int32 {
	users := make([]int32, n)
	for i := range users {
		users[i] = int32(i)
	}
	return users
}

// intervals reads both intervals off the means of samples, which it sorts.
func intervals(means, values []float64, alpha float64) (percentile, bca Interval) {
	none := Interval{math.NaN(), math.NaN()}
	if len(values) < 2 {
		return none, none
	}
	slices.Sort(means)
	percentile = Interval{score.Quantile(means, alpha/2), score.Quantile(means, 1-alpha/2)}
	return percentile, biasCorrected(means, values, alpha)
}

// biasCorrected is the BCa interval: the percentiles
// Φ(z0 + (z0+z)/(1-a(z0+z))), z0 being Φ⁻¹ of the share of samples below the mean (those
// equal counting half) and a the acceleration of the jackknife, which for a mean is
// Σ(x-x̄)³ / (6·(Σ(x-x̄)²)^1.5).
func biasCorrected(sorted, values []float64, alpha float64) Interval {
	mean, _ := meanSD(values)
	var square, cube float64
	for _, v := range values {
		d := v - mean
		square += d * d
		cube += d * d * d
	}
	if square == 0 {
		return Interval{mean, mean}
	}
	n := float64(len(sorted))
	below, _ := slices.BinarySearch(sorted, mean)
	upTo := below
	for upTo < len(sorted) && sorted[upTo] == mean {
		upTo++
	}
	share := float64(below+upTo) / 2 / n
	z0 := distuv.UnitNormal.Quantile(min(max(share, 1/(n+1)), n/(n+1)))
	a := cube / (6 * math.Pow(square, 1.5))
	at := func(p float64) float64 {
		z := z0 + distuv.UnitNormal.Quantile(p)
		return score.Quantile(sorted, distuv.UnitNormal.CDF(z0+z/(1-a*z)))
	}
	return Interval{at(alpha / 2), at(1 - alpha/2)}
}
