package world

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
)

func number(v float64) *float64 { return &v }

// shown is a page of three cards before user 0, the second of three that there may be.
// The person watched the first two, gave 4 and 2, and left.
func shown() browse.HeldOut {
	return browse.HeldOut{
		View: agent.View{Profile: agent.Profile{Mean: 3.5}, State: page.State{
			View: trace.List, Page: 1, Limit: 3, Cards: []page.Card{{Item: 5}, {Item: 6}, {Item: 7}}, Scale: page.Scale{Min: 1, Max: 5, Step: 1},
		}},
		Decision: trace.Decision{Cards: []trace.Choice{{Watch: true, Value: number(4)}, {Watch: true, Value: number(2)}, {}}, Action: trace.Exit},
	}
}

// metrics of the pages as their table gives them.
func metrics(rows []row) map[string]float64 {
	got := map[string]float64{}
	for _, c := range sheet(rows).Columns {
		sum, n := 0.0, 0.0
		for _, v := range c.Values {
			if v == v {
				sum, n = sum+v, n+1
			}
		}
		got[c.Metric] = sum / n
	}
	return got
}

func hold(t *testing.T, got, want map[string]float64) {
	t.Helper()
	for id, v := range want {
		if g, ok := got[id]; !ok || math.Abs(g-v) > 1e-12 {
			t.Errorf("%s is %v, want %v", id, g, v)
		}
	}
}

func TestSheet(t *testing.T) {
	h := shown()
	// What is expected, 3.5, is nearest to 4, upwards; the answer 3 is beside it. The second
	// value is given as 2. The probability of leaving says that the person left, the word that
	// it stays: the next page is judged by the word, and is page 3 of the list.
	d := trace.Decision{
		Cards:  []trace.Choice{{Watch: true, Value: number(3), Expected: number(3.5)}, {Watch: true, Value: number(2)}, {}},
		Action: trace.Next, Leave: number(0.6), Next: &trace.NextState{View: trace.List, Page: 2},
	}
	all := rows(&h, &d)
	// A second page, of one card and at the limit, on which nobody watched anything and the person stayed. The
	// answer has it leave and go on: wrong by the person, and by the rules.
	last := shown()
	last.View.State.Page, last.View.State.Cards = 2, last.View.State.Cards[:1]
	last.Decision = trace.Decision{Cards: make([]trace.Choice, 1), Action: trace.Next}
	wrong := trace.Decision{Cards: make([]trace.Choice, 1), Action: trace.Exit, Next: &trace.NextState{View: trace.List, Page: 3}}
	all = append(all, rows(&last, &wrong)...)
	// Another user, whose answer cannot be used: it would have been right of leaving.
	other := shown()
	other.View.User = 1
	invalid := trace.Abstain(3, "no form")
	all = append(all, rows(&other, &invalid)...)
	hold(t, metrics(all), map[string]float64{
		// User 0: two values and the first leaving of four fields; user 1 none of three.
		"world.response":       (3.0/4 + 0) / 2,
		"world.response.value": (2.0/2 + 0) / 2,
		"world.response.leave": (1.0/2 + 0) / 2,
		"world.mechanical":     (1.0/2 + 0) / 2,
		"world.invalid":        (0 + 1.0) / 2,
	})
}

// The rules: a visit that goes on is on the next page, at the limit it is over.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		page   int
		action trace.Action
		next   *trace.NextState
		want   float64
	}{
		{0, trace.Next, &trace.NextState{View: trace.List, Page: 1}, 1},
		{0, trace.Next, &trace.NextState{View: trace.List, Page: 2}, 0},
		{0, trace.Next, &trace.NextState{View: trace.EndView}, 0},
		{0, trace.Exit, &trace.NextState{View: trace.EndView}, 1},
		{2, trace.Next, &trace.NextState{View: trace.EndView, Page: 2}, 1},
		{2, trace.Next, nil, 1},
	} {
		h := shown()
		h.View.State.Page = c.page
		d := trace.Decision{Cards: make([]trace.Choice, 3), Action: c.action, Next: c.next}
		if got := metrics(rows(&h, &d))["world.mechanical"]; got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// The controls give what they say: a mean of 3.5 is nearest to 4, and nothing changes.
func TestControls(t *testing.T) {
	h := shown()
	v := h.View
	v.Did = &trace.Decision{Cards: []trace.Choice{{Watch: true}, {Watch: true}, {}}}
	same := foresee(&v, v.Profile.Mean, false)
	same.Next = &trace.NextState{View: trace.List, Page: 1}
	hold(t, metrics(rows(&h, &same)), map[string]float64{"world.response": 1.0 / 3, "world.response.value": 0.5, "world.response.leave": 0, "world.mechanical": 0})
	v.Did = &trace.Decision{Cards: []trace.Choice{{Watch: true}, {Watch: true}, {}}}
	usual := foresee(&v, 2, true)
	hold(t, metrics(rows(&h, &usual)), map[string]float64{"world.response": 2.0 / 3, "world.response.leave": 1, "world.mechanical": 1})
	v.Did = &trace.Decision{Cards: []trace.Choice{{Watch: true}, {Watch: true}, {}}}
	if none := foresee(&v, math.NaN(), true); none.Cards[0].Value != nil {
		t.Error("a value where there is none")
	}
}
