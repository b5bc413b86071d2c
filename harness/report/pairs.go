package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
)

// Findings are comparisons or standings to be shown by themselves.
type Findings struct {
	Title       string              `json:"title"`
	Runs        []string            `json:"runs"`
	Signature   string              `json:"signature"`
	Stamps      []string            `json:"stamps,omitempty"` // what forbids to use the numbers, above all of them
	Comparisons []record.Comparison `json:"comparisons,omitempty"`
	Standings   []record.Standing   `json:"standings,omitempty"`
	Notes       []string            `json:"notes,omitempty"`

	// Judges says by task whom it judges, as manifests do.
	Judges map[string]string `json:"-"`
}

// FindingsFormats maps the names of formats that files and pipes want to writers.
func FindingsFormats() map[string]func(io.Writer, Findings) error {
	return map[string]func(io.Writer, Findings) error{"markdown": findingsMarkdown, "csv": findingsCSV, "json": findingsJSON}
}

// sheet is a table of texts under a title.
type sheet struct {
	title string
	head  []string
	left  []int // columns that are aligned left
	rows  [][]string
	note  string
}

// sheets divides findings into tables, a metric and a family each.
func (f Findings) sheets() []sheet {
	var out []sheet
	for from := 0; from < len(f.Comparisons); {
		to := from + 1
		for to < len(f.Comparisons) && sameFamily(f.Comparisons[from], f.Comparisons[to]) {
			to++
		}
		out = append(out, f.comparisonSheet(f.Comparisons[from:to]))
		from = to
	}
	for from := 0; from < len(f.Standings); {
		to := from + 1
		for to < len(f.Standings) && sameLeague(f.Standings[from], f.Standings[to]) {
			to++
		}
		out = append(out, f.standingSheet(f.Standings[from:to]))
		from = to
	}
	return out
}

func sameFamily(a, b record.Comparison) bool {
	same := a.Task == b.Task && a.Metric == b.Metric && a.Against == b.Against && a.Arm.League() == b.Arm.League() && a.Segment == b.Segment && a.Group == b.Group
	switch a.Against {
	case record.AgainstBest, record.AgainstNamed:
		return same && a.To == b.To
	}
	return same
}

func sameLeague(a, b record.Standing) bool {
	return a.Task == b.Task && a.Metric == b.Metric && a.Arm.League() == b.Arm.League()
}

// comparisonSheet shows one family. The first column says who is better: < or > of
// what the metric calls better, ~ where the family does not resolve it.
func (f Findings) comparisonSheet(family []record.Comparison) sheet {
	first := family[0]
	s := sheet{title: first.Task + ": " + first.Metric + directionText(first.Metric)}
	head := []string{"", subjectOf(f.Judges[first.Task])}
	s.left = []int{0, 1}
	each := first.Against == record.AgainstAll || first.Against == record.AgainstRun
	switch {
	case each:
		head, s.left = append(head, "minus"), append(s.left, 2)
	case first.Against == record.AgainstBest:
		s.title += ", minus " + first.To.String() + " (the best)"
	default:
		s.title += ", minus " + first.To.String()
	}
	if first.Segment != "" {
		s.title += ", " + first.Segment + " " + first.Group
	}
	s.head = append(head, "difference", "95 % interval", "p", "Holm", "Wilcoxon", "d_z", "wins", "least", "n")
	d := comparisonDecimals(family)
	for _, c := range family {
		row := []string{sign(c), c.Arm.String()}
		if each {
			row = append(row, c.To.String())
		}
		interval := "–"
		if !math.IsNaN(c.Lo) {
			interval = signed(c.Lo, d) + " to " + signed(c.Hi, d)
		}
		s.rows = append(s.rows, append(row, signed(c.Difference, d), interval, pText(c.P), pText(c.Holm), pText(c.Wilcoxon),
			signed(c.Effect, 2), share(c.Wins), plainNumber(c.Detectable, d), Count(c.N)+leftOut(c)))
	}
	return s
}

func leftOut(c record.Comparison) string {
	if c.LeftOut == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s left out)", Count(c.LeftOut))
}

// sign says at a glance which arm is better, at 5 % after Holm.
func sign(c record.Comparison) string {
	h, _ := metric.Describe(c.Metric)
	better := c.Difference > 0
	if h.Direction == metric.Lower {
		better = c.Difference < 0
	}
	switch {
	case !c.Resolved():
		return "~"
	case h.Direction == 0:
		return "≠"
	case better:
		return "+"
	}
	return "−"
}

func (f Findings) standingSheet(league []record.Standing) sheet {
	first := league[0]
	s := sheet{title: first.Task + ": " + first.Metric + directionText(first.Metric), left: []int{1, 2, 3}}
	if name := first.Arm.League(); name != "" {
		s.title += ", " + name
	}
	s.head = []string{"#", "tie", "ranks", subjectOf(f.Judges[first.Task]), "value", "p of tie", "mean rank", "win rate", "Borda", "n"}
	largest := 0.0
	for _, st := range league {
		largest = max(largest, math.Abs(st.Value))
	}
	d := decimalsOf(largest)
	for _, st := range league {
		rank, p := fmt.Sprint(st.Rank), pText(st.GroupP)
		if !st.Leads {
			rank = "~" + rank
		} else {
			p = ""
		}
		place := &Place{RankLo: st.RankLo, RankHi: st.RankHi}
		s.rows = append(s.rows, []string{
			rank, groupName(st.Group), place.ranksText(), st.Arm.String(), number(st.Value, d), p,
			plainNumber(st.MeanRank, 2), share(st.WinRate), share(st.Borda), Count(st.N),
		})
	}
	if !math.IsNaN(first.Detectable) {
		s.note = fmt.Sprintf("Smallest difference from the best row that these users show with power 0.8 (median over rows): %s. ", number(first.Detectable, d))
	}
	if !math.IsNaN(first.CD) {
		s.note += fmt.Sprintf("Mean ranks over %s users; Friedman (Iman and Davenport): p %s; Nemenyi's critical difference at 5 %%: %s.",
			Count(first.Blocks), pText(first.Friedman), number(first.CD, 3))
	}
	return s
}

func directionText(id string) string {
	h, ok := metric.Describe(id)
	switch {
	case ok && h.Direction == metric.Higher:
		return " ↑"
	case ok && h.Direction == metric.Lower:
		return " ↓"
	}
	return ""
}

func comparisonDecimals(family []record.Comparison) int {
	largest := 0.0
	for _, c := range family {
		for _, v := range []float64{c.Difference, c.Lo, c.Hi} {
			if !math.IsNaN(v) {
				largest = max(largest, math.Abs(v))
			}
		}
	}
	return decimalsOf(largest)
}

// signed prints a number with its sign, a true minus; – for none.
func signed(v float64, decimals int) string {
	if math.IsNaN(v) {
		return "–"
	}
	s := number(v, decimals)
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		return "−" + rest
	}
	if strings.Trim(s, "0.") == "" {
		return s
	}
	return "+" + s
}

func plainNumber(v float64, decimals int) string {
	if math.IsNaN(v) {
		return "–"
	}
	return number(v, decimals)
}

func share(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return number(100*v, 0) + " %"
}

// help says how to read the tables that there are.
func (f Findings) help() []string {
	var out []string
	if len(f.Comparisons) > 0 {
		out = append(out, "+ better, − worse, ~ not told apart at 5 % after Holm within its table, and over every two arms where the reference is the best, which the same data chose. Differences are of the same user, averaged over users who have both values (n; the others are left out). p: sign flips; Wilcoxon: signed ranks, unadjusted; d_z: mean over standard deviation of the differences; wins: users with the larger value, equal ones counting half; least: the smallest difference found with power 0.8.")
	}
	if len(f.Comparisons) > 0 && f.Comparisons[0].Segment != "" {
		out = append(out, "Groups of users: Holm is over the tables of all groups of a metric together, and the best is who is best among all users. A difference in one group and none in another is no proof that the groups differ.")
	}
	if len(f.Standings) > 0 {
		out = append(out, "Rows that share a letter are tied: they are not told from the best row of that letter, at 5 % after Holm. Ranks: 95 % of bootstrap samples of users. Mean rank and win rate: inside each user; Borda: share of rivals beaten, over all metrics of the task. Three ways to rank that disagree are a warning.")
	}
	return append(out, f.warnings()...)
}

// warnings lists what qualifies comparisons, each once, with whom it concerns.
func (f Findings) warnings() []string {
	var texts []string
	arms := map[string][]string{}
	all := map[string]int{}
	for _, c := range f.Comparisons {
		for _, w := range c.Warnings {
			if !slices.Contains(texts, w) {
				texts = append(texts, w)
			}
			all[w]++
			if !slices.Contains(arms[w], c.Arm.String()) {
				arms[w] = append(arms[w], c.Arm.String())
			}
		}
	}
	for i, w := range texts {
		if all[w] == len(f.Comparisons) {
			texts[i] = "all: " + w
		} else {
			texts[i] = strings.Join(arms[w], ", ") + ": " + w
		}
	}
	return append(texts, f.Notes...)
}

// FindingsTerminal writes findings for a screen.
func FindingsTerminal(w io.Writer, f Findings, o TerminalOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	s := &screen{TerminalOptions: o}
	s.para(bold, "", f.Title)
	for _, stamp := range f.Stamps {
		s.para(red, "", stamp)
	}
	for _, t := range f.sheets() {
		s.add("")
		s.add(s.paint(bold, oneLine(t.title)))
		s.sheet(t)
		if t.note != "" {
			s.para(faint, "", t.note)
		}
	}
	s.add("")
	for _, line := range f.help() {
		s.para(faint, "", line)
	}
	s.para(faint, "· ", "runs "+strings.Join(f.Runs, ", ")+", protocol signature "+f.Signature)
	return s.writeTo(w)
}

// sheet draws as many columns as fit; the others follow, with the names again.
func (s *screen) sheet(t sheet) {
	names := slices.Max(t.left) + 1
	width := func(j int) int {
		w := text.StringWidth(t.head[j])
		for _, r := range t.rows {
			w = max(w, text.StringWidth(r[j]))
		}
		return w + 2
	}
	fixed := -2
	var columns []int
	for j := range names {
		fixed += width(j)
		columns = append(columns, j)
	}
	used := fixed
	for j := names; j < len(t.head); j++ {
		if used+width(j) > s.Width && len(columns) > names {
			s.columns(t, columns)
			s.add("")
			columns, used = columns[:names:names], fixed
		}
		columns, used = append(columns, j), used+width(j)
	}
	s.columns(t, columns)
}

func (s *screen) columns(t sheet, columns []int) {
	tw := newTable()
	head := table.Row{}
	var configs []table.ColumnConfig
	for at, j := range columns {
		align := text.AlignRight
		if slices.Contains(t.left, j) {
			align = text.AlignLeft
		}
		head = append(head, s.paint(bold, t.head[j]))
		configs = append(configs, table.ColumnConfig{Number: at + 1, Align: align, AlignHeader: align})
	}
	tw.AppendHeader(head)
	tw.SetColumnConfigs(configs)
	for _, r := range t.rows {
		row := table.Row{}
		for _, j := range columns {
			row = append(row, oneLine(r[j]))
		}
		tw.AppendRow(row)
	}
	s.lay(tw.Render())
}

func findingsMarkdown(w io.Writer, f Findings) error {
	m := &lines{}
	m.add("# " + md(f.Title))
	m.add("")
	for _, stamp := range f.Stamps {
		m.addf("> **%s**", md(stamp))
		m.add("")
	}
	for _, t := range f.sheets() {
		m.add("## " + md(t.title))
		m.add("")
		head, rule := make([]string, len(t.head)), make([]string, len(t.head))
		for j, h := range t.head {
			head[j], rule[j] = md(h), "--:"
			if slices.Contains(t.left, j) {
				rule[j] = ":--"
			}
		}
		m.add("| " + strings.Join(head, " | ") + " |")
		m.add("| " + strings.Join(rule, " | ") + " |")
		for _, r := range t.rows {
			cells := make([]string, len(r))
			for j, c := range r {
				cells[j] = md(c)
			}
			m.add("| " + strings.Join(cells, " | ") + " |")
		}
		m.add("")
		if t.note != "" {
			m.add(md(t.note))
			m.add("")
		}
	}
	for _, line := range f.help() {
		m.add("- " + md(line))
	}
	m.addf("- runs `%s`, protocol signature `%s`", code(strings.Join(f.Runs, ", ")), code(f.Signature))
	return m.writeTo(w)
}

// findingsCSV writes the columns of comparisons.csv or ranks.csv; stamps have no place
// there but in the warnings.
func findingsCSV(w io.Writer, f Findings) error {
	if len(f.Standings) > 0 {
		return record.EncodeStandings(w, f.Standings)
	}
	stamped := slices.Clone(f.Comparisons)
	for i := range stamped {
		stamped[i].Warnings = slices.Concat(f.Stamps, stamped[i].Warnings)
	}
	return record.EncodeComparisons(w, stamped)
}

func findingsJSON(w io.Writer, f Findings) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(f)
}

// DiagramsOf draws what standings say of mean ranks, a diagram per metric.
func DiagramsOf(standings []record.Standing) []Diagram {
	var out []Diagram
	for from := 0; from < len(standings); {
		to := from + 1
		for to < len(standings) && sameLeague(standings[from], standings[to]) {
			to++
		}
		if d, ok := diagramOf(standings[from:to]); ok {
			out = append(out, d)
		}
		from = to
	}
	return out
}
