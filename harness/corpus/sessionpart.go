package corpus

import (
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// sessionPart finds the part of a session from those of the interactions. It is
// about one user at a time.
type sessionPart struct {
	cards  cards
	in     ordered
	parts  []part
	byTime bool
	all    moments // where the division has one cut for everybody; else never

	part  []part // by item, true of the items of this user
	first moments
}

// moments are, by part, the earliest time of an interaction of that part or a
// later one.
type moments [partTest + 1]int64

func never() moments { return moments{math.MinInt64, math.MaxInt64, math.MaxInt64} }

func (m *moments) see(p part, at int64) {
	for held := partValid; held <= p; held++ {
		m[held] = min(m[held], at)
	}
}

// of gives the part of a moment.
func (m *moments) of(at int64) part {
	switch {
	case at >= m[partTest]:
		return partTest
	case at >= m[partValid]:
		return partValid
	}
	return partTrain
}

// sessionPart looks at the division; forecasts says that it is to have nothing in
// training that is later than what is held out of anybody.
func (s *Split) sessionPart(c cards, forecasts bool) *sessionPart {
	p := &sessionPart{cards: c, in: s.in, parts: s.parts, byTime: byTime(s.in, s.parts), all: never(), part: make([]part, s.in.Items)}
	if forecasts && p.byTime {
		for row, at := range s.in.Time {
			p.all.see(s.parts[row], at)
		}
	}
	return p
}

// byTime reports whether no user has something held out that is earlier than
// something of an earlier part. Then the division is one of time, whoever made it.
func byTime(in ordered, parts []part) bool {
	if in.Time == nil {
		return false
	}
	for u := range in.Users {
		first := never()
		for _, row := range in.of(u) { // in order of time
			at, p := in.Time[row], parts[row]
			if at == sdk.MissingTime || p < partTest && at > first[p+1] {
				return false
			}
			first.see(p, at)
		}
	}
	return true
}

// user turns to the sessions of a user.
func (s *sessionPart) user(u int32) {
	s.first = s.all
	for _, row := range s.in.of(int(u)) {
		s.part[s.in.Item[row]] = s.parts[row]
		if s.byTime {
			s.first.see(s.parts[row], s.in.Time[row])
		}
	}
}

// of gives the part of a session of the user; false where it straddles.
func (s *sessionPart) of(rows []int32) (part, bool) {
	watched := 0
	first, last := partTest, partTrain // of what was watched, and of the moments
	see := func(p part) { first, last = min(first, p), max(last, p) }
	for _, row := range rows {
		if s.cards.watched[row] == 1 {
			watched++
			see(s.part[s.cards.item[row]]) // an interaction of the user: checked when the corpus was built
		}
		if s.byTime {
			at := s.cards.time[row]
			if at == sdk.MissingTime {
				return 0, false
			}
			see(s.first.of(at))
		}
	}
	if watched == 0 && !s.byTime {
		return partTrain, true
	}
	return first, first == last
}
