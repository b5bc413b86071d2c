package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// TerminalOptions says how a board is shown on a screen.
type TerminalOptions struct {
	Width   int  // columns; 0 means 100
	Color   bool // escape sequences for colour and weight
	All     bool // every cutoff, and what the metrics mean
	Timings bool // what the cells cost, as a last table
}

// Terminal writes the board for people: the primary metric with its interval, n
// and a bar; the other metrics below it or, where the screen is wide enough,
// beside it. The number after ± is the longer arm of the interval.
func Terminal(w io.Writer, b *Board, o TerminalOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	s := &screen{TerminalOptions: o}
	s.head(b)
	for _, t := range b.Tables {
		s.table(t)
	}
	if o.Timings {
		s.costTables(b)
		s.timings(b.Timings)
		s.usage(b.Usage)
	}
	s.foot(b)
	return s.writeTo(w)
}

// screen is the page being written.
type screen struct {
	TerminalOptions
	lines
}

// The few ways in which text stands out.
const (
	plain  = ""
	bold   = "1"
	faint  = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
)

func (s *screen) paint(style, text string) string {
	if !s.Color || style == plain || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

// para writes text wrapped to the width, every line painted by itself.
func (s *screen) para(style, hanging, text string) {
	for i, line := range wrap(oneLine(text), s.Width-len([]rune(hanging))) {
		lead := hanging
		if i > 0 {
			lead = strings.Repeat(" ", len([]rune(hanging)))
		}
		s.add(s.paint(style, lead+line))
	}
}

func (s *screen) head(b *Board) {
	s.para(bold, "", b.heading())
	s.para(plain, "", b.dataLine())
	if b.Data.Planted {
		s.para(yellow, "", plantedSentence)
	}
}

func (s *screen) table(t Table) {
	s.add("")
	for _, stamp := range t.stamps() {
		s.para(red, "", stamp)
	}
	all := groups(t.Columns)
	if len(all) == 0 {
		s.failures(t)
		return
	}
	shown, folded := all[0], 0
	if t.Agent != "" && !s.All {
		shown = brief(t, all[0])
		folded = len(all[0]) - len(shown)
	}
	s.mainTable(t, shown)
	for _, a := range t.asides() {
		s.aside(a)
	}
	if s.All {
		for _, columns := range all[1:] {
			s.otherTables(t, columns)
		}
	}
	s.failures(t)
	s.add("")
	s.para(plain, "", t.Reading)
	if len(t.Columns) > 1 {
		s.para(faint, "", "The number after ± is the longer arm of the interval.")
	}
	if len(all) > 1 && !s.All {
		var at []string
		for _, columns := range all[1:] {
			at = append(at, "@"+cutoff(t.Columns[columns[0]].Metric))
		}
		s.para(faint, "", "Also measured "+strings.Join(at, ", ")+": see leaderboard.html, or add --all.")
	}
	if folded > 0 {
		s.para(faint, "", fmt.Sprintf("%d further columns, with intervals: see leaderboard.html, or add --all.", folded))
	}
	for i, note := range t.Notes {
		s.para(faint, superscript(i+1)+" ", note)
	}
	for _, f := range t.Facts {
		s.para(faint, "· ", f.Name+": "+f.Value)
	}
	if s.All {
		for _, f := range families(t) {
			s.para(faint, "· ", fmt.Sprintf("%s (version %d): %s", f.name, f.version, f.doc))
		}
	}
}

// brief keeps the columns of sessions that a first look needs beside those that the
// papers print.
func brief(t Table, columns []int) []int {
	return slices.DeleteFunc(slices.Clone(columns), func(j int) bool {
		return j != columns[0] && !slices.Contains([]string{"sim.n-view", "sim.p-view.page1", "sim.censored", "sim.invalid"}, t.Columns[j].Metric)
	})
}

// aside shows a small table of its own.
func (s *screen) aside(a aside) {
	tw := newTable()
	line, configs := make(table.Row, len(a.Head)), make([]table.ColumnConfig, len(a.Head))
	for j, h := range a.Head {
		line[j] = s.paint(bold, h)
		configs[j] = table.ColumnConfig{Number: j + 1, Align: text.AlignRight, AlignHeader: text.AlignRight}
		if j == 0 {
			configs[j] = table.ColumnConfig{Number: 1}
		}
	}
	tw.AppendHeader(line)
	tw.SetColumnConfigs(configs)
	for _, r := range a.Rows {
		row := make(table.Row, len(r))
		for j, text := range r {
			row[j] = text
		}
		tw.AppendRow(row)
	}
	s.add("")
	s.para(faint, "", a.Title)
	s.lay(tw.Render())
	for _, note := range a.Notes {
		s.para(faint, "", note)
	}
}

// mainTable shows the primary metric, and the others of its cutoff where they
// fit; else they follow in tables of their own.
func (s *screen) mainTable(t Table, columns []int) {
	g := s.identity(t, true)
	g.title = t.name()
	primary, others := columns[0], columns[1:]
	d := decimals(t, primary)
	interval, ns, values := make([]string, len(t.Rows)), make([]string, len(t.Rows)), make([]string, len(t.Rows))
	for i, r := range t.Rows {
		if r.Failed != "" {
			values[i] = "failed"
			continue
		}
		c := r.Cells[primary]
		values[i] = "–"
		if c.Value != nil {
			values[i] = number(*c.Value, d) + marks(c.Notes)
		}
		if c.Lo != nil {
			interval[i] = number(*c.Lo, d) + " – " + number(*c.Hi, d)
		}
		ns[i] = Count(c.N)
	}
	g.column(t.Columns[primary].title(), text.AlignRight, values)
	g.column("95 % interval", text.AlignCenter, interval)
	g.column("n", text.AlignRight, ns)
	room := s.Width - g.width() - 2
	beside := s.others(t, others)
	need := 0
	for _, c := range beside {
		need += c.width() + 2
	}
	together := need > 0 && room-need >= minBar+2
	if together {
		room -= need
	}
	if bar := bars(t, primary, min(room, maxBar)); bar != nil {
		g.column("", text.AlignLeft, bar)
	}
	if together {
		g.columns = append(g.columns, beside...)
		others = nil
	}
	s.draw(g, t)
	if len(others) > 0 {
		s.otherTables(t, others)
	}
}

// otherTables shows metrics with ± beside them, as many to a table as fit.
func (s *screen) otherTables(t Table, columns []int) {
	cells := s.others(t, columns)
	for len(cells) > 0 {
		g := s.identity(t, false)
		for len(cells) > 0 && (len(g.columns) <= g.fixed || g.width()+cells[0].width()+2 <= s.Width) {
			g.columns = append(g.columns, cells[0])
			cells = cells[1:]
		}
		s.add("")
		s.draw(g, t)
	}
}

// others makes the columns of metrics beside the primary one.
func (s *screen) others(t Table, columns []int) []gridColumn {
	var out []gridColumn
	for _, j := range columns {
		d := decimals(t, j)
		texts := make([]string, len(t.Rows))
		for i, r := range t.Rows {
			if r.Failed == "" {
				texts[i] = r.Cells[j].short(d, r.Cells[0].N)
			}
		}
		out = append(out, gridColumn{t.Columns[j].title(), text.AlignRight, texts})
	}
	return out
}

// identity starts a grid with the columns that say whose row it is.
func (s *screen) identity(t Table, ranks bool) *grid {
	g := &grid{}
	rank, name, agent := make([]string, len(t.Rows)), make([]string, len(t.Rows)), make([]string, len(t.Rows))
	for i, r := range t.Rows {
		rank[i], name[i], agent[i] = r.rankText(), r.nameText(), r.agent()
	}
	if ranks {
		g.column("#", text.AlignRight, rank)
		if t.hasPlaces() {
			g.column("tie", text.AlignLeft, t.each(func(r Row) string { return r.Place.groupText() }))
			g.column("ranks", text.AlignLeft, t.each(func(r Row) string { return r.Place.ranksText() }))
		}
	} else {
		g.column("", text.AlignRight, make([]string, len(t.Rows)))
		g.columns[0].head = " "
	}
	g.column(t.subject(), text.AlignLeft, name)
	if t.hasAgents() {
		g.column("agent", text.AlignLeft, agent)
	}
	g.fixed = len(g.columns)
	return g
}

// each makes a column out of rows.
func (t Table) each(of func(Row) string) []string {
	out := make([]string, len(t.Rows))
	for i, r := range t.Rows {
		out[i] = of(r)
	}
	return out
}

func (s *screen) failures(t Table) {
	first := true
	for _, r := range t.Rows {
		if r.Failed == "" {
			continue
		}
		if first {
			s.add("")
			first = false
		}
		s.para(red, "× ", r.name()+": "+r.Failed)
	}
}

func (s *screen) foot(b *Board) {
	s.add("")
	for _, note := range b.Notes {
		s.para(yellow, "· ", note)
	}
	for _, f := range b.Facts {
		s.para(faint, "· ", f.Name+": "+f.Value)
	}
	for _, line := range b.dataFooter() {
		s.para(faint, "· ", line)
	}
	if b.Run != "" {
		s.para(faint, "· ", "run "+b.Run+", protocol signature "+b.Signature)
	}
	if b.Command != "" {
		s.para(faint, "· ", "made by: "+oneLine(b.Command))
	}
}
