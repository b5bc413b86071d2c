package control

import (
	"fmt"
	"math"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// accuracy lists the metric families that an oracle maximises; of those marked
// true its value is 1.
func accuracy() map[string]bool {
	return map[string]bool{
		"ndcg": true, "recall-capped": true, "map": true, "auc": true, "reading.accuracy": true,
		"recall": false, "precision": false, "hit": false, "mrr": false,
	}
}

// Judge holds a table to METHOD 8: no arm may exceed the oracle at any metric
// of accuracy, and the oracle's own value is 1 at those whose best is always 1. It gives the control that
// failed, or "" when all held. Summary may hold other tasks too.
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
		perfect, judged := families[family]
		if c.Task != task || math.IsNaN(c.Value) || !judged {
			continue
		}
		top, ok := oracle[c.Metric]
		switch {
		case !ok || math.IsNaN(top):
			return fmt.Sprintf("the oracle has no %s", c.Metric)
		case name(c) == OracleName && perfect && math.Abs(top-1) > rounding:
			return fmt.Sprintf("the oracle's %s is %v, not 1", c.Metric, top)
		case c.Value > top+rounding:
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
