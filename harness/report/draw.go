package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// newTable is an empty table in the house style: a rule under the head, no
// other lines, columns two blanks apart.
func newTable() table.Writer {
	tw := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Options = table.Options{SeparateHeader: true}
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	tw.SetStyle(style)
	return tw
}

// draw renders a grid. Paint goes on after widths are known, row by row.
func (s *screen) draw(g *grid, t Table) {
	tw := newTable()
	head := make(table.Row, len(g.columns))
	configs := make([]table.ColumnConfig, len(g.columns))
	for j, c := range g.columns {
		head[j] = s.paint(bold, c.head)
		configs[j] = table.ColumnConfig{Number: j + 1, Align: c.align, AlignHeader: c.align}
	}
	tw.AppendHeader(head)
	tw.SetColumnConfigs(configs)
	for i, r := range t.Rows {
		row := make(table.Row, len(g.columns))
		for j, c := range g.columns {
			row[j] = s.paint(rowStyle(r), c.texts[i])
		}
		tw.AppendRow(row)
	}
	if g.title != "" {
		s.add(s.paint(bold, g.title))
	}
	s.lay(tw.Render())
}

// lay writes a drawn table without the blanks, and the piece of its rule, that
// pad the last column.
func (s *screen) lay(drawn string) {
	for line := range strings.Lines(drawn + "\n") {
		line = strings.TrimRight(line, " \n")
		if strings.Trim(line, "─") == "" {
			line = strings.TrimSuffix(line, "──")
		}
		s.add(line)
	}
}

func rowStyle(r Row) string {
	switch {
	case r.Failed != "":
		return red
	case r.Control:
		return faint
	case r.Rank == 1:
		return green
	}
	return plain
}

// timings shows what every cell cost.
func (s *screen) timings(ts []Timing) {
	if len(ts) == 0 {
		return
	}
	tw := newTable()
	who := "recommender"
	if slices.ContainsFunc(ts, func(t Timing) bool { return t.Recommender == "" }) {
		who = "arm" // backends too
	}
	head := table.Row{"task", who, "r"}
	configs := []table.ColumnConfig{}
	for i, v := range ts[0].values() {
		head = append(head, v.Name)
		configs = append(configs, table.ColumnConfig{Number: i + 4, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	tw.AppendHeader(head)
	tw.SetColumnConfigs(configs)
	for _, t := range ts {
		row := table.Row{t.Task, cmp.Or(t.Recommender, t.Agent), t.Repeat}
		for _, v := range t.values() {
			row = append(row, v.Value)
		}
		tw.AppendRow(row)
	}
	s.add("")
	s.add(s.paint(bold, "cost of each cell (never in the leaderboard files)"))
	s.lay(tw.Render())
}
