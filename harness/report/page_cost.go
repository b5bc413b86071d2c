package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// pageCost is the section on cost: plots, and the numbers in them.
type pageCost struct {
	ID, Sentence, Key, Caption string
	Plots                      []scatter
	Agents                     bool
	Subject                    string // of a row
	Heads                      []pageHead
	Rows                       []pageRow
}

// scatter is a plot of quality against one cost.
type scatter struct {
	Title, Hint, Label, XLabel string
	X, Y                       []tick
	Front                      string // the rows that none beats in both
	Dots                       []dot
}

// dot is a row in a plot. Anchor is empty where its name found no room: the
// table below and the title of the dot have it.
type dot struct {
	Name, Title          string
	X, Y, Lo, Hi         string
	On                   bool // none beats it in both
	TextX, TextY, Anchor string

	cost, quality float64
	interval      []float64 // of the quality, where there is one
	x, y          float64
}

// costOf is nil for a table without any timing.
func costOf(b *Board, t Table, id string) *pageCost {
	costs := b.costs(t)
	if len(t.Columns) == 0 || !slices.ContainsFunc(costs, func(c cost) bool { return c.Repeats > 0 }) {
		return nil
	}
	metric := oneLine(unmarked(t.Columns[0]).title())
	p := &pageCost{ID: id, Sentence: costSentence, Caption: oneLine(t.name()) + ": quality and cost", Agents: t.hasAgents(), Subject: t.subject()}
	for _, m := range []struct {
		title, unit, hint string
		lower             bool
		of                func(cost) float64
	}{
		{"fit time", "seconds to fit", "left is faster", true, func(c cost) float64 { return c.Fit }},
		{"rate", t.unit() + " per second", "right is faster", false, func(c cost) float64 { return c.UsersPerSecond }},
		{"memory", "MB, largest resident size", "left is smaller", true, func(c cost) float64 { return c.Memory }},
	} {
		dots := dotsOf(t, costs, m.of, m.unit)
		if len(dots) == 0 {
			continue
		}
		s := scatter{Title: metric + " against " + m.title, Hint: m.hint, XLabel: m.unit, Dots: dots}
		s.Label = fmt.Sprintf("%s against %s of %d rows; the table below has the numbers", metric, m.unit, len(dots))
		s.lay(t.Columns[0].Direction, m.lower)
		p.Plots = append(p.Plots, s)
	}
	if t.Columns[0].Direction != "" {
		p.Key = "Strong dots on the dashed line: no other row is as good for less. The lines through dots are the 95 % intervals; controls are left out."
	}
	p.addTable(t, costs, metric)
	return p
}

func (p *pageCost) addTable(t Table, costs []cost, metric string) {
	first := pageHead{Text: metric, Sort: "descending"}
	if t.Columns[0].Direction == "lower" {
		first.Sort = "ascending"
	}
	first.Sorted = first.Sort
	p.Heads = []pageHead{
		first,
		{Text: "fit s", Sort: "ascending"},
		{Text: "recommend s", Sort: "ascending"},
		{Text: t.unit() + "/s", Sort: "descending"},
		{Text: "cpu s", Sort: "ascending"},
		{Text: "memory MB", Sort: "ascending"},
		{Text: "timed", Sort: "descending"},
	}
	for i, r := range t.Rows {
		if r.Failed != "" {
			continue
		}
		c := costs[i]
		row := rowOf(r, i, "", p.Agents)
		row.Cells = []pageCell{{Exact: exact(r.Cells[0].Value), Value: unnoted(r.Cells[0]).short(decimals(t, 0), r.Cells[0].N)}}
		for _, v := range []float64{c.Fit, c.Recommend, c.UsersPerSecond, c.CPU, c.Memory} {
			row.Cells = append(row.Cells, pageCell{Exact: exact(finite(v)), Value: amount(v)})
		}
		row.Cells = append(row.Cells, pageCell{Exact: strconv.Itoa(c.Repeats), Value: times(c.Repeats)})
		p.Rows = append(p.Rows, row)
	}
}

// unnoted is a cell without its marks.
func unnoted(c Cell) Cell {
	c.Notes = nil
	return c
}

// dotsOf lists the rows that have both numbers. Controls are no recommenders:
// what they cost says nothing.
func dotsOf(t Table, costs []cost, of func(cost) float64, unit string) []dot {
	var out []dot
	for i, r := range t.Rows {
		v := r.primary()
		if r.Control || v == nil || math.IsNaN(of(costs[i])) {
			continue
		}
		d := dot{Name: oneLine(r.name()), cost: of(costs[i]), quality: *v}
		if r.agent() != "" {
			d.Name += " · " + oneLine(r.Agent)
		}
		d.Title = fmt.Sprintf("%s: %s %s, %s %s", d.Name, oneLine(t.Columns[0].Metric),
			unnoted(r.Cells[0]).short(decimals(t, 0), r.Cells[0].N), amount(d.cost), unit)
		if c := r.Cells[0]; c.Lo != nil {
			d.interval = []float64{*c.Lo, *c.Hi}
		}
		out = append(out, d)
	}
	return out
}

// The inner rectangle of a plot, as in the template.
const (
	plotLeft, plotRight = 46.0, 350.0
	plotTop, plotBottom = 8.0, 224.0
)

// lay places ticks, dots, the front and the names.
func (s *scatter) lay(direction string, costLower bool) {
	ylo, yhi, xlo, xhi := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, d := range s.Dots {
		xlo, xhi = min(xlo, d.cost), max(xhi, d.cost)
		for _, q := range append(d.interval, d.quality) {
			ylo, yhi = min(ylo, q), max(yhi, q)
		}
	}
	ylo, yhi = widen(ylo, yhi)
	y := func(v float64) float64 { return plotBottom - (v-ylo)/(yhi-ylo)*(plotBottom-plotTop) }
	values, decimals := linearTicks(ylo, yhi, 4)
	for _, v := range values {
		s.Y = append(s.Y, tick{At: at(y(v)), Text: number(v, decimals)})
	}
	x := s.layX(xlo, xhi)
	for i := range s.Dots {
		d := &s.Dots[i]
		d.x, d.y = x(d.cost), y(d.quality)
		d.X, d.Y = at(d.x), at(d.y)
		if d.interval != nil {
			d.Lo, d.Hi = at(y(d.interval[0])), at(y(d.interval[1]))
		}
	}
	if direction != "" {
		s.drawFront(direction == "higher", costLower)
	}
	s.placeNames()
}

// layX makes the axis of costs: logarithmic where they differ by much.
func (s *scatter) layX(lo, hi float64) func(float64) float64 {
	logarithmic := hi/lo >= 6
	scale := func(v float64) float64 { return v }
	if logarithmic {
		scale = math.Log10
		s.XLabel += ", logarithmic"
	}
	from, to := widen(scale(lo), scale(hi))
	x := func(v float64) float64 { return plotLeft + (scale(v)-from)/(to-from)*(plotRight-plotLeft) }
	if logarithmic {
		for _, v := range logTicks(math.Pow(10, from), math.Pow(10, to)) {
			s.X = append(s.X, tick{At: at(x(v)), Text: plainAmount(v)})
		}
		return x
	}
	values, _ := linearTicks(from, to, 4)
	for _, v := range values {
		s.X = append(s.X, tick{At: at(x(v)), Text: plainAmount(v)})
	}
	return x
}

// plainAmount prints the round number of a tick: 0.05, 20, 5k, 2M.
func plainAmount(v float64) string {
	suffix := ""
	switch {
	case v >= 1e6*(1-1e-9):
		v, suffix = v/1e6, "M"
	case v >= 1e4*(1-1e-9):
		v, suffix = v/1e3, "k"
	}
	return strconv.FormatFloat(mustParse(strconv.FormatFloat(v, 'g', 3, 64)), 'f', -1, 64) + suffix
}

// widen leaves room around the outer dots.
func widen(lo, hi float64) (float64, float64) {
	room := (hi - lo) * 0.08
	if room == 0 {
		room = max(math.Abs(lo)*0.1, 1e-9)
	}
	return lo - room, hi + room
}

// drawFront marks the rows that no other row beats in quality and cost alike.
func (s *scatter) drawFront(qualityHigher, costLower bool) {
	order := make([]*dot, len(s.Dots))
	for i := range s.Dots {
		order[i] = &s.Dots[i]
	}
	sign := func(up bool) float64 {
		if up {
			return 1
		}
		return -1
	}
	q, c := sign(qualityHigher), sign(costLower)
	slices.SortStableFunc(order, func(a, b *dot) int {
		return cmp.Or(cmp.Compare(c*a.cost, c*b.cost), cmp.Compare(q*b.quality, q*a.quality))
	})
	best := math.Inf(-1)
	for _, d := range order {
		if q*d.quality > best {
			best, d.On = q*d.quality, true
			if s.Front != "" {
				s.Front += " "
			}
			s.Front += d.X + "," + d.Y
		}
	}
}

// box is a rectangle that a name or a dot takes.
type box struct{ x0, y0, x1, y1 float64 }

func (a box) meets(b box) bool { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1 }

// placeNames puts names beside their dots, those of the front first, where they
// cover no dot and no other name.
func (s *scatter) placeNames() {
	var taken []box
	for _, d := range s.Dots {
		taken = append(taken, box{d.x - 6, d.y - 6, d.x + 6, d.y + 6})
	}
	for _, on := range []bool{true, false} {
		for i := range s.Dots {
			if s.Dots[i].On == on {
				taken = s.Dots[i].placeName(taken)
			}
		}
	}
}

func (d *dot) placeName(taken []box) []box {
	const height = 12
	width := 6.4 * float64(utf8.RuneCountInString(d.Name))
	for _, try := range []struct {
		anchor       string
		x, y, x0, x1 float64 // text point; extent of the text from it
	}{
		{"start", d.x + 9, d.y + 4, 0, width},
		{"end", d.x - 9, d.y + 4, -width, 0},
		{"middle", d.x, d.y - 10, -width / 2, width / 2},
		{"middle", d.x, d.y + 18, -width / 2, width / 2},
		{"start", d.x + 7, d.y - 7, 0, width},
		{"start", d.x + 7, d.y + 15, 0, width},
		{"end", d.x - 7, d.y - 7, -width, 0},
		{"end", d.x - 7, d.y + 15, -width, 0},
	} {
		b := box{try.x + try.x0, try.y - height + 2, try.x + try.x1, try.y + 2}
		if b.x0 < plotLeft || b.x1 > plotRight+8 || b.y0 < plotTop-6 || b.y1 > plotBottom ||
			slices.ContainsFunc(taken, b.meets) {
			continue
		}
		d.TextX, d.TextY, d.Anchor = at(try.x), at(try.y), try.anchor
		return append(taken, b)
	}
	return taken
}

// times says how often a row was timed.
func times(n int) string {
	if n == 0 {
		return "–"
	}
	return fmt.Sprintf("%d×", n)
}
