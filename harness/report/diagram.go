package report

import (
	"fmt"
	"html"
	"io"
	"math"
	"strings"
)

// Measures of a critical-difference diagram, in units of its view box.
const (
	diagramWidth = 760
	labelStep    = 20  // between the baselines of labels
	labelChars   = 26  // of a name; the whole is in its title
	charWidth    = 6.8 // of the font, about
	barStep      = 9   // between bars that join rows
	axisY        = 64
)

// SVG writes a diagram as a picture of its own, on white.
func (d Diagram) SVG(w io.Writer) error {
	_, err := io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+d.svg(true)+"\n")
	return err
}

// svg draws the diagram: the axis on top, best rank left; bars join rows that do not
// differ; every row has a label on a line of its own, so that none can meet.
func (d Diagram) svg(alone bool) string {
	k := len(d.Arms)
	left := (k + 1) / 2 // rows labelled on the left: the better ones
	margin := d.margin()
	x := func(rank float64) float64 {
		return margin + (rank-1)/float64(max(1, k-1))*(diagramWidth-2*margin)
	}
	bars := d.bars()
	first := float64(axisY + 14 + barStep*len(bars) + 14)
	height := first + float64(labelStep*max(left, k-left)) + 2
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %s" role="img" aria-label="%s" font-family="system-ui, sans-serif" font-size="12" fill="currentColor">`,
		diagramWidth, at(height), html.EscapeString("critical-difference diagram of "+oneLine(d.Title)))
	if alone {
		fmt.Fprintf(&b, `<rect width="%d" height="%s" fill="#ffffff"/><g color="#1b1f24" fill="#1b1f24">`, diagramWidth, at(height))
	} else {
		b.WriteString(`<g>`)
	}
	d.axis(&b, x)
	for i, bar := range bars {
		y := at(float64(axisY + 14 + barStep*i))
		fmt.Fprintf(&b, `<line x1="%s" x2="%s" y1="%s" y2="%s" stroke="currentColor" stroke-width="4" stroke-linecap="round"/>`,
			at(x(d.Arms[bar[0]].MeanRank)-3), at(x(d.Arms[bar[1]].MeanRank)+3), y, y)
	}
	for i, a := range d.Arms {
		row, edge, end, anchor := i, margin-10, margin-16, "end"
		if i >= left {
			row, edge, end, anchor = k-1-i, diagramWidth-margin+10, diagramWidth-margin+16, "start"
		}
		y := first + float64(labelStep*row)
		fmt.Fprintf(&b, `<path d="M%s %dV%sH%s" fill="none" stroke="currentColor" stroke-width="1" opacity="0.65"/>`, at(x(a.MeanRank)), axisY, at(y), at(edge))
		fmt.Fprintf(&b, `<text x="%s" y="%s" dy="4" text-anchor="%s"><title>%s</title>%s</text>`,
			at(end), at(y), anchor, html.EscapeString(oneLine(a.Name)+", mean rank "+number(a.MeanRank, 4)), html.EscapeString(a.label()))
	}
	b.WriteString(`</g></svg>`)
	return b.String()
}

// axis draws the scale of ranks, and above it the critical difference.
func (d Diagram) axis(b *strings.Builder, x func(float64) float64) {
	k := len(d.Arms)
	fmt.Fprintf(b, `<line x1="%s" x2="%s" y1="%d" y2="%d" stroke="currentColor"/>`, at(x(1)), at(x(float64(k))), axisY, axisY)
	step := 1
	for (k-1)/step > 12 {
		step++
	}
	for rank := 1; rank <= k; rank += step {
		fmt.Fprintf(b, `<line x1="%[1]s" x2="%[1]s" y1="%[2]d" y2="%[3]d" stroke="currentColor"/><text x="%[1]s" y="%[4]d" text-anchor="middle">%[5]d</text>`,
			at(x(float64(rank))), axisY-6, axisY, axisY-11, rank)
	}
	// A difference longer than the axis ends there, and says so by its number.
	from, to := x(1), x(math.Min(1+d.CD, float64(k)))
	fmt.Fprintf(b, `<path d="M%[1]s %[3]dV%[4]dM%[2]s %[3]dV%[4]dM%[1]s %[5]dH%[2]s" fill="none" stroke="currentColor" stroke-width="1.5"/>`,
		at(from), at(to), axisY-46, axisY-38, axisY-42)
	fmt.Fprintf(b, `<text x="%s" y="%d" dy="4">CD %s</text>`, at(to+8), axisY-42, number(d.CD, 3))
}

// margin leaves room for the longest label.
func (d Diagram) margin() float64 {
	longest := 0
	for _, a := range d.Arms {
		longest = max(longest, len([]rune(a.label())))
	}
	return 24 + float64(longest)*charWidth
}

// label is the name, cut where it is long, with the mean rank.
func (a DiagramArm) label() string {
	name := []rune(oneLine(a.Name))
	if len(name) > labelChars {
		name = append(name[:labelChars-1], '…')
	}
	return string(name) + " " + number(a.MeanRank, 2)
}

// bars gives the first and last of each longest run of arms whose mean ranks differ by
// less than the critical difference.
func (d Diagram) bars() [][2]int {
	var out [][2]int
	last := -1
	for i := range d.Arms {
		j := i
		for j+1 < len(d.Arms) && d.Arms[j+1].MeanRank-d.Arms[i].MeanRank < d.CD {
			j++
		}
		if j > i && j > last {
			out = append(out, [2]int{i, j})
			last = j
		}
	}
	return out
}
