package main

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

// With two items each column has one coordinate, so one step solves it. The
// gram matrix of the data is [3 2; 2 2]: W_10 = (2 − l1)/(2 + l2), W_01 =
// (2 − l1)/(3 + l2), none below zero.
func TestSLIMTwoItems(t *testing.T) {
	data := densetest.Folder(t, 4, 2,
		densetest.Row{User: 0, Item: 0}, densetest.Row{User: 0, Item: 1}, densetest.Row{User: 1, Item: 0},
		densetest.Row{User: 1, Item: 1}, densetest.Row{User: 2, Item: 0})
	for name, c := range map[string]struct {
		l1, l2 float64
		w10    float32 // what item 1 gives to item 0
		w01    float32
	}{
		"ridge":           {0, 1, 2. / 3, 2. / 4},
		"both":            {0.5, 1, 1.5 / 3, 1.5 / 4},
		"just enough":     {1.5, 1, 0.5 / 3, 0.5 / 4},
		"l1 leaves none":  {2, 1, 0, 0},
		"l1 above counts": {3, 1, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := densetest.Fitted(t, newSLIM(), data, sdk.Options{"l1": c.l1, "l2": c.l2})
			for user, want := range map[int32][]float32{0: {c.w10, c.w01}, 2: {0, c.w01}, 3: {0, 0}, -1: {0, 0}} {
				if got := scoresOf(t, m, user); !near(got, want) {
					t.Errorf("user %d: scores %v, want %v", user, got, want)
				}
			}
		})
	}
}

// Three items: column 0 of small with l1 = 0.5, l2 = 1. The gram matrix is
// [3 2 1; 2 2 1; 1 1 2], so the conditions with both weights above zero are
//
//	(2+1)·a + 1·b = 2 − 0.5
//	1·a + (2+1)·b = 1 − 0.5
//
// which a = 0.5, b = 0 solves: item 2 has no weight, and exactly none.
func TestSLIMThreeItems(t *testing.T) {
	m := densetest.Fitted(t, newSLIM(), small(t), sdk.Options{"l1": 0.5, "l2": 1.0, "tolerance": 1e-10}).(*slim)
	var got []float32
	for i := range 3 {
		row := make([]float32, 3)
		m.weights.add(int32(i), row)
		got = append(got, row[0])
	}
	if !near(got, []float32{0, .5, 0}) {
		t.Errorf("column 0 is %v, want 0, 0.5, 0", got)
	}
}

// weights gives W of a fitted model as a full matrix.
func weights(m *slim, items int) []float64 {
	out := make([]float64, items*items)
	for i := range items {
		row := make([]float32, items)
		m.weights.add(int32(i), row)
		for j, w := range row {
			out[i*items+j] = float64(w)
		}
	}
	return out
}

// TestSLIMIsOptimal holds the conditions of Karush, Kuhn and Tucker for every
// pair: with s = G_ij − Σ G_ik·W_kj − l2·W_ij − l1, a weight above zero has
// s = 0 and a weight of zero has s ≤ 0.
func TestSLIMIsOptimal(t *testing.T) {
	const users, items = 60, 40
	const l1, l2 = 1.5, 2.0
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 11)...)
	m := densetest.Fitted(t, newSLIM(), data, sdk.Options{"l1": l1, "l2": l2, "tolerance": 1e-9, "max-iterations": int64(5000)}).(*slim)
	x, err := dense.Read(data, false)
	if err != nil {
		t.Fatal(err)
	}
	g := make([]float64, items*items)
	if err := dense.Counts(context.Background(), x, g, 1); err != nil {
		t.Fatal(err)
	}
	w := weights(m, items)
	zeros, positives := 0, 0
	for i := range items {
		for j := range items {
			if i == j {
				if w[i*items+i] != 0 {
					t.Errorf("W[%d][%d] = %v, want 0", i, i, w[i*items+i])
				}
				continue
			}
			s := g[i*items+j] - l2*w[i*items+j] - l1
			for k := range items {
				s -= g[i*items+k] * w[k*items+j]
			}
			switch {
			case w[i*items+j] < 0:
				t.Errorf("W[%d][%d] = %v", i, j, w[i*items+j])
			case w[i*items+j] > 0:
				positives++
				if math.Abs(s) > 1e-4 {
					t.Errorf("W[%d][%d] = %v with slope %g", i, j, w[i*items+j], s)
				}
			default:
				zeros++
				if s > 1e-4 {
					t.Errorf("W[%d][%d] = 0 with slope %g", i, j, s)
				}
			}
		}
	}
	if zeros == 0 || positives == 0 {
		t.Errorf("%d zeros and %d weights: the case shows nothing", zeros, positives)
	}
}

// TestSLIMNeighbors: a choice beforehand keeps to the most similar items, and
// choosing all of them changes nothing.
func TestSLIMNeighbors(t *testing.T) {
	const users, items = 60, 40
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 11)...)
	given := sdk.Options{"l1": 0.1, "l2": 1.0}
	all := densetest.Fitted(t, newSLIM(), data, given).(*slim)
	given["neighbors"] = int64(items - 1)
	same := densetest.Fitted(t, newSLIM(), data, given).(*slim)
	if !slices.Equal(all.weights.values, same.weights.values) {
		t.Error("choosing every item changed the weights")
	}
	given["neighbors"] = int64(3)
	few := densetest.Fitted(t, newSLIM(), data, given).(*slim)
	knn := densetest.Fitted(t, newItemKNN(), data, sdk.Options{"neighbors": int64(3)}).(*itemKNN)
	w := weights(few, items)
	for j := range items {
		similar := knn.similar.items[knn.similar.offsets[j]:knn.similar.offsets[j+1]]
		for i := range items {
			if w[i*items+j] > 0 && !slices.Contains(similar, int32(i)) {
				t.Errorf("item %d has weight for item %d, whose neighbours are %v", i, j, similar)
			}
		}
	}
	if len(few.weights.items) == 0 || len(few.weights.items) >= len(all.weights.items) {
		t.Errorf("%d weights of three neighbours, %d of all", len(few.weights.items), len(all.weights.items))
	}
}

// TestSLIMCountsUnconverged: what stops at the limit is told.
func TestSLIMCountsUnconverged(t *testing.T) {
	const users, items = 60, 40
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 11)...)
	for sweeps, want := range map[int64]float64{1: items, 5000: 0} {
		c := densetest.Configured(t, newSLIM(), 0, sdk.Options{"l1": 0.1, "max-iterations": sweeps})
		result, err := c.Fit(context.Background(), sdk.FitRequest{Data: data}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if result.Metrics["unconverged"] != want {
			t.Errorf("%d sweeps: %v columns unconverged, want %v", sweeps, result.Metrics["unconverged"], want)
		}
	}
}
