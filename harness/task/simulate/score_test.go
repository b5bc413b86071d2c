package simulate

import (
	"testing"

	"github.com/alignuser/alignuser/harness/trace"
)

// TestSheetOfSessionThatGoesBack: the user looks at two pages, goes back, likes a
// card of the first page at the second look, and leaves from there. Five cards were
// shown on two pages, one was watched and liked.
func TestSheetOfSessionThatGoesBack(t *testing.T) {
	four := 4.0
	look := func(number int, items ...int32) trace.PageView {
		return trace.PageView{Page: number, Items: items, Decision: trace.Decision{Cards: make([]trace.Choice, len(items))}}
	}
	s := trace.Session{User: 1, End: trace.EndExit, Pages: []trace.PageView{look(0, 0, 1, 2), look(1, 3, 4), look(0, 0, 1, 2)}}
	s.Pages[2].Decision.Cards[1] = trace.Choice{Watch: true, Value: &four}
	h := trace.Header{PageSize: 3, PageLimit: 5, LikeAt: 4, Users: 2, Items: 10}
	want := map[string]float64{
		"sim.n-like": 1, "sim.n-view": 1, "sim.p-view": 1.0 / 5, "sim.p-view.page1": 1.0 / 3, "sim.p-view.max": 1.0 / 15,
		"sim.n-exit": 2, "sim.value": 4, "sim.empty": 0, "sim.invalid": 0,
	}
	for _, c := range Sheet(h, []trace.Session{s}).Columns {
		if w, ok := want[c.Metric]; ok {
			if len(c.Values) != 1 || c.Values[0] != w {
				t.Errorf("%s: %v, want %v", c.Metric, c.Values, w)
			}
			delete(want, c.Metric)
		}
	}
	for id := range want {
		t.Errorf("no column %s", id)
	}
}
