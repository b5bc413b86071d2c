package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// Place is how sure the rank of a row is, by the primary metric: from ranks.csv.
type Place struct {
	RankLo   int      `json:"rank_lo"` // 95 % of samples of users rank the row from here
	RankHi   int      `json:"rank_hi"` // to here
	Group    string   `json:"group"`   // tie group: a, b, ...
	GroupP   float64  `json:"group_p"` // p-value against the best of the group, after Holm
	MeanRank *float64 `json:"mean_rank,omitempty"`
	WinRate  *float64 `json:"win_rate,omitempty"`
	Borda    *float64 `json:"borda,omitempty"`
}

// Diagram is a critical-difference diagram: mean ranks inside users, and how far apart
// they must be to differ.
type Diagram struct {
	Title    string       `json:"title"`
	CD       float64      `json:"cd"`
	Blocks   int          `json:"users"`
	Friedman float64      `json:"friedman_p"`
	Arms     []DiagramArm `json:"arms"` // best first
}

// DiagramArm is a row with its mean rank.
type DiagramArm struct {
	Name     string  `json:"name"`
	MeanRank float64 `json:"mean_rank"`
}

// groupName counts a, b, ..., z, aa, ab, ...
func groupName(group int) string {
	name := ""
	for ; group > 0; group = (group - 1) / 26 {
		name = string(rune('a'+(group-1)%26)) + name
	}
	return name
}

// ranksText is the rank interval: 2 or 2–4.
func (p *Place) ranksText() string {
	switch {
	case p == nil:
		return ""
	case p.RankLo == p.RankHi:
		return fmt.Sprint(p.RankLo)
	}
	return fmt.Sprintf("%d–%d", p.RankLo, p.RankHi)
}

func (p *Place) groupText() string {
	if p == nil {
		return ""
	}
	return p.Group
}

// hasPlaces reports whether the run says how sure its ranks are.
func (t Table) hasPlaces() bool {
	return slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Place != nil })
}

// place takes the standings of the primary metric over into the rows: ranks, ties
// and what the table could have shown.
func (t *tableBuilder) place() {
	if len(t.Columns) == 0 {
		return
	}
	primary := t.Columns[0]
	leagues := map[string][]record.Standing{}
	var names []string
	for _, s := range t.source.standings {
		if !t.of(s.Task, s.Arm.Agent) {
			continue
		}
		t.setDetectable(s)
		if s.Metric != primary.Metric || s.Version != primary.Version {
			continue
		}
		league := s.Arm.League()
		if leagues[league] == nil {
			names = append(names, league)
		}
		leagues[league] = append(leagues[league], s)
	}
	for _, name := range names {
		t.placeLeague(leagues[name])
	}
}

// setDetectable keeps, of the row that leads a metric, the smallest difference.
func (t *tableBuilder) setDetectable(s record.Standing) {
	if s.Rank != 1 || !s.Leads || math.IsNaN(s.Detectable) {
		return
	}
	for j, c := range t.Columns {
		if c.Metric == s.Metric && c.Version == s.Version && c.Detectable == nil {
			t.Columns[j].Detectable = finite(s.Detectable)
		}
	}
}

func (t *tableBuilder) placeLeague(standings []record.Standing) {
	for _, s := range standings {
		at := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Recommender == s.Arm.Recommender && r.Agent == s.Arm.Agent })
		if at < 0 {
			continue
		}
		r := &t.Rows[at]
		r.Place = &Place{
			RankLo: s.RankLo, RankHi: s.RankHi, Group: groupName(s.Group), GroupP: s.GroupP,
			MeanRank: finite(s.MeanRank), WinRate: finite(s.WinRate), Borda: finite(s.Borda),
		}
		r.Unresolved = !s.Leads
	}
	if d, ok := diagramOf(standings); ok {
		t.Diagrams = append(t.Diagrams, d)
	}
}

// diagramOf draws the standings of one league in one metric. Without two mean ranks
// there is nothing to draw.
func diagramOf(standings []record.Standing) (Diagram, bool) {
	first := standings[0]
	d := Diagram{Title: first.Task + ": " + first.Metric, CD: first.CD, Blocks: first.Blocks, Friedman: first.Friedman}
	if name := first.Arm.League(); name != "" {
		d.Title += ", " + name
	}
	for _, s := range standings {
		if !math.IsNaN(s.MeanRank) && !math.IsNaN(s.CD) {
			d.Arms = append(d.Arms, DiagramArm{s.Arm.String(), s.MeanRank})
		}
	}
	slices.SortStableFunc(d.Arms, func(a, b DiagramArm) int {
		return cmp.Or(cmp.Compare(a.MeanRank, b.MeanRank), cmp.Compare(a.Name, b.Name))
	})
	return d, len(d.Arms) > 1
}

// agreement says whether other ways to rank would give the same order.
func (t Table) agreement() string {
	ways := []struct {
		name string
		of   func(*Place) *float64
		sign float64
	}{
		{"mean rank inside " + t.unit(), func(p *Place) *float64 { return p.MeanRank }, -1},
		{"Borda over the task's metrics", func(p *Place) *float64 { return p.Borda }, 1},
	}
	var other []string
	for _, w := range ways {
		last := map[string]float64{}
		differs := false
		for _, r := range t.Rows {
			if r.Place == nil || w.of(r.Place) == nil {
				continue
			}
			v := w.sign * *w.of(r.Place)
			if before, ok := last[r.league()]; ok && v > before {
				differs = true
			}
			last[r.league()] = v
		}
		if differs {
			other = append(other, w.name)
		}
	}
	if len(other) == 0 {
		return "Mean ranks inside " + t.unit() + " and Borda over the task's metrics give the same order."
	}
	return "Another way to rank gives another order: " + strings.Join(other, ", ") + "."
}

// league names the rows that are ranked among each other.
func (r Row) league() string { return record.Arm{Recommender: r.Recommender, Agent: r.Agent}.League() }

// resolution says what the table could have shown, as a footnote.
func (t Table) resolution() string {
	if len(t.Columns) == 0 || t.Columns[0].Detectable == nil {
		return ""
	}
	return fmt.Sprintf("Smallest difference of %s from the best row that these %s show with power 0.8 (median over rows): %s.",
		t.Columns[0].Metric, t.unit(), number(*t.Columns[0].Detectable, decimals(t, 0)))
}

// diagramHelp says how to read a critical-difference diagram.
func (d Diagram) help() string {
	return fmt.Sprintf("Mean rank inside each of %s users, 1 is best. Rows under one bar differ by less than Nemenyi's critical difference of %s at 5 %%. Friedman (Iman and Davenport): p %s.",
		Count(d.Blocks), number(d.CD, 3), pText(d.Friedman))
}

// pText prints a p-value as far as anybody should read it.
func pText(p float64) string {
	switch {
	case math.IsNaN(p):
		return "–"
	case p < 0.0001:
		return "< 0.0001"
	case p < 0.01:
		return number(p, 4)
	}
	return number(p, 3)
}
