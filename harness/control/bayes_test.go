package control

import (
	"context"
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// moods answers otherwise in every stream: each in turn, over and over.
type moods struct {
	t     *testing.T
	turn  int
	draws []sdk.RespondReply // of one page
}

func (m *moods) Respond(_ context.Context, r sdk.RespondRequest) (sdk.RespondReply, error) {
	if len(r.Users) != 1 || r.Pages[0] != 2 || r.HistoryWatched[0] != 1 {
		m.t.Errorf("asked %+v", r)
	}
	m.turn++
	return m.draws[(m.turn-1)%len(m.draws)], nil
}

func draw(leave float32, watched []uint8, values ...float32) sdk.RespondReply {
	return sdk.RespondReply{
		Watched: watched, Values: values, WatchProbability: []float32{0.25, 0.75}, ExpectedValues: []float32{3, 3},
		Left: []uint8{0}, LeaveProbability: []float32{leave},
	}
}

// The person watched the first card and gave it 4. The third and the fourth draw watch
// it too and give 3 and 5, each off by 1, so leaving is (0.2 + 0.4) / 2; the second
// differs in a card and the first in both.
func TestBayes(t *testing.T) {
	m := &moods{t: t, draws: []sdk.RespondReply{
		draw(0.9, []uint8{0, 1}, nan, 2),
		draw(0.8, []uint8{1, 1}, 4, 2),
		draw(0.2, []uint8{1, 0}, 3, nan),
		draw(0.4, []uint8{1, 0}, 5, nan),
	}}
	v := agent.View{User: 3, State: page.State{Page: 2, Cards: []page.Card{{Item: 1}, {Item: 2}}, Given: []page.Given{{Item: 7, Watched: true, Value: 5}}}}
	four := 4.0
	did := trace.Decision{Cards: []trace.Choice{{Watch: true, Value: &four}, {}}}
	got, err := NewTruth(m, corpus.Origin{}).Bayes(t.Context(), []agent.View{v}, []trace.Decision{did})
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if c := got[0]; c.Watch[0] != 0.25 || c.Watch[1] != 0.75 || math.Abs(c.Leave-0.3) > 1e-7 {
		t.Errorf("%+v", c)
	}
	if m.turn != bayesDraws {
		t.Errorf("%d draws", m.turn)
	}
}
