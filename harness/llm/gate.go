package llm

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// gate decides when a call may start. The number in flight doubles each round
// until something is refused, fails or slows down, then grows by one a round;
// a refusal takes three tenths of it. On top of it come the buckets that the
// provider's headers describe and a pace found by trying, which alone must do
// where there are none; and when the provider asks to wait, everybody waits.
type gate struct {
	mu       sync.Mutex
	most     int
	limit    float64
	doubling bool
	cutAt    time.Time // calls that started before it cut no more
	paused   time.Time
	requests bucket
	tokens   bucket
	pace     pace
	slow     slowness
	inFlight map[*ticket]struct{}
	started  uint64
	sent     float64   // tokens of all that started
	heard    uint64    // the latest ticket whose headers counted
	queue    []*waiter // first come, first served
	timer    *time.Timer
	closed   error
}

// ticket is a call in flight.
type ticket struct {
	n    uint64
	sent float64 // tokens of it and all before it
	at   time.Time
}

type waiter struct {
	tokens float64
	ready  chan struct{}
	ticket *ticket
	err    error
}

// outcome is what a call tells the gate.
type outcome struct {
	answered bool
	refused  bool // the provider limits us
	strained bool // the provider or the road fails
	wait     time.Duration
	limits   *sdk.RateLimits
}

// firstLimit is where doubling begins.
const firstLimit = 8

// cut is what is left of the limit after a refusal or failure.
const cut = 0.7

func newGate(most int, adapt bool) *gate {
	g := &gate{most: most, limit: float64(most), inFlight: map[*ticket]struct{}{}}
	if adapt {
		g.limit, g.doubling = float64(min(firstLimit, most)), true
	}
	return g
}

// enter waits for its turn. Each ticket goes back through leave.
func (g *gate) enter(ctx context.Context, tokens float64) (*ticket, error) {
	w := &waiter{tokens: tokens, ready: make(chan struct{})}
	g.mu.Lock()
	g.queue = append(g.queue, w)
	g.dispatch()
	g.mu.Unlock()
	select {
	case <-w.ready:
		return w.ticket, w.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, w); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		g.dispatch()
	} else if w.ticket != nil {
		g.remove(w.ticket)
	}
	return nil, ctx.Err()
}

// leave ends a call.
func (g *gate) leave(t *ticket, o outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	g.learn(now, t, o)
	g.remove(t)
}

func (g *gate) remove(t *ticket) {
	delete(g.inFlight, t)
	g.dispatch()
}

// learn adapts to what a call met.
func (g *gate) learn(now time.Time, t *ticket, o outcome) {
	if l := o.limits; l != nil && t.n > g.heard {
		// The provider counts when a question comes, so its numbers are of the
		// ticket's time; what started later is not in them.
		g.heard = t.n
		g.requests.hear(t.at, l.RequestsLimit, l.RequestsRemaining, l.RequestsReset, float64(g.started-t.n))
		g.tokens.hear(t.at, l.TokensLimit, l.TokensRemaining, l.TokensReset, g.sent-t.sent)
	}
	if until := now.Add(o.wait); o.wait > 0 && until.After(g.paused) {
		g.paused = until
	}
	fresh := t.at.After(g.cutAt)
	switch {
	case o.answered:
		g.pace.success(now)
		if g.doubling {
			g.limit++
		} else {
			g.limit += 1 / g.limit
		}
		if fresh { // what started before the cut was slow because of what was cut
			if f := g.slow.hear(now.Sub(t.at), int(g.limit)); f < 1 {
				g.shrink(now, f)
			}
		}
	case o.refused && fresh:
		if told := g.requests.known || g.tokens.known; !told || o.wait == 0 {
			g.pace.refused(now)
		}
		g.shrink(now, cut)
	case o.strained && fresh:
		g.shrink(now, cut)
	}
	g.limit = min(g.limit, float64(g.most))
}

func (g *gate) shrink(now time.Time, factor float64) {
	g.limit, g.doubling, g.cutAt = max(1, g.limit*factor), false, now
}

// dispatch starts whoever may start, and sets the clock for the next one. The
// lock is held.
func (g *gate) dispatch() {
	if g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
	for len(g.queue) > 0 {
		w := g.queue[0]
		if g.closed != nil {
			w.err = g.closed
		} else {
			if len(g.inFlight) >= int(g.limit) {
				return
			}
			now := time.Now()
			if d := max(g.paused.Sub(now), g.requests.wait(now, 1), g.tokens.wait(now, w.tokens), g.pace.wait(now)); d > 0 {
				g.timer = time.AfterFunc(d, func() {
					g.mu.Lock()
					defer g.mu.Unlock()
					g.dispatch()
				})
				return
			}
			g.requests.take(1)
			g.tokens.take(w.tokens)
			g.pace.take()
			g.started++
			g.sent += w.tokens
			w.ticket = &ticket{n: g.started, sent: g.sent, at: now}
			g.inFlight[w.ticket] = struct{}{}
		}
		g.queue = g.queue[1:]
		close(w.ready)
	}
}

// shut sends everybody who waits or comes away with an error.
func (g *gate) shut(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil {
		g.closed = err
	}
	g.dispatch()
}

func (g *gate) load() Load {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Load{InFlight: len(g.inFlight), Limit: int(g.limit), Waiting: len(g.queue), PausedFor: max(0, time.Until(g.paused))}
}

// slowness notices that answers take longer because too many are asked for at
// once: a round's median against the best round so far. Answers differ in
// length, so only twice as long counts; the best is forgotten slowly.
type slowness struct {
	round []time.Duration
	size  int // of this round: the limit when it began
	best  time.Duration
}

const (
	slowBy     = 2
	slowForget = 1.005 // a round
	roundLeast = 16
	slowCut    = 0.5
)

// hear gives the factor to shrink by, 1 for none.
func (s *slowness) hear(d time.Duration, limit int) float64 {
	if len(s.round) == 0 {
		s.size = max(roundLeast, limit)
	}
	s.round = append(s.round, d)
	if len(s.round) < s.size {
		return 1
	}
	slices.Sort(s.round)
	median := s.round[len(s.round)/2]
	s.round = s.round[:0]
	best := s.best
	if best == 0 || median < best {
		s.best = median
		return 1
	}
	s.best = min(median, time.Duration(float64(best)*slowForget))
	if median <= slowBy*best {
		return 1
	}
	return max(slowCut, float64(slowBy*best)/float64(median))
}
