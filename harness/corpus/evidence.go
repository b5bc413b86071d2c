package corpus

import (
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// Event is one training interaction as evidence about its user.
type Event struct {
	Item  int32
	Value float32 // NaN: none
	Time  int64   // sdk.MissingTime: none
}

// History gives a user's training interactions in the split's order of time, equal
// times in its seeded order. It needs the corpus open.
func (s *Split) History(user int32) []Event {
	out := []Event{}
	for _, row := range s.in.of(int(user)) {
		if s.parts[row] != partTrain {
			continue
		}
		e := Event{Item: s.in.Item[row], Value: float32(math.NaN()), Time: sdk.MissingTime}
		if s.in.Value != nil {
			e.Value = s.in.Value[row]
		}
		if s.in.Time != nil {
			e.Time = s.in.Time[row]
		}
		out = append(out, e)
	}
	return out
}

// Summaries gives the summary of each item, by item id, nil where the data set has
// none, and needs the corpus open. Like titles it is not to be believed.
func (s *Split) Summaries() []string {
	t, _ := s.corpus.Table(sdk.TableItems)
	texts, _ := column[string](t, "summary", false) // nil too where it is of another type
	return texts
}

// UserTable gives the users with their attributes, of which nothing is held out.
// It needs the corpus open, and numbers must not be written to.
func (s *Split) UserTable() sdk.Table {
	t, _ := s.corpus.Table(sdk.TableUsers) // every corpus has it
	return t
}
