package browse_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/memory"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// told is all that agents are told of one user at the end of training, by every way that
// there is to tell it: all items as cards, the profile, and the prompts of a visit of an
// agent with a persona, a graph and sentences; and what a fitted arm would do.
func told(t *testing.T, s *corpus.Split, u int32) []string {
	t.Helper()
	stage := browse.NewStage(s)
	all := make([]int32, items)
	for it := range all {
		all[it] = int32(it)
	}
	out := []string{fmt.Sprintf("%+v", stage.PageOf(u, 0, all))}
	o := &obeyer{}
	run(t, simulator(t, s, "simuser", sdk.Options{"mode": "fused", "interview": false, "persona": agent.PersonaMatched, "memory": agent.MemoryBoth}, o), items, browse.Visit{User: u})
	out = append(out, o.prompts...)
	return append(out, text(t, run(t, simulator(t, s, "logistic", nil, nil), items, browse.Visit{User: u})))
}

// text is anything that goes through pointers.
func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// taught is what arms learn from.
func taught(t *testing.T, s *corpus.Split) (out []string, users []int32) {
	for _, memory := range []string{agent.MemoryPage, agent.MemoryGraph} {
		for e := range browse.NewStage(s).Demonstrations(browse.Teaching{Memory: memory, Persona: agent.PersonaMatched}) {
			out, users = append(out, fmt.Sprintf("%+v ", e.View)+text(t, e.Decision)), append(users, e.View.User)
		}
	}
	return out, users
}

// TestDisjointEvidence: what others of the judged half did is nothing that an agent of the
// half knows of, or is taught by; what the other half did is. A user's own past counts.
func TestDisjointEvidence(t *testing.T) {
	for _, sessions := range []bool{false, true} {
		t.Run(fmt.Sprintf("sessions %v", sessions), func(t *testing.T) { disjoint(t, sessions) })
	}
}

func disjoint(t *testing.T, sessions bool) {
	plain := split(t, films{evidence: corpus.EvidenceDisjoint, sessions: sessions})
	me := int32(-1)
	for u := range int32(users - 1) { // the last has no past
		if plain.Judged(u) {
			me = u
			break
		}
	}
	want := told(t, plain, me)
	wantTaught, from := taught(t, plain)
	if len(from) == 0 || slices.ContainsFunc(from, plain.Judged) {
		t.Errorf("taught by users %v: want some, none of the judged half", from)
	}
	changes := map[string]func(value float32) (float32, bool){
		"values": func(v float32) (float32, bool) { return 7 - v, true },
		"gone":   func(v float32) (float32, bool) { return v, false },
	}
	for name, change := range changes {
		for half, in := range map[string]func(u int32) bool{
			"the others who are judged": func(u int32) bool { return plain.Judged(u) && u != me },
			"the other half":            func(u int32) bool { return plain.Attests(u) },
			"the user":                  func(u int32) bool { return u == me },
		} {
			s := split(t, films{evidence: corpus.EvidenceDisjoint, sessions: sessions, change: func(u, it int32, held bool, v float32) (float32, bool) {
				if in(u) && !held && it%3 > 0 {
					return change(v)
				}
				return v, true
			}})
			d := cmp.Diff(want, told(t, s, me))
			if changed := d != ""; changed != (half != "the others who are judged") {
				t.Errorf("%s of %s: what is told changed: %v %s", name, half, changed, d)
			}
			got, _ := taught(t, s)
			if changed := !cmp.Equal(wantTaught, got); changed != (half == "the other half") {
				t.Errorf("%s of %s: what is taught changed: %v", name, half, changed)
			}
		}
	}
}

// TestOwnIsLeftOutWhereItIs: a user's own interaction is taken from counts that have it,
// and from no others: those of cards at the end of training, and of demonstrations.
func TestOwnIsLeftOutWhereItIs(t *testing.T) {
	all := make([]int32, items)
	for it := range all {
		all[it] = int32(it)
	}
	for _, kind := range corpus.EvidenceKinds() {
		s := split(t, films{evidence: kind, sessions: true})
		shown := func(u, it int32) (n int) { // how often sessions of others in the evidence showed it
			for o := range int32(users) {
				for _, v := range s.Past(o) {
					if o != u && s.Attests(o) && slices.Contains(v.Pages[0].Items, it) {
						n++
					}
				}
			}
			return n
		}
		known := func(u, it int32) (n int) { // others in the evidence who have the item in training
			for o := range int32(users) {
				if have, _ := s.Own(o); o != u && s.Attests(o) && slices.Contains(have, it) {
					n++
				}
			}
			return n
		}
		stage := browse.NewStage(s)
		own := 0
		for u := range int32(users) {
			if !s.Judged(u) {
				continue
			}
			view := stage.PageOf(u, 0, all)
			if met := 2 * len(s.Past(u)); view.Profile.Met != met {
				t.Errorf("%s: user %d met %d cards, want the %d of its own sessions", kind, u, view.Profile.Met, met)
			}
			for _, c := range view.State.Cards {
				if have, _ := s.Own(u); slices.Contains(have, c.Item) {
					own++
				}
				if c.Count != known(u, c.Item) || c.Shown != shown(u, c.Item) {
					t.Errorf("%s: user %d, item %d: count %d, and %d others have it; shown %d, and %d times to others", kind, u, c.Item, c.Count, known(u, c.Item), c.Shown, shown(u, c.Item))
				}
			}
		}
		watched := 0
		for e := range stage.Demonstrations(browse.Teaching{}) {
			for i, c := range e.View.State.Cards {
				if e.Decision.Cards[i].Watch {
					watched++
				}
				if c.Count != known(e.View.User, c.Item) || c.Shown != shown(e.View.User, c.Item) {
					t.Errorf("%s: demonstration of user %d, item %d: count %d, and %d others have it", kind, e.View.User, c.Item, c.Count, known(e.View.User, c.Item))
				}
			}
		}
		if own == 0 || watched == 0 {
			t.Errorf("%s: %d own items and %d watched: nothing was tested", kind, own, watched)
		}
	}
}

// watcher keeps what its agent is shown.
type watcher struct {
	agent.Agent
	views *[]agent.View
}

func (w watcher) Decide(ctx context.Context, views []agent.View) ([]trace.Decision, error) {
	*w.views = append(*w.views, views...)
	return w.Agent.Decide(ctx, views)
}

// TestGraphOfHalves: the graph memory leaves out a user's own interactions where they are
// in the graph, and nobody's where they are not.
func TestGraphOfHalves(t *testing.T) {
	for _, kind := range corpus.EvidenceKinds() {
		s := split(t, films{evidence: kind})
		k, _ := agent.KindOf("simuser")
		options, _ := sdk.Canonical(k.Options, sdk.Options{"mode": agent.ModeFused, "interview": false, "memory": agent.MemoryGraph})
		sim, err := browse.NewStage(s).Simulator(t.Context(), browse.Cast{Kind: k.Name, Options: options, Name: "obeyer", Backend: &obeyer{}}, browse.Settings{
			PageSize: 4, Limit: 2, Fields: page.Fields(), Seed: 1, Prior: browse.Prior{WatchRate: 0.25, Leave: 0.3},
		})
		if err != nil {
			t.Fatal(err)
		}
		var views []agent.View
		sim.Agent = watcher{sim.Agent, &views}
		graph := memory.NewGraph(s.Evidence())
		strong := 0
		for u := range int32(users - 1) {
			if !s.Judged(u) {
				continue
			}
			own := 0
			if s.Attests(u) {
				own = 1
			}
			var history []int32
			for _, e := range s.History(u) {
				history = append(history, e.Item)
			}
			views = nil
			run(t, sim, items, browse.Visit{User: u})
			for _, c := range views[0].State.Cards { // none is in the user's training part
				for i, l := range graph.Evidence(c.Item, 0, history, graph.Fits(history, own), len(c.Similar), nil) {
					if l.Strength > 0 {
						strong++
					}
					if c.Similar[i].Strength != l.Strength {
						t.Errorf("%s: user %d, item %d: strength %v, want %v", kind, u, c.Item, c.Similar[i].Strength, l.Strength)
					}
				}
			}
		}
		if strong == 0 {
			t.Errorf("%s: nothing is alike: nothing was tested", kind)
		}
	}
}
