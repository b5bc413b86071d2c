package main

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/plugins/internal/cores"
)

const (
	logStart    = 1704067200 // 2024-01-01T00:00:00Z
	day         = 24 * 60 * 60
	sessionDays = 12 // between candidate sessions: 30 fill a year
	pageSeconds = 120
	cardSeconds = 20
)

// shown is one card of the log.
type shown struct {
	user, session, page, slot, item int32
	time                            int64
	watched, left                   bool
	value                           float64
	propensity                      float64
}

// makeLog lets everybody browse. Users are independent, so the order in which
// cores take them does not matter.
func (w *world) makeLog(ctx context.Context) ([]shown, error) {
	each := make([][]shown, w.users)
	err := cores.Each(ctx, w.users, 0, func(_, u int) { each[u] = w.browse(u) })
	if err != nil {
		return nil, err
	}
	var out []shown
	for _, rows := range each {
		out = append(out, rows...)
	}
	return out, nil
}

// browse is the log of one user.
func (w *world) browse(u int) []shown {
	var out []shown
	shelf := w.newShelf(u)
	attend := logistic(w.attendBase + mul(w.attendPatience, w.people[u].patience))
	for n := range w.sessions {
		s := newStream(w.seed, tagLog, uint64(u), uint64(n))
		if s.uniform() >= attend {
			continue
		}
		start := logStart + int64(n)*sessionDays*day + int64(s.below((sessionDays-1)*day))
		out = w.session(out, s, shelf, u, int32(n), start)
	}
	return out
}

// session appends one session to the log.
func (w *world) session(out []shown, s *stream, shelf *shelf, u int, n int32, start int64) []shown {
	shelf.open()
	v := view{user: u, exposure: int64(n), key: w.viewKey(tagLog, 0, u, int64(n)), at: w.logTime(int64(n))}
	cards := make([]card, w.pageSize)
	for v.page = range int32(w.pageLimit) {
		first := len(out)
		v.slate = v.slate[:0]
		for slot := range int32(w.pageSize) {
			it, propensity, ok := shelf.draw(s)
			if !ok {
				break // everything was shown
			}
			v.slate = append(v.slate, it)
			out = append(out, shown{
				user: int32(u), session: n, page: v.page, slot: slot, item: it, propensity: propensity,
				time: start + int64(v.page)*pageSeconds + int64(slot)*cardSeconds,
			})
		}
		if len(v.slate) == 0 {
			break
		}
		left, _ := w.react(v, cards)
		for i := range v.slate {
			row := &out[first+i]
			row.watched, row.value, row.left = cards[i].watched, cards[i].value, left
			v.earlier = append(v.earlier, seen{item: row.item, page: v.page, watched: row.watched})
			if row.watched {
				shelf.watched(row.item)
			}
		}
		if left {
			break
		}
	}
	return out
}

// logTime gives the time of a log's session in lengths of the log.
func (w *world) logTime(exposure int64) float64 { return float64(exposure) / float64(w.sessions) }

// shelf is what the log may still show to one user: slot after slot the
// Plackett–Luce draw that fame + utility + Gumbel noise amounts to, mixed with
// uniform exploration.
type shelf struct {
	explore float64
	weight  []float64 // by item; 0 where it was watched
	now     []float64 // weight of this session; 0 where shown
	left    int
	total   float64
}

func (w *world) newShelf(u int) *shelf {
	s := &shelf{explore: w.exploration, weight: make([]float64, w.items), now: make([]float64, w.items)}
	for i := range s.weight {
		s.weight[i] = exp(w.things[i].fame + mul(w.personalisation, w.utility(u, i, 0)/w.utilitySD))
	}
	return s
}

// open starts a session: all that was never watched may be shown again.
func (s *shelf) open() {
	copy(s.now, s.weight)
	s.left, s.total = 0, 0
	for _, x := range s.now {
		if x > 0 {
			s.left++
			s.total += x
		}
	}
}

// watched takes an item off the shelf for good.
func (s *shelf) watched(it int32) { s.weight[it] = 0 }

// draw takes the next item of the session, with the probability that it was
// this one. It is false where nothing is left.
func (s *shelf) draw(r *stream) (it int32, propensity float64, ok bool) {
	if s.left == 0 {
		return 0, 0, false
	}
	if r.uniform() < s.explore {
		it = s.nth(r.below(s.left))
	} else {
		it = s.at(mul(r.uniform(), s.total))
	}
	x := s.now[it]
	propensity = mul(1-s.explore, x/s.total) + s.explore/float64(s.left)
	s.now[it] = 0
	s.left--
	s.total -= x
	return it, math.Min(propensity, 1), true
}

// nth gives the n-th item that is left.
func (s *shelf) nth(n int) int32 {
	for i, x := range s.now {
		if x > 0 {
			if n == 0 {
				return int32(i)
			}
			n--
		}
	}
	panic("shelf: fewer items left than counted")
}

// at gives the item at a place on the scale of summed weights.
func (s *shelf) at(place float64) int32 {
	last := int32(-1)
	for i, x := range s.now {
		if x > 0 {
			last = int32(i)
			if place < x {
				break
			}
			place -= x
		}
	}
	return last
}
