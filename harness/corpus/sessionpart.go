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

	part  []part   // by item, true of the items of this user
	first [3]int64 // earliest time of an interaction in that part or a later one
}

func (s *Split) sessionPart(c cards) *sessionPart {
	return &sessionPart{cards: c, in: s.in, parts: s.parts, byTime: byTime(s.in, s.parts), part: make([]part, s.in.Items)}
}

// byTime reports whether no user has something held out that is earlier than
// something of an earlier part. Then the division is one of time, whoever made it.
func byTime(in ordered, parts []part) bool {
	if in.Time == nil {
		return false
	}
	for u := range in.Users {
		last := partTrain
		for i, row := range in.of(u) { // in order of time
			if in.Time[row] == sdk.MissingTime {
				return false
			}
			if p := parts[row]; p < last && in.Time[row] > in.Time[in.of(u)[i-1]] {
				return false
			}
			last = max(last, parts[row])
		}
	}
	return true
}

// user turns to the sessions of a user.
func (s *sessionPart) user(u int32) {
	s.first = [3]int64{math.MinInt64, math.MaxInt64, math.MaxInt64}
	for _, row := range s.in.of(int(u)) {
		p := s.parts[row]
		s.part[s.in.Item[row]] = p
		if !s.byTime {
			continue
		}
		for held := partValid; held <= p; held++ {
			s.first[held] = min(s.first[held], s.in.Time[row])
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
			see(s.partAt(at))
		}
	}
	if watched == 0 && !s.byTime {
		return partTrain, true
	}
	return first, first == last
}

// partAt gives the part of a moment.
func (s *sessionPart) partAt(at int64) part {
	switch {
	case at >= s.first[partTest]:
		return partTest
	case at >= s.first[partValid]:
		return partValid
	}
	return partTrain
}
