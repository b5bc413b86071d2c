package report

import (
	"math"
	"slices"
	"strconv"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// cost is what a row took on the machine of the run, over the repeats that were
// timed. NaN: not measured, as for the controls, which no plugin makes.
type cost struct {
	Repeats        int
	Fit, Recommend float64 // seconds, mean
	UsersPerSecond float64 // mean
	CPU            float64 // seconds, mean
	Memory         float64 // MB, the largest
}

// costs gives the cost of each row of a table, in its order.
func (b *Board) costs(t Table) []cost {
	out := make([]cost, len(t.Rows))
	for i, r := range t.Rows {
		var fit, recommend, users, cpu, memory []float64
		for _, m := range b.Timings {
			if m.Task != t.Task || m.Recommender != r.Recommender || agentName(m.Agent) != r.Agent {
				continue
			}
			out[i].Repeats++
			fit = append(fit, m.FitMS/1000)
			recommend = append(recommend, m.RecommendMS/1000)
			users = append(users, m.UsersPerSecond)
			cpu = append(cpu, m.CPUMS/1000)
			memory = append(memory, m.RSSMB)
		}
		out[i].Fit, out[i].Recommend = mean(fit), mean(recommend)
		out[i].UsersPerSecond, out[i].CPU = mean(users), mean(cpu)
		out[i].Memory = math.NaN()
		if len(memory) > 0 {
			out[i].Memory = orNaN(slices.Max(memory))
		}
	}
	return out
}

// mean is NaN where nothing was measured: zero is what the files hold for it.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return orNaN(sum / float64(len(values)))
}

func orNaN(v float64) float64 {
	if v > 0 && !math.IsInf(v, 0) {
		return v
	}
	return math.NaN()
}

// agentName is the name in tables: the files write - for none.
func agentName(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// amount prints a measured cost with three significant digits: clocks are good
// for no more. Large ones are grouped.
func amount(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v >= 100:
		return Count(int(math.Round(v)))
	}
	// The exponent after rounding: 9.996 is 10.0, not 10.00.
	digits := 2 - int(math.Floor(math.Log10(mustParse(strconv.FormatFloat(v, 'e', 2, 64)))))
	return number(v, min(max(digits, 0), 6))
}

func mustParse(s string) float64 {
	v, _ := strconv.ParseFloat(s, 64) // s was printed by strconv
	return v
}

// costSentence stands above costs, wherever they are shown.
const costSentence = "Measured on one machine during this run, and different in the next: no leaderboard file holds these numbers. Means over the repeats; memory is the largest resident size of a plugin's process."

// costTables shows quality beside cost, a table per task.
func (s *screen) costTables(b *Board) {
	for _, t := range b.Tables {
		costs := b.costs(t)
		if len(t.Columns) == 0 || !slices.ContainsFunc(costs, func(c cost) bool { return c.Repeats > 0 }) {
			continue
		}
		tw := newTable()
		tw.AppendHeader(table.Row{"#", t.subject(), t.Columns[0].title(), "fit s", t.unit() + "/s", "memory MB"})
		configs := []table.ColumnConfig{{Number: 1, Align: text.AlignRight, AlignHeader: text.AlignRight}}
		for n := 3; n <= 6; n++ {
			configs = append(configs, table.ColumnConfig{Number: n, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
		tw.SetColumnConfigs(configs)
		for i, r := range t.Rows {
			if r.Failed != "" {
				continue
			}
			c := costs[i]
			name := r.nameText()
			if r.agent() != "" {
				name += " · " + r.Agent
			}
			tw.AppendRow(table.Row{
				r.rankText(), name, r.Cells[0].short(decimals(t, 0), r.Cells[0].N),
				amount(c.Fit), amount(c.UsersPerSecond), amount(c.Memory),
			})
		}
		s.add("")
		s.add(s.paint(bold, t.name()+": quality against cost"))
		s.lay(tw.Render())
	}
}
