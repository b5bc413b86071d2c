package persona

import (
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string {
	var ids []string
	for _, h := range metric.Guesses() {
		ids = append(ids, h.ID)
	}
	return ids
}

// Scorer reads rows.
func (Task) Scorer(sdk.Options) score.Scorer {
	return score.Rows(sheet)
}

// sheet computes the metrics. A guess that could not be used is wrong. Properties that
// the data set does not know have no columns.
func sheet(rows []row) score.Sheet {
	right := func(r row) (float64, bool) { return metric.Share(r.Guess == r.Truth), true }
	s := score.Sheet{Columns: []score.Column{column(rows, metric.PersonaAccuracy, "", "undefined for every user", right)}}
	for _, name := range metric.GuessedProperties() {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.Property == name }) {
			continue
		}
		s.Columns = append(s.Columns,
			column(rows, metric.PersonaAccuracy+"."+name, name, "undefined for every user", right),
			column(rows, metric.PersonaLogLoss+"."+name, name, "undefined: the backend gives no probabilities", func(r row) (float64, bool) {
				if r.P == nil {
					return 0, false
				}
				return metric.LogLoss(*r.P), true
			}))
	}
	s.Columns = append(s.Columns, column(rows, metric.PersonaInvalid, "", "undefined for every user", func(r row) (float64, bool) { return metric.Share(r.Guess < 0), true }))
	return s
}

// column averages inside users, over a property, or all of them where it is empty.
func column(rows []row, id, property, why string, of func(row) (float64, bool)) score.Column {
	return score.Means(score.Column{Metric: id, Version: 1, Why: why}, rows, row.user, func(r row) (sum, n float64) {
		if property != "" && r.Property != property {
			return 0, 0
		}
		return score.Some(of(r))
	})
}

func (r row) user() int32 { return r.User }
