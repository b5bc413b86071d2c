package main

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

// One step by hand. μ = 3, b_u = 0.5, b_i = −0.5, p = (1, 2), q = (0.5, −1),
// r = 5, rate 0.1, l2 0.2, bias-l2 0.4:
//
//	r̂ = 3 + 0.5 − 0.5 + 1·0.5 + 2·(−1) = 1.5;  e = 3.5
//	b_u = 0.5 + 0.1·(3.5 − 0.4·0.5) = 0.83
//	b_i = −0.5 + 0.1·(3.5 + 0.4·0.5) = −0.13
//	p = (1 + 0.1·(3.5·0.5 − 0.2·1), 2 + 0.1·(3.5·(−1) − 0.2·2)) = (1.155, 1.61)
//	q = (0.5 + 0.1·(3.5·1 − 0.2·0.5), −1 + 0.1·(3.5·2 + 0.2·1)) = (0.84, −0.28)
func TestDescentStep(t *testing.T) {
	d := &descent{rate: 0.1, l2: 0.2, biasL2: 0.4, model: &vectors{
		users: 1, items: 1, k: 2, mean: 3, userBias: []float32{0.5}, itemBias: []float32{-0.5},
		user: []float32{1, 2}, item: []float32{0.5, -1},
	}}
	if e := d.step(rating{0, 0, 5}); e != 3.5 {
		t.Errorf("error %v, want 3.5", e)
	}
	got := slices.Concat(d.model.userBias, d.model.itemBias, d.model.user, d.model.item)
	if want := []float32{0.83, -0.13, 1.155, 1.61, 0.84, -0.28}; !near(got, want, 1e-6) {
		t.Errorf("parameters %v, want %v", got, want)
	}
}

// TestEpoch: an epoch visits every value once, and the next takes smaller steps.
// One user has two values 1 away from the mean, on both sides; with vectors and
// biases at zero and a tiny rate every error is ±1, so the RMSE is 1.
func TestEpoch(t *testing.T) {
	o, _ := sdk.Canonical(newMF().Spec().Options, few(sdk.Options{"init-sd": 0.0, "learning-rate": 1e-6, "decay": 0.5}))
	d := newDescent(o, ratings{users: 1, items: 2, train: []rating{{0, 0, 2}, {0, 1, 4}}}, 1)
	for _, rate := range []float32{1e-6, 5e-7, 2.5e-7} {
		if d.rate != rate {
			t.Errorf("rate %v, want %v", d.rate, rate)
		}
		if got, err := d.epoch(context.Background()); err != nil || math.Abs(got-1) > 1e-4 {
			t.Errorf("training RMSE %v, error %v, want 1", got, err)
		}
	}
	if b := d.model.itemBias; math.Abs(float64(b[0]+1.75e-6)) > 1e-9 || math.Abs(float64(b[1]-1.75e-6)) > 1e-9 {
		t.Errorf("item biases %v, want ∓(1 + 1/2 + 1/4)·1e-6", b)
	}
}

func TestDot(t *testing.T) {
	// 1·1 + 2·2 + … + n·n = n(n+1)(2n+1)/6.
	for n := range 12 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i + 1)
		}
		if got, want := dot(x, x), float32(n*(n+1)*(2*n+1)/6); got != want {
			t.Errorf("n %d: %v, want %v", n, got, want)
		}
	}
}

// With zero vectors and no regularisation, long descent meets the least squares
// of μ + b_u + b_i. Values 5, 3 of user 0 and 3, 1 of user 1 are additive: mean
// 3, users ±1, items ±1, so the fit is exact and the missing pair is not asked.
func TestBiases(t *testing.T) {
	data := densetest.Folder(t, 3, 3, densetest.Row{Value: 5}, densetest.Row{Item: 1, Value: 3}, densetest.Row{User: 1, Value: 3}, densetest.Row{User: 1, Item: 1, Value: 1})
	c := densetest.Fitted(t, newMF(), data, sdk.Options{"factors": int64(2), "init-sd": 0.0, "bias-l2": 0.0, "learning-rate": 0.1, "decay": 1.0, "epochs": int64(500)})
	for user, want := range map[int32][]float32{
		0: {5, 3, 4},                              // item 2 was never seen: μ + b_u = 3 + 1
		1: {3, 1, 2}, 2: {4, 2, 3}, -1: {4, 2, 3}, // μ + b_i
	} {
		if got := scoresOf(t, c, user); !near(got, want, 1e-3) {
			t.Errorf("user %d: %v, want %v", user, got, want)
		}
	}
}

// TestScale: predictions stay on the range of training values, ranking goes on
// beyond it.
func TestScale(t *testing.T) {
	m := densetest.Configured(t, newMF(), 1, sdk.Options{"factors": int64(1)}).(*mf)
	m.lo, m.hi = 1, 5
	m.model = &vectors{users: 1, items: 3, k: 1, mean: 3, userBias: []float32{1}, itemBias: []float32{2, 3, -9}, user: []float32{0}, item: make([]float32, 3)}
	if got := scoresOf(t, m, 0); !slices.Equal(got, []float32{5, 5, 1}) {
		t.Errorf("scores %v, want 5, 5, 1", got)
	}
	items, scores := densetest.Lists(t, m, sdk.RecommendRequest{Users: []int32{0}, K: 3})
	if !slices.Equal(items[0], []int32{1, 0, 2}) || !slices.Equal(scores[0], []float32{7, 6, -5}) {
		t.Errorf("ranked %v by %v", items, scores)
	}
}

// planted gives values that follow two hidden factors, split in two.
func planted(users, items int) (train, valid []rating) {
	hash := func(parts ...uint64) float64 { return float64(sdk.Mix(1, parts...)>>11)/(1<<53)*2 - 1 }
	for u := range uint64(users) {
		for i := range uint64(items) {
			v := 3 + 2*hash(1, u)*hash(2, i) + 2*hash(3, u)*hash(4, i) + 0.3*hash(5, u, i)
			row := rating{int32(u), int32(i), float32(v)}
			switch sdk.Mix(2, u, i) % 10 {
			case 0:
				valid = append(valid, row)
			case 1, 2, 3, 4, 5:
				train = append(train, row)
			}
		}
	}
	return train, valid
}

// TestLearns: vectors explain what biases cannot.
func TestLearns(t *testing.T) {
	train, test := planted(120, 100)
	data := folder(t, 120, 100, train, nil)
	biases := rmseOf(t, densetest.Fitted(t, newMF(), data, sdk.Options{"init-sd": 0.0}), test)
	vectors := rmseOf(t, densetest.Fitted(t, newMF(), data, few(sdk.Options{"l2": 0.02})), test)
	if vectors > 0.5*biases {
		t.Errorf("RMSE %v with vectors, %v with biases alone", vectors, biases)
	}
}

// TestEarlyStop: training stops patience epochs after the best, the best is what
// is kept, and patience 0 goes to the end.
func TestEarlyStop(t *testing.T) {
	train, valid := planted(60, 40)
	train = train[:len(train)/3] // little data and no regularisation: over-fits soon
	data := folder(t, 60, 40, train, valid)
	fit := func(c sdk.Recommender, patience int64) (sdk.FitResult, []float64) {
		densetest.Configured(t, c, 1, sdk.Options{"factors": int64(20), "l2": 0.0, "decay": 1.0, "learning-rate": 0.05, "epochs": int64(60), "patience": patience})
		var seen []float64
		r, err := c.Fit(context.Background(), sdk.FitRequest{Data: data, Seed: 1}, func(e sdk.Event) {
			if p, ok := e.(sdk.Progress); ok {
				seen = append(seen, p.Metrics["valid-rmse"])
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return r, seen
	}
	c := newMF()
	r, seen := fit(c, 4)
	best := slices.Index(seen, slices.Min(seen))
	if len(seen) == 60 || len(seen) != best+1+4 || r.Epochs != int64(len(seen)) || r.Metrics["best-epoch"] != float64(best+1) {
		t.Errorf("%d epochs, best %d, result %+v", len(seen), best+1, r)
	}
	if got := rmseOf(t, c, valid); math.Abs(got-seen[best]) > 1e-5 {
		t.Errorf("kept a model of RMSE %v, the best had %v", got, seen[best])
	}
	c = newMF()
	if r, seen = fit(c, 0); r.Epochs != 60 || len(seen) != 60 || math.Abs(rmseOf(t, c, valid)-seen[59]) > 1e-5 {
		t.Errorf("patience 0: %+v", r)
	}
}

// TestMissingValues: rows without a value are left out and counted; without any
// value there is nothing to learn, and a warning says so.
func TestMissingValues(t *testing.T) {
	nan := float32(math.NaN())
	for _, tt := range []struct {
		rows []rating
		says string
		want float32
	}{
		{[]rating{{0, 0, 4}, {0, 1, nan}}, "1 training interactions have no value", 4},
		{[]rating{{0, 0, nan}, {0, 1, nan}}, "nothing to learn", 0},
		{[]rating{{0, 0, 4}, {0, 1, 4}}, "", 4},
	} {
		c := densetest.Configured(t, newMF(), 1, few(nil))
		var warnings []string
		_, err := c.Fit(context.Background(), sdk.FitRequest{Data: folder(t, 1, 3, tt.rows, nil)}, func(e sdk.Event) {
			if w, ok := e.(sdk.Warning); ok {
				warnings = append(warnings, w.Summary)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := scoresOf(t, c, -1)[2]; got != tt.want {
			t.Errorf("%v: predicts %v, want %v", tt.rows, got, tt.want)
		}
		if all := strings.Join(warnings, "; "); !strings.Contains(all, tt.says) || (tt.says == "") != (all == "") {
			t.Errorf("%v: warnings %q, want %q", tt.rows, all, tt.says)
		}
	}
}

func TestReadRatings(t *testing.T) {
	// The pair (1, 0) occurs twice: the last row counts.
	got, err := readRatings(folder(t, 2, 2, []rating{{1, 0, 2}, {0, 1, 3}, {1, 0, 5}}, []rating{{0, 0, 1}}))
	if err != nil {
		t.Fatal(err)
	}
	want := ratings{users: 2, items: 2, train: []rating{{0, 1, 3}, {1, 0, 5}}, valid: []rating{{0, 0, 1}}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(ratings{}, rating{}), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
	if _, err := readRatings(folder(t, 2, 2, []rating{{0, 0, float32(math.Inf(1))}}, nil)); err == nil {
		t.Error("an infinite value was accepted")
	}
}
