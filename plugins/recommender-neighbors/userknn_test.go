package main

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

// The users of small have 2, 3, 1, 1 and 0 items: s01 = 2/√(2·3),
// s03 = 1/√(2·1), s13 = 1/√(3·1), s12 = 1/√(3·1), no other is above zero.
func TestUserKNN(t *testing.T) {
	s01, s03, s13 := float32(2/math.Sqrt(6)), float32(1/math.Sqrt(2)), float32(1/math.Sqrt(3))
	for name, c := range map[string]struct {
		options sdk.Options
		user    int32
		want    []float32
	}{
		// Users 0 and 1 have items 0 and 1, user 1 alone has item 2.
		"one item": {nil, 3, []float32{s03 + s13, s03 + s13, s13}},
		// Users 1 and 3 are alike; user 3 has item 0 alone.
		"two items": {nil, 0, []float32{s01 + s03, s01, s01}},
		// Of users 0 and 1, user 0 is the more similar to user 3: 0.71 > 0.58.
		"one neighbour": {sdk.Options{"neighbors": int64(1)}, 3, []float32{s03, s03, 0}},
		// Two common items count in full, one counts half.
		"significance": {sdk.Options{"significance": int64(2)}, 0, []float32{s01 + s03/2, s01, s01}},
		"overlap":      {sdk.Options{"min-overlap": int64(2)}, 0, []float32{s01, s01, s01}},
		"cold":         {nil, 4, []float32{0, 0, 0}},
		"unseen":       {nil, -1, []float32{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := scoresOf(t, densetest.Fitted(t, newUserKNN(), small(t), c.options), c.user)
			if !near(got, c.want) {
				t.Errorf("scores %v, want %v", got, c.want)
			}
		})
	}
}

// TestUserKNNHistory: an item that the session watched is one of the user's own
// for the search. Users 3 and 2 of small then have the same two items, user 1
// all three; a known user is never its own neighbour.
func TestUserKNNHistory(t *testing.T) {
	c := densetest.Fitted(t, newUserKNN(), small(t), nil)
	r := sdk.RecommendRequest{Users: []int32{3, -1}, K: 3, HistoryKinds: []uint8{sdk.HistoryWatched, sdk.HistoryWatched}}
	r.History.Append(2)
	r.History.Append(2)
	items, scores := densetest.Lists(t, c, r)
	// User 3 with {0, 2}: s0 = 1/2, s1 = 2/√6, s2 = 1/√2. Items: 0 gets s0 + s1, 1 the same, 2 gets s1 + s2.
	// Nobody with {2}: s1 = 1/√3, s2 = 1.
	s1, s2, n1 := float32(2/math.Sqrt(6)), float32(1/math.Sqrt(2)), float32(1/math.Sqrt(3))
	if items[0][0] != 2 || !near(scores[0], []float32{s1 + s2, s1 + .5, s1 + .5}) {
		t.Errorf("user 3: items %v with %v", items[0], scores[0])
	}
	if items[1][0] != 2 || !near(scores[1], []float32{1 + n1, n1, n1}) {
		t.Errorf("unseen user: items %v with %v", items[1], scores[1])
	}
}

// TestUserKNNPlainly compares with the definition, written without any of the
// code's shortcuts, on a world with ties.
func TestUserKNNPlainly(t *testing.T) {
	const users, items, top = 30, 20, 4
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 8)...)
	x, err := dense.Read(data, false)
	if err != nil {
		t.Fatal(err)
	}
	has := make([][items]bool, users)
	for u := range users {
		for _, i := range x.Row(u) {
			has[u][i] = true
		}
	}
	c := densetest.Fitted(t, newUserKNN(), data, sdk.Options{"neighbors": int64(top)})
	for u := range users {
		similar := make([]float32, users)
		for v := range users {
			var both, a, b float64
			for i := range items {
				if has[u][i] && has[v][i] {
					both++
				}
				if has[u][i] {
					a++
				}
				if has[v][i] {
					b++
				}
			}
			if both > 0 && v != u {
				similar[v] = float32(both / math.Sqrt(a*b))
			}
		}
		want := make([]float32, items)
		for range top {
			best := -1
			for v, s := range similar {
				if s > 0 && (best < 0 || s > similar[best] || s == similar[best] && sdk.TieHash(1, int32(u), int32(v)) < sdk.TieHash(1, int32(u), int32(best))) {
					best = v
				}
			}
			if best < 0 {
				break
			}
			for i := range items {
				if has[best][i] {
					want[i] += similar[best]
				}
			}
			similar[best] = 0
		}
		if got := scoresOf(t, c, int32(u)); !near(got, want) {
			t.Errorf("user %d: %s", u, cmp.Diff(want, got))
		}
	}
}

// TestUserKNNKeepsSeed: ties between neighbours follow the seed of the fit, in
// a loaded model too.
func TestUserKNNKeepsSeed(t *testing.T) {
	// Users 1 and 2 are alike to user 0 and differ in what else they have.
	data := densetest.Folder(t, 3, 3,
		densetest.Row{User: 0, Item: 0}, densetest.Row{User: 1, Item: 0}, densetest.Row{User: 1, Item: 1},
		densetest.Row{User: 2, Item: 0}, densetest.Row{User: 2, Item: 2})
	ctx, one := context.Background(), sdk.Options{"neighbors": int64(1)}
	chosen := map[bool]bool{}
	for seed := range uint64(20) {
		c := densetest.Configured(t, newUserKNN(), 1, one)
		if _, err := c.Fit(ctx, sdk.FitRequest{Data: data, Seed: seed}, nil); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if _, err := c.(sdk.Saver).Save(ctx, dir); err != nil {
			t.Fatal(err)
		}
		loaded := densetest.Configured(t, newUserKNN(), 1, one)
		if err := loaded.(sdk.Saver).Load(ctx, dir, data); err != nil {
			t.Fatal(err)
		}
		first := sdk.TieHash(seed, 0, 1) < sdk.TieHash(seed, 0, 2)
		chosen[first] = true
		for _, m := range []sdk.Recommender{c, loaded} {
			if got := scoresOf(t, m, 0); (got[1] > 0) != first || (got[2] > 0) == first {
				t.Errorf("seed %d: scores %v", seed, got)
			}
		}
	}
	if len(chosen) != 2 {
		t.Error("twenty seeds chose the same neighbour")
	}
}
