package gate

import "github.com/alignuser/alignuser/harness/compare"

// Resampling are the statistics of harness/compare: bounds of the bias-corrected and
// accelerated bootstrap, and p-values of the sign-flip test. Their draws depend on
// the number of users and nothing else, so a verdict can be had again.
type Resampling struct{}

// Bounds are the ends of the two-sided interval at level 1-2·alpha, each of which
// is a one-sided bound at alpha. Below two differences they are NaN.
func (Resampling) Bounds(differences []float64, alpha float64) (lo, hi float64) {
	_, bca := compare.Bootstrap(differences, 2*alpha)
	return bca.Lo, bca.Hi
}

// Greater is the one-sided sign-flip test.
func (Resampling) Greater(differences []float64) float64 {
	return compare.SignFlip(differences, compare.Greater)
}

// Holm is that of harness/compare.
func (Resampling) Holm(p []float64) []float64 { return compare.Holm(p) }
