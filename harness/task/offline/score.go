package offline

import (
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists every family at every cutoff, cutoffs first, then the share of
// ties. A metric without a cutoff stands among those of the first one.
func (Task) Metrics(o sdk.Options) []string {
	var ids []string
	for i, k := range cutoffs(o) {
		for _, m := range families(o) {
			if i == 0 || m.Order == nil {
				ids = append(ids, m.ID(k))
			}
		}
	}
	return append(ids, metric.TieShare)
}

// Scorer reads rows and computes every metric.
func (t Task) Scorer(o sdk.Options) score.Scorer {
	ks, ms := cutoffs(o), families(o)
	return func(path string) (score.Sheet, error) {
		rows, err := read(path, slices.ContainsFunc(ms, isWide))
		if err != nil {
			return score.Sheet{}, err
		}
		if len(rows) == 0 {
			return score.Sheet{}, fmt.Errorf("%s: no rows", path)
		}
		return sheet(rows, ks, ms), nil
	}
}

// read gives the rows of a cell, wide or not.
func read(path string, wide bool) ([]wideRow, error) {
	if wide {
		rows, err := record.ReadParquet[wideRow](path)
		for i := range rows {
			if err := rows[i].check(); err != nil {
				return nil, fmt.Errorf("%s: row %d: %w", path, i, err)
			}
		}
		return rows, err
	}
	narrow, err := record.ReadParquet[row](path)
	rows := make([]wideRow, len(narrow))
	for i, r := range narrow {
		rows[i].row = r
	}
	return rows, err
}

// check refuses columns that do not belong together.
func (r wideRow) check() error {
	categories := 0
	for _, n := range r.CategoryCounts {
		if n < 0 {
			return fmt.Errorf("an item has %d categories", n)
		}
		categories += int(n)
	}
	switch {
	case len(r.Counts) != len(r.List) || len(r.CategoryCounts) != len(r.List):
		return fmt.Errorf("%d items in the list, %d counts and %d numbers of categories", len(r.List), len(r.Counts), len(r.CategoryCounts))
	case categories != len(r.Categories):
		return fmt.Errorf("%d categories, where the items have %d", len(r.Categories), categories)
	case r.Scored && (len(r.Above) != int(r.Relevant) || len(r.Equal) != int(r.Relevant)):
		return fmt.Errorf("%d relevant items, and places of %d and %d", r.Relevant, len(r.Above), len(r.Equal))
	}
	return nil
}

// categories gives those of each item in the list.
func (r wideRow) categories() [][]int32 {
	out := make([][]int32, len(r.CategoryCounts))
	from := 0
	for i, n := range r.CategoryCounts {
		out[i] = r.Categories[from : from+int(n)]
		from += int(n)
	}
	return out
}

// cell has the rows of one cell, one per user, users ascending.
type cell struct {
	rows  []wideRow
	users []int32
	lists [][]int32
}

// sheet computes the metrics of one cell.
func sheet(rows []wideRow, ks []int, ms []metric.Metric) score.Sheet {
	c := cell{rows: rows, users: make([]int32, len(rows)), lists: make([][]int32, len(rows))}
	for i, r := range rows {
		c.users[i], c.lists[i] = r.User, r.List
	}
	var s score.Sheet
	for i, k := range ks {
		for _, m := range ms {
			switch {
			case m.Whole != nil:
				s.Wholes = append(s.Wholes, c.whole(m, k))
			case i == 0 || m.Order == nil:
				s.Columns = append(s.Columns, c.column(m, k))
			}
		}
	}
	tie, _ := metric.Describe(metric.TieShare)
	s.Columns = append(s.Columns, c.each(tie.ID, tie.Version, func(r wideRow) float64 {
		if len(r.List) == 0 {
			return 0
		}
		return float64(r.Tied) / float64(len(r.List))
	}))
	return s
}

// whole computes a metric of all lists together.
func (c cell) whole(m metric.Metric, k int) score.Whole {
	w := score.Whole{
		Metric: m.ID(k), Version: m.Version, Value: m.Whole(c.lists, int(c.rows[0].Catalog), k), N: len(c.rows), Why: m.NoInterval,
	}
	if math.IsNaN(w.Value) {
		w.N, w.Why = 0, m.Empty
	}
	return w
}

// column computes a metric of each user.
func (c cell) column(m metric.Metric, k int) score.Column {
	var of func(r wideRow) float64
	why := "undefined for every user: " + m.Empty
	switch {
	case m.User != nil:
		of = func(r wideRow) float64 { return m.User(r.Hits, int(r.Relevant), k) }
	case m.Shown != nil:
		of = func(r wideRow) float64 { return m.Shown(r.Counts, int(r.TrainUsers), k) }
	case m.Mixed != nil:
		of = func(r wideRow) float64 { return m.Mixed(r.categories(), k) }
	case m.Order != nil:
		of = func(r wideRow) float64 {
			if !r.Scored {
				return math.NaN()
			}
			return m.Order(r.Above, r.Equal, int(r.Others))
		}
		if !slices.ContainsFunc(c.rows, func(r wideRow) bool { return r.Scored }) {
			why = "undefined: the recommender ranks but does not score all items (feature \"score\")"
		}
	}
	out := c.each(m.ID(k), m.Version, of)
	out.Why = why
	if m.User != nil {
		out.Note = c.note()
	}
	return out
}

// note tells of users whom the arm had nothing to show, such as those that lists
// from a file lack.
func (c cell) note() string {
	n := 0
	for _, list := range c.lists {
		if len(list) == 0 {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d users got an empty list, which counts as misses", n, len(c.lists))
}

// each computes a column row by row.
func (c cell) each(id string, version int, of func(r wideRow) float64) score.Column {
	out := score.Column{Metric: id, Version: version, Users: c.users, Values: make([]float64, len(c.rows))}
	for i, r := range c.rows {
		out.Values[i] = of(r)
	}
	return out
}

func cutoffs(o sdk.Options) []int {
	list, _ := o["cutoffs"].([]any)
	ks := make([]int, len(list))
	for i, v := range list {
		n, _ := v.(int64)
		ks[i] = int(n)
	}
	return ks
}

func families(o sdk.Options) []metric.Metric {
	list, _ := o["metrics"].([]any)
	var ms []metric.Metric
	for _, v := range list {
		for _, m := range metric.Table() {
			if m.Name == v {
				ms = append(ms, m)
			}
		}
	}
	return ms
}
