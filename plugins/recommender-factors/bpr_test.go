package main

import (
	"context"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

// One step by hand. w = (1, 2), h_i = (1, 0), h_j = (0, 0.5), b_i = 0.5, b_j = 0.5,
// rate 0.1, l2 0.2, bias-l2 0.4:
//
//	x = 0.5 − 0.5 + 1·(1 − 0) + 2·(0 − 0.5) = 0;  g = 1/(1 + e⁰) = 0.5
//	w   = (1 + 0.1·(0.5·1 − 0.2·1), 2 + 0.1·(0.5·(−0.5) − 0.2·2)) = (1.03, 1.935)
//	h_i = (1 + 0.1·(0.5·1 − 0.2·1), 0 + 0.1·(0.5·2 − 0)) = (1.03, 0.1)
//	h_j = (0 + 0.1·(−0.5·1 − 0), 0.5 + 0.1·(−0.5·2 − 0.2·0.5)) = (−0.05, 0.39)
//	b_i = 0.5 + 0.1·(0.5 − 0.4·0.5) = 0.53;  b_j = 0.5 + 0.1·(−0.5 − 0.4·0.5) = 0.43
func TestAscentStep(t *testing.T) {
	a := &ascent{rate: 0.1, l2: 0.2, biasL2: 0.4, model: &vectors{
		users: 1, items: 2, k: 2, itemBias: []float32{0.5, 0.5}, user: []float32{1, 2}, item: []float32{1, 0, 0, 0.5},
	}}
	if x := a.step(0, 0, 1); x != 0 {
		t.Errorf("x = %v, want 0", x)
	}
	got := slices.Concat(a.model.user, a.model.item, a.model.itemBias)
	if want := []float32{1.03, 1.935, 1.03, 0.1, -0.05, 0.39, 0.53, 0.43}; !near(got, want, 1e-6) {
		t.Errorf("parameters %v, want %v", got, want)
	}
}

// TestUntouched: numbering 0, 1, 2, … gives exactly the items left, in order.
func TestUntouched(t *testing.T) {
	for _, touched := range [][]int32{nil, {0}, {9}, {0, 1, 2}, {3, 4, 8}, {0, 2, 4, 6, 8}, {0, 1, 2, 3, 4, 5, 6, 7, 8}} {
		var got, want []int32
		for i := range int32(10) {
			if !slices.Contains(touched, i) {
				want = append(want, i)
			}
		}
		for n := range 10 - len(touched) {
			got = append(got, untouched(touched, n))
		}
		if !slices.Equal(got, want) {
			t.Errorf("touched %v: %v, want %v", touched, got, want)
		}
	}
}

// TestBPRLearns: two groups of users with items of their own. Held-out items of
// the own group lie before items of the other.
func TestBPRLearns(t *testing.T) {
	var rows []densetest.Row
	for u := range int32(40) {
		for i := range int32(20) {
			if u%2 == i%2 && i != u%20 {
				rows = append(rows, densetest.Row{User: u, Item: i})
			}
		}
	}
	c := densetest.Fitted(t, newBPR(), densetest.Folder(t, 40, 20, rows...), few(sdk.Options{"epochs": int64(50)}))
	for u := range int32(40) {
		scores := scoresOf(t, c, u)
		for i := range scores {
			if i%2 != int(u)%2 && scores[i] >= scores[u%20] {
				t.Errorf("user %d: item %d of the other group has %v, the held-out item %d of the own %v", u, i, scores[i], u%20, scores[u%20])
			}
		}
	}
}

// TestEverythingTouched: there is no negative to draw, so nothing moves.
func TestEverythingTouched(t *testing.T) {
	x := &dense.Matrix{Rows: 1, Cols: 2, Offsets: []int{0, 2}, Index: []int32{0, 1}}
	o, _ := sdk.Canonical(newBPR().Spec().Options, few(nil))
	a := newAscent(o, x, 1)
	before := a.model.copyTo(nil)
	if right, err := a.epoch(context.Background()); right != 0 || err != nil {
		t.Errorf("share %v, error %v", right, err)
	}
	if !slices.Equal(before.user, a.model.user) || !slices.Equal(before.item, a.model.item) {
		t.Error("parameters moved")
	}
}
