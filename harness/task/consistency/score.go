package consistency

import (
	"iter"
	"math"
	"runtime"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string {
	return []string{metric.ConsistencySelf, metric.AcceptGood, metric.AcceptBad, metric.ThoughtAction, metric.ConsistencyInvalid, metric.ConsistencyKappa}
}

// Scorer reads rows.
func (Task) Scorer(sdk.Options) score.Scorer {
	return score.Rows(sheet)
}

// sheet computes the metrics. A page with an answer that could not be used is not
// compared with the other asking; on pages of coherence it watched nothing.
func sheet(rows []row) score.Sheet {
	card := func(shows int32, of func(row) bool) func([]row) (sum, n float64) {
		return func(user []row) (sum, n float64) {
			for _, r := range user {
				if r.Shows == shows && (shows != again || !r.First.Invalid && !r.Second.Invalid) {
					sum, n = sum+metric.Share(of(r)), n+1
				}
			}
			return sum, n
		}
	}
	watched := func(r row) bool { return r.First.Watch }
	return score.Sheet{
		Columns: []score.Column{
			column(rows, metric.ConsistencySelf, "undefined: no page had two answers that could be used", card(again, func(r row) bool { return r.First.Watch == r.Second.Watch })),
			column(rows, metric.AcceptGood, "undefined: nobody liked anything after training", card(good, watched)),
			column(rows, metric.AcceptBad, "undefined: no item is foreign to anybody", card(foreign, watched)),
			column(rows, metric.ThoughtAction, "undefined: the agent states no satisfaction", agreeing),
			column(rows, metric.ConsistencyInvalid, "undefined for every user", invalid),
		},
		Wholes: []score.Whole{kappa(rows)},
	}
}

// column averages inside users.
func column(rows []row, id, why string, of func(user []row) (sum, n float64)) score.Column {
	c := score.Column{Metric: id, Version: 1, Why: why}
	for user := range byUser(rows) {
		sum, n := of(user)
		c.Users, c.Values = append(c.Users, user[0].User), append(c.Values, sum/n) // 0/0 is NaN
	}
	return c
}

func byUser(rows []row) iter.Seq[[]row] {
	return score.ByUser(rows, func(r row) int32 { return r.User })
}

// answers gives one look for each answer about a user's pages.
func answers(user []row) (out []look) {
	for i, r := range user {
		if i > 0 && r.Page == user[i-1].Page {
			continue
		}
		out = append(out, r.First)
		if r.Shows == again {
			out = append(out, r.Second)
		}
	}
	return out
}

// agreeing counts the answers whose feeling says something, and goes with the action.
func agreeing(user []row) (sum, n float64) {
	for _, l := range answers(user) {
		if l.Satisfaction == 0 {
			continue
		}
		if agrees, says := metric.FeelingAgrees(int(l.Satisfaction), l.Leave); says {
			sum, n = sum+metric.Share(agrees), n+1
		}
	}
	return sum, n
}

func invalid(user []row) (sum, n float64) {
	for _, l := range answers(user) {
		sum, n = sum+metric.Share(l.Invalid), n+1
	}
	return sum, n
}

// kappaSeed draws users for the interval of κ, alike for all agents.
const kappaSeed = 0x6b61707061 // "kappa"

// kappa is over the cards of all users at once: of one user's few cards it would often
// be undefined. Its interval draws users with all their cards.
func kappa(rows []row) score.Whole {
	var users []int32
	var counts [4][]float64
	var total metric.Confusion
	for user := range byUser(rows) {
		var a, b []bool
		for _, r := range user {
			if r.Shows == again && !r.First.Invalid && !r.Second.Invalid {
				a, b = append(a, r.First.Watch), append(b, r.Second.Watch)
			}
		}
		if len(a) == 0 {
			continue
		}
		c := metric.Confuse(a, b)
		total.TruePos, total.FalsePos, total.FalseNeg, total.TrueNeg = total.TruePos+c.TruePos, total.FalsePos+c.FalsePos, total.FalseNeg+c.FalseNeg, total.TrueNeg+c.TrueNeg
		users = append(users, user[0].User)
		for i, n := range []int{c.TruePos, c.FalsePos, c.FalseNeg, c.TrueNeg} {
			counts[i] = append(counts[i], float64(n))
		}
	}
	w := score.Whole{Metric: metric.ConsistencyKappa, Version: 1, Value: metric.KappaOf(total), N: len(users)}
	if math.IsNaN(w.Value) {
		w.N, w.Why = 0, "undefined: everything is watched, or nothing"
		return w
	}
	if len(users) == 1 {
		w.Why = score.OneUser
		return w
	}
	means := score.Resample(users, counts[:], kappaSeed, runtime.GOMAXPROCS(0))
	values := make([]float64, score.Draws)
	for d := range values {
		drawn := func(i int) int { return int(math.Round(means[i][d] * float64(len(users)))) }
		values[d] = metric.KappaOf(metric.Confusion{TruePos: drawn(0), FalsePos: drawn(1), FalseNeg: drawn(2), TrueNeg: drawn(3)})
	}
	w.Interval, w.Why = score.Middle(values)
	return w
}
