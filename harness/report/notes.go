package report

import "slices"

// liftNotes moves a warning that all cells of a column carry to its head.
func (t *tableBuilder) liftNotes() {
	for j := range t.Columns {
		var common []string
		first := true
		for i, r := range t.Rows {
			if len(r.Cells) == 0 || r.Cells[j].Value == nil {
				continue
			}
			if first {
				common, first = slices.Clone(t.texts[i][j]), false
				continue
			}
			common = slices.DeleteFunc(common, func(w string) bool { return !slices.Contains(t.texts[i][j], w) })
		}
		t.column[j] = common
		for i := range t.Rows {
			t.texts[i][j] = slices.DeleteFunc(slices.Clone(t.texts[i][j]), func(w string) bool { return slices.Contains(common, w) })
		}
	}
}

// numberNotes turns texts into numbered notes, in reading order: heads, then
// rows from left to right.
func (t *tableBuilder) numberNotes() {
	for j, texts := range t.column {
		t.Columns[j].Notes = t.number(texts)
	}
	for i := range t.Rows {
		t.Rows[i].Notes = t.number(t.rows[i])
		for j := range t.Rows[i].Cells {
			t.Rows[i].Cells[j].Notes = t.number(t.texts[i][j])
		}
	}
}

func (t *tableBuilder) number(texts []string) []int {
	var marks []int
	for _, text := range texts {
		text = oneLine(text)
		at := slices.Index(t.Notes, text)
		if at < 0 {
			t.Notes = append(t.Notes, text)
			at = len(t.Notes) - 1
		}
		marks = append(marks, at+1)
	}
	return marks
}
