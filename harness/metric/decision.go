package metric

import (
	"fmt"
	"math"
	"slices"
)

// Confusion counts yes-or-no decisions against the truth.
type Confusion struct{ TruePos, FalsePos, FalseNeg, TrueNeg int }

// Confuse counts two lists of one length: it panics where they are not.
func Confuse(truth, decided []bool) (c Confusion) {
	paired(len(truth), len(decided))
	for i, t := range truth {
		switch {
		case t && decided[i]:
			c.TruePos++
		case decided[i]:
			c.FalsePos++
		case t:
			c.FalseNeg++
		default:
			c.TrueNeg++
		}
	}
	return c
}

func paired(truths, decisions int) {
	if truths != decisions {
		panic(fmt.Sprintf("metric: %d truths and %d decisions", truths, decisions))
	}
}

// Accuracy is the share of decisions that are as the truth is, in [0, 1]; NaN where
// there is none.
func Accuracy(truth, decided []bool) float64 {
	c := Confuse(truth, decided)
	return float64(c.TruePos+c.TrueNeg) / float64(len(truth)) // 0/0 is NaN
}

// BalancedAccuracy is the mean of the accuracies among the true and among the false
// cases, so that always saying the same gets ½ whatever their mix (Brodersen et al.,
// ICPR 2010). NaN where there is only one of the two.
func BalancedAccuracy(truth, decided []bool) float64 {
	c := Confuse(truth, decided)
	yes := float64(c.TruePos) / float64(c.TruePos+c.FalseNeg) // 0/0 is NaN
	no := float64(c.TrueNeg) / float64(c.TrueNeg+c.FalsePos)
	return (yes + no) / 2
}

// PrecisionOf is the share of true cases among those decided yes. It is 0 where nothing
// is decided yes, since then nothing was found, and NaN where nothing is true, since
// then nothing could be.
func PrecisionOf(truth, decided []bool) float64 {
	c := Confuse(truth, decided)
	if c.TruePos+c.FalseNeg == 0 {
		return math.NaN()
	}
	return float64(c.TruePos) / float64(max(1, c.TruePos+c.FalsePos))
}

// RecallOf is the share of true cases that are decided yes; NaN where nothing is true.
func RecallOf(truth, decided []bool) float64 {
	c := Confuse(truth, decided)
	return float64(c.TruePos) / float64(c.TruePos+c.FalseNeg) // 0/0 is NaN
}

// F1 is the harmonic mean of [PrecisionOf] and [RecallOf], 2·tp/(2·tp + fp + fn) (van
// Rijsbergen, Information Retrieval, 1979); 0 where both are, NaN where nothing is true.
func F1(truth, decided []bool) float64 {
	c := Confuse(truth, decided)
	if c.TruePos+c.FalseNeg == 0 {
		return math.NaN()
	}
	return 2 * float64(c.TruePos) / float64(2*c.TruePos+c.FalsePos+c.FalseNeg)
}

// DecisionAUC is the probability that a true case was given a higher probability than
// a false one, equal ones counting half; see [AUC]. NaN where there is only one of the
// two, or a probability is NaN.
func DecisionAUC(truth []bool, p []float64) float64 {
	paired(len(truth), len(p))
	if slices.ContainsFunc(p, math.IsNaN) {
		return math.NaN()
	}
	var others []float64
	for i, t := range truth {
		if !t {
			others = append(others, p[i])
		}
	}
	slices.Sort(others)
	var above, equal []int32
	for i, t := range truth {
		if t {
			from, _ := slices.BinarySearch(others, p[i])
			to, _ := slices.BinarySearch(others, math.Nextafter(p[i], math.Inf(1)))
			above, equal = append(above, int32(len(others)-to)), append(equal, int32(to-from))
		}
	}
	return AUC(above, equal, len(others))
}

// DecisionLogLoss is the mean [LogLoss] of the probabilities that were given to what is
// true: p of true cases, 1 − p of false ones. NaN where there is none.
func DecisionLogLoss(truth []bool, p []float64) float64 {
	paired(len(truth), len(p))
	sum := 0.0
	for i, t := range truth {
		if t {
			sum += LogLoss(p[i])
		} else {
			sum += LogLoss(1 - p[i])
		}
	}
	return sum / float64(len(truth)) // 0/0 is NaN
}

// Kappa is how far two lists of decisions agree beyond what their rates of yes give by
// chance, (share alike − chance)/(1 − chance) (Cohen, Educational and Psychological
// Measurement 20, 1960). 1 is full agreement and 0 that of chance; it may be negative.
// NaN where chance alone gives full agreement, such as where nobody ever says yes.
func Kappa(a, b []bool) float64 { return KappaOf(Confuse(a, b)) }

// KappaOf is [Kappa] of counts.
func KappaOf(c Confusion) float64 {
	n := c.TruePos + c.FalsePos + c.FalseNeg + c.TrueNeg
	yes := (c.TruePos + c.FalseNeg) * (c.TruePos + c.FalsePos)
	no := (c.TrueNeg + c.FalsePos) * (c.TrueNeg + c.FalseNeg)
	// In whole numbers, so that full agreement is 1 exactly and no differences are NaN.
	return float64((c.TruePos+c.TrueNeg)*n-yes-no) / float64(n*n-yes-no)
}

// DecisionMetric is one line of the table of what yes-or-no decisions are judged by.
// Exactly one of its functions is set; both take one user's cases.
type DecisionMetric struct {
	Head
	Decided func(truth, decided []bool) float64
	Stated  func(truth []bool, p []float64) float64 // reads the probabilities of yes
}

const noneTrue = "users with no true case are left out and counted"

// DecisionMetrics lists them in the order in which tables print them, per user first
// and then the mean over users.
func DecisionMetrics() []DecisionMetric {
	line := func(id string, d Direction, empty, doc string) Head {
		return Head{ID: id, Version: 1, Unit: "share", Direction: d, Empty: empty, Doc: doc}
	}
	both := "users whose cases are all true, or all false, are left out and counted"
	table := []DecisionMetric{
		{Head: line(DecisionAccuracy, Higher, "users without a case are not judged", "share of a user's cases decided as the truth is"), Decided: Accuracy},
		{Head: line("decision.balanced-accuracy", Higher, both, "mean of the accuracy among true and the accuracy among false cases"), Decided: BalancedAccuracy},
		{Head: line("decision.precision", Higher, noneTrue, "share of true cases among those decided yes, 0 where none is"), Decided: PrecisionOf},
		{Head: line("decision.recall", Higher, noneTrue, "share of the true cases that are decided yes"), Decided: RecallOf},
		{Head: line("decision.f1", Higher, noneTrue, "harmonic mean of precision and recall"), Decided: F1},
		{Head: line("decision.empty", 0, "users without a case are not judged", "share of users for whom nothing is decided yes"), Decided: func(_, decided []bool) float64 {
			return Share(!slices.Contains(decided, true))
		}},
		{Head: line("decision.auc", Higher, both+"; undefined without probabilities", "chance that a true case is given a higher probability than a false one, equal ones counting half"), Stated: DecisionAUC},
		{Head: line("decision.log-loss", Lower, "undefined without probabilities", "mean of minus the logarithm of the probability given to what is true"), Stated: DecisionLogLoss},
	}
	table[6].Unit, table[7].Unit = "probability", "nats"
	return table
}

// DecisionAccuracy is the first metric of decisions.
const DecisionAccuracy = "decision.accuracy"
