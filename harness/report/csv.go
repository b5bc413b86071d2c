package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// CSV writes one line per number, in the order of the tables: what a spreadsheet
// or a data frame wants. Numbers are exact; a failed row is one line with an
// empty metric and the reason in note; a table whose control failed says so in
// every note.
func CSV(w io.Writer, b *Board) error {
	out := csv.NewWriter(w)
	// A csv.Writer keeps its first error; Error reports it below.
	_ = out.Write([]string{
		"task", "rank", "unresolved", "tie", "rank_lo", "rank_hi", "recommender", "agent", "control", "component", "repeats",
		"metric", "version", "direction", "value", "lo", "hi", "n", "data", "planted", "note",
	})
	data, planted := b.Data.label(), strconv.FormatBool(b.Data.Planted)
	for _, t := range b.Tables {
		for _, r := range t.Rows {
			rank := ""
			if r.Rank > 0 {
				rank = strconv.Itoa(r.Rank)
			}
			lo, hi := "", ""
			if r.Place != nil {
				lo, hi = strconv.Itoa(r.Place.RankLo), strconv.Itoa(r.Place.RankHi)
			}
			head := []string{
				t.Task, rank, strconv.FormatBool(r.Unresolved), r.Place.groupText(), lo, hi, r.Recommender, r.Agent,
				strconv.FormatBool(r.Control), r.Component, strconv.Itoa(r.Repeats),
			}
			if r.Failed != "" {
				_ = out.Write(append(head, "", "", "", "", "", "", "0", data, planted, "failed: "+r.Failed))
			}
			for j, c := range r.Cells {
				if c.Value == nil && len(c.Notes) == 0 {
					continue // not a metric of this row
				}
				col := t.Columns[j]
				_ = out.Write(append(head[:len(head):len(head)],
					col.Metric, strconv.Itoa(col.Version), col.Direction, exact(c.Value), exact(c.Lo), exact(c.Hi),
					strconv.Itoa(c.N), data, planted, t.noteText(col.Notes, r.Notes, c.Notes)))
			}
		}
	}
	out.Flush()
	return out.Error()
}

// noteText spells footnotes out, for formats without a foot.
func (t Table) noteText(marks ...[]int) string {
	var texts []string
	if t.Invalid != "" {
		texts = append(texts, "INVALID: "+t.Invalid)
	}
	for _, notes := range marks {
		for _, n := range notes {
			texts = append(texts, t.Notes[n-1])
		}
	}
	return strings.Join(texts, "; ")
}

// JSON writes the model itself, in exact numbers.
func JSON(w io.Writer, b *Board) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(b)
}
