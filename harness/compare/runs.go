package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// IncomparableError says which parts of the protocols of two runs differ.
type IncomparableError struct {
	Runs [2]string // folders
	Data bool      // the data differ: no override makes users the same people
	What []string  // part (of the first, of the second)
}

func (e *IncomparableError) Error() string {
	return fmt.Sprintf("%s and %s were not measured alike: %s differ", e.Runs[0], e.Runs[1], strings.Join(e.What, "; "))
}

// Comparable refuses runs of different protocols with an *[IncomparableError].
func Comparable(runs []*Run) error {
	for _, r := range runs[1:] {
		what := record.DifferingParts(runs[0].Manifest, r.Manifest)
		if len(what) == 0 {
			continue
		}
		return &IncomparableError{
			Runs: [2]string{runs[0].Dir, r.Dir}, What: what, Data: runs[0].Manifest.Data.Digest != r.Manifest.Data.Digest,
		}
	}
	return nil
}

// Table finds a task; nil where the run has none of that name.
func (r *Run) Table(task string) *Table {
	for i := range r.Tables {
		if r.Tables[i].Task == task {
			return &r.Tables[i]
		}
	}
	return nil
}

// Labels gives each run a short name of its own: the head of its id.
func Labels(runs []*Run) ([]string, error) {
	for length := 4; length <= 12; length++ {
		labels := make([]string, len(runs))
		for i, r := range runs {
			labels[i] = r.Manifest.ID[:min(length, len(r.Manifest.ID))]
		}
		if sorted := slices.Sorted(slices.Values(labels)); len(slices.Compact(sorted)) == len(runs) {
			return labels, nil
		}
	}
	return nil, fmt.Errorf("%s: the same run twice: name each run once", runs[0].Dir)
}

// Union puts the arms of several runs into one table per task, each recommender (or agent)
// with the label of its run before its name. Users and metrics are those of any
// run; what a run lacks is undefined there, and paired comparisons leave it out and
// count it. Metrics of another version than in the first run are dropped and noted.
func Union(runs []*Run, labels []string) (tables []Table, notes []string) {
	var tasks []string
	for _, r := range runs {
		for _, t := range r.Tables {
			if !slices.Contains(tasks, t.Task) {
				tasks = append(tasks, t.Task)
			}
		}
	}
	for _, task := range tasks {
		var parts []*Table
		var of []string
		for i, r := range runs {
			if t := r.Table(task); t != nil {
				parts, of = append(parts, t), append(of, labels[i])
			}
		}
		if len(parts) < len(runs) {
			notes = append(notes, fmt.Sprintf("%s: only %d of %d runs have this task", task, len(parts), len(runs)))
		}
		t, dropped := union(parts, of)
		tables, notes = append(tables, t), append(notes, dropped...)
	}
	return tables, notes
}

func union(parts []*Table, labels []string) (out Table, notes []string) {
	out = Table{Task: parts[0].Task, Primary: parts[0].Primary, Unit: parts[0].Unit, Wholes: parts[0].Wholes}
	seen := map[int32]int{}
	odd := map[string]bool{} // metrics of several versions
	for _, t := range parts {
		for _, u := range t.Users {
			seen[u] = 0
		}
		for _, m := range t.Metrics {
			at := out.MetricIndex(m.ID)
			switch {
			case at < 0:
				out.Metrics = append(out.Metrics, m)
			case out.Metrics[at].Version != m.Version && !odd[m.ID]:
				odd[m.ID] = true
				notes = append(notes, fmt.Sprintf("%s: %s is of versions %d and %d, and not compared", t.Task, m.ID, out.Metrics[at].Version, m.Version))
			}
		}
	}
	out.Metrics = slices.DeleteFunc(out.Metrics, func(m Metric) bool { return odd[m.ID] })
	for u := range seen {
		out.Users = append(out.Users, u)
	}
	slices.Sort(out.Users)
	for i, u := range out.Users {
		seen[u] = i
	}
	out.Values = make([][][]float64, len(out.Metrics))
	for i, t := range parts {
		for a, arm := range t.Arms {
			arm.Arm = Label(labels[i], arm.Arm)
			out.Arms = append(out.Arms, arm)
			for m := range out.Metrics {
				out.Values[m] = append(out.Values[m], spread(t, t.MetricIndex(out.Metrics[m].ID), a, seen))
			}
		}
	}
	return out, notes
}

// Named gives the arms that a name means: an arm, or a recommender as used by every agent.
func (t *Table) Named(name string) []record.Arm {
	var out []record.Arm
	for _, a := range t.Arms {
		if a.String() == name || a.Recommender == name {
			out = append(out, a.Arm)
		}
	}
	return out
}

// Label names an arm by its run too.
func Label(label string, a record.Arm) record.Arm {
	if a.Recommender != "" {
		a.Recommender = label + "-" + a.Recommender
	} else {
		a.Agent = label + "-" + a.Agent
	}
	return a
}

// spread lays values out over more users; metric -1 is undefined for all.
func spread(t *Table, metric, arm int, at map[int32]int) []float64 {
	out := make([]float64, len(at))
	for i := range out {
		out[i] = math.NaN()
	}
	if metric >= 0 {
		for i, u := range t.Users {
			out[at[u]] = t.Values[metric][arm][i]
		}
	}
	return out
}

// Across compares every arm of later runs with the arm of the same name in the first.
// Each metric and later run is a family of its own. The study is one of the runs' [Union].
func (s *Study) Across(runs []*Run, labels []string) []record.Comparison {
	return s.answer(s.across(runs, labels))
}

func (s *Study) across(runs []*Run, labels []string) (out []question) {
	first := runs[0].Table(s.Task)
	if first == nil {
		return nil
	}
	for _, m := range s.metrics {
		for i, r := range runs[1:] {
			t := r.Table(s.Task)
			if t == nil {
				continue
			}
			var pairs []pair
			for _, arm := range t.Arms {
				if !arm.Control && first.ArmIndex(arm.Arm) >= 0 {
					pairs = append(pairs, pair{m, s.ArmIndex(Label(labels[i+1], arm.Arm)), s.ArmIndex(Label(labels[0], arm.Arm))})
				}
			}
			out = append(out, question{record.AgainstRun, m, pairs, nil})
		}
	}
	return out
}
