package ab

import (
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
)

// TestPageExamples computes every example of agreement on the page of metrics, by the
// task itself.
func TestPageExamples(t *testing.T) {
	b, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, block := range strings.Split(string(b), "\n```agreement\n")[1:] {
		block, _, _ = strings.Cut(block, "\n```")
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			call, want, _ := strings.Cut(line, " = ")
			id, words, _ := strings.Cut(call, " ")
			got := "none"
			if v := agreement(t, id, words); !math.IsNaN(v) {
				_, decimals, _ := strings.Cut(want, ".")
				got = strconv.FormatFloat(v, 'f', len(decimals), 64)
			}
			if got != want {
				t.Errorf("%s: got %s", line, got)
			}
			shown[id] = true
		}
	}
	for _, id := range (Task{}).Metrics(nil) {
		if !shown[id] {
			t.Errorf("no example of %s", id)
		}
	}
}

// agreement derives a metric of an agent from tables in words: names of a side, each
// with the values of users by recommender.
func agreement(t *testing.T, id, words string) float64 {
	t.Helper()
	sides := map[string]struct{ task, agent, metric string }{
		"simulated": {simulateKind, "agent", quantity}, "truth": {truthKind, "", quantity}, "second": {truthKind, "", second},
		"views": {simulateKind, "agent", views}, "truth-views": {truthKind, "", views}, "ndcg": {offlineKind, "", ndcg}, "placebo": {simulateKind, "placebo", quantity},
	}
	var judged []score.Judged
	var at struct{ task, agent, metric string }
	arm := 0
	for word := range strings.FieldsSeq(words) {
		v, err := strconv.ParseFloat(word, 64)
		side, named := sides[word]
		switch {
		case word == "|":
			arm++
			continue
		case named:
			at, arm = side, 0
			continue
		case err != nil:
			t.Fatal(err)
		}
		key := record.CellKey{Task: at.task, Agent: at.agent, Recommender: "arm-" + strconv.Itoa(arm)}
		i := slices.IndexFunc(judged, func(j score.Judged) bool { return j.Key == key })
		if i < 0 {
			i = len(judged)
			judged = append(judged, score.Judged{Key: key})
		}
		s := &judged[i].Sheet
		c := slices.IndexFunc(s.Columns, func(c score.Column) bool { return c.Metric == at.metric })
		if c < 0 {
			c = len(s.Columns)
			s.Columns = append(s.Columns, score.Column{Metric: at.metric})
		}
		s.Columns[c].Users = append(s.Columns[c].Users, int32(len(s.Columns[c].Users)))
		s.Columns[c].Values = append(s.Columns[c].Values, v)
	}
	rows, err := Task{}.Derive(judged, task.Arms{Placebos: map[string]string{"agent": "placebo"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, w := range row.Sheet.Wholes {
			if row.Key.Agent == "agent" && w.Metric == id {
				return w.Value
			}
		}
	}
	t.Fatalf("%s: no row", id)
	return 0
}
