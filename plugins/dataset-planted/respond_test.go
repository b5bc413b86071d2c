package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/sdk"
)

func ask(t testing.TB, d sdk.Responder, r sdk.RespondRequest) sdk.RespondReply {
	t.Helper()
	out, err := d.Respond(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// pages asks every user for a page of four items, some after a first page.
func pages(users, items int, stream uint64) sdk.RespondRequest {
	r := sdk.RespondRequest{Stream: stream}
	for u := range int32(users) {
		r.Users, r.Exposures = append(r.Users, u), append(r.Exposures, int64(u%3))
		at := func(n int32) int32 { return (u*7 + n*11) % int32(items) }
		r.Slates.Append(at(0), at(1), at(2), at(3))
		if u%2 == 0 {
			r.Pages = append(r.Pages, 0)
			r.History.Append()
			continue
		}
		r.Pages = append(r.Pages, 2)
		r.History.Append(at(4), at(5))
		r.HistoryPages = append(r.HistoryPages, 0, 1)
		r.HistoryWatched = append(r.HistoryWatched, 1, 0)
		r.HistoryValues = append(r.HistoryValues, 4, float32(math.NaN()))
	}
	return r
}

// TestFrequencies: over many streams, what happens has the probabilities that
// are claimed. Each sum of (outcome − probability) is compared with its own
// deviation; four of them is the limit.
func TestFrequencies(t *testing.T) {
	const users, items, streams = 40, 60, 500
	for _, response := range []string{formLogistic, formCascade, formThreshold, formDrift} {
		d := open(t, sdk.Options{"users": int64(users), "items": int64(items), "response": response})
		cards := users * 4
		watched, probability := make([]float64, cards), make([]float64, cards)
		var left, hazard, hazardVariance, excess, excessSquares, watches float64
		for stream := range uint64(streams) {
			out := ask(t, d, pages(users, items, stream))
			for n := range cards {
				watched[n] += float64(out.Watched[n])
				probability[n] = float64(out.WatchProbability[n])
				if v := out.Values[n]; out.Watched[n] == 1 {
					e := float64(v - out.ExpectedValues[n])
					excess, excessSquares, watches = excess+e, excessSquares+e*e, watches+1
				} else if v == v {
					t.Fatalf("%s: a skipped card has value %v", response, v)
				}
			}
			for n, p := range out.LeaveProbability {
				left += float64(out.Left[n])
				hazard += float64(p)
				hazardVariance += float64(p * (1 - p))
			}
		}
		// Each card on its own: 160 of them, so five deviations.
		var z2 float64
		for n, p := range probability {
			z := (watched[n] - streams*p) / math.Sqrt(streams*p*(1-p))
			z2 += z * z
			if math.Abs(z) > 5 {
				t.Errorf("%s: card %d watched %v times of %d with probability %v", response, n, watched[n], streams, p)
			}
		}
		// The sum of squares has mean 160 and deviation √320 = 18.
		if z2 < 88 || z2 > 232 {
			t.Errorf("%s: sum of squared deviations %.0f, want about %d", response, z2, cards)
		}
		if z := (left - hazard) / math.Sqrt(hazardVariance); math.Abs(z) > 4 {
			t.Errorf("%s: %v departures, %.1f expected", response, left, hazard)
		}
		if z := excess / math.Sqrt(excessSquares); math.Abs(z) > 4 {
			t.Errorf("%s: values exceed expectation by %.4f over %v watches", response, excess/watches, watches)
		}
	}
}

// TestWatchByHand puts numbers into the formula.
func TestWatchByHand(t *testing.T) {
	d := open(t, sdk.Options{"users": int64(3), "items": int64(40)})
	w, err := d.population(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// Person 0 has watched item 0 on page 0 and item 1 on page 1; now page 2.
	// Item 2 shares one of its two categories with item 0 and both with item 1:
	// repetition = ½·0.7 + 1·1 = 1.35.
	w.things[0].categories, w.things[1].categories, w.things[2].categories = []int{1}, []int{1, 5, 7}, []int{1, 5}
	r := sdk.RespondRequest{
		Users: []int32{0}, Pages: []int32{2}, Exposures: []int64{0},
		HistoryPages: []int32{0, 0, 1}, HistoryWatched: []uint8{1, 0, 1}, HistoryValues: []float32{4, 0, 4},
	}
	r.Slates.Append(3, 2, 0)
	r.History.Append(0, 4, 1)
	out := ask(t, d, r)
	utility := func(i int) float64 {
		p, it := w.people[0], w.things[i]
		return 1.4*w.tasteScale.of(w.rawTaste(0, i, 0)) + 0.7*w.latentScale.of(w.rawLatent(0, i)) +
			0.7*p.qualityWeight*it.quality + 0.4*p.conformity*it.fame
	}
	want := 1 / (1 + math.Exp(2-utility(2)+0.10*1+0.25*1.35))
	if got := float64(out.WatchProbability[1]); math.Abs(got-want) > 1e-6 {
		t.Errorf("probability %v, want %v", got, want)
	}
	if out.WatchProbability[2] != 0 || out.Watched[2] != 0 {
		t.Error("an item watched in the session may be watched again")
	}
	satisfaction := 0.0
	for n := range 3 {
		if out.Watched[n] == 1 {
			satisfaction += (float64(out.Values[n]) - 3) / 3
		} else {
			satisfaction -= 0.3 / 3
		}
	}
	want = 1 / (1 + math.Exp(1.2-0.35*2+0.9*satisfaction+0.6*w.people[0].patience))
	if got := float64(out.LeaveProbability[0]); math.Abs(got-want) > 1e-6 {
		t.Errorf("probability of leaving %v, want %v", got, want)
	}
	// E[value] by the same cut points, from the error function.
	mean := 3.1 + 0.56*utility(2)/w.utilitySD + 0.15*w.things[2].quality - 0.5*w.people[0].pickiness
	want = 1
	for _, cut := range []float64{1.5, 2.5, 3.5, 4.5} {
		want += 0.5 * math.Erfc((cut-mean)/0.9/math.Sqrt2)
	}
	if got := float64(out.ExpectedValues[1]); math.Abs(got-want) > 1e-6 {
		t.Errorf("expected value %v, want %v", got, want)
	}
}

// Values of skipped cards are NaN, equal for this purpose.
var nans = cmpopts.EquateNaNs()

// TestBatching: rows answer alike alone, in another order and beside others.
func TestBatching(t *testing.T) {
	const users, items = 30, 60
	d := open(t, sdk.Options{"users": int64(users), "items": int64(items), "response": formCascade})
	r := pages(users, items, 5)
	whole := ask(t, d, r)
	for i := range slices.Backward(r.Users) {
		one := sdk.RespondRequest{Users: r.Users[i : i+1], Pages: r.Pages[i : i+1], Exposures: r.Exposures[i : i+1], Stream: r.Stream}
		one.Slates.Append(r.Slates.Row(i)...)
		one.History.Append(r.History.Row(i)...)
		h0, h1 := r.History.Offsets[i], r.History.Offsets[i+1]
		one.HistoryPages, one.HistoryWatched, one.HistoryValues = r.HistoryPages[h0:h1], r.HistoryWatched[h0:h1], r.HistoryValues[h0:h1]
		lo, hi := i*4, i*4+4
		want := sdk.RespondReply{
			Watched: whole.Watched[lo:hi], WatchProbability: whole.WatchProbability[lo:hi], Values: whole.Values[lo:hi],
			ExpectedValues: whole.ExpectedValues[lo:hi], Left: whole.Left[i : i+1], LeaveProbability: whole.LeaveProbability[i : i+1],
		}
		if d := cmp.Diff(want, ask(t, d, one), nans); d != "" {
			t.Fatalf("row %d alone: %s", i, d)
		}
	}
	if cmp.Equal(whole, ask(t, d, pages(users, items, 6)), nans) {
		t.Error("another stream gave the same answers")
	}
}

// TestSharedLuck: an item in the same place of two different slates has the
// same outcome, whoever put it there.
func TestSharedLuck(t *testing.T) {
	d := open(t, sdk.Options{"users": int64(30), "items": int64(60)})
	a, b := sdk.RespondRequest{Stream: 1}, sdk.RespondRequest{Stream: 1}
	for u := range int32(30) {
		for _, r := range []*sdk.RespondRequest{&a, &b} {
			r.Users, r.Pages, r.Exposures = append(r.Users, u), append(r.Pages, 0), append(r.Exposures, 0)
		}
		a.Slates.Append(3, 4)
		b.Slates.Append(9, 4)
	}
	x, y := ask(t, d, a), ask(t, d, b)
	for n := 1; n < 60; n += 2 {
		if x.Watched[n] != y.Watched[n] || !cmp.Equal(x.Values[n], y.Values[n], nans) {
			t.Errorf("user %d: another neighbour on the page changed the outcome", n/2)
		}
	}
}

// TestDriftMoves: the drifting world prefers other items later, the logistic
// world does not.
func TestDriftMoves(t *testing.T) {
	for response, moves := range map[string]bool{formLogistic: false, formDrift: true} {
		d := open(t, sdk.Options{"users": int64(3), "items": int64(40), "response": response})
		r := sdk.RespondRequest{Users: []int32{1, 1}, Pages: []int32{0, 0}, Exposures: []int64{0, 30}}
		r.Slates.Append(5)
		r.Slates.Append(5)
		out := ask(t, d, r)
		if moved := out.WatchProbability[0] != out.WatchProbability[1]; moved != moves {
			t.Errorf("%s: probabilities %v", response, out.WatchProbability)
		}
	}
}

func TestRespondRefuses(t *testing.T) {
	d := open(t, sdk.Options{"users": int64(3), "items": int64(40)})
	for name, change := range map[string]func(*sdk.RespondRequest){
		"user":            func(r *sdk.RespondRequest) { r.Users[0] = 3 },
		"cold user":       func(r *sdk.RespondRequest) { r.Users[0] = -1 },
		"page":            func(r *sdk.RespondRequest) { r.Pages[0] = -1 },
		"exposure":        func(r *sdk.RespondRequest) { r.Exposures[0] = -1 },
		"pages":           func(r *sdk.RespondRequest) { r.Pages = nil },
		"item":            func(r *sdk.RespondRequest) { r.Slates.Items[0] = 40 },
		"slates":          func(r *sdk.RespondRequest) { r.Slates.Offsets = r.Slates.Offsets[:1] },
		"history item":    func(r *sdk.RespondRequest) { r.History.Items[0] = -1 },
		"history pages":   func(r *sdk.RespondRequest) { r.HistoryPages = nil },
		"history watched": func(r *sdk.RespondRequest) { r.HistoryWatched = nil },
	} {
		r := pages(2, 40, 1)
		change(&r)
		if _, err := d.Respond(context.Background(), r); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", name, err)
		}
	}
	r := pages(2, 40, 1)
	r.Slates, r.History = sdk.Ragged{}, sdk.Ragged{}
	r.HistoryPages, r.HistoryWatched = nil, nil
	if out := ask(t, d, r); len(out.Watched) != 0 || len(out.Left) != 2 {
		t.Errorf("empty slates: %+v", out)
	}
}
