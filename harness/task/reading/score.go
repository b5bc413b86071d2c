package reading

import (
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// row is the evidence of one question.
type row struct {
	Question int32    `parquet:"question"`
	Kind     string   `parquet:"kind"`
	Choices  []string `parquet:"choices,list"`
	Truth    string   `parquet:"truth"`
	Answer   string   `parquet:"answer"`  // empty: no valid one
	Tries    int32    `parquet:"tries"`   // answers that were asked for, the valid one included; 0: a control
	Invalid  string   `parquet:"invalid"` // why there is no valid answer, one of the words below; empty: there is one
	P        *float64 `parquet:"p,optional"`
	Tokens   int64    `parquet:"tokens"` // of prompts and answers of all tries
}

// Why there is no valid answer.
const (
	invalidForm     = "form"     // it did not fit the schema
	invalidCut      = "cut"      // it was longer than it may be
	invalidRefused  = "refused"  // the model declined
	invalidFiltered = "filtered" // the provider's filter took it
	invalidNone     = "none"     // the backend could not be asked this question
)

// Metrics lists accuracy first, then its parts and what qualifies it.
func (Task) Metrics(o sdk.Options) []string {
	ids := []string{metric.ReadingAccuracy, metric.ReadingValid, metric.ReadingFirstTry, metric.ReadingLogLoss, metric.ReadingTokens}
	for _, k := range asked(o) {
		ids = append(ids, metric.ReadingAccuracy+"."+k)
	}
	return ids
}

// Scorer reads rows and computes every metric.
func (Task) Scorer(o sdk.Options) score.Scorer {
	return func(path string) (score.Sheet, error) {
		rows, err := record.ReadParquet[row](path)
		if err != nil {
			return score.Sheet{}, err
		}
		for i, r := range rows {
			if err := r.check(); err != nil {
				return score.Sheet{}, fmt.Errorf("%s: row %d: %w", path, i, err)
			}
		}
		return sheet(rows, asked(o)), nil
	}
}

// check refuses a row that no cell writes.
func (r row) check() error {
	switch {
	case !slices.Contains(r.Choices, r.Truth):
		return fmt.Errorf("the truth %q is no choice", r.Truth)
	case r.Answer != "" && !slices.Contains(r.Choices, r.Answer):
		return fmt.Errorf("the answer %q is no choice", r.Answer)
	case r.P != nil && !(*r.P >= 0 && *r.P <= 1):
		return fmt.Errorf("probability %v", *r.P)
	case r.Tries < 0 || r.Tokens < 0:
		return fmt.Errorf("%d tries, %d tokens", r.Tries, r.Tokens)
	}
	return nil
}

// sheet computes the metrics of one cell. An invalid answer is a wrong one.
func sheet(rows []row, kinds []string) score.Sheet {
	var s score.Sheet
	add := func(id, why string, of func(r row) float64) {
		c := score.Column{Metric: id, Version: 1, Why: why}
		for _, r := range rows {
			if v := of(r); !math.IsNaN(v) {
				c.Users, c.Values = append(c.Users, r.Question), append(c.Values, v)
			}
		}
		s.Columns = append(s.Columns, c)
	}
	right := func(r row) float64 { return metric.Share(r.Answer == r.Truth) }
	add(metric.ReadingAccuracy, "", right)
	add(metric.ReadingValid, "", func(r row) float64 { return metric.Share(r.Answer != "") })
	add(metric.ReadingFirstTry, "", func(r row) float64 { return metric.Share(r.Answer != "" && r.Tries <= 1) })
	add(metric.ReadingLogLoss, "undefined: the backend gives no probabilities of choices", func(r row) float64 {
		if r.P == nil {
			return math.NaN()
		}
		return metric.LogLoss(*r.P)
	})
	add(metric.ReadingTokens, "undefined: controls read no prompt", func(r row) float64 {
		if r.Tries == 0 {
			return math.NaN()
		}
		return float64(r.Tokens)
	})
	for _, k := range kinds {
		add(metric.ReadingAccuracy+"."+k, "undefined: the data set cannot ask this", func(r row) float64 {
			if r.Kind != k {
				return math.NaN()
			}
			return right(r)
		})
	}
	return s
}
