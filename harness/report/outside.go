package report

import "github.com/alignuser/alignuser/harness/record"

// Outside says what cells are about that no run folder holds: one task, ordered by its
// primary metric.
type Outside struct {
	Title         string
	Data          Data
	Facts         []Fact
	Task, Primary string
	Judges, Unit  string // as in a manifest
}

// FromCells makes a board of cells from elsewhere.
func FromCells(o Outside, cells []record.Cell) *Board {
	s := source{
		board: Board{Title: o.Title, Suite: o.Task, Data: o.Data, Facts: o.Facts}, describe: describe,
		tasks: []taskFacts{{Name: o.Task, Primary: o.Primary, Judges: o.Judges, Unit: o.Unit}},
	}
	for _, c := range cells {
		s.values = append(s.values, value{
			Task: c.Task, Recommender: c.Recommender, Agent: c.Agent, Metric: c.Metric,
			Repeats: c.Repeat, Version: c.Version, N: c.N, Value: c.Value, Lo: c.Lo, Hi: c.Hi, Warnings: c.Warnings,
		})
	}
	return build(s)
}
