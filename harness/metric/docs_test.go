package metric_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

const page = "../../docs/metrics.md"

// offByDefault lists what suites must name. That it is so is the task's to test.
func offByDefault() []string {
	return []string{"recall-capped", "map", "auc", "gini", "novelty", "diversity", "arp"}
}

func readPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestPage: every metric has a row that says what the table says, and a section
// with all of its parts.
func TestPage(t *testing.T) {
	text := readPage(t)
	for _, m := range metric.Table() {
		id := m.Name + "@k"
		if m.Order != nil {
			id = m.Name
		}
		reported, interval := "by default", "yes"
		if slices.Contains(offByDefault(), m.Name) {
			reported = "when named"
		}
		if m.NoInterval != "" {
			interval = "no"
		}
		anchor := strings.ReplaceAll(id, "@", "")
		row := fmt.Sprintf("\n| [`%s`](#%s) | %d | %s | %v | %s | %s |\n", id, anchor, m.Version, m.Unit, m.Direction, reported, interval)
		if !strings.Contains(text, row) {
			t.Errorf("no row%s", row)
		}
		section := section(text, id)
		for _, part := range []string{
			strings.ToUpper(m.Doc[:1]) + m.Doc[1:] + ".", "\n- Formula: ", "\n- Source: ", "\n- Range: ",
			"\n- Nothing to measure: " + m.Empty, "\n- Pitfalls: ", "\n```metric\n",
		} {
			if !strings.Contains(section, part) {
				t.Errorf("section %s lacks %q", id, strings.TrimSpace(part))
			}
		}
		if m.NoInterval != "" && !strings.Contains(section, "No interval") {
			t.Errorf("section %s does not say that there is no interval", id)
		}
	}
	tie, _ := metric.Describe(metric.TieShare)
	if !strings.Contains(section(text, tie.ID), strings.ToUpper(tie.Doc[:1])+tie.Doc[1:]+".") {
		t.Errorf("section %s does not say what the table says", tie.ID)
	}
}

// TestPageOfReading: the numbers of the task reading have sections that say what
// their heads say.
func TestPageOfReading(t *testing.T) {
	text := readPage(t)
	for _, id := range []string{metric.ReadingAccuracy, metric.ReadingValid, metric.ReadingFirstTry, metric.ReadingLogLoss, metric.ReadingTokens} {
		h, ok := metric.Describe(id)
		if !ok || !strings.Contains(section(text, id), strings.ToUpper(h.Doc[:1])+h.Doc[1:]+".") {
			t.Errorf("section %s does not say what its head says", id)
		}
		row := fmt.Sprintf("| [`%s`](#%s) | %d | %s | %v |\n", id, strings.ReplaceAll(id, ".", ""), h.Version, h.Unit, h.Direction)
		if !strings.Contains(text, row) {
			t.Errorf("no row %s", row)
		}
	}
}

// TestLogLoss: −ln 1 = 0, −ln ½ = 0.693147…, and the floor 9·ln 10.
func TestLogLoss(t *testing.T) {
	for p, want := range map[float64]float64{1: 0, 0.5: math.Ln2, 0: 9 * math.Ln10, 1e-12: 9 * math.Ln10} {
		if got := metric.LogLoss(p); math.Abs(got-want) > 1e-12 {
			t.Errorf("log-loss of %v is %v, want %v", p, got, want)
		}
	}
}

// section gives the text from a metric's heading to the next one.
func section(text, id string) string {
	_, s, _ := strings.Cut(text, "\n### `"+id+"`\n")
	s, _, _ = strings.Cut(s, "\n#")
	return s
}

// TestPageExamples computes every example of the page. The value is as exact as
// it is printed; none means NaN.
func TestPageExamples(t *testing.T) {
	blocks := strings.Split(readPage(t), "\n```metric\n")
	shown := map[string]int{}
	for _, block := range blocks[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			call, want, ok := strings.Cut(line, " = ")
			if !ok {
				t.Fatalf("%s: want a call, = and a value", line)
			}
			id, words, _ := strings.Cut(call, " ")
			m, k, err := metric.Parse(id)
			if err != nil {
				t.Fatal(err)
			}
			got := "none"
			if v := compute(m, k, parse(t, words)); !math.IsNaN(v) {
				_, decimals, _ := strings.Cut(want, ".")
				got = strconv.FormatFloat(v, 'f', len(decimals), 64)
				if decimals == "" && v != math.Round(v) {
					got = fmt.Sprint(v) // a whole number is meant exactly
				}
			}
			if got != want {
				t.Errorf("%s: got %s", line, got)
			}
			shown[m.Name]++
		}
	}
	for _, name := range metric.Names() {
		if shown[name] == 0 {
			t.Errorf("no example of %s", name)
		}
	}
}

// compute calls the one function that a metric has.
func compute(m metric.Metric, k int, in map[string][][]int32) float64 {
	flat := func(key string) []int32 { return slices.Concat(in[key]...) }
	one := func(key string) int { return int(flat(key)[0]) }
	switch {
	case m.User != nil:
		return m.User(flat("hits"), one("relevant"), k)
	case m.Shown != nil:
		return m.Shown(flat("counts"), one("users"), k)
	case m.Mixed != nil:
		return m.Mixed(in["categories"], k)
	case m.Order != nil:
		return m.Order(flat("above"), flat("equal"), one("others"))
	}
	return m.Whole(in["lists"], one("items"), k)
}

// parse reads names, each with numbers in lists that | divides.
func parse(t *testing.T, words string) map[string][][]int32 {
	t.Helper()
	in := map[string][][]int32{}
	name := ""
	for _, word := range strings.Fields(words) {
		n, err := strconv.Atoi(word)
		switch last := len(in[name]) - 1; {
		case word == "|":
			in[name] = append(in[name], nil)
		case err == nil && last >= 0:
			in[name][last] = append(in[name][last], int32(n))
		case err != nil:
			name = word
			in[name] = [][]int32{nil}
		default:
			t.Fatalf("%s: a number before any name", words)
		}
	}
	return in
}
