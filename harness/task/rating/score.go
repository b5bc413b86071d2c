package rating

import (
	"fmt"
	"math"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Scorer reads rows and computes every metric.
func (Task) Scorer(sdk.Options) score.Scorer {
	return score.CheckedRows(func(r, first row) error { return r.check(first.scale()) }, func(rows []row) score.Sheet { return newCell(rows).sheet() })
}

// check refuses columns that do not belong together.
func (r row) check(s sdk.Scale) error {
	n := len(r.Items)
	if len(r.Values) != n || len(r.Predictions) != n || len(r.Answers) != n {
		return fmt.Errorf("%d items, %d values, %d predictions and %d answers", n, len(r.Values), len(r.Predictions), len(r.Answers))
	}
	if r.scale() != s {
		return fmt.Errorf("the scale is %+v, in the first row %+v", r.scale(), s)
	}
	return nil
}

// cell is the evidence of one cell, one row per user, users ascending.
type cell struct {
	rows           []row
	users          []int32
	pairs, missing int
}

func newCell(rows []row) cell {
	c := cell{rows: rows, users: make([]int32, len(rows))}
	for i, r := range rows {
		c.users[i] = r.User
		c.pairs += len(r.Items) + len(r.Missing)
		c.missing += len(r.Missing)
	}
	return c
}

func (c cell) sheet() score.Sheet {
	var s score.Sheet
	for _, m := range metric.Ratings() {
		switch {
		case m.Whole != nil:
			s.Wholes = append(s.Wholes, c.whole(m))
		case m.Missing != nil:
			s.Columns = append(s.Columns, c.column(m, func(r row) float64 { return m.Missing(len(r.Missing), len(r.Items)+len(r.Missing)) }))
		default:
			s.Columns = append(s.Columns, c.errors(m))
		}
	}
	return s
}

// column computes a metric row by row.
func (c cell) column(m metric.Rating, of func(r row) float64) score.Column {
	out := score.Column{Metric: m.ID, Version: m.Version, Users: c.users, Values: make([]float64, len(c.rows))}
	for i, r := range c.rows {
		out.Values[i] = of(r)
	}
	return out
}

// errors computes a mean error, of each user or of all pairs together.
func (c cell) errors(m metric.Rating) score.Column {
	out := c.column(m, func(r row) float64 {
		switch {
		case len(r.Items) == 0:
			return math.NaN()
		case m.Answers:
			return m.Error(r.Values, r.Answers)
		}
		return m.Error(r.Values, r.Predictions)
	})
	out.Why = "undefined: there is no prediction for any pair"
	if c.missing > 0 && c.missing < c.pairs {
		out.Note = c.note()
	}
	if m.Pooled {
		out.Root, out.Over = m.Root, make([]float64, len(c.rows))
	}
	for i, r := range c.rows {
		n := float64(len(r.Items))
		switch {
		case m.Pooled:
			out.Over[i] = n
		case m.Root:
			out.Values[i] = math.Sqrt(out.Values[i] / n)
		default:
			out.Values[i] /= n
		}
	}
	return out
}

// note says that an arm is judged by fewer pairs than the others.
func (c cell) note() string {
	return fmt.Sprintf("over the %d of %d pairs that have a prediction: not the same pairs as other rows", c.pairs-c.missing, c.pairs)
}

// whole compares distributions.
func (c cell) whole(m metric.Rating) score.Whole {
	scale := c.rows[0].scale()
	w := score.Whole{Metric: m.ID, Version: m.Version, Value: math.NaN(), Why: m.Empty}
	levels := levelsOf(scale)
	if levels == 0 {
		return w
	}
	answers, truth := make([]int, levels), make([]int, levels)
	for _, r := range c.rows {
		for n := range r.Items {
			answers[levelOf(scale, r.Answers[n])]++
			truth[levelOf(scale, r.Values[n])]++
		}
	}
	if v := m.Whole(answers, truth); !math.IsNaN(v) {
		w.Value, w.N, w.Why = v, len(c.rows), m.NoInterval
	}
	return w
}
