package distribution

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string {
	return []string{
		metric.DistValue, "dist.jsd.value", "dist.w1.value", "dist.tv.conditional", "dist.mean.value",
		"dist.tv.action", "dist.rate.watch", "dist.tv.exit", "dist.rate.leave", "dist.tv.popularity", "dist.tv.category", "dist.invalid",
	}
}

// Scorer reads rows and compares the two populations.
func (Task) Scorer(sdk.Options) score.Scorer {
	return score.Rows(sheet)
}

// sheet compares what people did with what the agent did on the same cards.
func sheet(rows []row) score.Sheet {
	var s score.Sheet
	whole := func(id string, v float64, n int, why string) {
		if math.IsNaN(v) {
			n, why = 0, "undefined: one side has nothing to count"
		}
		s.Wholes = append(s.Wholes, score.Whole{Metric: id, Version: 1, Value: v, N: n, Why: why})
	}
	human, agent := tally(rows, true), tally(rows, false)
	n := min(human.valued, agent.valued)
	whole(metric.DistValue, metric.TotalVariationOf(human.values, agent.values), n, metric.NoDistanceInterval)
	whole("dist.jsd.value", metric.JensenShannon(human.values, agent.values), n, metric.NoDistanceInterval)
	whole("dist.w1.value", metric.Wasserstein1(human.values, agent.values), n, metric.NoDistanceInterval)
	whole("dist.tv.conditional", conditional(rows), n, metric.NoDistanceInterval)
	s.Columns = append(s.Columns, perUser(rows, "dist.mean.value", func(r row) (float64, bool) {
		if r.Given == nil {
			return 0, false
		}
		return *r.Given, true
	}))
	if rows[0].Logged {
		pages := len(firstCards(rows))
		whole("dist.tv.action", metric.TotalVariationOf(human.actions, agent.actions), len(rows)+pages, metric.NoDistanceInterval)
		s.Columns = append(s.Columns, perUser(rows, "dist.rate.watch", func(r row) (float64, bool) { return metric.Share(r.Watch), true }))
		whole("dist.tv.exit", metric.TotalVariationOf(human.exits, agent.exits), min(human.left, agent.left), metric.NoDistanceInterval)
		s.Columns = append(s.Columns, perUser(firstCards(rows), "dist.rate.leave", func(r row) (float64, bool) { return metric.Share(r.Leave), true }))
	}
	whole("dist.tv.popularity", metric.TotalVariationOf(human.popularity, agent.popularity), agent.watched, metric.NoDistanceInterval)
	whole("dist.tv.category", metric.TotalVariationOf(human.categories, agent.categories), agent.watched, metric.NoDistanceInterval)
	s.Columns = append(s.Columns, perUser(firstCards(rows), "dist.invalid", func(r row) (float64, bool) { return metric.Share(r.Invalid), true }))
	return s
}

// side is one of the two populations, counted.
type side struct {
	values, actions, exits, popularity, categories map[float64]float64
	valued, left, watched                          int
}

func tally(rows []row, human bool) side {
	s := side{map[float64]float64{}, map[float64]float64{}, map[float64]float64{}, map[float64]float64{}, map[float64]float64{}, 0, 0, 0}
	for _, r := range rows {
		watch, value := r.Watch, r.Given
		if human {
			watch, value = r.Watched, r.Value
		}
		s.actions[metric.Share(watch)]++
		if watch {
			s.watched++
			s.popularity[float64(r.Decile)]++
			s.categories[float64(r.Kind)]++
		}
		if value != nil {
			s.valued++
			s.values[*value]++
		}
	}
	for _, r := range firstCards(rows) {
		leave := r.Leave
		if human {
			leave = r.Left
		}
		s.actions[2+metric.Share(leave)]++
		if leave {
			s.left++
			s.exits[float64(r.Page)]++
		}
	}
	return s
}

// firstCards gives one row a page.
func firstCards(rows []row) (out []row) {
	for i, r := range rows {
		if i == 0 || r.User != rows[i-1].User || r.Visit != rows[i-1].Visit || r.Page != rows[i-1].Page {
			out = append(out, r)
		}
	}
	return out
}

// conditional is the mean of the distances of values inside the deciles of item means
// (METHOD 5): an agent that gives everybody's distribution to every item is found out.
func conditional(rows []row) float64 {
	sum, n := 0.0, 0.0
	for level := range int32(10) {
		part := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.Level != level })
		if v := metric.TotalVariationOf(tally(part, true).values, tally(part, false).values); !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

// perUser averages inside users.
func perUser(rows []row, id string, of func(row) (float64, bool)) score.Column {
	return score.Means(score.Column{Metric: id, Version: 1, Why: "undefined for every user"}, rows, row.user, func(r row) (sum, n float64) { return score.Some(of(r)) })
}
