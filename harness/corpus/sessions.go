package corpus

import (
	"cmp"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// Sessions are those that lie wholly before anything held out of their user.
// Agents may be shown and taught by them.
//
// In a division by time, where of no user anything held out is earlier than
// something that trains, a session trains when all its cards are before the user's
// first held-out interaction and all that was watched trains. Under
// global-temporal, which claims to forecast, it is the first of anybody. In other
// divisions, such as random ones, "before" has no meaning, and a session trains
// when nothing that was watched in it is held out.
type Sessions struct {
	visits
	shown, watched []int32
}

// HeldOutSessions are those of the test part, which nothing shown may depend on:
// in a division by time all their cards are at or after the user's first test
// interaction; in any, all that was watched is in the test part, and in divisions
// that are not by time something was.
type HeldOutSessions struct{ visits }

// Visit is one session of a user.
type Visit struct {
	Session int32 // number among the user's
	Start   int64 // of its earliest card; sdk.MissingTime: unknown
	Pages   []Page
}

// Page is what a session showed at once. All slices have one entry per card, in
// order of slot.
type Page struct {
	Number     int32   // 0-based in the session; a filter may have left gaps
	Slots      []int32 // 0-based; a filter may have left gaps
	Items      []int32
	Watched    []bool
	Values     []float32 // NaN: not watched, or no value
	Left       bool      // the person left after this page
	Time       int64     // of its first card
	Propensity []float32 // NaN: unknown
}

// Sessions gives the training sessions that agents' evidence rests on, those of
// [Split.Evidence]; nil where the data set has no sessions.
func (s *Split) Sessions() *Sessions { return s.sessions }

// Past gives a user's own training sessions, of whichever half, in order of time. The
// caller must not change them.
func (s *Split) Past(user int32) []Visit {
	if s.sessions == nil {
		return nil
	}
	return s.past.Of(user)
}

// HeldOutSessions gives the test sessions of users who are judged; nil where the data set
// has no sessions.
func (s *Split) HeldOutSessions() *HeldOutSessions { return s.later }

// ShownCount gives how often training sessions showed an item.
func (s *Sessions) ShownCount(item int32) int { return int(s.shown[item]) }

// WatchedCount gives how often it was watched there.
func (s *Sessions) WatchedCount(item int32) int { return int(s.watched[item]) }

// LeaveRates gives, by page number from 0, the share of training pages after which people
// left, of one more page of either kind than there were, so that none is 0 or 1. There
// are as many as the longest session has pages.
func (s *Sessions) LeaveRates() []float64 {
	var left, seen, rates []float64
	for _, v := range s.list {
		for n, p := range v.Pages {
			if n == len(seen) {
				seen, left = append(seen, 0), append(left, 0)
			}
			seen[n]++
			if p.Left {
				left[n]++
			}
		}
	}
	for n := range seen {
		rates = append(rates, (left[n]+1)/(seen[n]+2))
	}
	return rates
}

// visits lists sessions by user.
type visits struct {
	offsets []int32
	list    []Visit
}

// Of gives a user's sessions in order of time, those that start at once in order of
// number. The caller must not change them.
func (v visits) Of(user int32) []Visit {
	return v.list[v.offsets[user]:v.offsets[user+1]:v.offsets[user+1]]
}

// Users counts users; ids are below it.
func (v visits) Users() int { return len(v.offsets) - 1 }

// Len counts sessions.
func (v visits) Len() int { return len(v.list) }

// divideSessions puts each session where its cards are.
func (s *Split) divideSessions(forecasts bool) {
	t, ok := s.corpus.Table(sdk.TableSessions)
	if !ok {
		return
	}
	c, _ := cardsOf(t) // checked when the corpus was built
	s.sessions = &Sessions{visits{offsets: []int32{0}}, make([]int32, s.in.Items), make([]int32, s.in.Items)}
	s.later = &HeldOutSessions{visits{offsets: []int32{0}}}
	s.past = visits{offsets: []int32{0}}
	g, part := groupBy(c.user, s.in.Users), s.sessionPart(c, forecasts)
	for u := range int32(s.in.Users) {
		part.user(u)
		rows := g.of(int(u))
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && c.session[rows[n]] == c.session[rows[0]] {
				n++
			}
			switch p, ok := part.of(rows[:n]); {
			case !ok:
				s.stats.SessionsStraddling++
			case p == partTrain:
				s.stats.TrainSessions++
				v := c.visit(rows[:n])
				s.past.list = append(s.past.list, v)
				if s.Attests(u) {
					s.sessions.list = append(s.sessions.list, v)
					s.sessions.count(c, rows[:n])
				}
			case p == partValid:
				s.stats.ValidSessions++
			case p == partTest:
				s.stats.TestSessions++
				if s.Judged(u) {
					s.later.list = append(s.later.list, c.visit(rows[:n]))
				}
			}
			rows = rows[n:]
		}
		s.sessions.close()
		s.past.close()
		s.later.close()
	}
}

func (s *Sessions) count(c cards, rows []int32) {
	for _, row := range rows {
		s.shown[c.item[row]]++
		s.watched[c.item[row]] += int32(c.watched[row])
	}
}

// close ends a user's sessions.
func (v *visits) close() {
	slices.SortStableFunc(v.list[v.offsets[len(v.offsets)-1]:], func(a, b Visit) int { return cmp.Compare(a.Start, b.Start) })
	v.offsets = append(v.offsets, int32(len(v.list)))
}

// visit copies a session, so that it outlives the corpus.
func (c cards) visit(rows []int32) Visit {
	v := Visit{Session: c.session[rows[0]], Start: c.time[rows[0]]}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && c.samePage(rows[0], rows[n]) {
			n++
		}
		page := rows[:n]
		p := Page{
			Number: c.page[page[0]], Slots: pick(c.slot, page), Items: pick(c.item, page), Watched: make([]bool, n),
			Values: floats(c.value, page), Left: c.left[page[0]] == 1, Time: c.time[page[0]], Propensity: floats(c.propensity, page),
		}
		for i, row := range page {
			p.Watched[i] = c.watched[row] == 1
			v.Start = min(v.Start, c.time[row])
		}
		v.Pages = append(v.Pages, p)
		rows = rows[n:]
	}
	return v
}

// floats picks from a column that may be absent.
func floats(from []float32, rows []int32) []float32 {
	if from != nil {
		return pick(from, rows)
	}
	out := make([]float32, len(rows))
	for i := range out {
		out[i] = float32(math.NaN())
	}
	return out
}
