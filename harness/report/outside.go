package report

import "github.com/alignuser/alignuser/harness/record"

// FromCells makes a board of cells that no run folder holds: one task, ordered by its
// primary metric.
func FromCells(title string, data Data, cells []record.Cell, task, primary string) *Board {
	s := source{board: Board{Title: title, Suite: task, Data: data}, describe: describe, tasks: []taskFacts{{Name: task, Primary: primary}}}
	for _, c := range cells {
		s.values = append(s.values, value{
			Task: c.Task, Recommender: c.Recommender, Agent: c.Agent, Metric: c.Metric,
			Repeats: c.Repeat, Version: c.Version, N: c.N, Value: c.Value, Lo: c.Lo, Hi: c.Hi, Warnings: c.Warnings,
		})
	}
	return build(s)
}
