package control

import (
	"fmt"
	"math"
	"strings"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
)

// ideal is what an oracle reaches at a metric of accuracy.
type ideal struct {
	value float64 // NaN: it depends on the data
	lower bool    // less is better
}

// accuracy lists the metrics that an oracle has the best value of: families of
// ranked lists, errors of predicted values, and what backends read.
func accuracy() map[string]ideal {
	one, best, none := ideal{value: 1}, ideal{value: math.NaN()}, ideal{value: 0, lower: true}
	return map[string]ideal{
		"ndcg": one, "recall-capped": one, "map": one, "auc": one, "reading.accuracy": one,
		"sim.n-like": best, "sim.n-view": best,
		metric.PrefAccuracy: one, metric.PrefPrecision: one, metric.PrefRecall: one, metric.PrefF1: one, metric.PrefAUC: one, metric.PrefBalanced: one,
		metric.PrefLogLoss: none,
		"recall":           best, "precision": best, "hit": best, "mrr": best,
		"rating.rmse.expected": none, "rating.rmse.answer": none, "rating.mae.expected": none, "rating.mae.answer": none,
		"rating.rmse.expected.pooled": none, "rating.rmse.answer.pooled": none, "rating.mae.expected.pooled": none, "rating.mae.answer.pooled": none,
	}
}

// Judge holds a table to METHOD 8: no arm may be better than the oracle at any
// metric of accuracy, and the oracle's own value is the best there is at those
// whose best is always the same. It gives the control that failed, or "" when
// all held. Summary may hold other tasks too.
func Judge(task string, summary []record.Cell) string {
	oracle := map[string]float64{}
	for _, c := range summary {
		if c.Task == task && name(c) == OracleName {
			oracle[c.Metric] = c.Value
		}
	}
	if len(oracle) == 0 {
		return "the oracle has no numbers"
	}
	const rounding = 1e-9
	families := accuracy()
	for _, c := range summary {
		family, _, _ := strings.Cut(c.Metric, "@")
		family, _, _ = strings.Cut(family, ".1to")
		ideal, judged := families[family]
		if c.Task != task || math.IsNaN(c.Value) || !judged {
			continue
		}
		top, ok := oracle[c.Metric]
		beaten := c.Value > top+rounding
		if ideal.lower {
			beaten = c.Value < top-rounding
		}
		switch {
		case !ok || math.IsNaN(top):
			return fmt.Sprintf("the oracle has no %s", c.Metric)
		case name(c) == OracleName && math.Abs(top-ideal.value) > rounding: // never where it is NaN
			return fmt.Sprintf("the oracle's %s is %v, not %v", c.Metric, top, ideal.value)
		case beaten && ideal.lower:
			return fmt.Sprintf("%s is below the oracle at %s: %v < %v", name(c), c.Metric, c.Value, top)
		case beaten:
			return fmt.Sprintf("%s exceeds the oracle at %s: %v > %v", name(c), c.Metric, c.Value, top)
		}
	}
	return ""
}

// name is the arm that a cell judges.
func name(c record.Cell) string {
	if c.Recommender == "" {
		return c.Agent
	}
	return c.Recommender
}
