package distribution

import (
	"math"
	"testing"
)

func value(v float64) *float64 { return &v }

// rows of two users: user 0 saw a page of two cards and left; user 1 a page of one
// card and stayed. The person watched 0/a (5) and 1/c (3); the agent 0/a (4), 0/b (3)
// and nothing of user 1, who leaves.
func cards() []row {
	return []row{
		{User: 0, Item: 0, Decile: 9, Level: 1, Watched: true, Value: value(5), Left: true, Watch: true, Given: value(4), Logged: true},
		{User: 0, Item: 1, Decile: 2, Level: 1, Kind: 1, Left: true, Watch: true, Given: value(3), Logged: true},
		{User: 1, Item: 2, Decile: 9, Level: 2, Watched: true, Value: value(3), Leave: true, Logged: true},
	}
}

func TestSheet(t *testing.T) {
	s := sheet(cards())
	got := map[string]float64{}
	for _, w := range s.Wholes {
		got[w.Metric] = w.Value
	}
	for _, c := range s.Columns {
		sum, n := 0.0, 0.0
		for _, v := range c.Values {
			if !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		got[c.Metric] = sum / n
	}
	for id, want := range map[string]float64{
		// Values of people: one 5, one 3; of the agent: one 4, one 3. Half of the mass differs.
		"dist.tv.value": 0.5,
		// It has to be moved by 1 for half of the mass.
		"dist.w1.value": 0.5,
		// Watched, skipped, gone on, left: people 2 1 1 1, agent 2 1 1 1.
		"dist.tv.action": 0,
		// Both leave on page 0.
		"dist.tv.exit": 0,
		// Inside user 0 both of two, inside user 1 none of one: (1 + 0) / 2.
		"dist.rate.watch": 0.5,
		// User 0 stays, user 1 leaves.
		"dist.rate.leave": 0.5,
		// People watch two of decile 9; the agent one of 9 and one of 2.
		"dist.tv.popularity": 0.5,
		// Mean value given, of user 0 alone.
		"dist.mean.value": 3.5,
		// Level 1: people {5}, agent {4, 3}: 1. Level 2: the agent gave nothing: left out.
		"dist.tv.conditional": 1,
	} {
		if v, ok := got[id]; !ok || math.Abs(v-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", id, v, want)
		}
	}
}

// People compared with themselves differ in nothing.
func TestPeopleAreThemselves(t *testing.T) {
	rows := cards()
	for i := range rows {
		rows[i].Watch, rows[i].Given, rows[i].Leave = rows[i].Watched, rows[i].Value, rows[i].Left
	}
	for _, w := range sheet(rows).Wholes {
		if w.Value != 0 {
			t.Errorf("%s is %v", w.Metric, w.Value)
		}
	}
}
