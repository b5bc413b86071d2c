package metric

import (
	"fmt"
	"math"
)

// Rating is one line of the table of metrics that compare predicted values with
// those that users gave. Exactly one of its functions is set.
type Rating struct {
	Head
	Answers bool // reads the answers on the data set's scale; else the real-valued predictions
	// Error adds up the errors of one user's pairs. The metric is the mean error of
	// a pair: inside each user and then over users, or where Pooled over all pairs
	// at once.
	Error  func(truth, predicted []float64) float64
	Root   bool // of the mean error
	Pooled bool
	// Missing is the share of a user's pairs that have no prediction.
	Missing func(missing, pairs int) float64
	// Whole compares the counts of answers with those of true values, level by
	// level of the scale.
	Whole func(answers, truth []int) float64
	// NoInterval says why a whole metric has no interval.
	NoInterval string
}

// NoDistanceInterval says why distances of histograms have no interval.
const NoDistanceInterval = "no interval: a distance of two histograms is never below 0, and drawing users with replacement would bias it upwards"

const noPair = "users without a prediction are left out and counted"

// Ratings lists the metrics of predicted values in the order in which tables
// print them.
func Ratings() []Rating {
	errors := func(id, doc string, sum func(truth, predicted []float64) float64, root bool) []Rating {
		line := func(answers, pooled bool) Rating {
			readOut, over := "expected", ", each user's own, then the mean over users"
			if answers {
				readOut = "answer"
			}
			m := Rating{Answers: answers, Error: sum, Root: root, Pooled: pooled}
			m.ID = id + "." + readOut
			if pooled {
				m.ID, over = m.ID+".pooled", ", over the pairs of all users at once"
			}
			m.Version, m.Unit, m.Direction, m.Empty = 1, "value", Lower, noPair
			what := map[bool]string{false: "predicted value", true: "answer, the prediction on the nearest step of the scale,"}[answers]
			m.Doc = fmt.Sprintf(doc, what) + over
			return m
		}
		return []Rating{line(false, false), line(true, false), line(false, true), line(true, true)}
	}
	rmse := errors("rating.rmse", "root of the mean squared difference of %s and true value", SquaredError, true)
	mae := errors("rating.mae", "mean absolute difference of %s and true value", AbsoluteError, false)
	var table []Rating
	for i := range rmse {
		table = append(table, rmse[i], mae[i])
	}
	return append(table,
		Rating{
			Head: Head{
				ID: "rating.missing", Version: 1, Unit: "share", Direction: Lower,
				Doc: "share of a user's held-out pairs for which there is no prediction; they are in no error", Empty: "users without a held-out value are not judged",
			},
			Missing: MissingShare,
		},
		Rating{
			Head: Head{
				ID: "dist.tv.answer", Version: 1, Unit: "share", Direction: Lower,
				Doc: "total variation distance between the answers and the true values of the same pairs", Empty: "undefined where nothing is predicted, or the scale has no steps",
			},
			Answers: true, Whole: TotalVariation,
			NoInterval: NoDistanceInterval,
		},
	)
}

// SquaredError is Σ (predicted − truth)² over pairs. The lists must be of one
// length: the function panics where they are not.
func SquaredError(truth, predicted []float64) float64 {
	sum := 0.0
	for _, d := range differences(truth, predicted) {
		sum += float64(d * d) // rounded before it is added, on every processor
	}
	return sum
}

// AbsoluteError is Σ |predicted − truth| over pairs of two lists of one length.
func AbsoluteError(truth, predicted []float64) float64 {
	sum := 0.0
	for _, d := range differences(truth, predicted) {
		sum += math.Abs(d)
	}
	return sum
}

func differences(truth, predicted []float64) []float64 {
	if len(truth) != len(predicted) {
		panic(fmt.Sprintf("metric: %d true values and %d predictions", len(truth), len(predicted)))
	}
	out := make([]float64, len(truth))
	for i, v := range truth {
		out[i] = predicted[i] - v
	}
	return out
}

// MissingShare is missing/pairs, in [0, 1]; NaN where there is no pair.
func MissingShare(missing, pairs int) float64 {
	if missing < 0 || missing > pairs {
		panic(fmt.Sprintf("metric: %d of %d pairs are missing", missing, pairs))
	}
	return float64(missing) / float64(pairs) // 0/0 is NaN
}

// TotalVariation is half the sum of absolute differences between two histograms
// of the same levels, each divided by its own total:
//
//	tv = ½ Σ_l |p_l/Σp − q_l/Σq|
//
// It lies in [0, 1]: 0 where the shares are equal, 1 where no level occurs in
// both. It is the largest difference in probability of any set of levels (Levin,
// Peres and Wilmer, Markov Chains and Mixing Times, 2009, proposition 4.2). NaN
// where a histogram is empty. It panics where their lengths differ or a count is
// negative.
func TotalVariation(p, q []int) float64 {
	if len(p) != len(q) {
		panic(fmt.Sprintf("metric: %d and %d levels", len(p), len(q)))
	}
	var np, nq int
	for l := range p {
		if p[l] < 0 || q[l] < 0 {
			panic(fmt.Sprintf("metric: level %d counts %d and %d", l, p[l], q[l]))
		}
		np, nq = np+p[l], nq+q[l]
	}
	sum := 0.0
	for l := range p {
		sum += math.Abs(float64(p[l])/float64(np) - float64(q[l])/float64(nq)) // 0/0 is NaN
	}
	return sum / 2
}
