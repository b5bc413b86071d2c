package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
)

// heading is the suite's title, or its name.
func (b *Board) heading() string {
	if b.Title != "" {
		return b.Title
	}
	return b.Suite
}

// dataLine is the data in one line: name, version, counts where there are users.
func (b *Board) dataLine() string {
	name := b.Data.label()
	if b.Data.Planted && !strings.Contains(b.Data.Name, "planted") {
		name += " (planted)"
	}
	if b.Data.Users == 0 {
		return name
	}
	return fmt.Sprintf("%s: %s users, %s items, %s interactions",
		name, Count(b.Data.Users), Count(b.Data.Items), Count(b.Data.Interactions))
}

// label is the name with the version. A data set plugin names its versions as it
// likes, often with its own name in them: no word is said twice.
func (d Data) label() string {
	name := d.Name
	if plugin, component, _ := strings.Cut(name, "/"); plugin == component {
		name = plugin
	}
	switch {
	case d.Version == "" || strings.HasSuffix(name, d.Version):
		return name
	case strings.HasPrefix(d.Version, name):
		return d.Version
	}
	return name + " " + d.Version
}

// dataFooter is licence, citation and digest of the data.
func (b *Board) dataFooter() []string {
	var out []string
	if b.Data.Digest != "" {
		out = append(out, "data digest "+b.Data.Digest)
	}
	if b.Data.License != "" {
		out = append(out, "data licence: "+b.Data.License)
	}
	if b.Data.Citation != "" {
		out = append(out, "cite: "+b.Data.Citation)
	}
	return out
}

// hasAgents reports whether any row was made by an agent arm.
func (t Table) hasAgents() bool {
	if t.Agent != "" {
		return false // the title says it
	}
	for _, r := range t.Rows {
		if r.agent() != "" {
			return true
		}
	}
	return false
}

// subject heads the column of names.
func (t Table) subject() string { return subjectOf(t.Judges) }

// subjectOf says what a row of a task is that judges whom a manifest says.
func subjectOf(judges string) string {
	switch judges {
	case record.JudgesBackends:
		return "backend"
	case record.JudgesAgents:
		return "agent"
	}
	return "recommender"
}

// unit is what n counts.
func (t Table) unit() string { return cmp.Or(t.Unit, "users") }

// name titles the table.
func (t Table) name() string {
	if t.Agent == "" {
		return t.Task
	}
	return t.Task + ", agent " + t.Agent
}

// stamps say loudly which numbers may not be used, and why.
func (t Table) stamps() (out []string) {
	if t.Invalid != "" {
		out = append(out, "INVALID: "+t.Invalid+". No number of this table may be used.")
	}
	for _, r := range t.Rows {
		if r.Invalid != "" {
			out = append(out, "INVALID: "+r.Invalid+". No number of its row may be used.")
		}
	}
	return out
}

// name says whose row it is.
func (r Row) name() string { return cmp.Or(r.Recommender, r.Agent) }

// agent is who used the recommender; empty where there is none of the two.
func (r Row) agent() string {
	if r.Recommender == "" {
		return ""
	}
	return r.Agent
}

// title is the metric with an arrow towards better, its unit and its marks.
func (c Column) title() string {
	s := c.Metric
	switch c.Direction {
	case "higher":
		s += " ↑"
	case "lower":
		s += " ↓"
	}
	return s + marks(c.Notes)
}

// rankText is the rank, with ~ where the table does not resolve it, or a dash.
func (r Row) rankText() string {
	switch {
	case r.Rank == 0:
		return "–"
	case r.Unresolved:
		return fmt.Sprintf("~%d", r.Rank)
	}
	return fmt.Sprint(r.Rank)
}

func (r Row) nameText() string {
	name := r.name()
	if r.Control {
		name += " (control)"
	}
	return name + marks(r.Notes)
}

// text is the value with its interval, its marks, and its n where that is not
// the n of the row.
func (c Cell) text(decimals, n int) string {
	if c.Value == nil {
		return "–" + marks(c.Notes)
	}
	s := number(*c.Value, decimals)
	if c.Lo != nil {
		s += fmt.Sprintf(" [%s, %s]", number(*c.Lo, decimals), number(*c.Hi, decimals))
	}
	if c.N != n {
		s += fmt.Sprintf(" (n %s)", Count(c.N))
	}
	return s + marks(c.Notes)
}
