package corpus

import (
	"math"

	"github.com/alignuser/alignuser/sdk"
)

var noValue = float32(math.NaN())

// Event is a training interaction.
type Event struct {
	Item  int32
	Value float32 // NaN: none
	Time  int64   // sdk.MissingTime: none
}

// History gives a user's training interactions in the order of the split: by time,
// and where times are equal or absent by hash.
func (s *Split) History(user int32) []Event {
	var out []Event
	for _, row := range s.in.of(int(user)) {
		if s.parts[row] != partTrain {
			continue
		}
		e := Event{Item: s.in.Item[row], Value: noValue, Time: sdk.MissingTime}
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

// Summaries gives the summary of each item, by item id; nil where the data set has
// none. It needs the corpus open. It is text from the data set: nothing of it is to
// be believed.
func (s *Split) Summaries() []string {
	t, _ := s.corpus.Table(sdk.TableItems)
	col, _ := t.Column("summary")
	out, _ := col.Data.([]string)
	return out
}

// Origin gives the rows that users and items have in the data set's own tables, by
// id; nil where nothing was filtered and they are the same.
func (s *Split) Origin() (users, items []int32) { return s.corpus.users, s.corpus.items }

// Users gives the table of users with their attributes: none of it is held out. It
// needs the corpus open.
func (s *Split) Users() sdk.Table {
	t, _ := s.corpus.Table(sdk.TableUsers)
	return t
}
