package preference

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists the ids, ratio by ratio: the accuracy at the first one orders tables.
func (Task) Metrics(o sdk.Options) (ids []string) {
	for _, m := range ratiosOf(o) {
		for _, h := range metric.Preferences() {
			ids = append(ids, metric.PreferenceID(h.ID, m))
		}
	}
	return append(ids, metric.PrefInvalid)
}

// Personal is the accuracy that orders the table.
func (t Task) Personal(o sdk.Options) []string { return t.Metrics(o)[:1] }

// Scorer reads rows.
func (Task) Scorer(sdk.Options) score.Scorer {
	return score.Rows(sheet)
}

// decided reports whether a card counts as watched.
func (r row) decided() bool {
	switch {
	case r.Invalid:
		return false
	case r.P == nil || *r.P == r.Threshold:
		return r.Watch
	}
	return *r.P > r.Threshold
}

// sheet computes every metric, of all ratios that rows hold.
func sheet(rows []row) score.Sheet {
	var s score.Sheet
	sets := cut(rows, func(a, b row) bool { return a.User == b.User && a.Draw == b.Draw && a.Negatives == b.Negatives })
	byRatio := map[int32][][]row{}
	var ratios []int32
	for _, set := range sets {
		m := set[0].Negatives
		if byRatio[m] == nil {
			ratios = append(ratios, m)
		}
		byRatio[m] = append(byRatio[m], set)
	}
	for _, m := range ratios {
		for _, h := range metric.Preferences() {
			id := metric.PreferenceID(h.ID, int(m))
			if h.ID == metric.PrefBestThreshold {
				s.Wholes = append(s.Wholes, bestThreshold(id, byRatio[m]))
				continue
			}
			s.Columns = append(s.Columns, perUserMean(id, byRatio[m], measures[h.ID]))
		}
	}
	s.Columns = append(s.Columns, perUserMean(metric.PrefInvalid, sets, func(set []row) float64 {
		return mean(set, func(r row) (float64, bool) { return metric.Share(r.Invalid), true })
	}))
	return s
}

// cut divides rows where neighbours are no longer alike.
func cut(rows []row, alike func(a, b row) bool) (out [][]row) {
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && alike(rows[from], rows[to]) {
			to++
		}
		out = append(out, rows[from:to])
		from = to
	}
	return out
}

// measures compute the metrics of one set.
var measures = map[string]func(set []row) float64{
	metric.PrefAccuracy:  func(set []row) float64 { return metric.Accuracy(decided(set)) },
	metric.PrefPrecision: func(set []row) float64 { return metric.PrecisionOf(decided(set)) },
	metric.PrefRecall:    func(set []row) float64 { return metric.RecallOf(decided(set)) },
	metric.PrefF1:        func(set []row) float64 { return metric.F1(decided(set)) },
	metric.PrefBalanced:  func(set []row) float64 { return metric.BalancedAccuracy(decided(set)) },
	metric.PrefEmpty: func(set []row) float64 {
		_, watched := decided(set)
		return metric.Share(!slices.Contains(watched, true))
	},
	metric.PrefAUC: auc,
	metric.PrefLogLoss: func(set []row) float64 {
		return mean(set, func(r row) (float64, bool) {
			switch {
			case r.P == nil:
				return 0, false
			case r.Positive:
				return metric.LogLoss(*r.P), true
			}
			return metric.LogLoss(1 - *r.P), true
		})
	},
	metric.PrefCold: func(set []row) float64 {
		return mean(set, func(r row) (float64, bool) { return metric.Share(r.decided() == r.Positive), r.Cold })
	},
}

// decided gives what is true of a set's items, and what was decided.
func decided(set []row) (positive, watched []bool) {
	for _, r := range set {
		positive, watched = append(positive, r.Positive), append(watched, r.decided())
	}
	return positive, watched
}

// auc reads probabilities where there are any, else decisions.
func auc(set []row) float64 {
	scores, positive := make([]float64, len(set)), make([]bool, len(set))
	for i, r := range set {
		scores[i], positive[i] = metric.Share(r.Watch), r.Positive
		if r.P != nil {
			scores[i] = *r.P
		}
	}
	return metric.DecisionAUC(positive, scores)
}

// mean of what is defined.
func mean(set []row, of func(row) (float64, bool)) float64 {
	sum, n := 0.0, 0.0
	for _, r := range set {
		if v, ok := of(r); ok {
			sum, n = sum+v, n+1
		}
	}
	return sum / n // 0/0 is NaN
}

// perUserMean averages a metric over each user's sets, in order of users.
func perUserMean(id string, sets [][]row, of func(set []row) float64) score.Column {
	user := func(set []row) int32 { return set[0].User }
	return score.Means(score.Column{Metric: id, Version: 1, Why: empty(id)}, sets, user, func(set []row) (sum, n float64) {
		v := of(set)
		return score.Some(v, !math.IsNaN(v))
	})
}

// empty says why nobody has a value.
func empty(id string) string {
	h, _ := metric.Describe(id)
	return h.Empty
}

// bestThreshold is of all cards at a ratio together.
func bestThreshold(id string, sets [][]row) score.Whole {
	w := score.Whole{Metric: id, Version: 1, Why: "no interval: it is found on this table, to be declared for another part"}
	var p []float64
	var positive []bool
	users := map[int32]bool{}
	for _, set := range sets {
		for _, r := range set {
			if r.P != nil {
				p, positive, users[r.User] = append(p, *r.P), append(positive, r.Positive), true
			}
		}
	}
	w.Value, w.N = metric.BestThreshold(p, positive), len(users)
	if math.IsNaN(w.Value) {
		w.N, w.Why = 0, "undefined: no positive has a probability above 0"
	}
	return w
}
