package score

import (
	"cmp"
	"math"
	"runtime"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
)

// Difference of a metric between two arms in the same users.
type Difference struct {
	Value, Lo, Hi float64 // Lo and Hi: 95 %, NaN without an interval
	Users         int     // who have a value in both
}

// Paired gives the value of arm a less that of arm b over the users who have one in
// both, repeats averaged inside the user first. Each draw of the interval takes the same
// users for both, so that what they have in common falls out of it. Without an arm, the
// metric or such a user the difference is NaN, of 0 users.
func Paired(judged []Judged, metric string, a, b record.Arm, seed uint64) Difference {
	none := Difference{Value: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
	m := newMatrix(judged)
	var sides []series
	for _, arm := range []record.Arm{a, b} {
		var repeats []int
		for _, j := range judged {
			at := slices.IndexFunc(j.Sheet.Columns, func(c Column) bool { return c.Metric == metric })
			if at >= 0 && j.Key.Arm() == arm {
				repeats = append(repeats, m.add(j.Sheet.Columns[at]))
			}
		}
		if len(repeats) == 0 {
			return none
		}
		sides = append(sides, m.columns[m.average(repeats)])
	}
	var users []int32
	both := [2]series{sides[0].empty(), sides[1].empty()}
	for at, u := range m.users {
		if math.IsNaN(sides[0].values[at]) || math.IsNaN(sides[1].values[at]) {
			continue
		}
		users = append(users, u)
		for i, s := range sides {
			both[i].take(s, at)
		}
	}
	if len(users) == 0 {
		return none
	}
	x, _ := both[0].value()
	y, _ := both[1].value()
	d := Difference{Value: x - y, Lo: math.NaN(), Hi: math.NaN(), Users: len(users)}
	drawn := newBlock(both[:]).draw(drawSeed(seed, users), runtime.GOMAXPROCS(0))
	means := make([]float64, 0, draws)
	for i, x := range drawn[0] {
		if v := x - drawn[1][i]; !math.IsNaN(v) {
			means = append(means, v)
		}
	}
	if d.Users > 1 && draws-len(means) <= draws/20 {
		slices.SortFunc(means, cmp.Compare[float64])
		d.Lo, d.Hi = Quantile(means, 0.025), Quantile(means, 0.975)
	}
	return d
}

// empty is a column of the same kind without users.
func (c series) empty() series { return series{root: c.root, signed: c.signed} }

// take appends the user in a place of another column.
func (c *series) take(from series, at int) {
	c.values = append(c.values, from.values[at])
	if from.over != nil {
		c.over = append(c.over, from.over[at])
	}
}
