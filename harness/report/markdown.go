package report

import (
	"fmt"
	"io"
	"strings"
)

// plantedSentence goes above every table from generated people.
const plantedSentence = "Planted data: these people were generated from a documented model, so the numbers test the method and say nothing of real users."

// Markdown writes the board for a page that renders tables. Names are escaped;
// the output holds no time and no path of the machine.
func Markdown(w io.Writer, b *Board) error {
	m := &lines{}
	m.add("# " + md(b.heading()))
	m.add("")
	if b.Data.Planted {
		m.addf("> **%s**", md(plantedSentence))
		m.add("")
	}
	m.add(md(b.dataLine()))
	m.add("")
	for _, t := range b.Tables {
		markdownTable(m, t)
	}
	for _, note := range b.Notes {
		m.add("- " + md(note))
	}
	if len(b.Notes) > 0 {
		m.add("")
	}
	if len(b.Facts) > 0 {
		m.add("## Protocol")
		m.add("")
		m.add("| fact | value |")
		m.add("| :-- | :-- |")
		for _, f := range b.Facts {
			m.addf("| %s | %s |", md(f.Name), md(f.Value))
		}
		m.add("")
	}
	m.add("## Provenance")
	m.add("")
	if b.Command != "" {
		m.add("Made by")
		m.add("")
		m.addf("    %s", oneLine(b.Command))
		m.add("")
	}
	m.addf("- run `%s`, protocol signature `%s`", code(b.Run), code(b.Signature))
	for _, line := range b.dataFooter() {
		m.add("- " + md(line))
	}
	return m.writeTo(w)
}

func markdownTable(m *lines, t Table) {
	m.add("## " + md(t.name()))
	m.add("")
	for _, stamp := range t.stamps() {
		m.addf("> **%s**", md(stamp))
		m.add("")
	}
	for g, columns := range groups(t.Columns) {
		if g > 0 {
			m.addf("<details><summary>at %s</summary>", md(cutoff(t.Columns[columns[0]].Metric)))
			m.add("")
		}
		markdownGroup(m, t, columns)
		m.add("")
		if g > 0 {
			m.add("</details>")
			m.add("")
		}
	}
	for _, a := range t.asides() {
		markdownAside(m, a)
	}
	markdownFailures(m, t)
	m.add(md(t.Reading))
	m.add("")
	for i, note := range t.Notes {
		m.addf("%s %s  ", superscript(i+1), md(note))
	}
	if len(t.Notes) > 0 {
		m.add("")
	}
	for _, f := range t.Facts {
		m.addf("- %s: %s", md(f.Name), md(f.Value))
	}
	for _, f := range families(t) {
		m.addf("- %s (version %d): %s", md(f.name), f.version, md(f.doc))
	}
	m.add("")
}

// markdownAside writes a small table of its own.
func markdownAside(m *lines, a aside) {
	m.add("**" + md(a.Title) + "**")
	m.add("")
	for i, row := range append([][]string{a.Head}, a.Rows...) {
		cells := make([]string, len(row))
		for j, c := range row {
			cells[j] = md(c)
		}
		m.add("| " + strings.Join(cells, " | ") + " |")
		if i == 0 {
			m.add("| :-- |" + strings.Repeat(" --: |", len(row)-1))
		}
	}
	m.add("")
	for _, note := range a.Notes {
		m.add(md(note))
		m.add("")
	}
}

// markdownGroup writes the columns of one cutoff.
func markdownGroup(m *lines, t Table, columns []int) {
	agents := t.hasAgents()
	head, rule := []string{"#", t.subject()}, []string{"--:", ":--"}
	places := t.hasPlaces() && columns[0] == 0
	if places {
		head, rule = []string{"#", "tie", "ranks", t.subject()}, []string{"--:", ":--", ":--", ":--"}
	}
	if agents {
		head, rule = append(head, "agent"), append(rule, ":--")
	}
	for _, j := range columns {
		head, rule = append(head, md(t.Columns[j].title())), append(rule, "--:")
	}
	head, rule = append(head, "n"), append(rule, "--:")
	m.add("| " + strings.Join(head, " | ") + " |")
	m.add("| " + strings.Join(rule, " | ") + " |")
	for _, r := range t.Rows {
		cells := []string{r.rankText(), md(r.nameText())}
		if places {
			cells = []string{r.rankText(), r.Place.groupText(), r.Place.ranksText(), md(r.nameText())}
		}
		if agents {
			cells = append(cells, md(r.Agent))
		}
		if r.Failed != "" {
			for range columns {
				cells = append(cells, "failed")
			}
			m.add("| " + strings.Join(append(cells, "0"), " | ") + " |")
			continue
		}
		n := r.Cells[columns[0]].N
		for _, j := range columns {
			cells = append(cells, r.Cells[j].text(decimals(t, j), n))
		}
		m.add("| " + strings.Join(append(cells, Count(n)), " | ") + " |")
	}
}

func markdownFailures(m *lines, t Table) {
	any := false
	for _, r := range t.Rows {
		if r.Failed != "" {
			m.addf("- **%s**: %s", md(r.name()), md(r.Failed))
			any = true
		}
	}
	if any {
		m.add("")
	}
}

// md escapes text so that Markdown shows it as it is. Percent signs and commas
// mean nothing to Markdown.
func md(s string) string {
	s = oneLine(s)
	var b strings.Builder
	for i, r := range s {
		switch r {
		case '\\', '`', '*', '_', '[', ']', '|', '#', '~', '$':
			if r == '#' && i > 0 { // a heading only at the start
				break
			}
			b.WriteByte('\\')
		case '<':
			b.WriteString("&lt;")
			continue
		case '>':
			b.WriteString("&gt;")
			continue
		case '&':
			b.WriteString("&amp;")
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code makes text safe between backticks.
func code(s string) string { return strings.ReplaceAll(oneLine(s), "`", "'") }

// lines collects output, one line each.
type lines struct{ b strings.Builder }

func (l *lines) add(line string) {
	l.b.WriteString(line)
	l.b.WriteByte('\n')
}

func (l *lines) addf(format string, args ...any) { l.add(fmt.Sprintf(format, args...)) }

func (l *lines) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, l.b.String())
	return err
}
