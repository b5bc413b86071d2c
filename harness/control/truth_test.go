package control

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

var nan = float32(math.NaN())

// echo answers with what it was asked: a card is watched where its item is odd, its
// value is the item, and who is odd leaves.
type echo struct {
	asked []sdk.RespondRequest
	err   error
}

func (e *echo) Respond(_ context.Context, r sdk.RespondRequest) (sdk.RespondReply, error) {
	e.asked = append(e.asked, r)
	var a sdk.RespondReply
	for i, u := range r.Users {
		a.Left = append(a.Left, uint8(u%2))
		a.LeaveProbability = append(a.LeaveProbability, float32(u)/10)
		for _, it := range r.Slates.Row(i) {
			value := nan
			if it%2 == 1 {
				value = float32(it)
			}
			a.Watched, a.Values = append(a.Watched, uint8(it%2)), append(a.Values, value)
			a.WatchProbability, a.ExpectedValues = append(a.WatchProbability, float32(it)/10), append(a.ExpectedValues, float32(it)+0.5)
		}
	}
	return a, e.err
}

func TestTruth(t *testing.T) {
	e := &echo{}
	got, err := NewTruth(e, corpus.Origin{}).Respond(t.Context(), 7, []View{
		{User: 1, Exposure: 4, Page: 2, Slate: []int32{3, 2}, History: []Seen{{Item: 5, Page: 0, Watched: true, Value: 4}, {Item: 6, Page: 1, Value: 9}}},
		{User: 2},
		{User: 1, Slate: []int32{1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []Reaction{
		{
			Watched: []bool{true, false}, WatchProbability: []float32{0.3, 0.2}, Values: []float32{3, nan}, ExpectedValues: []float32{3.5, 2.5},
			Left: true, LeaveProbability: 0.1,
		},
		{Watched: []bool{}, WatchProbability: []float32{}, Values: []float32{}, ExpectedValues: []float32{}, LeaveProbability: 0.2},
		{Watched: []bool{true}, WatchProbability: []float32{0.1}, Values: []float32{1}, ExpectedValues: []float32{1.5}, Left: true, LeaveProbability: 0.1},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	asked := sdk.RespondRequest{
		Users: []int32{1, 2, 1}, Pages: []int32{2, 0, 0}, Exposures: []int64{4, 0, 0}, Stream: 7,
		Slates:       sdk.Ragged{Offsets: []uint32{0, 2, 2, 3}, Items: []int32{3, 2, 1}},
		History:      sdk.Ragged{Offsets: []uint32{0, 2, 2, 2}, Items: []int32{5, 6}},
		HistoryPages: []int32{0, 1}, HistoryWatched: []uint8{1, 0}, HistoryValues: []float32{4, nan},
	}
	if diff := cmp.Diff([]sdk.RespondRequest{asked}, e.asked, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}

// No request has more rows than the contract allows, and answers keep their order.
func TestTruthOfManyViews(t *testing.T) {
	e := &echo{}
	views := make([]View, 2*maxViews+1)
	for i := range views {
		views[i] = View{User: int32(i % 10), Slate: slices.Repeat([]int32{int32(i)}, i%3)}
	}
	got, err := NewTruth(e, corpus.Origin{}).Respond(t.Context(), 0, views)
	if err != nil || len(got) != len(views) || len(e.asked) != 3 || len(e.asked[2].Users) != 1 {
		t.Fatalf("%d answers to %d requests, %v", len(got), len(e.asked), err)
	}
	for i, r := range got {
		if len(r.ExpectedValues) != i%3 || i%3 > 0 && r.ExpectedValues[0] != float32(i)+0.5 {
			t.Fatalf("view %d: %v", i, r.ExpectedValues)
		}
	}
	e.err = errors.New("no such user")
	if _, err := NewTruth(e, corpus.Origin{}).Respond(t.Context(), 0, views); !errors.Is(err, e.err) || !strings.HasPrefix(fmt.Sprint(err), "truth: ") {
		t.Errorf("%v", err)
	}
	if got, err := NewTruth(e, corpus.Origin{}).Respond(t.Context(), 0, nil); err != nil || len(got) != 0 {
		t.Errorf("no views: %v, %v", got, err)
	}
}
