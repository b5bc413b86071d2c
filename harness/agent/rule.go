package agent

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Streams of a session's randomness. Each is hashed with an item or a page.
const (
	streamWatch uint64 = iota + 1
	streamValue
	streamLeave
	streamAsk
)

// unit is uniform in [0, 1).
func unit(seed uint64, parts ...uint64) float64 {
	return float64(sdk.Mix(seed, parts...)>>11) / (1 << 53)
}

func item(it int32) uint64 { return uint64(uint32(it)) }

// Where the probability of leaving comes from.
const (
	ExitAnswered = "answered" // the agent says so
	ExitSessions = "sessions" // learned from training sessions
	ExitPrior    = "prior"    // declared: the data has no sessions (METHOD 4)
)

// Leaving is the probability of leaving after a list page, by its number from 0;
// the last holds for all later ones.
type Leaving struct {
	Source string // ExitSessions or ExitPrior
	Hazard []float64
}

func (l Leaving) after(number int) float64 {
	if len(l.Hazard) == 0 {
		return 0
	}
	return l.Hazard[min(number, len(l.Hazard)-1)]
}

// rule is an arm that follows a rule: random, always-watch, always-skip. Values
// are those of the bias model, user and item, but random's, which is a die.
type rule struct{ Config }

// Decide follows the rule.
func (r rule) Decide(ctx context.Context, views []View) ([]trace.Decision, error) {
	out := make([]trace.Decision, len(views))
	for n := range views {
		out[n] = r.decide(&views[n])
	}
	return out, ctx.Err()
}

func (r rule) decide(v *View) trace.Decision {
	d := trace.Decision{Cards: make([]trace.Choice, len(v.State.Cards))}
	for i := range v.State.Cards {
		if v.Did != nil {
			if d.Cards[i].Watch = v.Did.Cards[i].Watch; d.Cards[i].Watch {
				d.Cards[i].Value = r.value(v, &v.State.Cards[i])
			}
			continue
		}
		c := &v.State.Cards[i]
		p := 0.0
		switch r.Kind {
		case "random":
			p = r.Options.Float("p")
		case "always-watch":
			p = 1
		}
		d.Cards[i].P = &p
		if d.Cards[i].Watch = unit(v.Seed, streamWatch, item(c.Item)) < p; d.Cards[i].Watch {
			d.Cards[i].Value = r.value(v, c)
		}
	}
	leave(&d, v, r.Leaving.after(v.State.Page))
	return d
}

func (r rule) value(v *View, c *page.Card) *float64 {
	values := v.State.Scale.Values()
	if len(values) == 0 {
		return nil
	}
	if r.Kind == "random" {
		return &values[int(unit(v.Seed, streamValue, item(c.Item))*float64(len(values)))]
	}
	given := Nearest(values, bias(v, c))
	return &given
}

// bias is the user's mean plus how far the item's lies above everybody's.
func bias(v *View, c *page.Card) float64 {
	out := v.Profile.Mean
	if !math.IsNaN(c.Mean) {
		out += c.Mean - v.Profile.All
	}
	return out
}

// Nearest rounds to a value of the scale, half-way cases upwards. NaN becomes the
// middle one.
func Nearest(values []float64, x float64) float64 {
	if math.IsNaN(x) {
		return values[len(values)/2]
	}
	best := values[0]
	for _, v := range values {
		if math.Abs(v-x) <= math.Abs(best-x) {
			best = v
		}
	}
	return best
}

// leave decides between going on and leaving. A detail page is only closed.
func leave(d *trace.Decision, v *View, p float64) {
	if v.State.View == trace.Detail {
		d.Action = trace.Back
		return
	}
	d.Leave, d.Action = &p, trace.Next
	if unit(v.Seed, streamLeave, uint64(v.State.Page)) < p {
		d.Action = trace.Exit
	}
}

// Interview has nothing to say.
func (rule) Interview(context.Context, []Closing) ([]*trace.Interview, error) { return nil, nil }
