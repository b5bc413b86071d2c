package heldout

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/trace"
)

// What an agent is told of a page says nothing of what it is asked.
func TestTold(t *testing.T) {
	four, p := 4.0, 0.3
	d := trace.Decision{Cards: []trace.Choice{{Watch: true, Value: &four, Expected: &p, P: &p, Reason: "why"}, {}}, Action: trace.Exit, Leave: &p}
	w := Watched(d)
	if len(w.Cards) != 2 || w.Cards[0] != (trace.Choice{Watch: true}) || w.Cards[1].Watch || w.Action != "" || w.Leave != nil {
		t.Errorf("%+v", w)
	}
	g := Given(d)
	if g.Cards[0] != (trace.Choice{Watch: true, Value: &four}) || g.Action != "" || g.Leave != nil {
		t.Errorf("%+v", g)
	}
}

func TestMode(t *testing.T) {
	if v := mode(map[float64]int{1: 3, 4: 5, 5: 5}); v != 4 {
		t.Errorf("%v", v)
	}
	if v := mode(nil); !math.IsNaN(v) {
		t.Errorf("%v", v)
	}
}

// Three of four, and one more of either kind: 4/6. Numbers of pages that training does not
// have take the share of all.
func TestUsual(t *testing.T) {
	var c tally
	for _, holds := range []bool{true, true, false, true} {
		c.add(holds)
	}
	u := Usual{leave: []float64{c.share()}, after: 0.25}
	if math.Abs(u.Leave(0)-4.0/6) > 1e-15 || u.Leave(1) != 0.25 {
		t.Errorf("%v, %v", u.Leave(0), u.Leave(1))
	}
}
