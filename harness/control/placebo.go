package control

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
)

// JudgePlacebos holds a table of agreement to METHOD 8: an agent aligns better than the
// same agent with another user's life, with a lower bound above 0. It gives the control
// that failed, or "" where all held or there is no such pair.
func JudgePlacebos(task string, summary []record.Cell) string {
	for _, c := range summary {
		if c.Task == task && c.Metric == metric.OverPlacebo && !(c.Lo > 0) {
			return fmt.Sprintf("%s does not agree with the truth better than with another user's life: %.3f [%.3f, %.3f]", c.Agent, c.Value, c.Lo, c.Hi)
		}
	}
	return ""
}
