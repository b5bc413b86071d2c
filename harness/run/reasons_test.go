//go:build unix

package run

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
)

// TestEveryNumberHasAnIntervalOrAReason walks the cells of a run whose agents are held to
// the truth.
func TestEveryNumberHasAnIntervalOrAReason(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	text := `schema = 1
name = "test"
seed = 3
repeats = 2
[dataset]
plugin = "planted"
options = { users = 20, items = 60, sessions = 12 }
[split]
method = "user-temporal"
test = 0.4
` + armTable("basics", "popular") + armTable("basics", "random") + armTable("neighbors", "itemknn") + `[[agent]]
kind = "logistic"
[[agent]]
name = "placebo"
kind = "logistic"
options = { placebo = "user" }
[[task]]
kind = "offline"
[[task]]
kind = "simulate"
[[task]]
kind = "truth"
[[task]]
kind = "ab"
[[task]]
kind = "consistency"
`
	res := b.execute(b.plan(text, nil))
	if len(res.Failures) > 0 {
		t.Fatal(res.Failures)
	}
	cells, err := record.ReadCells(filepath.Join(res.Dir, record.CellsFile))
	if err != nil {
		t.Fatal(err)
	}
	summary, err := record.ReadSummary(filepath.Join(res.Dir, record.SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	with, agreement := 0, 0
	for _, c := range append(cells, summary...) {
		switch why := strings.Join(c.Warnings, "; "); {
		case c.HasInterval():
			with++
		case !strings.Contains(why, "no interval: ") && !strings.Contains(why, "undefined"):
			t.Errorf("%s %s: %v of %d without an interval, and %q does not say why", c.Key(), c.Metric, c.Value, c.N, why)
		}
		if c.Task == "ab" {
			agreement++
		}
	}
	if with == 0 || agreement == 0 {
		t.Errorf("%d intervals, %d numbers of ab", with, agreement)
	}
}
