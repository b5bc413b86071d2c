package prediction

import (
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// Rules say how steps are judged.
type Rules struct {
	Outcomes []string // steps that count as the outcome of a session, such as terminate or click:buy
	Text     string   // metric.TextExact or metric.TextRouge
	Seed     uint64   // of intervals
}

// Judge gives the sheet of each agent of the file. A user is the unit of chance, in a
// file of steps a session.
func (f *File) Judge(r Rules) []score.Judged {
	users := f.units()
	var out []score.Judged
	add := func(agent string, s score.Sheet) {
		out = append(out, score.Judged{Key: record.CellKey{Task: f.Kind, Agent: agent}, Sheet: s})
	}
	for _, part := range runs(f.decisions, func(d decision) string { return d.agent }) {
		add(part[0].agent, preference(part, users))
	}
	for _, part := range runs(f.ratings, func(r rated) string { return r.agent }) {
		add(part[0].agent, ratings(part, users))
	}
	for _, part := range runs(f.steps, func(s step) string { return s.agent }) {
		add(part[0].agent, steps(part, users, r))
	}
	return out
}

// Primary is the metric that orders agents.
func (f *File) Primary() string {
	return map[string]string{Preference: metric.DecisionAccuracy, Rating: metric.Ratings()[0].ID, Action: metric.ActionStep}[f.Kind]
}

// Users counts the users of the file; steps have none, they have sessions.
func (f *File) Users() int {
	if f.Kind == Action {
		return 0
	}
	return len(f.units())
}

// Items counts the items of the file.
func (f *File) Items() int {
	seen := map[string]bool{}
	for _, d := range f.decisions {
		seen[d.item] = true
	}
	for _, r := range f.ratings {
		seen[r.item] = true
	}
	return len(seen)
}

// units numbers users or sessions in the order of their names.
func (f *File) units() map[string]int32 {
	var names []string
	for _, d := range f.decisions {
		names = append(names, d.user)
	}
	for _, r := range f.ratings {
		names = append(names, r.user)
	}
	for _, s := range f.steps {
		names = append(names, s.session)
	}
	slices.Sort(names)
	out := map[string]int32{}
	for i, name := range slices.Compact(names) {
		out[name] = int32(i)
	}
	return out
}

// runs parts a sorted list where a key changes.
func runs[T any](list []T, key func(T) string) (out [][]T) {
	from := 0
	for i := range list {
		if i+1 == len(list) || key(list[i]) != key(list[i+1]) {
			out = append(out, list[from:i+1])
			from = i + 1
		}
	}
	return out
}

// preference judges decisions: of each set of items of a user, then the mean over the
// user's sets.
func preference(cases []decision, users map[string]int32) score.Sheet {
	var s score.Sheet
	stated := cases[0].p != nil
	for _, m := range metric.DecisionMetrics() {
		c := score.Column{Metric: m.ID, Version: m.Version, Why: "undefined: " + m.Empty}
		if m.Stated != nil && !stated {
			c.Why = "undefined: the file has no probabilities"
		}
		for _, user := range runs(cases, func(d decision) string { return d.user }) {
			sum, n := 0.0, 0.0
			for _, set := range runs(user, func(d decision) string { return d.set }) {
				if v := ofSet(m, set, stated); !math.IsNaN(v) {
					sum, n = sum+v, n+1
				}
			}
			c.Users, c.Values = append(c.Users, users[user[0].user]), append(c.Values, sum/n) // 0/0 is NaN
		}
		s.Columns = append(s.Columns, c)
	}
	return s
}

func ofSet(m metric.DecisionMetric, set []decision, stated bool) float64 {
	truth, decided, p := make([]bool, len(set)), make([]bool, len(set)), make([]float64, len(set))
	for i, d := range set {
		truth[i], decided[i] = d.truth, d.decided
		if d.p != nil {
			p[i] = *d.p
		}
	}
	switch {
	case m.Decided != nil:
		return m.Decided(truth, decided)
	case stated:
		return m.Stated(truth, p)
	}
	return math.NaN()
}

// ratings judges predicted values.
func ratings(cases []rated, users map[string]int32) score.Sheet {
	var s score.Sheet
	missing := 0
	for _, r := range cases {
		if r.predicted == nil {
			missing++
		}
	}
	for _, m := range metric.Ratings() {
		if m.Answers || m.Whole != nil { // a file has no scale to bring them to
			continue
		}
		c := score.Column{Metric: m.ID, Version: m.Version, Why: "undefined: there is no prediction"}
		if missing > 0 && m.Missing == nil {
			c.Note = fmt.Sprintf("over the %d of %d cases that have a prediction", len(cases)-missing, len(cases))
		}
		for _, user := range runs(cases, func(r rated) string { return r.user }) {
			var truth, predicted []float64
			for _, r := range user {
				if r.predicted != nil {
					truth, predicted = append(truth, r.value), append(predicted, *r.predicted)
				}
			}
			c.Users = append(c.Users, users[user[0].user])
			n := float64(len(truth))
			switch {
			case m.Missing != nil:
				c.Values = append(c.Values, m.Missing(len(user)-len(truth), len(user)))
			case m.Pooled:
				c.Values, c.Over, c.Root = append(c.Values, m.Error(truth, predicted)), append(c.Over, n), m.Root
			case m.Root:
				c.Values = append(c.Values, math.Sqrt(m.Error(truth, predicted)/n))
			default:
				c.Values = append(c.Values, m.Error(truth, predicted)/n) // 0/0 is NaN
			}
		}
		s.Columns = append(s.Columns, c)
	}
	return s
}
