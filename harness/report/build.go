package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/alignuser/alignuser/harness/record"
)

// source is a run as its files tell it, before any of it is arranged.
type source struct {
	board     Board // all but the tables
	tasks     []taskFacts
	arms      []arm
	agents    []string // names
	values    []value  // summary.csv
	failures  []failure
	standings []record.Standing // ranks.csv
	describe  func(metric string) (Column, bool)
}

// taskFacts is what the manifest says of a task.
type taskFacts struct {
	Name, Primary, Invalid string
	Judges, Unit           string
	Facts                  []Fact
	Agents                 map[string]agentFacts // of the tables of single agents
}

// agentFacts is what the manifest says of one agent's table.
type agentFacts struct {
	Facts   []Fact
	Invalid string
}

// arm is what the manifest says of a recommender.
type arm struct {
	Name, Component, Version, Digest string
	Control                          bool
	Tasks                            []string // nil: all
}

// in reports whether a task has cells of the arm.
func (a arm) in(task string) bool { return a.Tasks == nil || slices.Contains(a.Tasks, task) }

// value is a line of summary.csv; Lo and Hi are NaN where there is no interval.
type value struct {
	Task, Recommender, Agent, Metric string
	Repeats, Version, N              int
	Value, Lo, Hi                    float64
	Warnings                         []string
}

// failure is a line of failures.csv.
type failure struct {
	Task, Recommender, Agent string
	Repeat                   int
	Reason                   string
}

// build arranges a source into a board. Tasks keep the manifest's order; tasks
// it does not name follow as they come.
func build(s source) *Board {
	b := s.board
	b.Schema = Schema
	names := make([]string, 0, len(s.tasks))
	for _, t := range s.tasks {
		names = append(names, t.Name)
	}
	for _, v := range s.values {
		if !slices.Contains(names, v.Task) {
			names = append(names, v.Task)
		}
	}
	for _, f := range s.failures {
		if !slices.Contains(names, f.Task) {
			names = append(names, f.Task)
		}
	}
	for _, name := range names {
		for _, agent := range s.agentsOf(name) {
			b.Tables = append(b.Tables, buildTable(s, name, agent))
		}
	}
	return &b
}

// agentsOf lists the agents whose sessions a task has, in the manifest's order: each
// is a table. A task without such sessions is one table, of no agent.
func (s source) agentsOf(task string) []string {
	var out []string
	add := func(recommender, agent string) {
		if agent = agentName(agent); recommender != "" && agent != "" && !slices.Contains(out, agent) {
			out = append(out, agent)
		}
	}
	for _, v := range s.values {
		if v.Task == task {
			add(v.Recommender, v.Agent)
		}
	}
	for _, f := range s.failures {
		if f.Task == task {
			add(f.Recommender, f.Agent)
		}
	}
	if out == nil {
		return []string{""}
	}
	slices.SortStableFunc(out, func(a, b string) int { return cmp.Compare(slices.Index(s.agents, a), slices.Index(s.agents, b)) })
	return out
}

// of reports whether a line of the files belongs into the table.
func (t *tableBuilder) of(task, agent string) bool {
	return task == t.Task && (t.Agent == "" || agentName(agent) == t.Agent)
}

func buildTable(s source, task, agent string) Table {
	t := tableBuilder{Table: Table{Task: task, Agent: agent, Notes: []string{}}, source: s}
	primary := ""
	for _, f := range s.tasks {
		if f.Name == task {
			t.Facts, t.Invalid, primary = f.Facts, f.Invalid, f.Primary
			t.Judges, t.Unit = f.Judges, f.Unit
			if own, ok := f.Agents[agent]; ok {
				t.Facts, t.Invalid = slices.Concat(t.Facts, own.Facts), cmp.Or(own.Invalid, t.Invalid)
			}
			if t.Judges == record.JudgesAgents {
				t.agents = f.Agents
			}
		}
	}
	values := slices.DeleteFunc(slices.Clone(s.values), func(v value) bool { return !t.of(v.Task, v.Agent) })
	t.addColumns(values, primary)
	t.addRows(values)
	t.addFailures()
	t.addAbsent()
	t.addControls()
	t.publish()
	t.dropEmpty()
	t.sortAndRank()
	t.place()
	t.liftNotes()
	t.numberNotes()
	t.Reading = reading(t.Table)
	return t.Table
}

// tableBuilder holds a table while its footnotes are still texts.
type tableBuilder struct {
	Table
	source source
	texts  [][][]string          // per row and cell: warnings
	rows   [][]string            // per row: warnings of the row
	column [][]string            // per column
	agents map[string]agentFacts // of the rows, where they are agents
}

// addColumns makes a column per metric, the primary one first, the others in
// the order of the file.
func (t *tableBuilder) addColumns(values []value, primary string) {
	for _, v := range values {
		if t.columnOf(v) >= 0 {
			continue
		}
		col := Column{Metric: v.Metric, Version: v.Version}
		if known, ok := t.source.describe(v.Metric); ok {
			col.Unit, col.Direction = known.Unit, known.Direction
			if known.Version == col.Version { // else the words are of another definition
				col.Doc = known.Doc
			}
		}
		if col.Metric == primary {
			t.Columns = slices.Insert(t.Columns, 0, col)
			continue
		}
		t.Columns = append(t.Columns, col)
	}
	t.column = make([][]string, len(t.Columns))
}

// columnOf finds the column of a metric. Two versions of a metric are two
// columns: their numbers must not stand in one.
func (t *tableBuilder) columnOf(v value) int {
	return slices.IndexFunc(t.Columns, func(c Column) bool { return c.Metric == v.Metric && c.Version == v.Version })
}

// rowOf finds or makes the row of an arm.
func (t *tableBuilder) rowOf(recommender, agent string) int {
	agent = agentName(agent)
	for i, r := range t.Rows {
		if r.Recommender == recommender && r.Agent == agent {
			return i
		}
	}
	r := Row{Recommender: recommender, Agent: agent}
	for _, a := range t.source.arms {
		if a.Name == r.name() && (t.Judges != record.JudgesAgents || a.Control) {
			r.Control, r.Component, r.Version, r.Digest = a.Control, a.Component, a.Version, a.Digest
		}
	}
	t.Rows = append(t.Rows, r)
	t.rows = append(t.rows, nil)
	t.texts = append(t.texts, make([][]string, len(t.Columns)))
	return len(t.Rows) - 1
}

func (t *tableBuilder) addRows(values []value) {
	for _, v := range values {
		i, j := t.rowOf(v.Recommender, v.Agent), t.columnOf(v)
		r := &t.Rows[i]
		if r.Cells == nil {
			r.Cells = make([]Cell, len(t.Columns))
		}
		r.Repeats = max(r.Repeats, v.Repeats)
		c := Cell{N: v.N, Value: finite(v.Value), Lo: finite(v.Lo), Hi: finite(v.Hi)}
		if c.Lo == nil || c.Hi == nil {
			c.Lo, c.Hi = nil, nil
		}
		r.Cells[j] = c
		t.texts[i][j] = v.Warnings
	}
}

// addFailures gives arms without any number a row with the reason, and the
// others a note.
func (t *tableBuilder) addFailures() {
	type key struct{ recommender, agent string }
	reasons := map[key][]failure{}
	var keys []key
	for _, f := range t.source.failures {
		if !t.of(f.Task, f.Agent) {
			continue
		}
		k := key{f.Recommender, f.Agent}
		if len(reasons[k]) == 0 {
			keys = append(keys, k)
		}
		reasons[k] = append(reasons[k], f)
	}
	for _, k := range keys {
		i := t.rowOf(k.recommender, k.agent)
		first := reasons[k][0]
		if t.Rows[i].Cells == nil {
			t.Rows[i].Failed = oneLine(first.Reason)
			continue
		}
		t.rows[i] = append(t.rows[i], fmt.Sprintf("%s: %d repeat(s) failed and are left out, the first: %s",
			t.Rows[i].name(), len(reasons[k]), oneLine(first.Reason)))
	}
}

// addAbsent gives arms of the manifest of which the files say nothing a row, so
// that no arm can vanish from a table.
func (t *tableBuilder) addAbsent() {
	for _, a := range t.source.arms {
		if t.Judges == record.JudgesAgents {
			break // their names may be those of recommenders
		}
		if a.in(t.Task) && !slices.ContainsFunc(t.Rows, func(r Row) bool { return r.name() == a.Name }) {
			recommender, agent := a.Name, t.Agent
			if t.Judges == record.JudgesBackends {
				recommender, agent = "", a.Name
			}
			t.Rows[t.rowOf(recommender, agent)].Failed = "not measured: the run is not complete; the same command goes on with it"
		}
	}
}

// addControls tells what controls found of each agent that has a row of its own.
func (t *tableBuilder) addControls() {
	for _, name := range t.source.agents {
		t.Facts = slices.Concat(t.Facts, t.agents[name].Facts)
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.Control {
			continue // which may have the name of an agent
		}
		if r.Invalid = t.agents[r.Agent].Invalid; r.Invalid != "" {
			t.rows[i] = append(t.rows[i], "INVALID: "+r.Invalid)
		}
	}
}

// dropEmpty takes out columns of sessions that no row of an agent has a value in,
// such as an interview with one who is asked nothing, and says so.
func (t *tableBuilder) dropEmpty() {
	if t.Agent == "" || !slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Cells != nil }) {
		return
	}
	var gone []string
	for j := len(t.Columns) - 1; j > 0; j-- {
		if slices.ContainsFunc(t.Rows, func(r Row) bool { return r.Cells != nil && r.Cells[j].Value != nil }) {
			continue
		}
		gone = append(gone, t.Columns[j].Metric)
		t.Columns, t.column = slices.Delete(t.Columns, j, j+1), slices.Delete(t.column, j, j+1)
		for i := range t.Rows {
			if t.Rows[i].Cells != nil {
				t.Rows[i].Cells = slices.Delete(t.Rows[i].Cells, j, j+1)
			}
			t.texts[i] = slices.Delete(t.texts[i], j, j+1)
		}
	}
	if len(gone) > 0 {
		slices.Reverse(gone)
		t.Facts = append(slices.Clone(t.Facts), Fact{Name: "no value with this agent", Value: strings.Join(gone, ", ")})
	}
}

// sortAndRank orders rows best first by the primary column, the first one.
// Equal values share a rank and stand in the order of their names; controls
// stand where their value puts them and take no rank; failed rows come last.
func (t *tableBuilder) sortAndRank() {
	order := make([]int, len(t.Rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return t.compare(t.Rows[i], t.Rows[j]) })
	rows, texts, notes := t.Rows, t.texts, t.rows
	t.Rows = make([]Row, len(order))
	t.texts, t.rows = make([][][]string, len(order)), make([][]string, len(order))
	for to, from := range order {
		t.Rows[to], t.texts[to], t.rows[to] = rows[from], texts[from], notes[from]
	}
	above := map[string]*Row{} // last ranked row per league
	count := map[string]int{}
	for i := range t.Rows {
		r := &t.Rows[i]
		if r.Control || r.primary() == nil {
			continue
		}
		count[r.league()]++
		r.Rank = count[r.league()]
		if up := above[r.league()]; up != nil {
			if *up.primary() == *r.primary() {
				r.Rank = up.Rank
			}
			r.Unresolved = overlap(up.Cells[0], r.Cells[0])
		}
		above[r.league()] = r
	}
}

// compare orders two rows: with a primary value first, better first, then by name.
func (t *tableBuilder) compare(a, b Row) int {
	x, y := a.primary(), b.primary()
	switch {
	case x == nil && y != nil:
		return 1
	case x != nil && y == nil:
		return -1
	case x != nil && *x != *y:
		if t.Columns[0].Direction == "lower" {
			return cmp.Compare(*x, *y)
		}
		return cmp.Compare(*y, *x)
	}
	return cmp.Or(strings.Compare(a.Recommender, b.Recommender), strings.Compare(a.Agent, b.Agent))
}

// primary is the value that orders the row; nil when there is none.
func (r Row) primary() *float64 {
	if len(r.Cells) == 0 {
		return nil
	}
	return r.Cells[0].Value
}

// overlap reports whether two intervals have a point in common. Without an
// interval nothing is known, and nothing is claimed.
func overlap(a, b Cell) bool {
	return a.Lo != nil && b.Lo != nil && *a.Lo <= *b.Hi && *b.Lo <= *a.Hi
}

// finite is nil for NaN and infinities, which mean "none" in the files.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// oneLine folds a text so that it can stand in a table. Control characters
// and marks of direction, with which a plugin's message could move the cursor or
// turn the text around it, become blanks.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
