package persona

import (
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/corpus"
)

// halved is twelve users, of whom six are judged, and nine films. Of the other half all
// have films 0 to 4 and the one called known; one gives 5 to everything, the others 3.
// Those judged have films 0 to 6. Me, one of them, gives 2.95; the others give 1 and have
// the film called fitted, too.
func halved(t *testing.T) (f films, me int32) {
	f = films{scale: five(), users: 12, evidence: corpus.EvidenceDisjoint, titles: []string{"a", "b", "c", "d", "e", "f", "g", "known", "fitted"}}
	for range f.titles {
		f.categories = append(f.categories, []string{"film"})
	}
	for u := range int32(f.users) {
		f.rows = append(f.rows, row{u, 0, 3, trains}, row{u, 1, 3, tests})
	}
	s := split(t, f) // whoever is judged here is judged below
	f.rows, me = nil, -1
	generous := float32(5)
	for u := range int32(f.users) {
		value, had := generous, []int32{0, 1, 2, 3, 4, 7}
		switch {
		case !s.Judged(u):
			generous = 3
		case me < 0:
			me, value, had = u, 2.95, []int32{0, 1, 2, 3, 4, 5, 6}
		default:
			value, had = 1, []int32{0, 1, 2, 3, 4, 5, 6, 8}
		}
		for _, it := range had {
			f.rows = append(f.rows, row{u, it, value, trains})
		}
		if s.Judged(u) {
			f.rows = append(f.rows, row{u, 7, 5, tests})
		}
	}
	return f, me
}

// TestHabitsOfHalves by hand. Conformity of the other half: who gives 5 is 5 − 3 = 2 apart,
// 4; the others 3 − (5 + 3·4)/5 = −0.4, 0.16, which both boundaries are. Me: 2.95 − 20/6 =
// −0.383, 0.147, low; with my own values taken from a sum that has none, −0.46, 0.212,
// high. The others who are judged: 1 − 20/6, high.
//
// Engagement: all of the other half have 6 films, so that my 7 are high. Among everybody,
// the boundaries of six times 6, 7 and five times 8 are 6 and 8.
func TestHabitsOfHalves(t *testing.T) {
	f, me := halved(t)
	s := split(t, f)
	for u, p := range Template(s) {
		want := High
		if int32(u) == me {
			want = Low
			if p.Engagement != High || !strings.HasPrefix(p.Taste, `mostly "film" (7 watched`) {
				t.Errorf("me: %+v", p)
			}
		}
		if s.Judged(int32(u)) && p.Conformity != want {
			t.Errorf("user %d, me is %d: %+v", u, me, p)
		}
	}
}

// TestMatchOfHalves: candidates are judged on my own films and on films that the other half
// has, not on those that recommenders alone know.
func TestMatchOfHalves(t *testing.T) {
	f, me := halved(t)
	s := split(t, f)
	m, err := NewMatcher(s, Template(s))
	if err != nil {
		t.Fatal(err)
	}
	o := &oracle{}
	if _, err := m.Match(t.Context(), o, me, 7); err != nil {
		t.Fatal(err)
	}
	question := o.asked[1].Messages[1].Content
	if !strings.Contains(question, `"known"`) || !strings.Contains(question, `"g"`) || strings.Contains(question, `"fitted"`) {
		t.Error(question)
	}
}
