package heldout

import (
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/corpus"
)

// Usual is what people did most in training. Shares are those of one more thing of
// either kind than were counted, so that none is 0 or 1.
type Usual struct {
	Watch float64   // share of the cards of training sessions
	Value float64   // the most frequent value, of equally frequent ones the lowest; NaN: none
	leave []float64 // share of training pages after which people left, by number
	after float64   // of all pages, for numbers that training has not
}

// Leave is the share of the training pages of a number, from 0, after which people left.
func (u Usual) Leave(number int) float64 {
	if number < len(u.leave) {
		return u.leave[number]
	}
	return u.after
}

func newUsual(split *corpus.Split) Usual {
	var cards, pages tally
	values := map[float64]int{}
	known, sessions := split.Evidence(), split.Sessions() // as agents have them
	for u := range int32(known.Users()) {
		for _, v := range sessions.Of(u) {
			for _, p := range v.Pages {
				pages.add(p.Left)
				for _, watched := range p.Watched {
					cards.add(watched)
				}
			}
		}
		for _, v := range known.ValuesOf(u) {
			if v == v {
				values[float64(v)]++
			}
		}
	}
	return Usual{Watch: cards.share(), Value: mode(values), leave: sessions.LeaveRates(), after: pages.share()}
}

// tally counts what holds among what was counted.
type tally struct{ holds, all float64 }

func (t *tally) add(holds bool) {
	t.all++
	if holds {
		t.holds++
	}
}

func (t tally) share() float64 { return (t.holds + 1) / (t.all + 2) }

// mode is the most frequent value, of equally frequent ones the lowest; NaN: none.
func mode(counts map[float64]int) float64 {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	var best []float64
	for v, n := range counts {
		if n == most {
			best = append(best, v)
		}
	}
	if len(best) == 0 {
		return math.NaN()
	}
	return slices.Min(best)
}
