package compare

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// Metric is a metric with a value per user.
type Metric struct {
	ID        string
	Version   int
	Direction metric.Direction // 0: neither way is better, so nothing is ranked
}

// Whole is a metric of all users together, which no test can judge.
type Whole struct {
	ID  string
	Why string
}

// Arm is a row of a task.
type Arm struct {
	record.Arm
	Control bool // a yardstick: compared on request, never ranked
	Fits    int  // repeats behind its values
	Varies  bool // repeats gave different values
}

// Table is a task: what each user got from each arm.
type Table struct {
	Task    string
	Primary string
	Unit    string   // what a row is, in the plural, where it is no user of the data set
	Users   []int32  // ascending: rows of the data set's own table
	Metrics []Metric // the primary first, then as the task lists them
	Wholes  []Whole
	Arms    []Arm // by name
	// Values holds, per metric, arm and user, the mean over repeats in which the user
	// has a value; NaN where the metric is undefined.
	Values [][][]float64
}

// Run is a run folder, read.
type Run struct {
	Dir      string
	Manifest record.Manifest
	Tables   []Table // in the manifest's order
}

// ErrUnfinished says that a run has no tables yet.
var ErrUnfinished = errors.New("the run is not finished")

// Load reads the tables of a finished run folder from its evidence. scorers gives those of
// a manifest's tasks. It is [ErrUnfinished] for a run that was not concluded.
func Load(dir string, scorers func(record.Manifest) (map[string]score.Scorer, error)) (*Run, error) {
	m, err := record.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	if m.Finished.IsZero() {
		return nil, fmt.Errorf("%s: %w: go on with: %s", dir, ErrUnfinished, m.Command)
	}
	cells, err := record.ReadCells(filepath.Join(dir, record.CellsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no %s: %w: go on with: %s", dir, record.CellsFile, ErrUnfinished, m.Command)
	}
	if err != nil {
		return nil, err
	}
	var keys []record.CellKey
	derived := map[string]bool{} // they have no value per user
	for _, t := range m.Tasks {
		derived[t.Kind] = t.Derived
	}
	for _, c := range cells {
		if derived[c.Task] {
			continue
		}
		if len(keys) == 0 || keys[len(keys)-1] != c.Key() {
			keys = append(keys, c.Key())
		}
	}
	known, err := scorers(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	judged, err := score.Read(dir, keys, known)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if len(judged) < len(keys) {
		return nil, fmt.Errorf("%s: evidence of %d cells is missing, which %s names: copy the whole folder, or run it again: %s", dir, len(keys)-len(judged), record.CellsFile, m.Command)
	}
	return &Run{Dir: dir, Manifest: m, Tables: Tables(m, judged)}, nil
}

// Tables arranges what cells say of users, a table per task of the manifest that has
// any.
func Tables(m record.Manifest, judged []score.Judged) []Table {
	var out []Table
	for _, t := range m.Tasks {
		mine := slices.DeleteFunc(slices.Clone(judged), func(j score.Judged) bool { return j.Key.Task != t.Kind })
		if len(mine) > 0 {
			out = append(out, newTable(t, m.Arms, mine))
		}
	}
	return out
}

func newTable(facts record.TaskFacts, arms []record.ArmFacts, judged []score.Judged) Table {
	slices.SortFunc(judged, func(a, b score.Judged) int { return a.Key.Compare(b.Key) })
	t := Table{Task: facts.Kind, Primary: facts.Primary, Unit: facts.Unit}
	control := map[string]bool{}
	for _, a := range arms {
		control[a.Name] = a.Control
	}
	at := map[int32]int{}
	for _, j := range judged {
		name := j.Key.Arm()
		if n := len(t.Arms); n == 0 || t.Arms[n-1].Arm != name {
			t.Arms = append(t.Arms, Arm{Arm: name, Control: control[cmp.Or(name.Recommender, name.Agent)]})
		}
		t.Arms[len(t.Arms)-1].Fits++
		for _, c := range j.Sheet.Columns {
			if c.Over != nil || c.Root { // no mean of values per user
				t.addWhole(Whole{c.Metric, "a ratio of sums over all users"})
				continue
			}
			t.addMetric(c)
			for _, u := range c.Users {
				at[u] = 0
			}
		}
		for _, w := range j.Sheet.Wholes {
			t.addWhole(Whole{w.Metric, cmp.Or(w.Why, "no value per user")})
		}
	}
	for u := range at {
		t.Users = append(t.Users, u)
	}
	slices.Sort(t.Users)
	for i, u := range t.Users {
		at[u] = i
	}
	t.fill(judged, at)
	return t
}

func (t *Table) addWhole(w Whole) {
	if !slices.ContainsFunc(t.Wholes, func(o Whole) bool { return o.ID == w.ID }) {
		t.Wholes = append(t.Wholes, w)
	}
}

func (t *Table) addMetric(c score.Column) {
	if t.MetricIndex(c.Metric) >= 0 {
		return
	}
	m := Metric{ID: c.Metric, Version: c.Version}
	if h, ok := metric.Describe(c.Metric); ok {
		m.Direction = h.Direction
	}
	if c.Metric == t.Primary {
		t.Metrics = slices.Insert(t.Metrics, 0, m)
		return
	}
	t.Metrics = append(t.Metrics, m)
}

// fill averages repeats inside each user.
func (t *Table) fill(judged []score.Judged, at map[int32]int) {
	t.Values = make([][][]float64, len(t.Metrics))
	for m := range t.Metrics {
		t.Values[m] = make([][]float64, len(t.Arms))
		for a := range t.Arms {
			t.Values[m][a] = make([]float64, len(t.Users))
		}
	}
	counts := make([]int, len(t.Users))
	first := make([]float64, len(t.Users)) // of the first repeat, to see whether others vary
	for a := range t.Arms {
		for m := range t.Metrics {
			clear(counts)
			values, seen := t.Values[m][a], 0
			for _, j := range judged {
				i := slices.IndexFunc(j.Sheet.Columns, func(c score.Column) bool { return c.Metric == t.Metrics[m].ID })
				if j.Key.Arm() != t.Arms[a].Arm || i < 0 {
					continue
				}
				c := j.Sheet.Columns[i]
				for i, u := range c.Users {
					v := c.Values[i]
					if seen == 0 {
						first[at[u]] = v
					} else if v != first[at[u]] && !(math.IsNaN(v) && math.IsNaN(first[at[u]])) {
						t.Arms[a].Varies = true
					}
					if !math.IsNaN(v) {
						values[at[u]] += v
						counts[at[u]]++
					}
				}
				seen++
			}
			for u := range values {
				values[u] /= float64(counts[u]) // 0/0 is NaN: undefined in every repeat
			}
		}
	}
}

// MetricIndex finds a metric with a value per user; -1 where there is none.
func (t *Table) MetricIndex(id string) int {
	return slices.IndexFunc(t.Metrics, func(m Metric) bool { return m.ID == id })
}

// ArmIndex finds a row; -1 where there is none.
func (t *Table) ArmIndex(a record.Arm) int {
	return slices.IndexFunc(t.Arms, func(o Arm) bool { return o.Arm == a })
}

// mean over the users that have a value, added in the order of users, as scores are.
func mean(values []float64) (m float64, n int) {
	for _, v := range values {
		if !math.IsNaN(v) {
			m += v
			n++
		}
	}
	return m / float64(n), n
}

func workers() int { return runtime.GOMAXPROCS(0) }
