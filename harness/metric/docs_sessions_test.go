package metric_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// TestPageOfSessions: every metric of sessions and of agreement has a row that says
// what the table says, and a section with all of its parts.
func TestPageOfSessions(t *testing.T) {
	text := readPage(t)
	for _, m := range metric.Visits() {
		holdSection(t, text, m.Head, true, "\n```session\n"+m.ID+" ")
	}
	for _, m := range metric.Exposures() {
		holdSection(t, text, m.Head, m.NoInterval == "", "\n```shown\n"+m.ID+" ")
		if m.NoInterval != "" && !strings.Contains(section(text, m.ID), "No interval") {
			t.Errorf("section %s does not say that there is no interval", m.ID)
		}
	}
	for _, h := range metric.Agreements() {
		example := "\n```agreement\n" + h.ID + " " // computed by the tests of the task
		if strings.HasPrefix(h.ID, "truth.") {
			example = ""
		}
		none := metric.NoAgreementInterval(h.ID)
		holdSection(t, text, h, none == "", example)
		if none != "" && !strings.Contains(section(text, h.ID), "No interval") {
			t.Errorf("section %s does not say that there is no interval", h.ID)
		}
	}
}

// TestPageOfPreferences does the same for decisions about positives and negatives.
func TestPageOfPreferences(t *testing.T) {
	text := readPage(t)
	invalid, _ := metric.Describe(metric.PrefInvalid)
	for _, h := range append(metric.Preferences(), invalid) {
		holdSection(t, text, h, h.ID != metric.PrefBestThreshold, "\n```preference\n"+h.ID+" ") // computed by the tests of the task
	}
}

func holdSection(t *testing.T, text string, h metric.Head, interval bool, example string) {
	t.Helper()
	better, has := h.Direction.String(), "yes"
	if h.Direction == 0 {
		better = "neither"
	}
	if !interval {
		has = "no"
	}
	row := fmt.Sprintf("\n| [`%s`](#%s) | %d | %s | %s | %s |\n", h.ID, strings.ReplaceAll(h.ID, ".", ""), h.Version, h.Unit, better, has)
	if !strings.Contains(text, row) {
		t.Errorf("no row%s", row)
	}
	section := section(text, h.ID)
	for _, part := range []string{
		strings.ToUpper(h.Doc[:1]) + h.Doc[1:] + ".", "\n- Formula: ", "\n- Source: ", "\n- Range: ",
		"\n- Nothing to measure: " + h.Empty + ".\n", "\n- Pitfalls: ", example,
	} {
		if !strings.Contains(section, part) {
			t.Errorf("section %s lacks %q", h.ID, strings.TrimSpace(part))
		}
	}
}

// TestPageExamplesOfSessions computes every example of sessions and of what they
// showed.
func TestPageExamplesOfSessions(t *testing.T) {
	shown := map[string]bool{}
	for _, kind := range []string{"session", "shown"} {
		for _, block := range strings.Split(readPage(t), "\n```"+kind+"\n")[1:] {
			block, _, _ = strings.Cut(block, "\n```")
			for line := range strings.Lines(block) {
				line = strings.TrimSpace(line)
				call, want, _ := strings.Cut(line, " = ")
				id, words, _ := strings.Cut(call, " ")
				var v float64
				if kind == "session" {
					users, likeAt := people(t, words)
					v = ofSessions(visitMetric(t, id), users, likeAt)
				} else {
					v = ofShown(t, id, parse(t, words))
				}
				got := "none"
				if !math.IsNaN(v) {
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
	for _, m := range metric.Visits() {
		if !shown[m.ID] {
			t.Errorf("no example of %s", m.ID)
		}
	}
	for _, m := range metric.Exposures() {
		if !shown[m.ID] {
			t.Errorf("no example of %s", m.ID)
		}
	}
}

// ofShown computes a metric of what one user's session, or all sessions, showed.
func ofShown(t *testing.T, id string, in map[string][][]int32) float64 {
	t.Helper()
	one := func(key string) int {
		if list := slices.Concat(in[key]...); len(list) > 0 {
			return int(list[0])
		}
		return 0
	}
	for _, m := range metric.Exposures() {
		switch {
		case m.ID == id && m.Whole != nil:
			return m.Whole(in["lists"], one("items"))
		case m.ID == id:
			return m.List(slices.Concat(in["counts"]...), in["categories"], one("users"))
		}
	}
	t.Fatalf("no metric %s", id)
	return 0
}
