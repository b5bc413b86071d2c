package report

import (
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Bars narrower than minBar show nothing, wider than maxBar nothing more.
const (
	minBar = 8
	maxBar = 30
)

// grid is a table of finished texts, before it is painted and drawn.
type grid struct {
	title   string
	columns []gridColumn
	fixed   int // columns that name the row
}

type gridColumn struct {
	head  string
	align text.Align
	texts []string // one per row
}

func (g *grid) column(head string, align text.Align, texts []string) {
	g.columns = append(g.columns, gridColumn{head, align, texts})
}

// width is what the grid takes on screen, two blanks between columns.
func (g *grid) width() int {
	w := -2
	for _, c := range g.columns {
		w += c.width() + 2
	}
	return w
}

func (c gridColumn) width() int {
	w := text.StringWidth(c.head)
	for _, s := range c.texts {
		w = max(w, text.StringWidth(s))
	}
	return w
}

// short is the value with the longer arm of its interval, and its n where that
// is not the n of the row.
func (c Cell) short(decimals, n int) string {
	if c.Value == nil {
		return "–" + marks(c.Notes)
	}
	s := number(*c.Value, decimals)
	if arm, ok := c.arm(); ok {
		s += " ±" + number(arm, decimals)
	}
	if c.N != n {
		s += " (n " + Count(c.N) + ")"
	}
	return s + marks(c.Notes)
}

// arm is the longer arm of the interval.
func (c Cell) arm() (float64, bool) {
	if c.Value == nil || c.Lo == nil {
		return 0, false
	}
	return max(*c.Value-*c.Lo, *c.Hi-*c.Value), true
}

// bars draws a column from zero to the largest value of the table, controls
// included, so that lengths compare. Where a value is negative, lengths would
// lie, and there are none.
func bars(t Table, column, width int) []string {
	if width < minBar {
		return nil
	}
	largest := 0.0
	for _, r := range t.Rows {
		if r.Failed != "" || r.Cells[column].Value == nil {
			continue
		}
		v := *r.Cells[column].Value
		if v < 0 {
			return nil
		}
		largest = max(largest, v)
	}
	if largest == 0 {
		return nil
	}
	out := make([]string, len(t.Rows))
	for i, r := range t.Rows {
		if r.Failed == "" && r.Cells[column].Value != nil {
			out[i] = bar(*r.Cells[column].Value/largest, width)
		}
	}
	return out
}

// bar draws a share of width cells in eighths.
func bar(share float64, width int) string {
	eighths := int(math.Round(share * float64(width) * 8))
	partial := []string{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"}
	return strings.Repeat("█", eighths/8) + partial[eighths%8]
}

// wrap breaks text at blanks into lines of at most width; a longer word stands alone.
func wrap(s string, width int) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch {
		case line == "":
			line = word
		case text.StringWidth(line)+1+text.StringWidth(word) <= width:
			line += " " + word
		default:
			out = append(out, line)
			line = word
		}
	}
	return append(out, line)
}
