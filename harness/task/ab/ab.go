// Package ab asks whether simulated users order recommenders as people do: the
// agreement of each agent's table with the truth, beside that of nDCG@10, which is
// what one had without agents (METHOD 6, ab).
//
// Its opinions. Truth and simulation are the same quantity, liked cards a session,
// counted by the same code. Whoever orders arms well by luck is found out by the
// interval over users, by leaving each arm out, and by permuting arms. A truth that
// does not agree with itself sets the ceiling.
package ab

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "ab"

// What is read, and from where.
const (
	simulateKind = "simulate"
	truthKind    = "truth"
	offlineKind  = "offline"
	quantity     = "sim.n-like"
	views        = "sim.n-view"
	second       = "truth.n-like.second" // of an independent run
	ndcg         = "ndcg@10"
	// NDCG names the row of nDCG@10.
	NDCG = "ndcg-at-10"
)

// Task implements task.Task.
type Task struct{}

// Kind gives "ab".
func (Task) Kind() string { return Kind }

// Subject is other tasks' tables.
func (Task) Subject() task.Subject { return task.Tables }

// Version of the numbers.
func (Task) Version() int { return 1 }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "does each agent order the recommenders as the truth does? needs tasks simulate and truth"
}

// Unit is the arm.
func (Task) Unit() string { return "recommenders" }

// Reads names the tasks that this one compares.
func (Task) Reads() []string { return []string{simulateKind, truthKind} }

// Options has none.
func (Task) Options() []sdk.OptionSpec { return nil }

// Check has no rules.
func (Task) Check(sdk.Options) error { return nil }

// Scorer reads no evidence: the task has none.
func (Task) Scorer(sdk.Options) score.Scorer {
	return func(string) (score.Sheet, error) { return score.Sheet{}, nil }
}

// bound is the task.
type bound struct{ task.NoCells }

// Bind needs no data.
func (Task) Bind(sdk.Options, *corpus.Split) (task.Bound, error) { return bound{}, nil }

// Facts says how to read the table.
func (bound) Facts() []record.Fact {
	return []record.Fact{
		{Name: "orders", Value: "mean liked cards a session, of the suite's recommenders; controls are left out"},
		{Name: "intervals", Value: "users drawn with replacement, the same for truth and simulation, at fixed recommenders"},
		{Name: "ceiling", Value: "the agreement of two independent truth runs: no agent can be expected above it"},
	}
}

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string {
	return []string{
		"ab.spearman", "ab.kendall", "ab.spearman.lowest", "ab.spearman.highest", "ab.p", "ab.sign", "ab.resolved", "ab.mape", "ab.slope",
		"ab.spearman.views", "ab.gain", metric.OverPlacebo, "ab.ceiling",
	}
}

// table is one quantity by recommender and user.
type table struct {
	values [][]float64 // by arm and user; NaN: none
	drawn  [][]float64 // by draw of users and arm: means
}

// gather takes the tables of a metric out of sheets: mean over repeats inside the
// user, users in the order given. It is nil where an arm lacks the metric.
func gather(judged []score.Judged, of func(record.CellKey) bool, metric string, arms []string, users []int32) *table {
	t := &table{}
	for _, arm := range arms {
		known := score.PerUser(judged, metric, func(k record.CellKey) bool { return k.Recommender == arm && of(k) })
		if known == nil {
			return nil
		}
		values := make([]float64, len(users))
		for i, u := range users {
			v, ok := known[u]
			if !ok {
				v = math.NaN()
			}
			values[i] = v
		}
		t.values = append(t.values, values)
	}
	return t
}

// given is a truth without users: numbers that somebody measured.
func given(judged []score.Judged, arms []string, metric string) ([]float64, bool) {
	var out []float64
	for _, arm := range arms {
		at := slices.IndexFunc(judged, func(j score.Judged) bool { return j.Key.Task == truthKind && j.Key.Recommender == arm })
		if at < 0 {
			return nil, false
		}
		w := slices.IndexFunc(judged[at].Sheet.Wholes, func(w score.Whole) bool { return w.Metric == metric })
		if w < 0 {
			return nil, false
		}
		out = append(out, judged[at].Sheet.Wholes[w].Value)
	}
	return out, true
}

// means of each arm over the users with a value.
func (t *table) means() []float64 {
	out := make([]float64, len(t.values))
	for a, values := range t.values {
		sum, n := 0.0, 0.0
		for _, v := range values {
			if !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		out[a] = sum / n
	}
	return out
}
