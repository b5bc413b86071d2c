package main

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

// options are canonical options of ials for hand-made systems.
func ialsOptions(t *testing.T, given sdk.Options) sdk.Options {
	t.Helper()
	o, ds := sdk.Canonical(newIALS().Spec().Options, given)
	if sdk.Failed(ds) {
		t.Fatal(ds)
	}
	return o
}

// One solution by hand. Items y₀ = (1, 0), y₁ = (1, 1), y₂ = (0, 2); the user
// has items 0 and 1; alpha 2, l2 0.5, constant:
//
//	YᵀY = [2 1; 1 5]
//	alpha·(y₀y₀ᵀ + y₁y₁ᵀ) = 2·[2 1; 1 1] = [4 2; 2 2]
//	A = [2+4+0.5 1+2; 1+2 5+2+0.5] = [6.5 3; 3 7.5];  b = 3·(y₀ + y₁) = (6, 3)
//	det A = 6.5·7.5 − 9 = 39.75
//	x = (7.5·6 − 3·3, 6.5·3 − 3·6) / 39.75 = (36, 1.5) / 39.75
//
// With frequency-scaling 1 and l2 0.1 the row's confidence is 3 + 2·2 = 7, so λ
// is 0.7: A = [6.7 3; 3 7.7], det 42.59, x = (7.7·6 − 9, 6.7·3 − 18) / 42.59.
//
// With values 1 and 0.5: alpha·(y₀y₀ᵀ + 0.5·y₁y₁ᵀ) = [3 1; 1 1], A = [5.5 2; 2 6.5],
// b = 3·y₀ + 2·y₁ = (5, 2), det 31.75, x = (6.5·5 − 2·2, 5.5·2 − 2·5) / 31.75.
func TestSolve(t *testing.T) {
	y := []float32{1, 0, 1, 1, 0, 2}
	for name, c := range map[string]struct {
		options sdk.Options
		weights []float32
		want    []float32
	}{
		"constant":  {sdk.Options{"l2": 0.5, "frequency-scaling": 0.0}, nil, []float32{36 / 39.75, 1.5 / 39.75}},
		"frequency": {sdk.Options{"l2": 0.1}, nil, []float32{37.2 / 42.59, 2.1 / 42.59}},
		"values":    {sdk.Options{"l2": 0.5, "frequency-scaling": 0.0}, []float32{1, 0.5}, []float32{28.5 / 31.75, 1 / 31.75}},
	} {
		t.Run(name, func(t *testing.T) {
			c.options["factors"], c.options["alpha"] = int64(2), 2.0
			out := make([]float32, 2)
			if err := newSolver(ialsOptions(t, c.options)).solve(out, gramOf(y, 2), []int32{0, 1}, c.weights, y); err != nil {
				t.Fatal(err)
			}
			if !near(out, c.want, 1e-6) {
				t.Errorf("%v, want %v", out, c.want)
			}
		})
	}
}

// TestSolveIsOptimal: for rows longer than a block, A·x = b holds with A and b
// summed plainly.
func TestSolveIsOptimal(t *testing.T) {
	const k, n = 7, 3*block + 5
	rng := rand.New(rand.NewPCG(1, 1))
	y := make([]float32, 2*n*k)
	for i := range y {
		y[i] = float32(rng.NormFloat64())
	}
	var items []int32
	for i := range int32(n) {
		items = append(items, 2*i)
	}
	o := ialsOptions(t, sdk.Options{"factors": int64(k), "l2": 0.01, "alpha": 3.0})
	x := make([]float32, k)
	if err := newSolver(o).solve(x, gramOf(y, k), items, nil, y); err != nil {
		t.Fatal(err)
	}
	for f := range k {
		// Gradient: Σ over all of (x·y)y − Σ over items of c·y + alpha Σ (x·y)y + λx.
		gradient := 0.01 * (2*n + 3*n) * float64(x[f])
		for i := range 2 * n {
			row := y[i*k : (i+1)*k]
			p := float64(dot(x, row)) * float64(row[f])
			gradient += p
			if i%2 == 0 {
				gradient += 3*p - 4*float64(row[f])
			}
		}
		if math.Abs(gradient) > 1e-2 { // of sums near 2,000
			t.Errorf("gradient %g at coordinate %d", gradient, f)
		}
	}
}

func TestCholesky(t *testing.T) {
	// [4 2; 2 5]·(1, −1) = (2, −3).
	b := []float64{2, -3}
	if !cholesky([]float64{4, 2, 0, 5}, b, 2) || math.Abs(b[0]-1) > 1e-12 || math.Abs(b[1]+1) > 1e-12 {
		t.Errorf("solution %v, want 1, -1", b)
	}
	for _, a := range [][]float64{{1, 2, 0, 1}, {-1, 0, 0, 1}, {math.NaN(), 0, 0, 1}, {math.Inf(1), 0, 0, 1}} {
		if cholesky(a, []float64{1, 1}, 2) {
			t.Errorf("%v was taken for positive definite", a)
		}
	}
}

// loss is the objective that ials minimises, summed over every pair.
func loss(m *ials) float64 {
	o, v := m.options, m.model
	alpha, l2, scaling := o.Float("alpha"), o.Float("l2"), o.Float("frequency-scaling")
	byItem := m.train.Transpose()
	norm := func(x []float32, others, own int) float64 {
		return l2 * math.Pow(float64(others)+alpha*float64(own), scaling) * float64(dot(x, x))
	}
	var sum float64
	for u := range v.users {
		row := m.train.Row(u)
		for i := range int32(v.items) {
			p, c := 0.0, 1.0
			if len(row) > 0 && row[0] == i {
				p, c, row = 1, 1+alpha, row[1:]
			}
			sum += c * math.Pow(p-float64(dot(v.userRow(int32(u)), v.itemRow(i))), 2)
		}
		sum += norm(v.userRow(int32(u)), v.items, len(m.train.Row(u)))
	}
	for i := range v.items {
		sum += norm(v.itemRow(int32(i)), v.users, len(byItem.Row(i)))
	}
	return sum
}

// TestSweepsDescend: each sweep minimises exactly over one side and the other,
// so the objective never rises.
func TestSweepsDescend(t *testing.T) {
	const users, items = 30, 25
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 7)...)
	for _, scaling := range []float64{0, 1} {
		before := math.Inf(1)
		for sweeps := int64(1); sweeps <= 6; sweeps++ {
			c := densetest.Fitted(t, newIALS(), data, few(sdk.Options{"sweeps": sweeps, "frequency-scaling": scaling, "l2": 0.01}))
			now := loss(c.(*ials))
			if now > before*(1+1e-6) {
				t.Errorf("scaling %v: after sweep %d the objective is %v, before it was %v", scaling, sweeps, now, before)
			}
			before = now
		}
	}
}

// TestFoldIn: a user never seen whose session watched the training items of user
// u gets u's scores; what u has already changes nothing; what was shown or
// disliked does not count.
func TestFoldIn(t *testing.T) {
	const users, items = 30, 25
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 7)...)
	m := densetest.Fitted(t, newIALS(), data, few(nil)).(*ials)
	own := m.train.Row(3)
	r := sdk.RecommendRequest{Users: []int32{3, -1, 3, 3, 3}, K: items}
	add := func(kind uint8, list ...int32) {
		r.History.Append(list...)
		for range list {
			r.HistoryKinds = append(r.HistoryKinds, kind)
		}
	}
	other := int32(0)
	for slices.Contains(own, other) {
		other++
	}
	add(sdk.HistoryWatched)
	add(sdk.HistoryWatched, own...)
	add(sdk.HistoryLiked, own[1])
	add(sdk.HistoryDisliked, other)
	add(sdk.HistoryWatched, other)
	reply, err := m.Recommend(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	byItem := func(row int) []float32 {
		out := make([]float32, items)
		for n, it := range reply.Items[row*items : (row+1)*items] {
			out[it] = reply.Scores[row*items+n]
		}
		return out
	}
	for row := 1; row <= 3; row++ {
		if !near(byItem(row), byItem(0), 1e-6) {
			t.Errorf("row %d: %v, user 3 has %v", row, byItem(row), byItem(0))
		}
	}
	if before, after := byItem(0)[other], byItem(4)[other]; after <= before+0.1 {
		t.Errorf("watching item %d moved its score from %v to %v only", other, before, after)
	}
}

// TestBasketWeights: the user's own items keep their values, session items count
// the mean training value, here (1 + 2 + 6) / 3 = 3.
func TestBasketWeights(t *testing.T) {
	data := densetest.Folder(t, 2, 4, densetest.Row{Item: 1, Value: 1}, densetest.Row{Item: 3, Value: 2}, densetest.Row{User: 1, Item: 0, Value: 6})
	m := densetest.Fitted(t, newIALS(), data, few(sdk.Options{"weights": "value"})).(*ials)
	for user, want := range map[int32][]float32{0: {3, 1, 3, 2}, 1: {6, 3, 3, 3}, -1: {3, 3, 3, 3}} {
		if got := m.basketWeights(newSolver(m.options), user, []int32{0, 1, 2, 3}); !near(got, want, 1e-9) {
			t.Errorf("user %d: %v, want %v", user, got, want)
		}
	}
}

func TestNegativeWeights(t *testing.T) {
	data := densetest.Folder(t, 1, 2, densetest.Row{Value: -1})
	c := densetest.Configured(t, newIALS(), 1, sdk.Options{"weights": "value"})
	if _, err := c.Fit(context.Background(), sdk.FitRequest{Data: data}, nil); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}
