package report

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
)

// micro is a board of one task whose rows are agents, one of whom failed its control.
func micro() *Board {
	row := func(agent string, v float64) value {
		return value{Task: "preference", Agent: agent, Metric: "recall@1", Repeats: 1, Version: 1, N: 40, Value: v, Lo: v - 0.01, Hi: v + 0.01}
	}
	s := source{
		board: Board{Suite: "micro", Run: "0123456789ab", Data: Data{Name: "planted/planted"}},
		tasks: []taskFacts{{Name: "preference", Primary: "recall@1", Judges: record.JudgesAgents, Agents: map[string]agentFacts{
			"blind": {[]Fact{{"control, agent blind", "0.000 better"}}, "agent blind does no better"},
			"own":   {[]Fact{{"control, agent own", "0.061 better"}}, ""},
		}}},
		agents: []string{"own", "blind", "other"}, describe: metrics,
	}
	s.values = []value{row("own", 0.8), row("blind", 0.7), row("other", 0.6)}
	return build(s)
}

// TestInvalidAgent: an agent that failed its control is stamped above the table and in its
// row, in every format, and the others are not. What controls found stands below.
func TestInvalidAgent(t *testing.T) {
	b := micro()
	table := b.Tables[0]
	if table.Invalid != "" || table.Rows[0].Invalid != "" || table.Rows[2].Invalid != "" || table.Rows[1].Invalid != "agent blind does no better" {
		t.Fatalf("%+v", table)
	}
	if len(table.Facts) != 2 || table.Facts[0].Value != "0.061 better" || table.Facts[1].Value != "0.000 better" {
		t.Errorf("facts %v", table.Facts)
	}
	const stamp = "INVALID: agent blind does no better. No number of its row may be used."
	for name, write := range map[string]func(io.Writer, *Board) error{
		"markdown": Markdown, "latex": LaTeX, "html": HTML,
		"terminal": func(w io.Writer, b *Board) error { return Terminal(w, b, TerminalOptions{Width: 100}) },
	} {
		var out bytes.Buffer
		if err := write(&out, b); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); strings.Count(text, stamp) != 1 || !strings.Contains(text, "0.061 better") && name != "latex" {
			t.Errorf("%s: %s", name, text)
		}
	}
	var out bytes.Buffer
	if err := CSV(&out, b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if want := strings.Contains(line, ",blind,"); strings.Contains(line, "INVALID: agent blind") != want {
			t.Errorf("csv: %s", line)
		}
	}
}
