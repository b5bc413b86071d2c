package metric_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// familyOf gives the heading under which a metric of predicted values stands.
func familyOf(id string) string {
	for _, family := range []string{"rating.rmse", "rating.mae"} {
		if strings.HasPrefix(id, family) {
			return family
		}
	}
	return id
}

// TestPageOfRatings: every metric of predicted values has a row that says what
// the table says, and a section with all of its parts.
func TestPageOfRatings(t *testing.T) {
	text := readPage(t)
	for _, m := range metric.Ratings() {
		interval := "yes"
		if m.NoInterval != "" {
			interval = "no"
		}
		family := familyOf(m.ID)
		row := fmt.Sprintf("\n| [`%s`](#%s) | %d | %s | %v | %s |\n", m.ID, strings.ReplaceAll(family, ".", ""), m.Version, m.Unit, m.Direction, interval)
		if !strings.Contains(text, row) {
			t.Errorf("no row%s", row)
		}
		section := section(text, family)
		doc := strings.ToUpper(m.Doc[:1]) + m.Doc[1:] + "."
		if m.Error != nil {
			doc = "" // one sentence for all of a family
		}
		for _, part := range []string{
			doc, "\n- Formula: ", "\n- Source: ", "\n- Range: ", "\n- Nothing to measure: " + m.Empty, "\n- Pitfalls: ", "\n" + m.ID + " ",
		} {
			if !strings.Contains(section, part) {
				t.Errorf("section %s lacks %q", family, strings.TrimSpace(part))
			}
		}
	}
}

// TestPageExamplesOfRatings computes every example of predicted values.
func TestPageExamplesOfRatings(t *testing.T) {
	shown := map[string]bool{}
	for _, block := range strings.Split(readPage(t), "\n```rating\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			call, want, _ := strings.Cut(line, " = ")
			id, words, _ := strings.Cut(call, " ")
			got := "none"
			if v := rate(t, id, numbers(t, words)); !math.IsNaN(v) {
				_, decimals, _ := strings.Cut(want, ".")
				got = strconv.FormatFloat(v, 'f', len(decimals), 64)
			}
			if got != want {
				t.Errorf("%s: got %s", line, got)
			}
			shown[id] = true
		}
	}
	for _, m := range metric.Ratings() {
		if !shown[m.ID] {
			t.Errorf("no example of %s", m.ID)
		}
	}
}

// rate computes a metric of several users as the task does.
func rate(t *testing.T, id string, in map[string][][]float64) float64 {
	t.Helper()
	for _, m := range metric.Ratings() {
		if m.ID != id {
			continue
		}
		switch {
		case m.Whole != nil:
			return m.Whole(whole(in["answers"][0]), whole(in["truth"][0]))
		case m.Missing != nil:
			sum := 0.0
			for u, missing := range in["missing"][0] {
				sum += m.Missing(int(missing), int(in["pairs"][0][u]))
			}
			return sum / float64(len(in["missing"][0]))
		}
		root := func(v float64) float64 { return v }
		if m.Root {
			root = math.Sqrt
		}
		var total, pairs, mean, users float64
		for u, truth := range in["truth"] {
			sum, n := m.Error(truth, in["predicted"][u]), float64(len(truth))
			total, pairs, users = total+sum, pairs+n, users+1
			mean += root(sum / n)
		}
		if m.Pooled {
			return root(total / pairs)
		}
		return mean / users
	}
	t.Fatalf("no metric %s", id)
	return 0
}

func whole(v []float64) []int {
	out := make([]int, len(v))
	for i := range v {
		out[i] = int(v[i])
	}
	return out
}

// numbers reads names, each with numbers in lists that | divides.
func numbers(t *testing.T, words string) map[string][][]float64 {
	t.Helper()
	in := map[string][][]float64{}
	name := ""
	for _, word := range strings.Fields(words) {
		v, err := strconv.ParseFloat(word, 64)
		switch last := len(in[name]) - 1; {
		case word == "|":
			in[name] = append(in[name], nil)
		case err != nil:
			name = word
			in[name] = [][]float64{nil}
		default:
			in[name][last] = append(in[name][last], v)
		}
	}
	return in
}
