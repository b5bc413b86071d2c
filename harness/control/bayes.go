package control

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Chances are the planted probabilities of what a person did with a page.
type Chances struct {
	Watch []float64 // of each card, before anything on the page is decided
	Leave float64   // after what the person watched and gave
}

// Streams of Bayes. They are apart from those of truth and of the log.
const (
	bayesStream = 0x6261796573 // "bayes"
	bayesDraws  = 32
)

// Bayes gives the probabilities behind pages that people met, of which did says what
// they did. Who decides by them decides as well as anybody can (METHOD 5).
//
// A responder tells the probability of leaving after what it drew for the page, not
// after what a person did. So the page is drawn several times, and the probability is the
// mean over the draws that come closest to the person: fewest cards decided otherwise,
// then the smallest sum of differences between values.
func (t *Truth) Bayes(ctx context.Context, views []agent.View, did []trace.Decision) ([]Chances, error) {
	asked := make([]View, len(views))
	for i := range views {
		asked[i] = seen(&views[i])
	}
	out := make([]Chances, len(views))
	nearest := make([]closest, len(views))
	for draw := range uint64(bayesDraws) {
		reactions, err := t.Respond(ctx, sdk.Mix(bayesStream, draw), asked)
		if err != nil {
			return nil, err
		}
		for i := range reactions {
			r := &reactions[i]
			nearest[i].take(r, did[i].Cards)
			if draw == 0 {
				for _, p := range r.WatchProbability {
					out[i].Watch = append(out[i].Watch, float64(p))
				}
			}
		}
	}
	for i := range out {
		out[i].Leave = nearest[i].sum / nearest[i].n
	}
	return out, nil
}

// closest averages the probability of leaving over the draws that are as near to a
// person as any.
type closest struct {
	cards          int // decided otherwise
	values, sum, n float64
}

func (c *closest) take(r *Reaction, did []trace.Choice) {
	cards, values := 0, 0.0
	for i, d := range did {
		switch {
		case r.Watched[i] != d.Watch:
			cards++
		case d.Watch && d.Value != nil && !math.IsNaN(float64(r.Values[i])):
			values += math.Abs(float64(r.Values[i]) - *d.Value)
		}
	}
	if c.n == 0 || cards < c.cards || cards == c.cards && values < c.values {
		*c = closest{cards: cards, values: values}
	}
	if cards == c.cards && values == c.values {
		c.sum, c.n = c.sum+float64(r.LeaveProbability), c.n+1
	}
}
