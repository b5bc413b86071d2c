package report

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
)

// onMovieLens is a board of an agent in one task.
func onMovieLens(task, judges, data string, ids ...string) *Board {
	s := source{
		board: Board{Suite: "micro", Run: "0123456789ab", Data: Data{Name: data}},
		tasks: []taskFacts{{Name: task, Primary: ids[0], Judges: judges}}, describe: describe,
	}
	for _, id := range ids {
		s.values = append(s.values, value{Task: task, Agent: "own", Metric: id, Repeats: 1, Version: 1, N: 40, Value: 0.7345, Lo: 0.7, Hi: 0.8})
	}
	return build(s)
}

func published(b *Board) (out []string) {
	for _, p := range b.Tables[0].Published {
		out = append(out, strings.TrimSpace(p.Arm+" "+p.Setting))
	}
	return out
}

// TestPublished: what papers report of a task stands by tables of the same task, of the
// same data, at ratios that the table has.
func TestPublished(t *testing.T) {
	agents, data := record.JudgesAgents, "movielens/100k"
	for name, c := range map[string]struct {
		board *Board
		want  []string
	}{
		"preference":     {onMovieLens("preference", agents, data, "pref.accuracy.1to1", "pref.accuracy.1to9"), []string{"RecAgent 1:1", "Agent4Rec 1:1", "SimUSER 1:1", "SimUSER 1:9", "AlignUSER 1:1"}},
		"other ratio":    {onMovieLens("preference", agents, data, "pref.accuracy.1to3"), []string{"SimUSER 1:3"}},
		"values":         {onMovieLens("rating-agents", agents, "movielens/1m", "rating.rmse.answer"), []string{"MF", "Agent4Rec", "SimUSER", "AlignUSER"}},
		"of a predictor": {onMovieLens("rating", "", data, "rating.rmse.answer"), nil},
		"other data":     {onMovieLens("preference", agents, "planted/planted", "pref.accuracy.1to1"), nil},
		"other task":     {onMovieLens("persona", agents, data, "persona.acc.age"), nil},
	} {
		if got := published(c.board); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestPublishedApart: the rows name their protocols, in a table of their own below; none
// is a row of the task's, and data frames have none.
func TestPublishedApart(t *testing.T) {
	b := onMovieLens("rating-agents", record.JudgesAgents, "movielens/100k", "rating.rmse.answer")
	if len(b.Tables[0].Rows) != 1 {
		t.Fatalf("%+v", b.Tables[0].Rows)
	}
	for name, write := range map[string]func(io.Writer, *Board) error{
		"markdown": Markdown, "html": HTML,
		"terminal": func(w io.Writer, b *Board) error { return Terminal(w, b, TerminalOptions{Width: 100}) },
	} {
		var out bytes.Buffer
		if err := write(&out, b); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		at := strings.Index(text, publishedTitle)
		if at < 0 || at < strings.Index(text, "0.73") || strings.Contains(text[:at], "SimUSER") {
			t.Fatalf("%s: not below, or not apart: %s", name, text)
		}
		for _, want := range []string{"simuser-table-2", "arXiv 2601.00930", "0.4292", "1.2142", "SimUSER, AlignUSER: half the error of every published predictor of ratings: another task"} {
			if !strings.Contains(text[at:], want) {
				t.Errorf("%s: no %q in %s", name, want, text[at:])
			}
		}
	}
	var csv bytes.Buffer
	if err := CSV(&csv, b); err != nil || strings.Contains(csv.String(), "SimUSER") {
		t.Errorf("csv: %v, %s", err, csv.String())
	}
	head, rows := b.Tables[0].publishedRows()
	if !slices.Equal(head, []string{"published", "rmse", "mae", "protocol", "source"}) || !slices.Equal(rows[3], []string{"AlignUSER", "0.4292", "–", "alignuser", "arXiv 2601.00930"}) {
		t.Errorf("%q, %q", head, rows)
	}
}
