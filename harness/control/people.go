package control

import (
	"context"
	"math"
	"sync"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// People is an agent who does what the planted people themselves would do. It is a
// control: no table ranks it.
type People struct {
	truth  *Truth
	stream uint64
}

// NewPeople makes the agent. Equal streams meet the same people in the same mood.
func NewPeople(t *Truth, stream uint64) *People { return &People{t, stream} }

// Decide asks how each user responds to the page.
func (p *People) Decide(ctx context.Context, views []agent.View) ([]trace.Decision, error) {
	asked := make([]View, len(views))
	for i := range views {
		asked[i] = seen(&views[i])
	}
	reactions, err := p.truth.Respond(ctx, p.stream, asked)
	if err != nil {
		return nil, err
	}
	out := make([]trace.Decision, len(views))
	for i, r := range reactions {
		d := trace.Decision{Cards: make([]trace.Choice, len(r.Watched)), Action: trace.Next}
		for c := range d.Cards {
			d.Cards[c] = r.choice(c)
		}
		leave := float64(r.LeaveProbability)
		if d.Leave = &leave; r.Left {
			d.Action = trace.Exit
		}
		out[i] = d
	}
	return out, nil
}

// seen tells a page, and what the session showed before it.
func seen(v *agent.View) View {
	out := View{User: v.User, Exposure: int64(v.Exposure), Page: int32(v.State.Page)}
	for _, c := range v.State.Cards {
		out.Slate = append(out.Slate, c.Item)
	}
	for _, g := range v.State.Given {
		out.History = append(out.History, Seen{Item: g.Item, Page: int32(g.Page), Watched: g.Watched, Value: float32(g.Value)})
	}
	return out
}

func (r *Reaction) choice(card int) trace.Choice {
	p, expected := float64(r.WatchProbability[card]), float64(r.ExpectedValues[card])
	c := trace.Choice{Watch: r.Watched[card], P: &p, Expected: &expected}
	if v := float64(r.Values[card]); c.Watch && !math.IsNaN(v) {
		c.Value = &v
	}
	return c
}

// Interview asks nobody: people leave no note.
func (*People) Interview(context.Context, []agent.Closing) ([]*trace.Interview, error) {
	return nil, nil
}

// probabilities gives the probability with which a user would watch each item, were it
// the only card of the first page of a visit.
func (p *People) probabilities(ctx context.Context, user int32, items int) ([]float32, error) {
	views := make([]View, items)
	for it := range views {
		views[it] = View{User: user, Slate: []int32{int32(it)}}
	}
	reactions, err := p.truth.Respond(ctx, p.stream, views)
	if err != nil {
		return nil, err
	}
	out := make([]float32, items)
	for it, r := range reactions {
		out[it] = r.WatchProbability[0]
	}
	return out, nil
}

// Foresight is the oracle of tables of truth (METHOD 8): it ranks items by the
// probability with which the user would watch them in an empty session. It runs
// inside the host because no plugin may be told the truth.
type Foresight struct {
	people *People
	items  int

	mu    sync.Mutex
	known map[int32][]float32 // by user
}

// NewForesight makes the arm for a catalogue.
func NewForesight(people *People, items int) *Foresight {
	return &Foresight{people: people, items: items, known: map[int32][]float32{}}
}

// Spec describes the arm like any other component.
func (*Foresight) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: OracleName, Determinism: sdk.DeterminismBitwise,
		Doc: "Control: ranks items by the probability with which the planted user would watch them.",
	}
}

// Configure takes nothing.
func (*Foresight) Configure(context.Context, sdk.Config) error { return nil }

// Fit learns nothing.
func (*Foresight) Fit(context.Context, sdk.FitRequest, sdk.Emit) (sdk.FitResult, error) {
	return sdk.FitResult{}, nil
}

// scores asks once a user.
func (f *Foresight) scores(ctx context.Context, user int32) ([]float32, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.known[user]; ok {
		return known, nil
	}
	scores, err := f.people.probabilities(ctx, user, f.items)
	if err == nil {
		f.known[user] = scores
	}
	return scores, err
}

// Recommend ranks by what is true.
func (f *Foresight) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	reply := sdk.NewReply(len(r.Users), r.K)
	var rank sdk.Ranker
	for i, u := range r.Users {
		scores, err := f.scores(ctx, u)
		if err != nil {
			return sdk.RecommendReply{}, err
		}
		rank.Fill(&reply, &r, i, scores)
	}
	return reply, nil
}
