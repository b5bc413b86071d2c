package main

import (
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// Numbers of the other responses, tuned to the logistic world's watch rate.
const (
	examineAfterSkip  = 0.95
	examineAfterWatch = 0.55
	cascadeBase       = 0.35  // added to watch-base
	thresholdBar      = -0.55 // watch where the linear predictor exceeds it
	lapse             = 0.04
	skipSatisfaction  = -0.3
	decay             = 0.7 // of repetition, per page
)

// seen is a card of an earlier page of the session.
type seen struct {
	item    int32
	page    int32
	watched bool
}

// view is one page before one user.
type view struct {
	user     int
	page     int32
	exposure int64
	key      uint64 // of all randomness of (stream, user, exposure)
	at       float64
	slate    []int32
	earlier  []seen
}

// viewKey derives view.key from a stream of sessions.
func (w *world) viewKey(kind, stream uint64, user int, exposure int64) uint64 {
	return sdk.Mix(w.seed, kind, stream, uint64(user), uint64(exposure))
}

// card is the reaction to one card.
type card struct {
	watched     bool
	probability float64 // before anything on the page is decided
	value       float64 // NaN where not watched
}

// react decides a page: cards gets one entry a card. It returns whether the
// session ends with this page and how probable that was, given what happened.
func (w *world) react(v view, cards []card) (left bool, hazard float64) {
	tired := make([]float64, w.categories)
	var gone map[int32]bool
	for _, e := range v.earlier {
		if !e.watched {
			continue
		}
		if gone == nil {
			gone = map[int32]bool{}
		}
		gone[e.item] = true
		weight := 1.0
		for range min(v.page-e.page-1, 100) {
			weight = mul(weight, decay)
		}
		for _, c := range w.things[e.item].categories {
			tired[c] += weight
		}
	}
	look, looks := true, 1.0 // cascade: is this card examined, and how probable was it
	satisfaction := 0.0
	for n, it := range v.slate {
		p := w.watchProbability(v, int(it), n, tired)
		if gone[it] {
			p = 0
		}
		out := card{probability: mul(p, looks), value: math.NaN()}
		out.watched = look && unit(sdk.Mix(v.key, tagWatch, uint64(it))) < p
		if out.watched {
			out.value = w.drawValue(v, int(it))
			satisfaction += out.value - 3
		} else {
			satisfaction += skipSatisfaction
		}
		if w.response == formCascade {
			goOn := examineAfterSkip
			if out.watched {
				goOn = examineAfterWatch
			}
			look = look && unit(sdk.Mix(v.key, tagExamine, uint64(it))) < goOn
			looks = mul(looks, mul(p, examineAfterWatch)+mul(1-p, examineAfterSkip))
		}
		cards[n] = out
	}
	if len(v.slate) == 0 {
		satisfaction = skipSatisfaction
	} else {
		satisfaction /= float64(len(v.slate))
	}
	hazard = w.hazard(v.user, v.page, satisfaction)
	return unit(sdk.Mix(v.key, tagLeave, uint64(v.page))) < hazard, hazard
}

// watchProbability is the probability of watching an examined card.
func (w *world) watchProbability(v view, it, slot int, tired []float64) float64 {
	repetition := 0.0
	for _, c := range w.things[it].categories {
		repetition += tired[c]
	}
	repetition /= float64(len(w.things[it].categories))
	z := w.watchBase + w.utility(v.user, it, v.at) - mul(w.repetition, repetition)
	switch w.response {
	case formCascade:
		return logistic(z + cascadeBase)
	case formThreshold:
		if z-mul(w.slot, float64(slot)) > thresholdBar {
			return 1 - lapse
		}
		return lapse
	}
	return logistic(z - mul(w.slot, float64(slot)))
}

// valueMean is the centre of the value before noise, rounding and clipping.
func (w *world) valueMean(v view, it int) float64 {
	return w.valueCentre +
		mul(w.valueUtility, w.utility(v.user, it, v.at)/w.utilitySD) +
		mul(w.valueQuality, w.things[it].quality) -
		mul(w.valuePickiness, w.people[v.user].pickiness)
}

func (w *world) drawValue(v view, it int) float64 {
	noise := newStream(v.key, tagValue, uint64(it)).normal()
	return min(max(math.Round(w.valueMean(v, it)+mul(w.valueNoise, noise)), 1), 5)
}

// expectedValue is 1 + Σ over k = 1..4 of P(value > k).
func (w *world) expectedValue(v view, it int) float64 {
	mean, sum := w.valueMean(v, it), 1.0
	for k := 1.5; k < 5; k++ {
		sum += normalCDF((mean - k) / w.valueNoise)
	}
	return sum
}

// hazard is the probability of leaving after a page.
func (w *world) hazard(u int, page int32, satisfaction float64) float64 {
	return logistic(w.leaveBase + mul(w.leavePage, float64(page)) -
		mul(w.leaveSatisfaction, satisfaction) - mul(w.leavePatience, w.people[u].patience))
}
