package report

// paper maps the columns that the papers of the field print of simulated sessions to
// metrics (SimUSER, arXiv 2504.12722, table 3).
var paper = []struct{ head, metric string }{
	{"P_view", "sim.p-view"}, {"N_like", "sim.n-like"}, {"P_like", "sim.p-like"}, {"N_exit", "sim.n-exit"}, {"S_sat", "sim.s-sat"},
}

// paperTitle stands above the table.
const paperTitle = "as the papers print it"

// aside is a small table that stands apart from the task's own.
type aside struct {
	Title string
	Head  []string
	Rows  [][]string
	Notes []string
}

// asides lists the few columns that papers print, and what papers report.
func (t Table) asides() (out []aside) {
	if head, rows := t.asInPapers(); rows != nil {
		out = append(out, aside{t.name() + ", " + paperTitle, head, rows, nil})
	}
	if head, rows := t.publishedRows(); rows != nil {
		out = append(out, aside{t.name() + ", " + publishedTitle, head, rows, t.publishedNotes()})
	}
	return out
}

// asInPapers gives the table of sessions as papers print it: a row per recommender in
// the order of the table. It is nil where the table has no such columns.
func (t Table) asInPapers() (head []string, rows [][]string) {
	if t.Agent == "" {
		return nil, nil
	}
	head = []string{t.subject()}
	var columns []int
	for _, p := range paper {
		for j, c := range t.Columns {
			if c.Metric == p.metric {
				head, columns = append(head, p.head), append(columns, j)
			}
		}
	}
	if len(columns) < 2 {
		return nil, nil
	}
	for _, r := range t.Rows {
		if r.Failed != "" {
			continue
		}
		row := []string{r.nameText()}
		for _, j := range columns {
			text := "–"
			if v := r.Cells[j].Value; v != nil {
				text = number(*v, min(3, decimals(t, j)))
			}
			row = append(row, text+marks(append(append([]int(nil), t.Columns[j].Notes...), r.Cells[j].Notes...)))
		}
		rows = append(rows, row)
	}
	return head, rows
}
