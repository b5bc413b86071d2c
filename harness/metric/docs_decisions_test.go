package metric_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// TestPageOfDecisions: every metric of decisions and steps has a row that says what the
// table says, and a section with all of its parts.
func TestPageOfDecisions(t *testing.T) {
	text := readPage(t)
	for _, m := range metric.DecisionMetrics() {
		holdSection(t, text, m.Head, true, "\n```decision\n"+m.ID+" ")
	}
	for _, h := range metric.Steps() {
		example := "\n```step\n" + h.ID + " "
		if h.ID == "action.type-f1.union" {
			example = "\n" + h.ID + " "
		}
		holdSection(t, text, h, true, example)
	}
}

// TestPageOfPeople: so have the metrics of tasks consistency and persona, whose examples
// are the tests of those tasks.
func TestPageOfPeople(t *testing.T) {
	text := readPage(t)
	for _, h := range slices.Concat(metric.Consistencies(), metric.Guesses()) {
		holdSection(t, text, h, true, "")
	}
}

// TestPageExamplesOfDecisions computes the examples.
func TestPageExamplesOfDecisions(t *testing.T) {
	shown := map[string]bool{}
	for kind, compute := range map[string]func(*testing.T, string, string) float64{"decision": ofDecisions, "step": ofSteps} {
		for _, block := range strings.Split(readPage(t), "\n```"+kind+"\n")[1:] {
			block, _, _ = strings.Cut(block, "\n```")
			for line := range strings.Lines(block) {
				line = strings.TrimSpace(line)
				call, want, _ := strings.Cut(line, " = ")
				id, words, _ := strings.Cut(call, " ")
				got := "none"
				if v := compute(t, id, words); !math.IsNaN(v) {
					_, decimals, _ := strings.Cut(want, ".")
					got = strconv.FormatFloat(v, 'f', len(decimals), 64)
				}
				if got != want {
					t.Errorf("%s: got %s", line, got)
				}
				shown[id] = true
			}
		}
	}
	if n := len(metric.DecisionMetrics()) + len(metric.Steps()); len(shown) != n {
		t.Errorf("examples of %d metrics, want %d", len(shown), n)
	}
}

// ofDecisions averages a metric over the users who have a value.
func ofDecisions(t *testing.T, id, words string) float64 {
	t.Helper()
	in := numbers(t, words)
	yes := func(list []float64) []bool {
		out := make([]bool, len(list))
		for i, v := range list {
			out[i] = v == 1
		}
		return out
	}
	sum, n := 0.0, 0.0
	for _, m := range metric.DecisionMetrics() {
		for u, truth := range in["truth"] {
			if m.ID != id {
				continue
			}
			var v float64
			if m.Stated != nil {
				v = m.Stated(yes(truth), in["p"][u])
			} else {
				v = m.Decided(yes(truth), yes(in["decided"][u]))
			}
			if !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
	}
	return sum / n
}

// ofSteps reads steps and computes a metric of them.
func ofSteps(t *testing.T, id, words string) float64 {
	t.Helper()
	before, after, _ := strings.Cut(strings.TrimPrefix(words, "truth "), " predicted ")
	truth, predicted := stepsOf(before), stepsOf(after)
	same := metric.SameText(metric.TextExact)
	var exact, invalid, n, sessions float64
	var types, guesses, ends, seen []string
	outcome := func(s metric.Step) string {
		return map[bool]string{true: "a outcome", false: "none"}[s.Type == "click" && s.Target == "buy"]
	}
	for i := range truth {
		right := 0.0
		for k, s := range truth[i] {
			p := predicted[i][k]
			right += metric.Share(metric.SameStep(s, p, same))
			invalid += metric.Share(p.Type == "")
			types, guesses = append(types, s.Type), append(guesses, p.Type)
		}
		exact, n, sessions = exact+right, n+float64(len(truth[i])), sessions+right/float64(len(truth[i]))
		last := len(truth[i]) - 1
		ends, seen = append(ends, outcome(truth[i][last])), append(seen, outcome(predicted[i][last]))
	}
	switch id {
	case metric.ActionStep:
		return exact / n
	case metric.StepSession:
		return sessions / float64(len(truth))
	case metric.StepInvalid:
		return invalid / n
	}
	for _, m := range metric.StepF1s() {
		if m.ID != id {
			continue
		}
		if m.Outcome {
			_, counts := metric.CountClasses(ends, seen)
			return m.Of(counts)
		}
		_, counts := metric.CountClasses(types, guesses)
		return m.Of(counts)
	}
	t.Fatalf("no metric %s", id)
	return 0
}

// stepsOf reads type:target:text, sessions parted by bars.
func stepsOf(words string) [][]metric.Step {
	out := [][]metric.Step{nil}
	for _, word := range strings.Fields(words) {
		part := append(strings.Split(word, ":"), "", "")
		switch at := len(out) - 1; word {
		case "|":
			out = append(out, nil)
		case "-":
			out[at] = append(out[at], metric.Step{})
		default:
			out[at] = append(out[at], metric.Step{Type: part[0], Target: part[1], Text: part[2]})
		}
	}
	return out
}
