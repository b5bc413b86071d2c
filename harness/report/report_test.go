package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/alignuser/alignuser/harness/record"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// metrics stands in for the metric table.
func metrics(id string) (Column, bool) {
	family, _, _ := strings.Cut(id, "@")
	switch family {
	case "ndcg", "recall", "coverage":
		return Column{Version: 1, Direction: "higher", Unit: "share", Doc: "what " + family + " is"}, true
	case "rmse":
		return Column{Direction: "lower"}, true
	}
	return Column{}, false
}

func val(arm, metric string, v, lo, hi float64, n int, warnings ...string) value {
	return value{Task: "offline", Recommender: arm, Agent: "-", Metric: metric, Repeats: 1, Version: 1, N: n, Value: v, Lo: lo, Hi: hi, Warnings: warnings}
}

// nasty is a board in which every name holds what some format treats specially.
func nasty() source {
	nan := math.NaN()
	const whole = "no interval: one number for the whole run; <b>not</b> a mean"
	s := source{
		board: Board{
			Suite: "nasty", Title: `Names | with _marks_ & 100 % <of> "trouble", here`, Run: "0123456789ab", Signature: "feedfacecafebeef",
			Command: "alignuser run benchmarks/nasty.toml --set dataset.options.path=<path>",
			Data: Data{
				Name: "toy_data", Version: "1.0", License: "CC-BY & more", Citation: `A, B: "On <toys>", 100 % fun`, Planted: true,
				Users: 1000, Items: 800, Interactions: 1234567,
			},
			Facts: []Fact{{"temporal-leak", "yes (others' later interactions are visible in training)"}, {"seed", "42"}},
			Notes: []string{"a note | for all"},
		},
		tasks: []taskFacts{{Name: "offline", Primary: "ndcg@10", Facts: []Fact{{"users left out", "57 without a relevant item"}}}},
		arms: []arm{
			{Name: "oracle", Control: true},
			{Name: "e_a_s_e", Component: "neighbors/ease", Version: "v1", Digest: "abc"},
			{Name: "pop|ular", Component: "basics/popular"},
			{Name: "x<&>%", Component: "a/b"},
			{Name: `q"uo,te`, Component: "a/c"},
			{Name: "gone", Component: "a/d"},
		},
		describe: metrics,
	}
	for _, k := range []string{"10", "5"} {
		s.values = append(s.values,
			val("e_a_s_e", "recall@"+k, 0.25, 0.24, 0.26, 943),
			val("e_a_s_e", "ndcg@"+k, 0.31, 0.30, 0.32, 943),
			val("e_a_s_e", "coverage@"+k, 0.4, nan, nan, 800, whole),
			val("oracle", "recall@"+k, 0.9, 0.89, 0.91, 943),
			val("oracle", "ndcg@"+k, 1, 1, 1, 943),
			val("oracle", "coverage@"+k, 0.8, nan, nan, 800, whole),
			val("pop|ular", "recall@"+k, 0.1, 0.09, 0.115, 943),
			val("pop|ular", "ndcg@"+k, 0.12, 0.11, 0.13, 943, "one_off | warning"),
			val("pop|ular", "coverage@"+k, nan, nan, nan, 0, "nothing was shown"),
			val("x<&>%", "recall@"+k, 0.095, 0.09, 0.10, 940),
			val("x<&>%", "ndcg@"+k, 0.115, 0.105, 0.125, 943),
			val("x<&>%", "coverage@"+k, 0.01, nan, nan, 800, whole),
		)
	}
	s.failures = []failure{
		{"offline", `q"uo,te`, "-", 0, "plugin crashed:\n panic, \"a|b\" <c>"},
		{"offline", "x<&>%", "-", 2, "score 7 is not finite"},
	}
	return s
}

// places are the standings of a board: the best row, and two that are tied behind it.
func places() []record.Standing {
	row := func(name string, rank, lo, hi, group int, leads bool, meanRank float64) record.Standing {
		return record.Standing{
			Task: "offline", Metric: "ndcg@10", Version: 1, Arm: record.Arm{Recommender: name}, Value: 0.3, N: 943,
			Rank: rank, RankLo: lo, RankHi: hi, Group: group, Leads: leads, GroupP: 0.25,
			MeanRank: meanRank, WinRate: (3 - meanRank) / 2, Borda: 0.5, Blocks: 943, Friedman: 0.0012, CD: 0.5, Detectable: 0.0123,
		}
	}
	return []record.Standing{
		row("e_a_s_e", 1, 1, 1, 1, true, 1.25), row("pop|ular", 2, 2, 3, 2, true, 2.25), row("x<&>%", 3, 2, 3, 2, false, 2.5),
	}
}

// placed is the nasty board of a run that kept its standings.
func placed() source {
	s := nasty()
	s.standings = places()
	return s
}

// golden compares with a file below testdata, or rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; go test -update rewrites it (-want +got):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	b := build(placed())
	terminal := func(o TerminalOptions) func(io.Writer, *Board) error {
		return func(w io.Writer, b *Board) error { return Terminal(w, b, o) }
	}
	formats := map[string]func(io.Writer, *Board) error{
		"nasty.md": Markdown, "nasty.tex": LaTeX, "nasty.html": HTML, "nasty.csv": CSV, "nasty.json": JSON,
		"nasty-80.txt":     terminal(TerminalOptions{Width: 80, All: true}),
		"nasty-140.txt":    terminal(TerminalOptions{Width: 140}),
		"nasty-colour.txt": terminal(TerminalOptions{Width: 100, Color: true}),
	}
	for name, write := range formats {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got, b); err != nil {
				t.Fatal(err)
			}
			golden(t, name, got.Bytes())
		})
	}
}

func TestOrderRanksAndMarks(t *testing.T) {
	tab := build(nasty()).Tables[0]
	type row struct {
		Rank       int
		Unresolved bool
		Name       string
		Failed     bool
	}
	var got []row
	for _, r := range tab.Rows {
		got = append(got, row{r.Rank, r.Unresolved, r.Recommender, r.Failed != ""})
	}
	want := []row{
		{0, false, "oracle", false}, // a control stands where its value puts it, unranked
		{1, false, "e_a_s_e", false},
		{2, false, "pop|ular", false}, // [.11, .13] lies below [.30, .32]
		{3, true, "x<&>%", false},     // [.105, .125] meets [.11, .13]
		{0, false, "gone", true},      // in the manifest, in no file: still a row
		{0, false, `q"uo,te`, true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if tab.Columns[0].Metric != "ndcg@10" {
		t.Errorf("first column %s, want the manifest's primary metric", tab.Columns[0].Metric)
	}
	for _, c := range tab.Columns {
		if whole := strings.HasPrefix(c.Metric, "coverage"); whole != (len(c.Notes) == 1) {
			t.Errorf("%s: notes %v: what all cells share belongs to the head, and only that", c.Metric, c.Notes)
		}
	}
}

func TestLowerIsBetterAndEqualValuesShareARank(t *testing.T) {
	nan := math.NaN()
	tab := build(source{describe: metrics, values: []value{
		val("c", "rmse", 1.0, nan, nan, 9), val("b", "rmse", 0.5, nan, nan, 9), val("a", "rmse", 1.0, nan, nan, 9), val("d", "rmse", 2.0, nan, nan, 9),
	}}).Tables[0]
	var got []string
	for _, r := range tab.Rows {
		got = append(got, r.rankText()+" "+r.Recommender)
	}
	if diff := cmp.Diff([]string{"1 b", "2 a", "2 c", "4 d"}, got); diff != "" {
		t.Error(diff)
	}
}

// A bar cannot show a negative value, so there is none.
func TestNoBarsBelowZero(t *testing.T) {
	nan := math.NaN()
	b := build(source{describe: metrics, values: []value{val("a", "gain", -1.0, nan, nan, 9), val("b", "gain", 2.0, nan, nan, 9)}})
	var out bytes.Buffer
	if err := Terminal(&out, b, TerminalOptions{Width: 90}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "█▏▎▍▌▋▊▉") {
		t.Errorf("bars beside a negative value:\n%s", out.String())
	}
}

// What a plugin says may not steer the terminal.
func TestControlCharactersAreDropped(t *testing.T) {
	s := nasty()
	s.failures[0].Reason = "boom\x1b[2J\x07\r now\u009bgone"
	s.board.Title = "title \x1b]0;x\x07"
	b := build(s)
	formats := Formats()
	formats["terminal"] = func(w io.Writer, b *Board) error { return Terminal(w, b, TerminalOptions{}) }
	for name, write := range formats {
		var out bytes.Buffer
		if err := write(&out, b); err != nil {
			t.Fatal(err)
		}
		if name == "json" {
			continue // escapes them by itself
		}
		if strings.ContainsAny(out.String(), "\x1b\x07\r\u009b") {
			t.Errorf("%s holds control characters: %q", name, out.String())
		}
	}
}

// A change of a metric's version makes numbers that may not share a column.
func TestVersionsAreColumns(t *testing.T) {
	old := val("a", "ndcg@10", 0.5, 0.4, 0.6, 9)
	newer := val("b", "ndcg@10", 0.6, 0.5, 0.7, 9)
	newer.Version = 2
	if tab := build(source{describe: metrics, values: []value{old, newer}}).Tables[0]; len(tab.Columns) != 2 {
		t.Errorf("%d columns, want 2", len(tab.Columns))
	}
}

// Whatever the width, no line is wider: tables fold, text wraps.
func TestTerminalFitsItsWidth(t *testing.T) {
	b := build(placed())
	for width := 72; width <= 200; width++ {
		for _, all := range []bool{false, true} {
			var out bytes.Buffer
			if err := Terminal(&out, b, TerminalOptions{Width: width, Color: width%2 == 0, All: all}); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				if w := text.StringWidthWithoutEscSequences(strings.TrimSuffix(line, "\n")); w > width {
					t.Errorf("width %d: %d columns: %q", width, w, line)
				}
			}
		}
	}
}

// The files must hold no colour, whatever the screen does.
func TestFilesHoldNoEscapes(t *testing.T) {
	b := build(nasty())
	for name, write := range Formats() {
		var out bytes.Buffer
		if err := write(&out, b); err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsRune(out.Bytes(), '\x1b') {
			t.Errorf("%s holds an escape sequence", name)
		}
	}
}

func TestCSVAndJSONReadBack(t *testing.T) {
	b := build(placed())
	var c, j bytes.Buffer
	if err := CSV(&c, b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&c).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if n := 1 + 4*6 + 2; len(rows) != n { // head, four arms of six metrics, two failed arms
		t.Errorf("%d lines, want %d", len(rows), n)
	}
	if err := JSON(&j, b); err != nil {
		t.Fatal(err)
	}
	var back Board
	if err := json.Unmarshal(j.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*b, back); diff != "" {
		t.Errorf("JSON does not read back as the board (-want +got):\n%s", diff)
	}
}

func TestInvalidTableSaysSoEverywhere(t *testing.T) {
	s := nasty()
	s.tasks[0].Invalid = "random exceeds the oracle"
	b := build(s)
	formats := Formats()
	formats["terminal"] = func(w io.Writer, b *Board) error { return Terminal(w, b, TerminalOptions{}) }
	for name, write := range formats {
		var out bytes.Buffer
		if err := write(&out, b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "random exceeds the oracle") {
			t.Errorf("%s does not say that the table is invalid", name)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{{0.12345, 4, "0.1235"}, {-0.00001, 4, "0.0000"}, {1234.5, 1, "1234.5"}, {-1.5, 2, "-1.50"}} {
		if got := number(c.v, c.decimals); got != c.want {
			t.Errorf("number(%v, %d) = %s, want %s", c.v, c.decimals, got, c.want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := Count(n); got != want {
			t.Errorf("Count(%d) = %s, want %s", n, got, want)
		}
	}
	if got := superscript(120); got != "¹²⁰" {
		t.Errorf("superscript(120) = %s", got)
	}
}

func TestDataLabel(t *testing.T) {
	for want, d := range map[string]Data{
		"planted/1": {Name: "planted/planted", Version: "planted/1"}, "movielens/100k": {Name: "movielens/100k", Version: "100k"},
		"toy 2": {Name: "toy", Version: "2"}, "toy": {Name: "toy"},
	} {
		if got := d.label(); got != want {
			t.Errorf("%+v: %q, want %q", d, got, want)
		}
	}
}

func TestGroupsByCutoff(t *testing.T) {
	var columns []Column
	for _, id := range []string{"ndcg@10", "tie.share", "recall@10", "ndcg@5", "recall@5", "x"} {
		columns = append(columns, Column{Metric: id})
	}
	if diff := cmp.Diff([][]int{{0, 2, 1, 5}, {3, 4}}, groups(columns)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([][]int{{0, 1}, {2}}, groups([]Column{{Metric: "a"}, {Metric: "b"}, {Metric: "c@5"}})); diff != "" {
		t.Error(diff)
	}
}

func TestMarkdownEscapes(t *testing.T) {
	got := md("# a|b_c*d`e`<f>&[g](h)\nnext 5 % #1")
	want := "\\# a\\|b\\_c\\*d\\`e\\`&lt;f&gt;&amp;\\[g\\](h) next 5 % #1"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// Costs are means of what was measured: zeros in the file are no measurements.
func TestCosts(t *testing.T) {
	b := build(nasty())
	b.Timings = []Timing{
		{Task: "offline", Recommender: "e_a_s_e", Agent: "-", FitMS: 1000, UsersPerSecond: 10, RSSMB: 30},
		{Task: "offline", Recommender: "e_a_s_e", Agent: "-", Repeat: 1, FitMS: 2000, UsersPerSecond: 30, RSSMB: 20},
		{Task: "other", Recommender: "e_a_s_e", Agent: "-", FitMS: 9e9},
		{Task: "offline", Recommender: "oracle", Agent: "-", UsersPerSecond: 5},
	}
	costs := b.costs(b.Tables[0])
	got := []string{}
	for _, c := range costs[:3] { // oracle, e_a_s_e, pop|ular
		got = append(got, amount(c.Fit)+" "+amount(c.UsersPerSecond)+" "+amount(c.Memory))
	}
	if diff := cmp.Diff([]string{"– 5.00 –", "1.50 20.0 30.0", "– – –"}, got); diff != "" {
		t.Error(diff)
	}
	for v, want := range map[float64]string{0.0123456: "0.0123", 9.996: "10.0", 99.96: "100", 12345.6: "12,346", 0.000000012: "0.000000"} {
		if got := amount(v); got != want {
			t.Errorf("amount(%v) = %s, want %s", v, got, want)
		}
	}
}
