package persona

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

func p(v float64) *float64 { return &v }

// User 0 is guessed right in age (with ½) and wrong in occupation (with ¼); of user 1
// only the age is known, and the answer could not be used; of user 2 only the
// occupation, right and without a probability.
func guesses() []row {
	return []row{
		{User: 0, Property: "age", Truth: 2, Guess: 2, P: p(0.5)},
		{User: 0, Property: "occupation", Truth: 1, Guess: 0, P: p(0.25)},
		{User: 1, Property: "age", Truth: 0, Guess: -1},
		{User: 2, Property: "occupation", Truth: 0, Guess: 0},
	}
}

func TestSheet(t *testing.T) {
	s := sheet(guesses())
	want := map[string]struct {
		value float64
		n     int
	}{
		"persona.acc":                 {(0.5 + 0 + 1) / 3, 3},
		"persona.acc.age":             {(1 + 0) / 2.0, 2},
		"persona.acc.occupation":      {(0 + 1) / 2.0, 2},
		"persona.log-loss.age":        {math.Ln2, 1},
		"persona.log-loss.occupation": {2 * math.Ln2, 1},
		"persona.invalid":             {(0 + 1 + 0) / 3.0, 3},
	}
	if len(s.Columns) != len(want) {
		t.Errorf("%d columns, want %d: nobody's gender is known", len(s.Columns), len(want))
	}
	for _, c := range s.Columns {
		sum, n := 0.0, 0
		for _, v := range c.Values {
			if !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		if w := want[c.Metric]; math.Abs(sum/float64(n)-w.value) > 1e-12 || n != w.n {
			t.Errorf("%s is %v of %d, want %v of %d", c.Metric, sum/float64(n), n, w.value, w.n)
		}
		if _, ok := metric.Describe(c.Metric); !ok {
			t.Errorf("%s has no head", c.Metric)
		}
	}
}
