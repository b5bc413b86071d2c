package main

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

func all() []func() sdk.Recommender {
	return []func() sdk.Recommender{newMF, newBPR, newIALS}
}

// few are options for small worlds.
func few(more sdk.Options) sdk.Options {
	o := sdk.Options{"factors": int64(5)}
	for k, v := range more {
		o[k] = v
	}
	return o
}

func scoresOf(t *testing.T, c sdk.Recommender, user int32) []float32 {
	t.Helper()
	out, err := c.(sdk.Scorer).Score(context.Background(), sdk.ScoreRequest{Users: []int32{user}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func near(a, b []float32, within float64) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) < within })
}

func TestProperties(t *testing.T) {
	const users, items = 20, 30
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 3)...)
	for _, make := range all() {
		c := make()
		t.Run(c.Spec().Name, func(t *testing.T) {
			densetest.Properties(t, densetest.Fitted(t, c, data, few(nil)), users, items)
		})
	}
}

// TestThreads fits on one thread and on four, and from rows in another order:
// the bytes must not differ. Another seed must change them.
func TestThreads(t *testing.T) {
	const users, items = 60, 150 // more items than a block of the solver
	rows := densetest.Random(users, items, 5)
	data := densetest.Folder(t, users, items, rows...)
	slices.Reverse(rows)
	reversed := densetest.Folder(t, users, items, rows...)
	model := func(c sdk.Recommender, threads int, data sdk.DataRef, seed uint64) []float32 {
		densetest.Configured(t, c, threads, few(nil))
		if _, err := c.Fit(context.Background(), sdk.FitRequest{Data: data, Seed: seed}, nil); err != nil {
			t.Fatal(err)
		}
		r := sdk.ScoreRequest{}
		for u := range int32(users) {
			r.Users = append(r.Users, u)
		}
		out, err := c.(sdk.Scorer).Score(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, make := range all() {
		name, one := make().Spec().Name, model(make(), 1, data, 1)
		if !slices.Equal(one, model(make(), 4, data, 1)) {
			t.Errorf("%s: four threads fit another model", name)
		}
		if !slices.Equal(one, model(make(), 1, reversed, 1)) {
			t.Errorf("%s: the order of rows changes the model", name)
		}
		if slices.Equal(one, model(make(), 1, data, 2)) {
			t.Errorf("%s: another seed fits the same model", name)
		}
	}
}

// TestCold: a user never seen is answered from what is alike for everybody, and
// so is one without training data.
func TestCold(t *testing.T) {
	const users, items = 20, 30
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 3)...) // user 6 has nothing
	for _, make := range all() {
		c := densetest.Fitted(t, make(), data, few(nil))
		unseen := scoresOf(t, c, -1)
		if !near(unseen, scoresOf(t, c, 6), 1e-6) {
			t.Errorf("%s: user -1 %v, user 6 without training data %v", c.Spec().Name, unseen, scoresOf(t, c, 6))
		}
		flat := slices.Min(unseen) == slices.Max(unseen)
		if want := c.Spec().Name == "ials"; flat != want {
			t.Errorf("%s: scores of a user never seen are all equal: %v, want %v", c.Spec().Name, flat, want)
		}
	}
}

func TestSaveLoad(t *testing.T) {
	const users, items = 20, 30
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 3)...)
	ctx := context.Background()
	for _, make := range all() {
		c := make()
		t.Run(c.Spec().Name, func(t *testing.T) {
			densetest.Fitted(t, c, data, few(nil))
			dir, again := t.TempDir(), t.TempDir()
			saved, err := c.(sdk.Saver).Save(ctx, dir)
			if err != nil {
				t.Fatal(err)
			}
			loaded := densetest.Configured(t, make(), 1, few(nil))
			if err := loaded.(sdk.Saver).Load(ctx, dir, data); err != nil {
				t.Fatal(err)
			}
			twice, err := loaded.(sdk.Saver).Save(ctx, again)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(saved, twice); d != "" {
				t.Errorf("saved again: %s", d)
			}
			r := sdk.RecommendRequest{Users: []int32{3, -1}, K: items, HistoryKinds: []uint8{sdk.HistoryWatched, sdk.HistoryWatched}}
			r.History.Append(7)
			r.History.Append(7)
			_, before := densetest.Lists(t, c, r)
			_, after := densetest.Lists(t, loaded, r)
			if d := cmp.Diff(before, after); d != "" {
				t.Errorf("the loaded model answers differently: %s", d)
			}
			refuses(t, make, dir, saved.Files[0].Path, data)
		})
	}
}

// refuses loads what must not be loaded.
func refuses(t *testing.T, make func() sdk.Recommender, dir, file string, data sdk.DataRef) {
	ctx := context.Background()
	invalid := func(what string, o sdk.Options, from string, data sdk.DataRef) {
		t.Helper()
		if err := densetest.Configured(t, make(), 1, few(o)).(sdk.Saver).Load(ctx, from, data); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", what, err)
		}
	}
	invalid("other options", sdk.Options{"l2": 3.0}, dir, data)
	invalid("other data", nil, dir, densetest.Folder(t, 20, 30, densetest.Random(20, 30, 4)...))
	invalid("no file", nil, t.TempDir(), data)
	path := filepath.Join(dir, file)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw[:len(raw)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	invalid("half a file", nil, dir, data)
}

// TestFits refuses arrays that a model file could hold and a model cannot.
func TestFits(t *testing.T) {
	good := func() *vectors {
		return &vectors{users: 1, items: 2, k: 1, itemBias: make([]float32, 2), user: make([]float32, 1), item: make([]float32, 2)}
	}
	if err := good().fits("x"); err != nil {
		t.Error(err)
	}
	for what, spoil := range map[string]func(v *vectors){
		"users":    func(v *vectors) { v.users = 2 },
		"items":    func(v *vectors) { v.items, v.itemBias = 3, make([]float32, 3) },
		"biases":   func(v *vectors) { v.itemBias = v.itemBias[:1] },
		"factors":  func(v *vectors) { v.k = 2 },
		"infinite": func(v *vectors) { v.item[1] = float32(math.Inf(1)) },
		"nan":      func(v *vectors) { v.itemBias[0] = float32(math.NaN()) },
	} {
		v := good()
		spoil(v)
		if err := v.fits("x"); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", what, err)
		}
	}
}

func TestBeforeFit(t *testing.T) {
	for _, make := range all() {
		c := densetest.Configured(t, make(), 1, nil)
		_, first := c.Recommend(context.Background(), sdk.RecommendRequest{Users: []int32{-1}, K: 1})
		_, second := c.(sdk.Scorer).Score(context.Background(), sdk.ScoreRequest{Users: []int32{-1}})
		_, third := c.(sdk.Saver).Save(context.Background(), t.TempDir())
		for _, err := range []error{first, second, third} {
			if !errors.Is(err, sdk.ErrInvalid) {
				t.Errorf("%s before Fit: error %v, want ErrInvalid", c.Spec().Name, err)
			}
		}
	}
}

func TestCancel(t *testing.T) {
	const users, items = 20, 100
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 5)...)
	for _, make := range all() {
		c := densetest.Configured(t, make(), 2, few(nil))
		ctx, cancel := context.WithCancel(context.Background())
		var steps atomic.Int64
		_, err := c.Fit(ctx, sdk.FitRequest{Data: data}, func(sdk.Event) { steps.Add(1); cancel() })
		if !errors.Is(err, context.Canceled) || steps.Load() != 1 {
			t.Errorf("%s: after %d events error %v, want context.Canceled after one", c.Spec().Name, steps.Load(), err)
		}
		cancel()
	}
}

// TestDiverges: rates that blow the parameters up are refused, naming the option.
func TestDiverges(t *testing.T) {
	const users, items = 20, 30
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 3)...)
	for _, make := range []func() sdk.Recommender{newMF, newBPR} {
		c := densetest.Configured(t, make(), 1, few(sdk.Options{"learning-rate": 1.0, "l2": 50.0}))
		_, err := c.Fit(context.Background(), sdk.FitRequest{Data: data}, nil)
		var e *sdk.Error
		if !errors.As(err, &e) || e.Option != "learning-rate" || !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid of learning-rate", c.Spec().Name, err)
		}
	}
}
