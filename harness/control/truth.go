package control

import (
	"context"
	"fmt"
	"math"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// maxViews is how many rows one Respond may have (docs/contract.md, limits).
const maxViews = 1024

// Truth is how a planted population truly acts. What an agent sees or learns
// from must never pass through here: this is what agents are measured by.
type Truth struct {
	responder sdk.Responder
	origin    corpus.Origin
}

// NewTruth makes the truth about a corpus out of its data set's process. Origin
// says how the corpus numbers the data set's users and items, see
// [corpus.Split.Origin].
func NewTruth(r sdk.Responder, origin corpus.Origin) *Truth { return &Truth{r, origin} }

// View is one page before one user. Users and items are the corpus's.
type View struct {
	User     int32
	Exposure int64   // which session of the user this is
	Page     int32   // of the session, 0-based
	Slate    []int32 // items, from the first slot on
	History  []Seen  // what earlier pages of the session showed, in order
}

// Seen is a card of an earlier page of a session.
type Seen struct {
	Item    int32
	Page    int32
	Watched bool
	Value   float32 // NaN: not watched
}

// Reaction is what the user does. The slices have one entry per card of the slate.
type Reaction struct {
	Watched          []bool
	WatchProbability []float32 // before anything on the page is decided
	Values           []float32 // NaN: not watched
	ExpectedValues   []float32 // of every card, if it were watched
	Left             bool      // the session ends after this page
	LeaveProbability float32   // given what was watched and skipped
}

// Respond gives the reactions to some views, in their order. Streams are numbers
// of independent repetitions: an equal view in an equal stream has an equal
// reaction, whatever else is asked along with it, and whoever asks.
func (t *Truth) Respond(ctx context.Context, stream uint64, views []View) ([]Reaction, error) {
	out := make([]Reaction, 0, len(views))
	for len(views) > 0 {
		n := min(len(views), maxViews)
		some, err := t.ask(ctx, stream, views[:n])
		if err != nil {
			return nil, fmt.Errorf("truth: %w", err)
		}
		out, views = append(out, some...), views[n:]
	}
	return out, nil
}

func (t *Truth) ask(ctx context.Context, stream uint64, views []View) ([]Reaction, error) {
	reply, err := t.responder.Respond(ctx, t.request(stream, views))
	if err != nil {
		return nil, err
	}
	out := make([]Reaction, len(views))
	at := 0
	for i, v := range views {
		to := at + len(v.Slate)
		out[i] = Reaction{
			Watched:          make([]bool, len(v.Slate)),
			WatchProbability: reply.WatchProbability[at:to:to],
			Values:           reply.Values[at:to:to],
			ExpectedValues:   reply.ExpectedValues[at:to:to],
			Left:             reply.Left[i] == 1,
			LeaveProbability: reply.LeaveProbability[i],
		}
		for card := range v.Slate {
			out[i].Watched[card] = reply.Watched[at+card] == 1
		}
		at = to
	}
	return out, nil
}

// request speaks in rows of the data set's own tables.
func (t *Truth) request(stream uint64, views []View) sdk.RespondRequest {
	r := sdk.RespondRequest{Stream: stream}
	var items []int32
	for _, v := range views {
		r.Users = append(r.Users, t.origin.User(v.User))
		r.Pages = append(r.Pages, v.Page)
		r.Exposures = append(r.Exposures, v.Exposure)
		items = items[:0]
		for _, it := range v.Slate {
			items = append(items, t.origin.Item(it))
		}
		r.Slates.Append(items...)
		items = items[:0]
		for _, s := range v.History {
			items = append(items, t.origin.Item(s.Item))
			watched, value := uint8(0), float32(math.NaN())
			if s.Watched {
				watched, value = 1, s.Value
			}
			r.HistoryPages, r.HistoryWatched, r.HistoryValues = append(r.HistoryPages, s.Page), append(r.HistoryWatched, watched), append(r.HistoryValues, value)
		}
		r.History.Append(items...)
	}
	return r
}
