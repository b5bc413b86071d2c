package rating

import (
	"fmt"
	"math"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// agentsPrimary is the read-out that every agent has.
const agentsPrimary = "rating.rmse.answer"

// conditional is the distance inside deciles of item means.
const conditional = "dist.tv.conditional"

// Metrics lists the ids, the error of answers first: not every agent states
// probabilities.
func (Agents) Metrics(sdk.Options) []string {
	ids := []string{agentsPrimary}
	for _, m := range metric.Ratings() {
		if m.ID != agentsPrimary && m.Whole == nil {
			ids = append(ids, m.ID)
		}
	}
	return append(ids, metric.DistValue, conditional)
}

// Personal is the error of what is expected, and of agents without probabilities that of
// answers.
func (Agents) Personal(sdk.Options) []string {
	return []string{"rating.rmse.expected", agentsPrimary}
}

// Scorer reads pairs and computes every metric.
func (Agents) Scorer(sdk.Options) score.Scorer {
	return score.CheckedRows(func(p, first pair) error {
		if p.scale() != first.scale() {
			return fmt.Errorf("the scale is %+v, in the first row %+v", p.scale(), first.scale())
		}
		return nil
	}, agentSheet)
}

func (p pair) scale() sdk.Scale {
	return sdk.Scale{Min: p.ScaleMin, Max: p.ScaleMax, Step: p.ScaleStep}
}

// agentSheet computes the errors of both read-outs as for recommenders, and the
// distances of what was given.
func agentSheet(pairs []pair) score.Sheet {
	expected := newCell(readOut(pairs, func(p pair) (float64, bool) {
		if p.Expected == nil {
			return 0, false
		}
		return *p.Expected, true
	}))
	answers := newCell(readOut(pairs, func(p pair) (float64, bool) {
		switch {
		case p.Expected != nil:
			return answer(p.scale(), *p.Expected), true
		case p.Given != nil:
			return *p.Given, true
		}
		return 0, false
	}))
	var s score.Sheet
	for _, m := range metric.Ratings() {
		switch {
		case m.Whole != nil:
		case m.Missing != nil:
			s.Columns = append(s.Columns, answers.column(m, func(r row) float64 { return m.Missing(len(r.Missing), len(r.Items)+len(r.Missing)) }))
		case m.Answers:
			s.Columns = append(s.Columns, answers.errors(m))
		default:
			c := expected.errors(m)
			c.Why = "undefined: no probabilities of values are stated"
			s.Columns = append(s.Columns, c)
		}
	}
	s.Wholes = distances(pairs)
	return s
}

// readOut gathers a read-out by user, users ascending as pairs are.
func readOut(pairs []pair, of func(pair) (float64, bool)) (rows []row) {
	for i, p := range pairs {
		if i == 0 || p.User != pairs[i-1].User {
			rows = append(rows, row{User: p.User, ScaleMin: p.ScaleMin, ScaleMax: p.ScaleMax, ScaleStep: p.ScaleStep})
		}
		r := &rows[len(rows)-1]
		v, ok := of(p)
		if !ok {
			r.Missing = append(r.Missing, p.Item)
			continue
		}
		r.Items, r.Values = append(r.Items, p.Item), append(r.Values, p.Value)
		r.Predictions, r.Answers = append(r.Predictions, v), append(r.Answers, v)
	}
	return rows
}

// distances compares what was given with what people gave to the same items.
func distances(pairs []pair) []score.Whole {
	const all = -2
	people, agent := map[int32]map[float64]float64{}, map[int32]map[float64]float64{}
	users := map[int32]bool{}
	for _, p := range pairs {
		if p.Given == nil {
			continue
		}
		users[p.User] = true
		for _, level := range []int32{all, p.Level} {
			if people[level] == nil {
				people[level], agent[level] = map[float64]float64{}, map[float64]float64{}
			}
			people[level][p.Value]++
			agent[level][*p.Given]++
		}
	}
	sum, n := 0.0, 0.0
	for level := range int32(10) {
		if people[level] != nil {
			sum, n = sum+metric.TotalVariationOf(people[level], agent[level]), n+1
		}
	}
	out := []score.Whole{
		{Metric: metric.DistValue, Version: 1, Value: metric.TotalVariationOf(people[all], agent[all])},
		{Metric: conditional, Version: 1, Value: sum / n}, // 0/0 is NaN
	}
	for i := range out {
		switch w := &out[i]; {
		case levelsOf(pairs[0].scale()) == 0:
			w.Value, w.Why = math.NaN(), "undefined: the scale has no steps"
		case math.IsNaN(w.Value):
			w.Why = "undefined: no value came"
		default:
			w.N, w.Why = len(users), metric.NoDistanceInterval
		}
	}
	return out
}
