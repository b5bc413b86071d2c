package main

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

func all() []func() sdk.Recommender {
	return []func() sdk.Recommender{newItemKNN, newUserKNN, newEASE, newSLIM}
}

func TestProperties(t *testing.T) {
	const users, items = 20, 30
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 3)...)
	for _, make := range all() {
		c := make()
		t.Run(c.Spec().Name, func(t *testing.T) {
			densetest.Properties(t, densetest.Fitted(t, c, data, nil), users, items)
		})
	}
}

// small is the world of the cases worked by hand: user 0 has items 0 and 1,
// user 1 all three, user 2 item 2, user 3 item 0, user 4 nothing.
//
//	users of an item  n0 = 3, n1 = 2, n2 = 2
//	common users      n01 = 2, n02 = 1, n12 = 1
func small(t *testing.T) sdk.DataRef {
	return densetest.Folder(t, 5, 3,
		densetest.Row{User: 0, Item: 0, Value: 4}, densetest.Row{User: 0, Item: 1, Value: 2},
		densetest.Row{User: 1, Item: 0, Value: 3}, densetest.Row{User: 1, Item: 1, Value: 5}, densetest.Row{User: 1, Item: 2, Value: 1},
		densetest.Row{User: 2, Item: 2, Value: 2}, densetest.Row{User: 3, Item: 0, Value: 5},
	)
}

func scoresOf(t *testing.T, c sdk.Recommender, user int32) []float32 {
	t.Helper()
	out, err := c.(sdk.Scorer).Score(context.Background(), sdk.ScoreRequest{Users: []int32{user}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func near(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) < 1e-6 })
}

func TestItemKNN(t *testing.T) {
	root6 := float32(math.Sqrt(6))
	for name, c := range map[string]struct {
		options sdk.Options
		user    int32
		want    []float32
	}{
		// s01 = 2/√(3·2), s02 = 1/√(3·2), s12 = 1/√(2·2).
		"cosine, one item": {sdk.Options{"shrink": 0.0}, 3, []float32{0, 2 / root6, 1 / root6}},
		// Items 0 and 1: item 0 gets s10, item 1 gets s01, item 2 gets s02 + s12.
		"cosine, two items": {sdk.Options{"shrink": 0.0}, 0, []float32{2 / root6, 2 / root6, 1/root6 + 0.5}},
		"shrink":            {sdk.Options{"shrink": 1.0}, 3, []float32{0, 2 / (root6 + 1), 1 / (root6 + 1)}},
		// s01 = 2/(3+2-2), s02 = 1/(3+2-1).
		"jaccard": {sdk.Options{"shrink": 0.0, "similarity": "jaccard"}, 3, []float32{0, 2. / 3, 1. / 4}},
		// Only n01 = 2 is enough.
		"overlap": {sdk.Options{"shrink": 0.0, "min-overlap": int64(2)}, 0, []float32{2 / root6, 2 / root6, 0}},
		// Item 0 keeps item 1 and item 1 keeps item 0 (2/√6 > 1/2): nobody reaches item 2.
		"one neighbour": {sdk.Options{"shrink": 0.0, "neighbors": int64(1)}, 0, []float32{2 / root6, 2 / root6, 0}},
		// Dot products 4·2 + 3·5 = 23 and 3·1 = 3; squared lengths 16+9+25 = 50, 4+25 = 29, 1+4 = 5.
		"values": {sdk.Options{"shrink": 0.0, "weights": "value"}, 3, []float32{0, float32(23 / math.Sqrt(50*29)), float32(3 / math.Sqrt(50*5))}},
		"cold":   {nil, 4, []float32{0, 0, 0}},
		"unseen": {nil, -1, []float32{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := scoresOf(t, densetest.Fitted(t, newItemKNN(), small(t), c.options), c.user)
			if !near(got, c.want) {
				t.Errorf("scores %v, want %v", got, c.want)
			}
		})
	}
}

func TestItemKNNRefuses(t *testing.T) {
	o, _ := sdk.Canonical(newItemKNN().Spec().Options, sdk.Options{"similarity": "jaccard", "weights": "value"})
	if ds := newItemKNN().(sdk.Validator).Validate(context.Background(), o); !sdk.Failed(ds) {
		t.Error("jaccard over values was accepted")
	}
}

// With two items EASE is two ridge regressions. G = [3 2; 2 2], λ = 1:
// (G + I)⁻¹ = [3 −2; −2 4] / 8, so B01 = 2/4 = G01/(G00 + λ) and B10 = 2/3.
func TestEASETwoItems(t *testing.T) {
	data := densetest.Folder(t, 4, 2,
		densetest.Row{User: 0, Item: 0}, densetest.Row{User: 0, Item: 1}, densetest.Row{User: 1, Item: 0},
		densetest.Row{User: 1, Item: 1}, densetest.Row{User: 2, Item: 0})
	c := densetest.Fitted(t, newEASE(), data, sdk.Options{"l2": 1.0})
	for user, want := range map[int32][]float32{0: {2. / 3, .5}, 2: {0, .5}, 3: {0, 0}, -1: {0, 0}} {
		if got := scoresOf(t, c, user); !near(got, want) {
			t.Errorf("user %d: scores %v, want %v", user, got, want)
		}
	}
}

// EASE minimises ‖X − XB‖² + λ‖B‖² under diag B = 0, so off the diagonal the
// gradient vanishes: (G + λI)B = G.
func TestEASEIsOptimal(t *testing.T) {
	const users, items, l2 = 40, 25, 7.0
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 11)...)
	m := densetest.Fitted(t, newEASE(), data, sdk.Options{"l2": l2}).(*ease)
	x, err := dense.Read(data, false)
	if err != nil {
		t.Fatal(err)
	}
	g := make([]float64, items*items)
	if err := dense.Counts(context.Background(), x, g, 1); err != nil {
		t.Fatal(err)
	}
	for i := range items {
		if m.b[i*items+i] != 0 {
			t.Errorf("B[%d][%d] = %v, want 0", i, i, m.b[i*items+i])
		}
		for j := range items {
			left := l2 * float64(m.b[i*items+j])
			for k := range items {
				left += g[i*items+k] * float64(m.b[k*items+j])
			}
			if i != j && math.Abs(left-g[i*items+j]) > 1e-4 {
				t.Errorf("gradient at (%d, %d) is %g", i, j, left-g[i*items+j])
			}
		}
	}
}

func TestEASETooLarge(t *testing.T) {
	c := densetest.Configured(t, newEASE(), 1, sdk.Options{"max-items": int64(2)})
	_, err := c.Fit(context.Background(), sdk.FitRequest{Data: small(t)}, nil)
	if !errors.Is(err, sdk.ErrTooLarge) {
		t.Errorf("three items, limit two: error %v, want ErrTooLarge", err)
	}
	c = densetest.Configured(t, newEASE(), 1, nil)
	if _, err := c.Fit(context.Background(), sdk.FitRequest{Data: small(t), MemoryHint: 100}, nil); !errors.Is(err, sdk.ErrTooLarge) {
		t.Errorf("108 bytes with 100 allowed: error %v, want ErrTooLarge", err)
	}
}

// TestHistory: what the session watched or liked counts as the user's own, what
// it merely showed or what was disliked does not.
func TestHistory(t *testing.T) {
	root6 := float32(math.Sqrt(6))
	c := densetest.Fitted(t, newItemKNN(), small(t), sdk.Options{"shrink": 0.0})
	r := sdk.RecommendRequest{Users: []int32{3, 3, -1}, K: 1, HistoryKinds: []uint8{
		sdk.HistoryWatched, sdk.HistoryDisliked, sdk.HistoryLiked,
	}}
	r.History.Append(2)
	r.History.Append(2)
	r.History.Append(2)
	r.Exclude.Append(0, 2)
	r.Exclude.Append(0, 2)
	r.Exclude.Append(0, 2)
	items, scores := densetest.Lists(t, c, r)
	if d := cmp.Diff([][]int32{{1}, {1}, {1}}, items); d != "" {
		t.Error(d)
	}
	for i, want := range []float32{2/root6 + 0.5, 2 / root6, 0.5} { // s01 + s21, s01, s21
		if !near(scores[i], []float32{want}) {
			t.Errorf("row %d: score %v, want %v", i, scores[i], want)
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
			densetest.Fitted(t, c, data, nil)
			dir, again := t.TempDir(), t.TempDir()
			saved, err := c.(sdk.Saver).Save(ctx, dir)
			if err != nil {
				t.Fatal(err)
			}
			loaded := densetest.Configured(t, make(), 1, nil)
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
			if !slices.Equal(scoresOf(t, c, 3), scoresOf(t, loaded, 3)) {
				t.Error("the loaded model scores differently")
			}
			refuses(t, c, make, dir, saved.Files[0].Path, data)
		})
	}
}

// refuses loads what must not be loaded.
func refuses(t *testing.T, c sdk.Recommender, make func() sdk.Recommender, dir, file string, data sdk.DataRef) {
	ctx := context.Background()
	invalid := func(what string, into sdk.Recommender, from string, data sdk.DataRef) {
		t.Helper()
		if err := into.(sdk.Saver).Load(ctx, from, data); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", what, err)
		}
	}
	option := map[string]sdk.Options{"itemknn": {"neighbors": int64(3)}, "userknn": {"neighbors": int64(3)}, "ease": {"l2": 3.0}, "slim": {"l1": 3.0}}[c.Spec().Name]
	invalid("other options", densetest.Configured(t, make(), 1, option), dir, data)
	invalid("other data", densetest.Configured(t, make(), 1, nil), dir, small(t))
	invalid("no file", densetest.Configured(t, make(), 1, nil), t.TempDir(), data)
	path := filepath.Join(dir, file)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw[:len(raw)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	invalid("half a file", densetest.Configured(t, make(), 1, nil), dir, data)
}

func TestBeforeFit(t *testing.T) {
	for _, make := range all() {
		c := densetest.Configured(t, make(), 1, nil)
		if _, err := c.Recommend(context.Background(), sdk.RecommendRequest{Users: []int32{-1}, K: 1}); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: Recommend before Fit: error %v, want ErrInvalid", c.Spec().Name, err)
		}
		if _, err := c.(sdk.Saver).Save(context.Background(), t.TempDir()); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: Save before Fit: error %v, want ErrInvalid", c.Spec().Name, err)
		}
	}
}

// TestCores fits and asks on one core and on four: the bytes must not differ.
func TestCores(t *testing.T) {
	const users, items = 150, 300 // more than two panels of the inverse
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 5)...)
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	for _, make := range all() {
		var first sdk.SaveResult
		for n, procs := range []int{1, 4} {
			runtime.GOMAXPROCS(procs)
			c := densetest.Fitted(t, make(), data, nil)
			saved, err := c.(sdk.Saver).Save(context.Background(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				first = saved
			} else if d := cmp.Diff(first, saved); d != "" {
				t.Errorf("%s on %d cores: %s", c.Spec().Name, procs, d)
			}
		}
	}
}

func TestCancel(t *testing.T) {
	const users, items = 20, 300
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 5)...)
	for _, make := range all() {
		c := densetest.Configured(t, make(), 2, nil)
		ctx, cancel := context.WithCancel(context.Background())
		var stages atomic.Int64
		_, err := c.Fit(ctx, sdk.FitRequest{Data: data}, func(sdk.Event) { stages.Add(1); cancel() })
		if !errors.Is(err, context.Canceled) || stages.Load() == 0 {
			t.Errorf("%s: after %d events error %v, want context.Canceled", c.Spec().Name, stages.Load(), err)
		}
		cancel()
	}
}
