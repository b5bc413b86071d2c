package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

// By hand, with ideal lists of 1/log2(2) = 1 and 1 + 1/log2(3) = 1.63093:
//
//	items 3 and 0 of scores 1 4 2 3: one is ahead of 3, three of 0: (1/log2(3) + 1/log2(5)) / 1.63093 = 0.65092
//	item 2 of scores 5 5 5: two equals stand before it: 1/log2(4) = 0.5
//	scores that are no numbers gain nothing, and so does the eleventh place
func TestNDCGOf(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		scores   []float32
		relevant []int32
		want     float64
	}{
		{[]float32{1, 4, 2, 3}, []int32{0, 3}, 0.65092},
		{[]float32{1, 4, 2, 3}, []int32{1, 3}, 1},
		{[]float32{5, 5, 5}, []int32{2}, 0.5},
		{slices.Repeat([]float32{nan}, 11), []int32{2}, 0},
		{[]float32{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, []int32{10}, 0},
		{[]float32{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, []int32{9}, 0.28906}, // 1/log2(11)
	} {
		if got := ndcgOf(c.scores, c.relevant); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("%v of %v: %v, want %v", c.relevant, c.scores, got, c.want)
		}
	}
}

// overfitted is little data in which a model without regularisation soon learns
// what is not there.
func overfitted(t *testing.T, valid bool) sdk.DataRef {
	train, held := planted(60, 40)
	liked := func(rows []rating) []rating {
		return slices.DeleteFunc(slices.Clone(rows), func(r rating) bool { return r.value < 3.5 })
	}
	if !valid {
		held = nil
	}
	return folder(t, 60, 40, liked(train), liked(held))
}

func harsh(name string, patience int64) sdk.Options {
	o := sdk.Options{"factors": int64(20), "patience": patience}
	if name == "ials" {
		o["l2"], o["sweeps"] = 1e-4, int64(60)
	} else {
		o["l2"], o["epochs"], o["learning-rate"] = 0.0, int64(60), 0.2
	}
	if patience == 0 {
		delete(o, "patience")
	}
	return o
}

type said struct {
	merit   []float64
	message []string
}

func fitted(t *testing.T, c sdk.Recommender, data sdk.DataRef, threads int, o sdk.Options) (sdk.FitResult, said) {
	t.Helper()
	densetest.Configured(t, c, threads, o)
	var s said
	r, err := c.Fit(context.Background(), sdk.FitRequest{Data: data, Seed: 1}, func(e sdk.Event) {
		if p, ok := e.(sdk.Progress); ok {
			s.merit, s.message = append(s.merit, p.Metrics["valid-ndcg"]), append(s.message, p.Message)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

// TestPatience: fitting stops so many epochs after the best, says so, and the
// best is what is kept, byte for byte the model of a fit of that length.
func TestPatience(t *testing.T) {
	data := overfitted(t, true)
	for _, make := range []func() sdk.Recommender{newBPR, newIALS} {
		c := make()
		name := c.Spec().Name
		r, s := fitted(t, c, data, 1, harsh(name, 3))
		best := slices.Index(s.merit, slices.Max(s.merit)) + 1
		if n := len(s.merit); n == 60 || n != best+3 || r.Epochs != int64(n) || r.Metrics["best-epoch"] != float64(best) || r.Metrics["valid-ndcg"] != s.merit[best-1] {
			t.Errorf("%s: %d epochs, best %d, result %+v", name, n, best, r)
		}
		if last := s.message[len(s.message)-1]; !strings.HasPrefix(last, "stopped early: nothing better in 3 ") || strings.Join(s.message[:len(s.message)-1], "") != "" {
			t.Errorf("%s: said %q", name, s.message)
		}
		short := harsh(name, 0)
		for _, length := range []string{"epochs", "sweeps"} {
			if short[length] != nil {
				short[length] = int64(best)
			}
		}
		other := make()
		fitted(t, other, data, 1, short)
		again := make()
		_, twice := fitted(t, again, data, 4, harsh(name, 3))
		if d := cmp.Diff(s, twice, cmp.AllowUnexported(said{})); d != "" {
			t.Errorf("%s: four threads stop otherwise: %s", name, d)
		}
		for u := range int32(60) {
			if got := scoresOf(t, c, u); !slices.Equal(got, scoresOf(t, other, u)) || !slices.Equal(got, scoresOf(t, again, u)) {
				t.Fatalf("%s: user %d: not the model of epoch %d", name, u, best)
			}
		}
	}
}

// TestPatienceRefused: without anything to watch the option is refused, whether
// the table is missing or empty; without the option, neither is looked at.
func TestPatienceRefused(t *testing.T) {
	for _, make := range []func() sdk.Recommender{newBPR, newIALS} {
		name := make().Spec().Name
		for what, data := range map[string]sdk.DataRef{
			"no table": overfitted(t, false),
			"no rows":  folder(t, 60, 40, []rating{{0, 0, 4}}, []rating{}),
		} {
			c := densetest.Configured(t, make(), 1, harsh(name, 3))
			_, err := c.Fit(context.Background(), sdk.FitRequest{Data: data}, nil)
			var e *sdk.Error
			if !errors.As(err, &e) || e.Option != "patience" || !strings.Contains(e.Msg, "split.valid") {
				t.Errorf("%s, %s: error %v", name, what, err)
			}
		}
		r, s := fitted(t, make(), overfitted(t, true), 1, harsh(name, 0))
		if r.Epochs != 60 || len(s.merit) != 60 || slices.Max(s.merit) != 0 {
			t.Errorf("%s without patience: %+v", name, r)
		}
	}
}

// TestWatchUsers: of many users so many are asked, the same for a seed.
func TestWatchUsers(t *testing.T) {
	const users = watchUsers + 50
	var train, valid []rating
	for u := range int32(users) {
		train, valid = append(train, rating{u, 0, 1}), append(valid, rating{u, 1, 1})
	}
	data := folder(t, users, 2, train, valid)
	asked := func(seed uint64) []int32 {
		m := densetest.Configured(t, newBPR(), 1, sdk.Options{"patience": int64(1)}).(*bpr)
		w, err := m.newWatch(data, &dense.Matrix{}, seed)
		if err != nil {
			t.Fatal(err)
		}
		return w.users
	}
	if one := asked(1); len(one) != watchUsers || !slices.Equal(one, asked(1)) || slices.Equal(one, asked(2)) {
		t.Errorf("%d users are asked, or not by the seed", len(one))
	}
}
