package preference

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// TestPageExamples computes every example of preference on the page of metrics, by the
// task itself.
func TestPageExamples(t *testing.T) {
	b, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, block := range strings.Split(string(b), "\n```preference\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			call, want, _ := strings.Cut(line, " = ")
			id, words, _ := strings.Cut(call, " ")
			full := metric.PreferenceID(id, 1)
			if id == metric.PrefInvalid {
				full = id
			}
			v, ok := values(sheet(inWords(t, words)))[full]
			if !ok {
				t.Errorf("%s: no such metric", line)
			}
			got := "none"
			if !math.IsNaN(v) {
				_, decimals, _ := strings.Cut(want, ".")
				got = strconv.FormatFloat(v, 'f', len(decimals), 64)
			}
			if got != want {
				t.Errorf("%s: got %s", line, got)
			}
			shown[full] = true
		}
	}
	for _, id := range (Task{}).Metrics(options(t, map[string]any{"negatives": []any{int64(1)}})) {
		if !shown[id] {
			t.Errorf("no example of %s", id)
		}
	}
}

// inWords reads the cards of one user: names of columns, each with a number a card; a
// bar begins the next draw.
func inWords(t *testing.T, words string) (rows []row) {
	t.Helper()
	name, at, draw := "", 0, int32(0)
	for word := range strings.FieldsSeq(words) {
		v, err := strconv.ParseFloat(word, 64)
		switch {
		case word == "|":
			draw++
			continue
		case err != nil:
			name, at, draw = word, 0, 0
			continue
		case at == len(rows):
			rows = append(rows, row{Negatives: 1, Draw: draw, Threshold: usual})
		}
		switch r := &rows[at]; name {
		case "positive":
			r.Positive = v == 1
		case "watched":
			r.Watch = v == 1
		case "cold":
			r.Cold = v == 1
		case "invalid":
			r.Invalid = v == 1
		case "p":
			r.P = &v
		default:
			t.Fatalf("%s: what is %s?", words, name)
		}
		at++
	}
	return rows
}
