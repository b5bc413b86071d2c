package report

import (
	"fmt"
	"html/template"
	"strconv"
)

// page is what the template shows: finished texts and positions, no decisions.
type page struct {
	Policy               string
	Style                template.CSS
	Script               template.JS
	Title, Suite, Data   string
	Planted              string
	Tasks                []pageTask
	Notes                []string
	Protocol, Provenance []Fact
	Command              string
}

type pageTask struct {
	ID, Task        string
	Stamps          []string
	Grids           []pageGrid
	Reading         string
	Notes           []pageNote
	Facts, Families []Fact
	Asides          []aside
	Cost            *pageCost
	Diagrams        []pageDiagram
}

// pageDiagram is a picture of whose text all is escaped.
type pageDiagram struct {
	Title, Help string
	SVG         template.HTML
}

// pageNote is a footnote, or a mark that leads to it.
type pageNote struct {
	ID, Text string
	N        int
}

// pageGrid is the table of one cutoff.
type pageGrid struct {
	Title        string
	Fold, Agents bool
	Subject      string // of a row
	Places       bool
	Heads        []pageHead
	Rows         []pageRow
}

type pageHead struct {
	Text, Doc    string
	Sort, Sorted string // direction of the first click; of the table as it comes
	Notes        []pageNote
	Axis         []tick
}

type pageRow struct {
	Class           string
	Order           int
	Rank, RankTitle string
	Places          bool
	Tie, Ranks      string
	TieTitle        string
	Name, Sub       string
	Link            string // to the sessions behind the row
	Agents, Control bool
	Agent           string
	Notes           []pageNote
	Failed          string
	Span            int
	Cells           []pageCell
	Count           int
	N               string
}

type pageCell struct {
	Exact, Value, Sub, Title string
	Primary, Chart           bool
	Bar                      *pageBar
	Notes                    []pageNote
}

func pageOf(b *Board, withCost bool) page {
	p := page{
		Title: oneLine(b.heading()), Suite: oneLine(b.Suite), Data: oneLine(b.dataLine()), Command: oneLine(b.Command),
		Protocol: cleanFacts(b.Facts), Provenance: provenance(b),
	}
	if b.Data.Planted {
		p.Planted = plantedSentence
	}
	for _, note := range b.Notes {
		p.Notes = append(p.Notes, oneLine(note))
	}
	for i, t := range b.Tables {
		task := taskOf(t, fmt.Sprintf("task-%d", i+1))
		if withCost {
			task.Cost = costOf(b, t, task.ID+"-cost")
			task.link(t)
		}
		p.Tasks = append(p.Tasks, task)
	}
	return p
}

func provenance(b *Board) []Fact {
	all := []Fact{
		{"run", b.Run},
		{"protocol signature", b.Signature},
		{"data digest", b.Data.Digest},
		{"data licence", b.Data.License},
		{"cite", b.Data.Citation},
	}
	var out []Fact
	for _, f := range cleanFacts(all) {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

func cleanFacts(in []Fact) []Fact {
	var out []Fact
	for _, f := range in {
		out = append(out, Fact{oneLine(f.Name), oneLine(f.Value)})
	}
	return out
}

func taskOf(t Table, id string) pageTask {
	p := pageTask{ID: id, Task: oneLine(t.name()), Reading: oneLine(t.Reading), Facts: cleanFacts(t.Facts)}
	for _, stamp := range t.stamps() {
		p.Stamps = append(p.Stamps, oneLine(stamp))
	}
	for g, columns := range groups(t.Columns) {
		p.Grids = append(p.Grids, gridOf(t, id, columns, g > 0))
	}
	if len(t.Columns) == 0 { // only failed rows
		p.Grids = append(p.Grids, gridOf(t, id, nil, false))
	}
	for _, r := range p.Grids[0].Rows {
		if len(r.Cells) > 0 && r.Cells[0].Bar != nil && r.Cells[0].Bar.Cut {
			p.Reading += " A broken bar goes on beyond the scale."
			break
		}
	}
	for _, a := range t.asides() {
		a.Title = oneLine(a.Title)
		p.Asides = append(p.Asides, a)
	}
	for i, note := range t.Notes {
		p.Notes = append(p.Notes, pageNote{ID: noteID(id, i+1), Text: oneLine(note), N: i + 1})
	}
	for _, d := range t.Diagrams {
		p.Diagrams = append(p.Diagrams, pageDiagram{oneLine(d.Title), d.help(), template.HTML(d.svg(false))}) //nolint:gosec // svg escapes every text that it draws
	}
	for _, f := range families(t) {
		p.Families = append(p.Families, Fact{oneLine(f.name), fmt.Sprintf("%s (version %d)", oneLine(f.doc), f.version)})
	}
	return p
}

// link leads from the rows of sessions to what happened in them. The page of a
// publication has no such links: sessions are not published.
func (p *pageTask) link(t Table) {
	if t.Agent == "" {
		return
	}
	for g := range p.Grids {
		for i := range p.Grids[g].Rows {
			if r := t.Rows[i]; r.Failed == "" {
				p.Grids[g].Rows[i].Link = SessionsFile + "#" + anchor(t.Task, r.Recommender, r.Agent)
			}
		}
	}
}

func noteID(task string, n int) string { return fmt.Sprintf("%s-note-%d", task, n) }

func markLinks(task string, notes []int) []pageNote {
	var out []pageNote
	for _, n := range notes {
		out = append(out, pageNote{ID: noteID(task, n), N: n})
	}
	return out
}

// gridOf is the table of some columns; its first column has the bars.
func gridOf(t Table, id string, columns []int, fold bool) pageGrid {
	g := pageGrid{Title: oneLine(t.name()), Fold: fold, Agents: t.hasAgents(), Subject: t.subject(), Places: t.hasPlaces()}
	if len(columns) > 0 {
		if k := cutoff(t.Columns[columns[0]].Metric); k != "" {
			g.Title += " at " + oneLine(k)
		}
	}
	var scale *barScale
	for at, j := range columns {
		c := t.Columns[j]
		h := pageHead{Text: oneLine(unmarked(c).title()), Doc: oneLine(c.Doc), Sort: "descending", Notes: markLinks(id, c.Notes)}
		if c.Direction == "lower" {
			h.Sort = "ascending"
		}
		if at == 0 {
			scale = newBarScale(t, j)
			h.Axis = scale.axis()
		}
		if j == 0 {
			h.Sorted = h.Sort
		}
		g.Heads = append(g.Heads, h)
	}
	for i, r := range t.Rows {
		row := rowOf(r, i, id, g.Agents)
		row.Places = g.Places
		row.Span = len(columns) + 2 // the chart and n
		if r.Failed == "" {
			for at, j := range columns {
				cell := cellOf(t, r, j, id, r.Cells[columns[0]].N)
				cell.Primary, cell.Chart = at == 0, at == 0 && scale != nil
				if cell.Chart {
					cell.Bar = scale.bar(r.Cells[j])
				}
				row.Cells = append(row.Cells, cell)
			}
			if len(columns) > 0 {
				row.Count = r.Cells[columns[0]].N
				row.N = Count(row.Count)
			}
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// unmarked is a column without its footnotes: a page links them.
func unmarked(c Column) Column {
	c.Notes = nil
	return c
}

func rowOf(r Row, order int, id string, agents bool) pageRow {
	row := pageRow{
		Order: order, Rank: r.rankText(), Name: oneLine(r.name()), Sub: oneLine(r.Component), Agents: agents, Agent: oneLine(r.agent()),
		Control: r.Control, Notes: markLinks(id, r.Notes), Failed: oneLine(r.Failed),
	}
	if p := r.Place; p != nil {
		row.Tie, row.Ranks = p.Group, p.ranksText()
		row.TieTitle = "p against the best of the group, after Holm: " + pText(p.GroupP)
		for _, way := range []struct {
			name string
			v    *float64
		}{{"mean rank inside users", p.MeanRank}, {"win rate", p.WinRate}, {"Borda over metrics", p.Borda}} {
			if way.v != nil {
				row.TieTitle += fmt.Sprintf("; %s %s", way.name, number(*way.v, 3))
			}
		}
	}
	switch {
	case r.Failed != "":
		row.Class = "failed"
	case r.Control:
		row.Class = "control"
	case r.Rank == 1:
		row.Class = "best"
	}
	switch {
	case r.Control:
		row.RankTitle = "a control is not ranked"
	case r.Unresolved && r.Place != nil:
		row.RankTitle = "tied with the best row of group " + r.Place.Group
	case r.Unresolved:
		row.RankTitle = "its interval overlaps that of the row ranked above it"
	}
	return row
}

// cellOf shows a value, its interval in small figures, and all of it in words
// where the pointer rests.
func cellOf(t Table, r Row, column int, id string, n int) pageCell {
	c, d := r.Cells[column], decimals(t, column)
	out := pageCell{Exact: exact(c.Value), Value: "–", Notes: markLinks(id, c.Notes)}
	if c.Value == nil {
		out.Title = "no value"
		return out
	}
	out.Value = number(*c.Value, d)
	out.Title = fmt.Sprintf("%s of %s: %s", oneLine(t.Columns[column].Metric), oneLine(r.name()), exact(c.Value))
	if arm, ok := c.arm(); ok {
		out.Sub = "±" + number(arm, d)
		out.Title += fmt.Sprintf(", 95 %% interval %s to %s", number(*c.Lo, d+1), number(*c.Hi, d+1))
	}
	out.Title += ", n = " + strconv.Itoa(c.N)
	if c.N != n {
		if out.Sub != "" {
			out.Sub += ", "
		}
		out.Sub += "n " + Count(c.N)
	}
	return out
}
