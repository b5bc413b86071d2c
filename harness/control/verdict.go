package control

import (
	"fmt"
	"math"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// accuracy lists the metric families that an oracle maximises.
var accuracy = []string{"ndcg@", "recall@", "precision@", "hit@", "mrr@"}

// Judge holds a table to METHOD 8: no arm may exceed the oracle at any metric
// of accuracy, and the oracle's own nDCG is 1. It gives the control that
// failed, or "" when all held. Summary may hold other tasks too.
func Judge(task string, summary []record.Cell) string {
	oracle := map[string]float64{}
	for _, c := range summary {
		if c.Task == task && c.Recommender == OracleName {
			oracle[c.Metric] = c.Value
		}
	}
	if len(oracle) == 0 {
		return "the oracle has no numbers"
	}
	const rounding = 1e-9
	for _, c := range summary {
		if c.Task != task || math.IsNaN(c.Value) || !maximised(c.Metric) {
			continue
		}
		top, ok := oracle[c.Metric]
		switch {
		case !ok || math.IsNaN(top):
			return fmt.Sprintf("the oracle has no %s", c.Metric)
		case c.Recommender == OracleName && strings.HasPrefix(c.Metric, "ndcg@") && math.Abs(top-1) > rounding:
			return fmt.Sprintf("the oracle's %s is %v, not 1", c.Metric, top)
		case c.Value > top+rounding:
			return fmt.Sprintf("%s exceeds the oracle at %s: %v > %v", c.Recommender, c.Metric, c.Value, top)
		}
	}
	return ""
}

func maximised(metric string) bool {
	for _, family := range accuracy {
		if strings.HasPrefix(metric, family) {
			return true
		}
	}
	return false
}
