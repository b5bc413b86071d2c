package metric

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// bits reads decisions: 1 is yes.
func bits(s string) []bool {
	out := make([]bool, len(s))
	for i := range s {
		out[i] = s[i] == '1'
	}
	return out
}

func TestDecisions(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		truth, decided                                   string
		accuracy, balanced, precision, recall, f1, kappa float64
	}{
		// tp 2, fp 1, fn 1, tn 4: 6/8; (2/3 + 4/5)/2; 2/3; 2/3; 4/6. Chance is
		// (3·3 + 5·5)/64 = 34/64, kappa (48 − 34)/(64 − 34).
		{"11100000", "11010000", 6.0 / 8, 11.0 / 15, 2.0 / 3, 2.0 / 3, 2.0 / 3, 14.0 / 30},
		// Nothing is decided yes: precision 0. Chance is (1·0 + 3·4)/16, which is what is alike.
		{"1000", "0000", 3.0 / 4, 1.0 / 2, 0, 0, 0, 0},
		// All is decided yes: 1/4 right; (1 + 0)/2; 2·1/(2 + 3).
		{"1000", "1111", 1.0 / 4, 1.0 / 2, 1.0 / 4, 1, 2.0 / 5, 0},
		// The opposite: kappa (0 − 2·2 − 2·2)/(16 − 8).
		{"1100", "0011", 0, 0, 0, 0, 0, -1},
		{"1100", "1100", 1, 1, 1, 1, 1, 1},
		// Nothing is true: there was nothing to find. One side alone says yes: chance is (0 + 2·1)/4.
		{"00", "10", 1.0 / 2, nan, nan, nan, nan, 0},
		{"11", "11", 1, nan, 1, 1, 1, nan},
		{"00", "00", 1, nan, nan, nan, nan, nan},
		{"", "", nan, nan, nan, nan, nan, nan},
	} {
		truth, decided := bits(c.truth), bits(c.decided)
		for name, v := range map[string][2]float64{
			"accuracy":  {Accuracy(truth, decided), c.accuracy},
			"balanced":  {BalancedAccuracy(truth, decided), c.balanced},
			"precision": {PrecisionOf(truth, decided), c.precision},
			"recall":    {RecallOf(truth, decided), c.recall},
			"f1":        {F1(truth, decided), c.f1},
			"kappa":     {Kappa(truth, decided), c.kappa},
		} {
			if !alike(v[0], v[1]) {
				t.Errorf("%s of %q, decided %q: %v, want %v", name, c.truth, c.decided, v[0], v[1])
			}
		}
	}
}

func TestDecisionProbabilities(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		truth     string
		p         []float64
		auc, loss float64
	}{
		// 0.9 beats both; 0.5 ties with one and beats the other: (2 + 1.5)/4.
		// −(ln 0.9 + ln 0.5 + ln 0.5 + ln 0.8)/4 = −ln(0.18)/4.
		{"1100", []float64{0.9, 0.5, 0.5, 0.2}, 3.5 / 4, -math.Log(0.9*0.5*0.5*0.8) / 4},
		{"10", []float64{0, 1}, 0, 9 * math.Ln10}, // both sure and wrong: the floor
		{"10", []float64{1, 0}, 1, 0},
		{"1000", []float64{0.3, 0.3, 0.3, 0.3}, 0.5, -math.Log(0.3*0.7*0.7*0.7) / 4},
		{"11", []float64{0.5, 0.5}, nan, math.Ln2},
		{"", nil, nan, nan},
	} {
		truth := bits(c.truth)
		if auc, loss := DecisionAUC(truth, c.p), DecisionLogLoss(truth, c.p); !alike(auc, c.auc) || !alike(loss, c.loss) {
			t.Errorf("%q, %v: auc %v, log-loss %v; want %v, %v", c.truth, c.p, auc, loss, c.auc, c.loss)
		}
	}
	if v := DecisionAUC(bits("10"), []float64{nan, 0}); !math.IsNaN(v) {
		t.Errorf("a probability that is none: %v", v)
	}
}

// Whatever is decided: the range holds, the order of cases does not matter, and yes
// and no exchanged leave accuracy and kappa as they are.
func TestDecisionProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := rapid.SliceOfN(rapid.Bool(), 1, 30).Draw(t, "truth")
		decided := rapid.SliceOfN(rapid.Bool(), len(truth), len(truth)).Draw(t, "decided")
		order := rapid.Permutation(indices(len(truth))).Draw(t, "order")
		mixed, mixedBy, not, notBy := make([]bool, len(truth)), make([]bool, len(truth)), make([]bool, len(truth)), make([]bool, len(truth))
		for i, from := range order {
			mixed[i], mixedBy[i] = truth[from], decided[from]
			not[i], notBy[i] = !truth[i], !decided[i]
		}
		for name, f := range map[string]func(a, b []bool) float64{
			"accuracy": Accuracy, "balanced": BalancedAccuracy, "precision": PrecisionOf, "recall": RecallOf, "f1": F1, "kappa": Kappa,
		} {
			v := f(truth, decided)
			if least := map[bool]float64{name == "kappa": -1}[true]; v < least || v > 1 {
				t.Fatalf("%s is %v", name, v)
			}
			if !alike(v, f(mixed, mixedBy)) {
				t.Fatalf("%s depends on the order", name)
			}
			if (name == "accuracy" || name == "balanced" || name == "kappa") && !alike(v, f(not, notBy)) {
				t.Fatalf("%s depends on what is called yes", name)
			}
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestUnequalDecisionsPanic(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "metric: 2 truths and 1 decisions" {
			t.Error(got)
		}
	}()
	Accuracy(bits("10"), bits("1"))
}
