package score

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
)

// matrix holds every column of a task over one list of users.
type matrix struct {
	users   []int32 // ascending
	at      map[int32]int
	columns []series
}

// series is a Column over all users of the task.
type series struct {
	values []float64 // one per user; NaN: undefined
	over   []float64 // nil: every user with a value counts once; else NaN where undefined
	root   bool
	signed bool // over may be below 0
}

func newMatrix(in []Judged) *matrix {
	m := &matrix{users: universe(in), at: map[int32]int{}}
	for i, u := range m.users {
		m.at[u] = i
	}
	return m
}

// add lays a column out over all users and gives its number.
func (m *matrix) add(c Column) int {
	out := series{values: m.spread(c.Users, c.Values), root: c.Root, signed: c.Signed}
	if c.Over != nil {
		out.over = m.spread(c.Users, c.Over)
	}
	m.columns = append(m.columns, out)
	return len(m.columns) - 1
}

// spread puts values in the places of their users, NaN elsewhere.
func (m *matrix) spread(users []int32, values []float64) []float64 {
	out := make([]float64, len(m.users))
	for i := range out {
		out[i] = math.NaN()
	}
	for i, u := range users {
		out[m.at[u]] = values[i]
	}
	return out
}

// average adds the column of each user's mean over the repeats in which the
// user has a value; of a ratio, both parts. One repeat is its own average.
func (m *matrix) average(repeats []int) int {
	if len(repeats) == 1 {
		return repeats[0]
	}
	first := m.columns[repeats[0]]
	out := series{root: first.root, signed: first.signed, values: m.means(repeats, func(c series) []float64 { return c.values })}
	if first.over != nil {
		out.over = m.means(repeats, func(c series) []float64 { return c.over })
	}
	m.columns = append(m.columns, out)
	return len(m.columns) - 1
}

func (m *matrix) means(repeats []int, part func(series) []float64) []float64 {
	out := make([]float64, len(m.users))
	for u := range out {
		sum, n := 0.0, 0
		for _, r := range repeats {
			if v := part(m.columns[r])[u]; !math.IsNaN(v) {
				sum += v
				n++
			}
		}
		out[u] = sum / float64(n) // 0/0 is NaN: undefined in every repeat
	}
	return out
}

// value over the users that have one, added in the order of users, and how many
// they are. A ratio without anything below has no value.
func (c series) value() (float64, int) {
	sum, below, n := 0.0, 0.0, 0
	for u, v := range c.values {
		if math.IsNaN(v) {
			continue
		}
		sum += v
		n++
		if c.over != nil {
			below += c.over[u]
		}
	}
	if c.over == nil {
		below = float64(n)
	}
	v := c.of(sum, below)
	if math.IsNaN(v) {
		n = 0
	}
	return v, n
}

// of finishes a sum; 0/0 is NaN, and so is what stands over a difference that is not
// above 0.
func (c series) of(sum, below float64) float64 {
	if c.signed && !(below > 0) {
		return math.NaN()
	}
	if c.root {
		return math.Sqrt(sum / below)
	}
	return sum / below
}

// interval is what the draws say of a column.
type interval struct {
	lo, hi float64
	lost   int // draws in which nobody had a value
}

// finish fills in the numbers of rows that stand for columns.
func (m *matrix) finish(rows []row, intervals []interval) []record.Cell {
	out := make([]record.Cell, len(rows))
	for i, r := range rows {
		if r.column >= 0 {
			r.Value, r.N = m.columns[r.column].value()
			r.Lo, r.Hi, r.Warnings = intervals[r.column].of(r.N, r.why, r.Warnings)
		}
		out[i] = r.Cell
	}
	return out
}

// of gives the interval of a column with n values, or says why there is none;
// undefined is why there are no values.
func (v interval) of(n int, undefined string, warnings []string) (lo, hi float64, _ []string) {
	var why string
	switch {
	case n == 0:
		why = cmp.Or(undefined, "undefined for every user")
	case n == 1:
		why = OneUser
	case v.lost > draws/20:
		why = fmt.Sprintf("no interval: %d users, none of whom is in %d of %d draws", n, v.lost, draws)
	default:
		return v.lo, v.hi, warnings
	}
	return math.NaN(), math.NaN(), append(slices.Clone(warnings), why)
}

// OneUser says why a value of one user has no interval.
const OneUser = "no interval: one user"

// Middle gives the interval of what draws say of a value, the middle 95 % of those that
// say something (NaN: nothing). Where more than one in twenty say nothing there is none,
// and why says so.
func Middle(drawn []float64) (in *Interval, why string) {
	values := slices.DeleteFunc(slices.Clone(drawn), math.IsNaN)
	if lost := len(drawn) - len(values); lost > len(drawn)/20 {
		return nil, fmt.Sprintf("no interval: undefined in %d of %d draws of users", lost, len(drawn))
	}
	slices.Sort(values)
	return &Interval{Lo: Quantile(values, 0.025), Hi: Quantile(values, 0.975)}, ""
}

// Quantile interpolates between order statistics (Hyndman and Fan 1996, type 7).
// Sorted is ascending and not empty, p from 0 to 1.
func Quantile(sorted []float64, p float64) float64 {
	h := p * float64(len(sorted)-1)
	i := int(h)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}
