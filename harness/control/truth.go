package control

import (
	"context"
	"math"
	"sync"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// TruthName is the row of what people truly do.
const TruthName = "truth"

// Rows translates ids of a filtered corpus into rows of the data set's own tables,
// in which a planted population is asked; nil: they are the same.
type Rows struct{ Users, Items []int32 }

func (r Rows) user(u int32) int32 {
	if r.Users == nil {
		return u
	}
	return r.Users[u]
}

func (r Rows) item(it int32) int32 {
	if r.Items == nil {
		return it
	}
	return r.Items[it]
}

// Truth is an agent who does what the planted people themselves would do. It is a
// control: it alone asks a data set how people respond, and no table ranks it.
type Truth struct {
	responder sdk.Responder
	rows      Rows
	stream    uint64
}

// NewTruth makes the agent. Equal streams meet the same people in the same mood.
func NewTruth(r sdk.Responder, rows Rows, stream uint64) *Truth {
	return &Truth{responder: r, rows: rows, stream: stream}
}

// Decide asks how each user responds to the page.
func (t *Truth) Decide(ctx context.Context, views []agent.View) ([]trace.Decision, error) {
	r := sdk.RespondRequest{Stream: t.stream}
	for i := range views {
		t.ask(&r, &views[i])
	}
	reply, err := t.responder.Respond(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make([]trace.Decision, len(views))
	at := 0
	for i := range views {
		d := trace.Decision{Cards: make([]trace.Choice, len(views[i].State.Cards)), Action: trace.Next}
		for c := range d.Cards {
			d.Cards[c] = choice(&reply, at)
			at++
		}
		p := float64(reply.LeaveProbability[i])
		if d.Leave = &p; reply.Left[i] == 1 {
			d.Action = trace.Exit
		}
		out[i] = d
	}
	return out, nil
}

// ask appends one page and what the session showed before it.
func (t *Truth) ask(r *sdk.RespondRequest, v *agent.View) {
	r.Users = append(r.Users, t.rows.user(v.User))
	r.Pages = append(r.Pages, int32(v.State.Page))
	r.Exposures = append(r.Exposures, int64(v.Exposure))
	slate := make([]int32, len(v.State.Cards))
	for i, c := range v.State.Cards {
		slate[i] = t.rows.item(c.Item)
	}
	r.Slates.Append(slate...)
	before := make([]int32, len(v.State.Given))
	for i, g := range v.State.Given {
		before[i] = t.rows.item(g.Item)
		watched := uint8(0)
		if g.Watched {
			watched = 1
		}
		r.HistoryPages = append(r.HistoryPages, int32(g.Page))
		r.HistoryWatched = append(r.HistoryWatched, watched)
		r.HistoryValues = append(r.HistoryValues, float32(g.Value))
	}
	r.History.Append(before...)
}

func choice(reply *sdk.RespondReply, at int) trace.Choice {
	p, expected := float64(reply.WatchProbability[at]), float64(reply.ExpectedValues[at])
	c := trace.Choice{Watch: reply.Watched[at] == 1, P: &p, Expected: &expected}
	if v := float64(reply.Values[at]); c.Watch && !math.IsNaN(v) {
		c.Value = &v
	}
	return c
}

// Interview asks nobody: people leave no note.
func (*Truth) Interview(context.Context, []agent.Closing) ([]*trace.Interview, error) {
	return nil, nil
}

// Probabilities gives the probability with which a user would watch each item, were
// it the only card of the first page of a visit.
func (t *Truth) Probabilities(ctx context.Context, user int32, items int) ([]float32, error) {
	r := sdk.RespondRequest{Stream: t.stream}
	for it := range int32(items) {
		r.Users = append(r.Users, t.rows.user(user))
		r.Pages = append(r.Pages, 0)
		r.Exposures = append(r.Exposures, 0)
		r.Slates.Append(t.rows.item(it))
		r.History.Append()
	}
	reply, err := t.responder.Respond(ctx, r)
	return reply.WatchProbability, err
}

// Foresight is the oracle of tables of truth (METHOD 8): it ranks items by the
// probability with which the user would watch them in an empty session. It runs
// inside the host because no plugin may be told the truth.
type Foresight struct {
	truth *Truth
	items int

	mu    sync.Mutex
	known map[int32][]float32 // by user
}

// NewForesight makes the arm for a catalogue.
func NewForesight(truth *Truth, items int) *Foresight {
	return &Foresight{truth: truth, items: items, known: map[int32][]float32{}}
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
	scores, err := f.truth.Probabilities(ctx, user, f.items)
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
