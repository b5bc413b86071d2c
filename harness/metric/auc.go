package metric

import (
	"fmt"
	"math"
)

// AUC is the probability that a relevant item is scored above another one, both
// drawn at random from what the user has not met, where equal scores count half.
// Of each relevant item it takes how many of the others, which are not relevant,
// are scored above it, and how many equal to it:
//
//	auc = Σ (others − above − equal/2) / (relevant·others)
//
// summed over the relevant items, one entry each of above and equal. It lies in
// [0, 1]; 0.5 is what any constant scorer gets and random expects. It has no
// cutoff: every item must be scored. NaN where nothing is relevant or there are
// no others. Panics where above and equal differ in length or hold what others
// cannot. Hanley and McNeil, The meaning and use of the area under a receiver
// operating characteristic curve, Radiology 143, 1982; per user as in Rendle et
// al., BPR, UAI 2009.
func AUC(above, equal []int32, others int) float64 {
	if len(above) != len(equal) {
		panic(fmt.Sprintf("metric: %d relevant items with others above and %d with equal ones", len(above), len(equal)))
	}
	if len(above) == 0 || others == 0 {
		return math.NaN()
	}
	half := int64(0) // twice the pairs won
	for i, a := range above {
		if a < 0 || equal[i] < 0 || int(a)+int(equal[i]) > others {
			panic(fmt.Sprintf("metric: %d above and %d equal of %d others", a, equal[i], others))
		}
		half += 2*int64(others) - 2*int64(a) - int64(equal[i])
	}
	return float64(half) / (2 * float64(len(above)) * float64(others))
}
