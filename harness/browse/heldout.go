package browse

import (
	"math"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/trace"
)

// HeldOut is a page of people after training, with what they did.
type HeldOut struct {
	View     agent.View
	Decision trace.Decision
}

// HeldOut gives the pages of a user's held-out sessions, or of data without sessions
// pages made of the user's test items, four at a time. It is for those who judge: the
// decisions are what agents are held against. A view rests on the training part and
// on what the person did earlier in the same session.
func (s *Stage) HeldOut(u int32) (out []HeldOut) {
	l := s.whole(u)
	later := s.split.HeldOutSessions()
	if later == nil {
		return s.heldOutItems(u, l)
	}
	for n, v := range later.Of(u) {
		f := s.begin()
		for number, p := range v.Pages {
			h := HeldOut{View: agent.View{User: u, Exposure: n, Profile: s.profile(l), State: s.state(l, f, number, p.Items, max(s.longest, number+1))}, Decision: human(p)}
			out = append(out, h)
			s.passed(f, number, h.View.State.Cards, h.Decision)
		}
	}
	return out
}

// heldOutItems makes pages of test items.
func (s *Stage) heldOutItems(u int32, l *life) (out []HeldOut) {
	test := s.split.Test()
	items, values := test.Of(u), test.ValuesOf(u)
	for from := 0; from < len(items); from += ReconstructedCards {
		to := min(from+ReconstructedCards, len(items))
		d := trace.Decision{Cards: make([]trace.Choice, to-from), Action: trace.Next}
		for i := range d.Cards {
			d.Cards[i].Watch = true
			if values == nil {
				continue
			}
			if v := float64(values[from+i]); !math.IsNaN(v) {
				d.Cards[i].Value = &v
			}
		}
		out = append(out, HeldOut{View: s.page(l, from/ReconstructedCards, items[from:to]), Decision: d})
	}
	return out
}

// PageOf shows any items to a user at the end of training, as the only page of a visit.
func (s *Stage) PageOf(u int32, exposure int, items []int32) agent.View {
	return s.page(s.whole(u), exposure, items)
}

func (s *Stage) page(l *life, exposure int, items []int32) agent.View {
	return agent.View{User: l.user, Exposure: exposure, Profile: s.profile(l), State: s.state(l, s.begin(), 0, items, 1)}
}

// human is what a person did with a logged page.
func human(p corpus.Page) trace.Decision {
	d := trace.Decision{Cards: make([]trace.Choice, len(p.Items)), Action: trace.Next}
	for i := range p.Items {
		d.Cards[i].Watch = p.Watched[i]
		if v := float64(p.Values[i]); p.Watched[i] && !math.IsNaN(v) {
			d.Cards[i].Value = &v
		}
	}
	if p.Left {
		d.Action = trace.Exit
	}
	return d
}
