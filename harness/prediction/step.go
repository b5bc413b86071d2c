package prediction

import (
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
)

// steps judges actions: exact steps inside sessions, classes over all of them.
func steps(cases []step, sessions map[string]int32, r Rules) score.Sheet {
	var s score.Sheet
	same := metric.SameText(r.Text)
	parts := runs(cases, func(s step) string { return s.session })
	column := func(id string, pooled bool, of func(step) bool) {
		c := score.Column{Metric: id, Version: 1}
		for _, part := range parts {
			n := 0.0
			for _, s := range part {
				n += metric.Share(of(s))
			}
			c.Users = append(c.Users, sessions[part[0].session])
			if pooled {
				c.Values, c.Over = append(c.Values, n), append(c.Over, float64(len(part)))
			} else {
				c.Values = append(c.Values, n/float64(len(part)))
			}
		}
		s.Columns = append(s.Columns, c)
	}
	exact := func(s step) bool { return metric.SameStep(s.truth, s.predicted, same) }
	column(metric.ActionStep, true, exact)
	column(metric.StepSession, false, exact)
	column(metric.StepInvalid, true, func(s step) bool { return s.predicted.Type == "" })
	types, ends := typeTables(parts), outcomeTables(parts, r.Outcomes)
	draws := [2][][]metric.ClassCounts{drawn(types, parts, sessions, r.Seed), drawn(ends, parts, sessions, r.Seed)}
	for _, m := range metric.StepF1s() {
		tables, of := types, draws[0]
		if m.Outcome {
			tables, of = ends, draws[1]
		}
		s.Wholes = append(s.Wholes, whole(m, tables, of, len(parts)))
	}
	return s
}

// classTable is the counts of one class by session.
type classTable []metric.ClassCounts

// typeTables counts types.
func typeTables(parts [][]step) []classTable {
	var truth, predicted [][]string
	for _, part := range parts {
		var t, p []string
		for _, s := range part {
			t, p = append(t, s.truth.Type), append(p, s.predicted.Type)
		}
		truth, predicted = append(truth, t), append(predicted, p)
	}
	classes, _ := metric.CountClasses(slices.Concat(truth...), slices.Concat(predicted...))
	out := make([]classTable, len(classes))
	for i := range parts {
		own, counts := metric.CountClasses(truth[i], predicted[i])
		for c, class := range classes {
			var n metric.ClassCounts
			if at := slices.Index(own, class); at >= 0 {
				n = counts[at]
			}
			out[c] = append(out[c], n)
		}
	}
	return out
}

// outcomeTables counts the last steps of sessions: the outcome, and everything else.
func outcomeTables(parts [][]step, outcomes []string) []classTable {
	out := make([]classTable, 2)
	for _, part := range parts {
		last := part[len(part)-1]
		truth, predicted := is(last.truth, outcomes), is(last.predicted, outcomes)
		c := metric.Confuse([]bool{truth}, []bool{predicted})
		yes := metric.ClassCounts{TruePos: float64(c.TruePos), FalsePos: float64(c.FalsePos), FalseNeg: float64(c.FalseNeg)}
		no := metric.ClassCounts{TruePos: float64(c.TrueNeg), FalsePos: float64(c.FalseNeg), FalseNeg: float64(c.FalsePos)}
		if last.predicted.Type == "" { // no answer is no foresight of anything
			no.FalsePos, no.FalseNeg, no.TruePos = 0, no.FalseNeg+no.TruePos, 0
		}
		out[0], out[1] = append(out[0], yes), append(out[1], no)
	}
	return out
}

// is reports whether a step is one of those named by type, or by type and target.
func is(s metric.Step, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		kind, target, both := strings.Cut(name, ":")
		return s.Type == kind && (!both || s.Target == target)
	})
}

// drawn gives the counts of every class in each bootstrap sample of the sessions: their
// means, since F1 does not depend on how many sessions there are.
func drawn(tables []classTable, parts [][]step, sessions map[string]int32, seed uint64) [][]metric.ClassCounts {
	users := make([]int32, len(parts))
	for i, part := range parts {
		users[i] = sessions[part[0].session]
	}
	columns := make([][]float64, 3*len(tables))
	for t, table := range tables {
		for _, c := range table {
			columns[3*t], columns[3*t+1], columns[3*t+2] = append(columns[3*t], c.TruePos), append(columns[3*t+1], c.FalsePos), append(columns[3*t+2], c.FalseNeg)
		}
	}
	means := score.Resample(users, columns, seed, runtime.GOMAXPROCS(0))
	out := make([][]metric.ClassCounts, score.Draws)
	for d := range out {
		for t := range tables {
			out[d] = append(out[d], metric.ClassCounts{TruePos: means[3*t][d], FalsePos: means[3*t+1][d], FalseNeg: means[3*t+2][d]})
		}
	}
	return out
}

// whole computes a metric of classes over all sessions, and its interval.
func whole(m metric.StepF1, tables []classTable, draws [][]metric.ClassCounts, n int) score.Whole {
	sums := make([]metric.ClassCounts, len(tables))
	for t, table := range tables {
		for _, c := range table {
			sums[t].TruePos, sums[t].FalsePos, sums[t].FalseNeg = sums[t].TruePos+c.TruePos, sums[t].FalsePos+c.FalsePos, sums[t].FalseNeg+c.FalseNeg
		}
	}
	w := score.Whole{Metric: m.ID, Version: m.Version, Value: m.Of(sums), N: n}
	if math.IsNaN(w.Value) {
		w.N, w.Why = 0, "undefined: "+strings.TrimPrefix(m.Empty, "undefined ")
		return w
	}
	if n == 1 {
		w.Why = "no interval: one session"
		return w
	}
	values := make([]float64, len(draws))
	for d, counts := range draws {
		values[d] = m.Of(counts)
	}
	w.Interval, w.Why = score.Middle(values)
	return w
}
