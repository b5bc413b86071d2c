// Package score turns evidence into cells. Running, re-scoring and verifying
// all come through here, so a table can be remade from a run folder alone.
//
// Its opinions: users are the unit of chance, so intervals draw users and keep
// all that belongs to one together; the same draws serve every arm, metric and
// repeat of a task, so that differences between arms are paired; repeats are
// averaged inside the user before users are averaged; a user for whom a metric
// is undefined is left out of it and does not count in n.
package score

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
)

// Column is a metric with one value per user: the mean over users. With Over it
// is a metric of all users together that is a ratio of sums, such as an error
// per pair: ΣValues / ΣOver, where both are what a user adds. Either way its
// interval draws users with all that belongs to them.
type Column struct {
	Metric  string
	Version int
	Users   []int32   // each once, in any order
	Values  []float64 // NaN: undefined for this user
	Over    []float64 // nil: every user with a value counts once; else not negative
	Root    bool      // the metric is the square root of that
	Signed  bool      // Over may be below 0, as a difference may; where its sum is not above 0 there is no value
	Why     string    // where nobody has a value: why, as a warning in the table; empty: a general one
	Note    string    // what qualifies the value, as a warning in the table
}

// Whole is a metric that has no value per user. It has an interval only where
// whoever computed it gives one, and else says why.
type Whole struct {
	Metric   string
	Version  int
	Value    float64
	N        int
	Interval *Interval // nil: none
	Why      string    // why there is no interval, or no value: a warning in the table
	Note     string    // what qualifies the value, as a warning in the table
}

// Interval of a value, 95 %.
type Interval struct{ Lo, Hi float64 }

// Sheet is one cell's metrics. Its rows come columns first, in this order.
type Sheet struct {
	Columns []Column
	Wholes  []Whole
}

// Scorer computes a cell's metrics from its evidence, and from nothing else.
type Scorer func(path string) (Sheet, error)

// Judged is a cell with its metrics.
type Judged struct {
	Key   record.CellKey
	Sheet Sheet
}

// Read computes the sheets of cells of a run folder with the scorer of each cell's
// task, ordered by key. Cells without sealed evidence are passed over.
func Read(dir string, keys []record.CellKey, scorers map[string]Scorer) ([]Judged, error) {
	var out []Judged
	for _, key := range slices.SortedFunc(slices.Values(keys), record.CellKey.Compare) {
		path := record.EvidencePath(dir, key)
		if _, err := os.Stat(path); err != nil {
			continue
		}
		scorer := scorers[key.Task]
		if scorer == nil {
			return nil, fmt.Errorf("score: cell %s: no scorer for task %s", key, key.Task)
		}
		sheet, err := scorer(path)
		if err != nil {
			return nil, fmt.Errorf("score: cell %s: %w", key, err)
		}
		out = append(out, Judged{key, sheet})
	}
	return out, nil
}

// Score reads the given cells and summarises them.
func Score(run *record.Run, keys []record.CellKey, scorers map[string]Scorer, seed uint64) (cells, summary []record.Cell, err error) {
	judged, err := Read(run.Dir(), keys, scorers)
	if err != nil {
		return nil, nil, err
	}
	return Summarize(judged, keys, seed)
}

// Summarize computes cells and summary of what [Read] gave for keys, and of sheets that
// were made of it. A summary that lacks repeats says so. The result depends on the evidence and the seed only.
func Summarize(judged []Judged, keys []record.CellKey, seed uint64) (cells, summary []record.Cell, err error) {
	tasks := map[string][]Judged{}
	var names []string
	for _, key := range slices.SortedFunc(slices.Values(keys), record.CellKey.Compare) {
		if !slices.Contains(names, key.Task) {
			names = append(names, key.Task)
		}
	}
	for _, j := range judged {
		if err := j.Sheet.check(); err != nil {
			return nil, nil, fmt.Errorf("score: cell %s: %w", j.Key, err)
		}
		tasks[j.Key.Task] = append(tasks[j.Key.Task], j)
	}
	for _, name := range names {
		c, s, err := scoreTask(tasks[name], repeatsOf(keys, name), seed, runtime.GOMAXPROCS(0))
		if err != nil {
			return nil, nil, fmt.Errorf("score: %w", err)
		}
		cells, summary = append(cells, c...), append(summary, s...)
	}
	return cells, summary, nil
}

// repeatsOf counts the repeats that the task was to have.
func repeatsOf(keys []record.CellKey, task string) int {
	n := 0
	for _, k := range keys {
		if k.Task == task {
			n = max(n, k.Repeat+1)
		}
	}
	return n
}

// check refuses a sheet that a scorer got wrong.
func (s Sheet) check() error {
	seen := map[string]bool{}
	for _, c := range s.Columns {
		if seen[c.Metric] {
			return fmt.Errorf("metric %s is there twice", c.Metric)
		}
		seen[c.Metric] = true
		if len(c.Users) != len(c.Values) {
			return fmt.Errorf("metric %s: %d users and %d values", c.Metric, len(c.Users), len(c.Values))
		}
		if c.Over != nil && len(c.Over) != len(c.Values) {
			return fmt.Errorf("metric %s: %d values over %d", c.Metric, len(c.Values), len(c.Over))
		}
		for i, v := range c.Values {
			if math.IsInf(v, 0) {
				return fmt.Errorf("metric %s: user %d: %v", c.Metric, c.Users[i], v)
			}
			if c.Over != nil && !math.IsNaN(v) && !c.divides(v, c.Over[i]) {
				return fmt.Errorf("metric %s: user %d: %v over %v", c.Metric, c.Users[i], v, c.Over[i])
			}
		}
		users := slices.Sorted(slices.Values(c.Users))
		for i := 1; i < len(users); i++ {
			if users[i] == users[i-1] {
				return fmt.Errorf("metric %s: user %d is there twice", c.Metric, users[i])
			}
		}
	}
	for _, w := range s.Wholes {
		if seen[w.Metric] {
			return fmt.Errorf("metric %s is there twice", w.Metric)
		}
		seen[w.Metric] = true
		if w.Interval == nil && w.Why == "" {
			return fmt.Errorf("metric %s: neither an interval nor why there is none", w.Metric)
		}
	}
	return nil
}

// divides reports whether one user's value may stand over what it is over.
func (c Column) divides(v, over float64) bool {
	if math.IsInf(over, 0) {
		return false
	}
	return over > 0 || over == 0 && v == 0 || c.Signed && over <= 0
}

// row is a cell of the table whose numbers are those of a column.
type row struct {
	record.Cell
	column int    // -1: complete as it is
	why    string // the column's
}

// scoreTask scores cells of one task, sorted by key.
func scoreTask(in []Judged, repeats int, seed uint64, workers int) (cells, summary []record.Cell, err error) {
	m := newMatrix(in)
	var cellRows, summaryRows []row
	for _, arm := range arms(in) {
		var sums []summed
		for _, c := range in[arm.from:arm.to] {
			for _, col := range c.Sheet.Columns {
				at := m.add(col)
				r := newCell(c.Key, col.Metric, col.Version)
				r.Warnings = warnings(col.Note)
				cellRows = append(cellRows, row{r, at, col.Why})
				if sums, err = addRepeat(sums, row{r, at, col.Why}, 0); err != nil {
					return nil, nil, err
				}
			}
			for _, w := range c.Sheet.Wholes {
				r := newCell(c.Key, w.Metric, w.Version)
				r.Value, r.N, r.Warnings = w.Value, w.N, warnings(w.Note, w.Why)
				if w.Interval != nil {
					r.Lo, r.Hi = w.Interval.Lo, w.Interval.Hi
				}
				cellRows = append(cellRows, row{r, -1, ""})
				if sums, err = addRepeat(sums, row{r, -1, ""}, w.Value); err != nil {
					return nil, nil, err
				}
			}
		}
		for _, s := range sums {
			summaryRows = append(summaryRows, s.row(m, repeats))
		}
	}
	intervals := m.bootstrap(seed, workers)
	return m.finish(cellRows, intervals), m.finish(summaryRows, intervals), nil
}

// summed collects one metric of an arm over its repeats.
type summed struct {
	record.Cell
	why     string
	columns []int     // of the matrix
	values  []float64 // of whole metrics
}

// addRepeat files a repeat's metric under its name, in the order in which
// metrics first appear.
func addRepeat(sums []summed, c row, value float64) ([]summed, error) {
	i := slices.IndexFunc(sums, func(s summed) bool { return s.Metric == c.Metric })
	if i < 0 {
		i = len(sums)
		sums = append(sums, summed{Cell: c.Cell, why: c.why})
	}
	s := &sums[i]
	if s.Version != c.Version || (len(s.columns) > 0) != (c.column >= 0) && len(s.columns)+len(s.values) > 0 {
		return nil, fmt.Errorf("cell %s: metric %s is not the same as in another repeat (version %d, %d)", c.Key(), c.Metric, c.Version, s.Version)
	}
	if c.column >= 0 {
		s.columns = append(s.columns, c.column)
	} else {
		s.values = append(s.values, value)
		s.N = min(s.N, c.N)
	}
	return sums, nil
}

// row averages: columns inside each user, whole metrics as they are, where n is
// the smallest of theirs.
func (s summed) row(m *matrix, repeats int) row {
	r := row{s.Cell, -1, s.why}
	r.Repeat = len(s.columns) + len(s.values)
	if r.Repeat < repeats {
		r.Warnings = append(slices.Clone(r.Warnings), fmt.Sprintf("%d of %d repeats", r.Repeat, repeats))
	}
	if len(s.columns) > 0 {
		r.column = m.average(s.columns)
		return r
	}
	r.Value = 0
	for _, v := range s.values {
		r.Value += v
	}
	r.Value /= float64(len(s.values))
	if len(s.values) > 1 && r.HasInterval() { // of one repeat, not of their mean
		r.Lo, r.Hi, r.Warnings = math.NaN(), math.NaN(), append(slices.Clone(r.Warnings), "no interval: repeats have one each, their mean has none")
	}
	return r
}

// span is a run of cells that differ in their repeat only.
type span struct{ from, to int }

func arms(in []Judged) (out []span) {
	for i := range in {
		k := in[i].Key
		k.Repeat = 0
		if n := len(out); n > 0 {
			last := in[out[n-1].from].Key
			last.Repeat = 0
			if last == k {
				out[n-1].to = i + 1
				continue
			}
		}
		out = append(out, span{i, i + 1})
	}
	return out
}

func newCell(k record.CellKey, metric string, version int) record.Cell {
	return record.Cell{
		Task: k.Task, Recommender: k.Recommender, Agent: k.Agent, Repeat: k.Repeat,
		Metric: metric, Version: version, Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN(),
	}
}

// warnings lists those that there are.
func warnings(all ...string) (out []string) {
	for _, w := range all {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// universe gives every user that any cell mentions, ascending.
func universe(in []Judged) []int32 {
	seen := map[int32]bool{}
	for _, c := range in {
		for _, col := range c.Sheet.Columns {
			for _, u := range col.Users {
				seen[u] = true
			}
		}
	}
	out := make([]int32, 0, len(seen))
	for u := range seen {
		out = append(out, u)
	}
	slices.SortFunc(out, cmp.Compare[int32])
	return out
}
