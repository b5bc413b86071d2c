package llm

import (
	"math"
	"time"
)

// bucket is our picture of a provider's token bucket, drawn from what its
// headers say. The zero value knows of no limit.
type bucket struct {
	known bool
	level float64 // of what may be taken now
	most  float64
	at    time.Time // of level
	// rate is deficit over reset, both summed with old ones fading: one header
	// is rounded, many are not.
	deficits, resets float64
}

// fade is what a header weighs against the next one.
const fade = 0.95

// headroom is left to the provider's own rounding.
const headroom = 0.99

func (b *bucket) rate() float64 {
	if b.resets == 0 {
		return 0
	}
	return headroom * b.deficits / b.resets
}

func (b *bucket) refill(now time.Time) {
	if dt := now.Sub(b.at).Seconds(); dt > 0 {
		b.level, b.at = min(b.most, b.level+dt*b.rate()), now
	}
}

// hear takes a header in. Unseen is what was sent and is not counted in it.
func (b *bucket) hear(now time.Time, limit, remaining int64, reset time.Duration, unseen float64) {
	if limit <= 0 || remaining < 0 {
		return
	}
	b.known = true
	b.most, b.at = float64(limit), now
	b.level = float64(remaining) - unseen
	// Remaining is rounded down, so the deficit is half a unit too large on average.
	if deficit := float64(limit-remaining) - 0.5; deficit > 0 && reset > 0 {
		b.deficits = fade*b.deficits + deficit
		b.resets = fade*b.resets + reset.Seconds()
	}
}

// wait says how long until n may be taken. More than the bucket holds is
// taken when it is full.
func (b *bucket) wait(now time.Time, n float64) time.Duration {
	if !b.known {
		return 0
	}
	b.refill(now)
	n = min(n, b.most)
	if b.level >= n {
		return 0
	}
	rate := b.rate()
	if rate <= 0 {
		return 0 // nothing is known about refilling: the provider will say
	}
	return time.Duration(math.Ceil((n - b.level) / rate * float64(time.Second)))
}

func (b *bucket) take(n float64) {
	if b.known {
		b.level -= n
	}
}

// pace is a rate found by trying, for providers that refuse and say nothing:
// a refusal sets it a little below what was answered lately, and it grows the
// faster the longer nothing was refused. The zero value is no limit.
type pace struct {
	perSecond float64
	level     float64
	at        time.Time
	cutAt     time.Time
	answered  []time.Time // of the last second
	first     time.Time   // of the first answer
}

const (
	paceWindow = time.Second
	paceCut    = 0.9  // of what was answered, after a refusal
	paceFloor  = 0.5  // of the pace before: one refusal tells little
	paceSlow   = 0.02 // growth a second, just after a refusal …
	paceGrow   = 0.03 // … more by this each second …
	paceMost   = 0.5  // … up to this
	paceBurst  = 1
)

func (p *pace) success(now time.Time) {
	if p.first.IsZero() {
		p.first = now
	}
	p.answered = append(p.answered, now)
	old := 0
	for old < len(p.answered) && now.Sub(p.answered[old]) > paceWindow {
		old++
	}
	p.answered = p.answered[old:]
}

// refused cuts the pace. Before the first answer there is nothing to go by.
func (p *pace) refused(now time.Time) {
	if p.first.IsZero() {
		return
	}
	n := 0
	for _, t := range p.answered {
		if now.Sub(t) <= paceWindow {
			n++
		}
	}
	seen := max(paceWindow/10, min(paceWindow, now.Sub(p.first)))
	rate := max(1, float64(n)) / seen.Seconds()
	if p.perSecond > 0 {
		p.refill(now)
		rate = max(min(rate, p.perSecond), p.perSecond*paceFloor)
	}
	p.perSecond, p.cutAt, p.at = rate*paceCut, now, now
	p.level = min(p.level, 0)
}

func (p *pace) refill(now time.Time) {
	dt := now.Sub(p.at).Seconds()
	if dt <= 0 || p.perSecond == 0 {
		return
	}
	p.level = min(paceBurst, p.level+dt*p.perSecond)
	p.perSecond *= 1 + dt*min(paceMost, paceSlow+paceGrow*now.Sub(p.cutAt).Seconds())
	p.at = now
}

func (p *pace) wait(now time.Time) time.Duration {
	if p.perSecond == 0 {
		return 0
	}
	p.refill(now)
	if p.level >= 1 {
		return 0
	}
	return time.Duration(math.Ceil((1 - p.level) / p.perSecond * float64(time.Second)))
}

func (p *pace) take() {
	if p.perSecond > 0 {
		p.level--
	}
}
