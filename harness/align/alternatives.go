package align

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Alternatives is how many other decisions are weighed against a person's (METHOD 4: K).
const Alternatives = 3

// Alternative is a valid decision that the person did not make.
type Alternative struct {
	Question agent.Question // the step in which it differs
	Decision trace.Decision
	What     string // in words
	// Rejected: the log contradicts it. Of cards that were never shown nobody knows.
	Rejected bool
	Weight   float64 // of values: how far from the one given, as a share of the scale; else 1
}

// alternativesOf draws up to [Alternatives] other decisions about a demonstration, by hash.
func alternativesOf(e *agent.Example, seed uint64) []Alternative {
	return draw(candidates(e), Alternatives, seed)
}

// candidates lists all other decisions that differ from the person's in one thing.
func candidates(e *agent.Example) (all []Alternative) {
	add := func(q agent.Question, what string, rejected bool, weight float64, change func(*trace.Decision)) {
		d := e.Decision
		d.Cards = slices.Clone(d.Cards)
		change(&d)
		all = append(all, Alternative{q, d, what, rejected, weight})
	}
	values := e.View.State.Scale.Values()
	for i, c := range e.Decision.Cards {
		if c.Watch {
			add(agent.AskWatch, "skips "+page.Quote(e.View.State.Cards[i].Title), true, 1, func(d *trace.Decision) { d.Cards[i] = trace.Choice{} })
		} else { // on a reconstructed page nobody was shown it
			add(agent.AskWatch, "watches "+page.Quote(e.View.State.Cards[i].Title), !e.Reconstructed, 1, func(d *trace.Decision) { d.Cards[i] = trace.Choice{Watch: true} })
		}
		if c.Value == nil || len(values) < 2 {
			continue
		}
		given := agent.Nearest(values, *c.Value) // in the words of an answer
		for _, v := range values {
			if v != given {
				far := math.Abs(v - *c.Value)
				add(agent.AskValue, "gives "+page.Number(v)+" to "+page.Quote(e.View.State.Cards[i].Title), true, far/(values[len(values)-1]-values[0]), func(d *trace.Decision) { d.Cards[i].Value = &v })
			}
		}
	}
	if !e.Reconstructed {
		if e.Decision.Action == trace.Exit {
			add(agent.AskAct, "stays", true, 1, func(d *trace.Decision) { d.Action = trace.Next })
		} else {
			add(agent.AskAct, "leaves", true, 1, func(d *trace.Decision) { d.Action = trace.Exit })
		}
	}
	return all
}

// draw picks k by hash, in their order.
func draw[T any](all []T, k int, seed uint64) []T {
	if len(all) <= k {
		return all
	}
	at := make([]int, len(all))
	for i := range at {
		at[i] = i
	}
	for i := range k { // the first k of a shuffle
		j := i + int(sdk.Mix(seed, uint64(i))%uint64(len(at)-i))
		at[i], at[j] = at[j], at[i]
	}
	at = at[:k]
	slices.Sort(at)
	out := make([]T, k)
	for i, n := range at {
		out[i] = all[n]
	}
	return out
}
