package gate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/compare"
	"github.com/alignuser/alignuser/sdk"
)

// Need is how many users show a difference between two recommenders, judged by how
// much users of a blessed run differ in how they differ.
type Need struct {
	Task       string  `json:"task"`
	Metric     string  `json:"metric"`
	A          string  `json:"a"` // rows of the baseline
	B          string  `json:"b"`
	N          int     `json:"n"`          // users with both values
	SD         float64 `json:"sd"`         // of their paired differences
	Detectable float64 `json:"detectable"` // what N users show at the power that was asked for; 0: below two users nothing
	Users      int     `json:"users"`      // how many show the difference that was asked for; 0: no number can be said
}

// Needs plans a comparison at two-sided level alpha: for every two rows of every task
// that have the metric, the primary one where it is empty, how many users find a mean
// difference of delta with the given power (see [compare.UsersFor]). Largest need first.
func (b *Baseline) Needs(metric string, delta, alpha, power float64) ([]Need, error) {
	switch {
	case !(delta > 0) || math.IsInf(delta, 0):
		return nil, fmt.Errorf("difference: want a number above 0, have %v", delta)
	case !(power > 0.5 && power < 1):
		return nil, fmt.Errorf("power: want more than 0.5 and less than 1, have %v", power)
	case !(alpha > 0 && alpha < 0.5):
		return nil, fmt.Errorf("alpha: want more than 0 and less than 0.5, have %v", alpha)
	}
	var out []Need
	var known []string
	for _, t := range b.Tasks {
		wanted := metric
		if wanted == "" {
			wanted = t.Primary
		}
		var rows []Series
		for _, s := range t.Series {
			known = append(known, s.Metric)
			if s.Metric == wanted {
				rows = append(rows, s)
			}
		}
		for i, x := range rows {
			for _, y := range rows[i+1:] {
				out = append(out, needOf(t, x, y, delta, alpha, power))
			}
		}
	}
	slices.Sort(known)
	switch known = slices.Compact(known); {
	case metric != "" && !slices.Contains(known, metric):
		hint := "it has " + strings.Join(known, ", ")
		if near := sdk.Nearest(metric, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		return nil, fmt.Errorf("metric %q: the baseline has none of that name (%s)", metric, hint)
	case len(out) == 0:
		return nil, errors.New("the baseline has no two recommenders with the same metric: bless a run with two, whose users differ as yours will")
	}
	slices.SortStableFunc(out, func(x, y Need) int { return y.Users - x.Users })
	return out, nil
}

func needOf(t BaselineTask, x, y Series, delta, alpha, power float64) Need {
	n := Need{Task: t.Task, Metric: x.Metric, A: x.arm(), B: y.arm()}
	p := pair(t, x, t, y)
	d := make([]float64, len(p.users))
	for i := range d {
		d[i] = p.new[i] - p.old[i]
	}
	if n.N = len(d); n.N < 2 {
		return n
	}
	n.SD = spread(d)
	n.Detectable = compare.Detectable(n.SD, n.N, alpha, power)
	n.Users = compare.UsersFor(delta, n.SD, alpha, power)
	return n
}

// spread is the standard deviation with n-1; that of one value is 0 here.
func spread(values []float64) float64 {
	m, _ := mean(values)
	square := 0.0
	for _, v := range values {
		square += (v - m) * (v - m)
	}
	return math.Sqrt(square / float64(max(1, len(values)-1)))
}
