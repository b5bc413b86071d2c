package report

import (
	"fmt"
	"io"
	"strings"
)

// latexColumns is how many metrics a printed table holds beside each other:
// with intervals, more do not fit the text of an article.
const latexColumns = 4

// LaTeX writes the board as booktabs tables to \input into a paper, a table per
// cutoff, footnotes below. It needs booktabs and nothing else, and compiles with
// any engine: characters that the standard encodings lack are named instead.
func LaTeX(w io.Writer, b *Board) error {
	l := &lines{}
	l.add("% Tables to \\input; they need \\usepackage{booktabs}. To look at them:")
	l.add("% pdflatex '\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{leaderboard}\\end{document}'")
	l.addf("%% made by: %s", oneLine(b.Command))
	l.addf("%% run %s, protocol signature %s", oneLine(b.Run), oneLine(b.Signature))
	for _, line := range b.dataFooter() {
		l.add("% " + oneLine(line))
	}
	for _, t := range b.Tables {
		latexTask(l, b, t)
	}
	return l.writeTo(w)
}

// latexTask writes the tables of a task: the first one has the notes that hold
// for all of them.
func latexTask(l *lines, b *Board, t Table) {
	all := groups(t.Columns)
	if len(all) == 0 {
		all = [][]int{nil} // only failed rows
	}
	first := true
	for _, columns := range all {
		for len(columns) > latexColumns {
			latexTable(l, b, t, columns[:latexColumns], first)
			columns, first = columns[latexColumns:], false
		}
		latexTable(l, b, t, columns, first)
		first = false
	}
}

func latexTable(l *lines, b *Board, t Table, columns []int, first bool) {
	agents := t.hasAgents()
	head, align := []string{"", t.subject()}, "rl"
	if agents {
		head, align = append(head, "agent"), align+"l"
	}
	for _, j := range columns {
		head, align = append(head, latexTitle(t.Columns[j])), align+"r"
	}
	l.add("")
	l.add(`\begin{table}[htbp]`)
	l.add(`\centering\footnotesize\setlength{\tabcolsep}{4pt}`)
	for _, stamp := range t.stamps() {
		l.addf(`\parbox{\linewidth}{\textbf{%s}}`, tex(stamp))
	}
	l.addf(`\caption{%s}`, latexCaption(b, t, columns))
	l.addf(`\begin{tabular}{@{}%s@{}}`, align+"r")
	l.add(`\toprule`)
	l.add(strings.Join(append(head, `$n$`), " & ") + ` \\`)
	l.add(`\midrule`)
	used := map[int]bool{}
	for _, j := range columns {
		use(used, t.Columns[j].Notes)
	}
	for _, r := range t.Rows {
		l.add(latexRow(t, r, columns, agents, used) + ` \\`)
	}
	l.add(`\bottomrule`)
	l.add(`\end{tabular}`)
	latexFoot(l, b, t, used, first)
	l.add(`\end{table}`)
}

func use(used map[int]bool, notes []int) {
	for _, n := range notes {
		used[n] = true
	}
}

// latexRow is the cells of a row without its end. It begins with text in braces,
// so that no bracket or star is taken for an argument of the \\ before it.
func latexRow(t Table, r Row, columns []int, agents bool, used map[int]bool) string {
	rank := "--"
	if r.Rank > 0 {
		rank = fmt.Sprint(r.Rank)
		if r.Unresolved {
			rank = `$\sim$` + rank
		}
		if r.Place != nil {
			rank += fmt.Sprintf(` {\scriptsize %s %s}`, r.Place.Group, strings.ReplaceAll(r.Place.ranksText(), "–", "--"))
		}
	}
	name := tex(r.name())
	if r.Control {
		name = `\textit{` + name + "}"
	}
	use(used, r.Notes)
	cells := []string{"{}" + rank, name + latexMarks(r.Notes)}
	if agents {
		cells = append(cells, tex(r.Agent))
	}
	if r.Failed != "" || len(columns) == 0 {
		return strings.Join(append(cells, fmt.Sprintf(`\multicolumn{%d}{l@{}}{\textit{failed}}`, len(columns)+1)), " & ")
	}
	n := r.Cells[columns[0]].N
	for _, j := range columns {
		use(used, r.Cells[j].Notes)
		cells = append(cells, latexCell(r.Cells[j], decimals(t, j), n))
	}
	return strings.Join(append(cells, tex(Count(n))), " & ")
}

// latexCell is the value, and in small figures the longer arm of its interval.
func latexCell(c Cell, decimals, n int) string {
	if c.Value == nil {
		return "--" + latexMarks(c.Notes)
	}
	s := texNumber(number(*c.Value, decimals))
	if arm, ok := c.arm(); ok {
		s += fmt.Sprintf(` {\scriptsize$\pm$%s}`, number(arm, decimals))
	}
	if c.N != n {
		s += fmt.Sprintf(` {\scriptsize($n$ %s)}`, Count(c.N))
	}
	return s + latexMarks(c.Notes)
}

// texNumber gives a negative number its minus sign.
func texNumber(s string) string {
	if rest, negative := strings.CutPrefix(s, "-"); negative {
		return "$-$" + rest
	}
	return s
}

func latexTitle(c Column) string {
	s := tex(c.Metric)
	switch c.Direction {
	case "higher":
		s += ` $\uparrow$`
	case "lower":
		s += ` $\downarrow$`
	}
	return s + latexMarks(c.Notes)
}

func latexMarks(notes []int) string {
	if len(notes) == 0 {
		return ""
	}
	parts := make([]string, len(notes))
	for i, n := range notes {
		parts[i] = fmt.Sprint(n)
	}
	return `\textsuperscript{` + strings.Join(parts, ",") + "}"
}

func latexCaption(b *Board, t Table, columns []int) string {
	s := b.heading() + ": " + t.name()
	if len(columns) > 0 {
		if k := cutoff(t.Columns[columns[0]].Metric); k != "" {
			s += " at " + k
		}
	}
	s += ". " + b.dataLine() + "."
	if b.Data.Planted {
		s += " " + plantedSentence
	}
	// LaTeX sets a caption in one line first, and cannot set one of many metres.
	if r := []rune(s); len(r) > 600 {
		s = string(r[:600]) + "…"
	}
	return tex(s)
}

// latexFoot writes the notes whose marks the table holds, and below the first
// table of a task what is true of all.
func latexFoot(l *lines, b *Board, t Table, used map[int]bool, first bool) {
	var foot []string
	for i, note := range t.Notes {
		if used[i+1] {
			foot = append(foot, latexMarks([]int{i + 1})+"\\,"+tex(note))
		}
	}
	if first {
		for _, r := range t.Rows {
			if r.Failed != "" {
				foot = append(foot, `\textbf{`+tex(r.name())+"}: "+tex(r.Failed))
			}
		}
		foot = append(foot, tex(t.Reading)+` The number after $\pm$ is the longer arm of the interval.`)
		for _, f := range t.Facts {
			foot = append(foot, tex(f.Name+": "+f.Value+"."))
		}
		for _, note := range b.Notes {
			foot = append(foot, tex(note))
		}
	}
	if len(foot) == 0 {
		return
	}
	l.add(`\par\smallskip`)
	l.add(`\begin{minipage}{0.95\linewidth}\footnotesize\raggedright`)
	for _, line := range foot {
		l.add(line + `\par`)
	}
	l.add(`\end{minipage}`)
}
