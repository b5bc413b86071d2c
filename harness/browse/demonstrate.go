package browse

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// ReconstructedCards is the size of reconstructed pages (METHOD 4).
const ReconstructedCards = 4

// reconstructedFrom leaves the first half of a past to be evidence. Whoever learned from
// the beginning of lives would meet people whose lives are whole: on a validation part of
// MovieLens 100K the logistic arm foresees 0.80 of choices and not 0.76.
const reconstructedFrom = 2

// Teaching says how demonstrations are shown.
type Teaching struct {
	// Ratio is the items never touched for each that was, on reconstructed pages; 0: pages
	// of one among three others.
	Ratio   int
	Persona string // mode; empty: none
	Memory  string // mode of aligned arms; empty: page
	Pages   int    // at most, of users drawn by hash; 0: all pages of all users
}

// Demonstrations yields what people of the evidence saw and did in training, by user and
// time: the pages of their sessions, or where there are none, pages reconstructed
// from their interactions. Evidence for a page rests on what its user had strictly
// before it, and on item statistics without the user's own interaction (METHOD 2).
func (s *Stage) Demonstrations(t Teaching) iter.Seq[agent.Example] {
	return func(yield func(agent.Example) bool) {
		users := s.teachers()
		if t.Pages > 0 {
			drawn := func(u int32) uint64 { return sdk.Mix(reconstructionSeed, uint64(uint32(u))) }
			slices.SortFunc(users, func(a, b int32) int { return cmp.Or(cmp.Compare(drawn(a), drawn(b)), cmp.Compare(a, b)) })
		}
		n := 0
		for _, u := range users {
			more := s.demonstrate(u, t, func(e agent.Example) bool {
				n++
				return yield(e) && n != t.Pages
			})
			if !more {
				return
			}
		}
	}
}

// teachers are the users whom the evidence rests on, ascending.
func (s *Stage) teachers() (users []int32) {
	for u := range int32(s.evidence.Users()) {
		if s.split.Attests(u) {
			users = append(users, u)
		}
	}
	return users
}

func (s *Stage) demonstrate(u int32, t Teaching, yield func(agent.Example) bool) bool {
	l := s.newLife(u)
	l.linked = t.Memory == agent.MemoryGraph
	taught := func(e agent.Example) bool {
		e.View.Persona = s.persona(t.Persona, u)
		switch t.Memory {
		case agent.MemoryNone:
			forget(&e.View)
		case agent.MemoryGraph:
			s.link(l, l.fitting(), e.View.State.Cards, nil)
		}
		return yield(e)
	}
	switch {
	case s.sessions != nil:
		return s.logged(l, taught)
	case t.Ratio > 0:
		return s.mixed(l, t.Ratio, taught)
	}
	return s.reconstructed(l, taught)
}

// forget takes the user's own past from a view.
func forget(v *agent.View) {
	v.Profile = agent.Profile{Mean: v.Profile.All, All: v.Profile.All}
	for i := range v.State.Cards {
		v.State.Cards[i].Forget()
	}
}

// logged yields the pages of a user's training sessions.
func (s *Stage) logged(l *life, yield func(agent.Example) bool) bool {
	u := l.user
	past := s.split.History(u)
	for _, v := range s.sessions.Of(u) {
		for len(past) > 0 && past[0].Time < v.Start {
			s.live(l, past[0].Item, float64(past[0].Value))
			past = past[1:]
		}
		sofar := s.begin()
		for n, p := range v.Pages {
			e := agent.Example{View: agent.View{
				User: u, Profile: s.profile(l),
				State: s.state(l, sofar, n, p.Items, max(s.longest, n+1)),
			}, Decision: human(p), From: p.Time, To: p.Time}
			if !yield(e) {
				return false
			}
			s.passed(sofar, n, e.View.State.Cards, e.Decision)
		}
		s.visit(l, v)
	}
	return true
}

// reconstructed yields a page for each interaction of a user: its item among others
// that the user has not touched in training, at a place and with company drawn by
// hash. Those may be held-out items: avoiding them would be leakage.
func (s *Stage) reconstructed(l *life, yield func(agent.Example) bool) bool {
	u := l.user
	past := s.split.History(u)
	have := s.evidence.Of(u)
	if len(have)+ReconstructedCards > s.evidence.Items() {
		return true // too little is left to make pages of
	}
	for n := 0; n < len(past); {
		tied := n + 1 // what happened at one time is no evidence for its own
		for tied < len(past) && past[tied].Time == past[n].Time && past[n].Time != sdk.MissingTime {
			tied++
		}
		shown := past[n:tied]
		if n < len(past)/reconstructedFrom {
			shown = nil
		}
		for _, e := range shown {
			r := sdk.Mix(reconstructionSeed, uint64(uint32(u)), uint64(uint32(e.Item)))
			items := make([]int32, ReconstructedCards)
			at := int(r % ReconstructedCards)
			d := trace.Decision{Cards: make([]trace.Choice, len(items)), Action: trace.Next}
			for i, k := 0, uint64(0); i < len(items); k++ {
				it := int32(sdk.Mix(r, k) % uint64(s.evidence.Items()))
				if i == at {
					it = e.Item
				} else if own, _ := s.own(u, it); own > 0 || slices.Contains(items[:i], it) {
					continue
				}
				items[i] = it
				i++
			}
			d.Cards[at].Watch = true
			if v := float64(e.Value); !math.IsNaN(v) {
				d.Cards[at].Value = &v
			}
			if !yield(agent.Example{View: agent.View{User: u, Profile: s.profile(l), State: s.state(l, s.begin(), 0, items, 1)}, Decision: d, Reconstructed: true, From: e.Time, To: e.Time}) {
				return false
			}
		}
		for ; n < tied; n++ {
			s.live(l, past[n].Item, float64(past[n].Value))
		}
	}
	return true
}

// mixed yields pages of a user's interactions, in their order, among items that the
// user has not touched in training: every card is one that was had with probability
// 1/(1+ratio). Evidence ends before the first of a page's interactions.
func (s *Stage) mixed(l *life, ratio int, yield func(agent.Example) bool) bool {
	u := l.user
	past, have := s.split.History(u), s.evidence.Of(u)
	if len(have)+ReconstructedCards > s.evidence.Items() {
		return true // too little is left to make pages of
	}
	lived := 0
	for next, number := len(past)/reconstructedFrom, uint64(0); next < len(past); number++ {
		begun := next
		r := mixedSeed(u, number, ratio)
		first := next // what happened at its time is no evidence for it
		for first > 0 && past[first-1].Time == past[next].Time && past[next].Time != sdk.MissingTime {
			first--
		}
		for ; lived < first; lived++ {
			s.live(l, past[lived].Item, float64(past[lived].Value))
		}
		items := make([]int32, ReconstructedCards)
		d := trace.Decision{Cards: make([]trace.Choice, len(items)), Action: trace.Next}
		for i := range items {
			if next < len(past) && isHad(r, i, ratio) {
				items[i], d.Cards[i].Watch = past[next].Item, true
				if v := float64(past[next].Value); !math.IsNaN(v) {
					d.Cards[i].Value = &v
				}
				next++
				continue
			}
			items[i] = s.untouched(u, r+uint64(i), items[:i])
		}
		e := agent.Example{View: s.page(l, 0, items), Decision: d, Reconstructed: true, From: sdk.MissingTime, To: sdk.MissingTime}
		if next > begun {
			e.From, e.To = past[begun].Time, past[next-1].Time
		}
		if !yield(e) {
			return false
		}
	}
	return true
}

// mixedSeed draws the cards of a page by number.
func mixedSeed(user int32, number uint64, ratio int) uint64 {
	return sdk.Mix(reconstructionSeed, uint64(uint32(user)), number, uint64(ratio))
}

// isHad reports whether the card in a place of such a page is one that the user had.
func isHad(seed uint64, place, ratio int) bool {
	return sdk.Mix(seed, uint64(place))%uint64(1+ratio) == 0
}

// untouched draws an item that a user has not touched in training and that is not
// there yet.
func (s *Stage) untouched(u int32, seed uint64, there []int32) int32 {
	for k := uint64(0); ; k++ {
		it := int32(sdk.Mix(seed, k) % uint64(s.evidence.Items()))
		if own, _ := s.own(u, it); own == 0 && !slices.Contains(there, it) {
			return it
		}
	}
}

// reconstructionSeed fixes the company: every run on a split learns from the same.
const reconstructionSeed = 0x7061676573 // "pages"

// sofar is what a session has brought up to a page.
type sofar struct {
	given         []page.Given
	recent, tired []float64 // cards watched, by category: on the page before, in the session
}

func (s *Stage) begin() *sofar {
	return &sofar{recent: make([]float64, len(s.kinds)), tired: make([]float64, len(s.kinds))}
}

// passed takes a decided page into a session.
func (s *Stage) passed(f *sofar, number int, cards []page.Card, d trace.Decision) {
	clear(f.recent)
	for i, c := range cards {
		g := page.Given{Page: number, Item: c.Item, Title: c.Title, Watched: d.Cards[i].Watch, Value: math.NaN()}
		if d.Cards[i].Value != nil {
			g.Value = *d.Cards[i].Value
		}
		f.given = append(f.given, g)
		if g.Watched {
			for _, k := range s.of(c.Item) {
				f.recent[k]++
				f.tired[k]++
			}
		}
	}
}

// state shows items to the user of a life.
func (s *Stage) state(l *life, f *sofar, number int, items []int32, limit int) page.State {
	st := page.State{View: trace.List, Page: number, Limit: limit, Given: f.given, Scale: s.scale}
	for _, it := range items {
		st.Cards = append(st.Cards, s.card(l, it, f.recent, f.tired))
	}
	return st
}
