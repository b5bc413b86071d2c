package action

import (
	"context"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/task/heldout"
	"github.com/alignuser/alignuser/harness/trace"
)

// answer is what is said of a page: of its cards, and of what comes after it.
type answer struct{ cards, act trace.Decision }

// answer has an agent, or a control, say what the person did on each page.
func (b *bound) answer(ctx context.Context, name string, s *browse.Simulator, pages []browse.HeldOut, known []*control.Chances) ([]answer, error) {
	out := make([]answer, len(pages))
	if s == nil {
		for i, h := range pages {
			watch, leave := make([]float64, len(h.View.State.Cards)), b.Usual.Leave(h.View.State.Page)
			for c := range watch {
				watch[c] = b.Usual.Watch
			}
			if name == Bayes {
				watch, leave = known[i].Watch, known[i].Leave
			}
			d := likely(watch, leave)
			out[i] = answer{d, d}
		}
		return out, nil
	}
	for _, question := range []agent.Question{agent.AskWatch, agent.AskAct} {
		views := make([]agent.View, len(pages))
		for i, h := range pages {
			views[i] = h.View
			views[i].Question = question
			if question == agent.AskAct {
				views[i].Did = heldout.Given(h.Decision)
			}
		}
		decisions, err := s.Teach(ctx, views)
		if err != nil {
			return nil, err
		}
		for i, d := range decisions {
			if question == agent.AskWatch {
				out[i].cards = d
			} else {
				out[i].act = d
			}
		}
	}
	return out, nil
}

// likely does what is more probable than not.
func likely(watch []float64, leave float64) trace.Decision {
	d := trace.Decision{Cards: make([]trace.Choice, len(watch)), Action: trace.Next, Leave: &leave}
	for i := range watch {
		d.Cards[i] = trace.Choice{Watch: watch[i] > 0.5, P: &watch[i]}
	}
	if leave > 0.5 {
		d.Action = trace.Exit
	}
	return d
}

// row is the evidence of one card. What is true of the whole page stands in the row of
// each of its cards.
type row struct {
	User    int32 `parquet:"user" json:"u"`
	Visit   int32 `parquet:"visit" json:"s"` // held-out session of the user, from 0
	Page    int32 `parquet:"page" json:"p"`
	Slot    int32 `parquet:"slot" json:"n"`
	Item    int32 `parquet:"item" json:"i"`
	Watched bool  `parquet:"watched" json:"w"` // by the person
	Left    bool  `parquet:"left" json:"l"`    // the person, after this page

	P           *float64 `parquet:"p,optional" json:"P,omitempty"` // that the person watches, as the agent says
	Watch       bool     `parquet:"watch" json:"W"`                // the agent's own answer
	Invalid     bool     `parquet:"invalid" json:"x"`              // its answer about the cards could not be used
	PLeave      *float64 `parquet:"p_leave,optional" json:"Q,omitempty"`
	Leave       bool     `parquet:"leave" json:"L"`
	InvalidExit bool     `parquet:"invalid_exit" json:"y"`

	Bayes      *float64 `parquet:"bayes,optional" json:"B,omitempty"`       // the planted probability of watching
	BayesLeave *float64 `parquet:"bayes_leave,optional" json:"C,omitempty"` // and of leaving
	Usual      bool     `parquet:"usual" json:"U"`                          // most training cards were watched
	UsualLeave bool     `parquet:"usual_leave" json:"V"`                    // people left most training pages of this number
}

// rows are the cards of a page with all that is known of what was done.
func (b *bound) rows(h *browse.HeldOut, a answer, known *control.Chances) []row {
	out := make([]row, len(h.View.State.Cards))
	for i, c := range h.View.State.Cards {
		card := a.cards.Cards[i]
		out[i] = row{
			User: h.View.User, Visit: int32(h.View.Exposure), Page: int32(h.View.State.Page), Slot: int32(i), Item: c.Item,
			Watched: h.Decision.Cards[i].Watch, Left: h.Decision.Action == trace.Exit,
			P: card.P, Watch: card.Watch, Invalid: a.cards.Invalid != "",
			PLeave: a.act.Leave, Leave: a.act.Action == trace.Exit, InvalidExit: a.act.Invalid != "",
			Usual: b.Usual.Watch > 0.5, UsualLeave: b.Usual.Leave(h.View.State.Page) > 0.5,
		}
		if known != nil {
			out[i].Bayes, out[i].BayesLeave = &known.Watch[i], &known.Leave
		}
	}
	return out
}
