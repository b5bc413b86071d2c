package main

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// descent solves one column of slim after the other, in buffers of its own.
//
// It works on the gram matrix G = XᵀX, whose entries count common users. For
// column j with weights w, the slope at item k is
//
//	s_k = G_kj − Σ over m of G_km·w_m,
//
// and the best weight of k with the others fixed is
//
//	w_k = max(0, s_k + G_kk·w_k − l1) / (G_kk + l2).
//
// Since no weight and no entry of G is negative, s_k + G_kk·w_k ≤ G_kj: only
// items with G_kj > l1 can have weight. That leaves most pairs out and changes
// nothing. Among the items left, sweeps go over those that have weight until
// they rest, then once over all (Friedman et al. 2010, section 2.6); slopes are
// kept for the items with weight, and made anew for all before a sweep over all,
// so that rounding does not pile up.
type descent struct {
	g         []float32 // items × items
	n         int
	l1, l2    float64
	tolerance float64
	sweeps    int
	near      int // 0: no choice beforehand

	items  []int32   // those that may have weight, ascending
	weight []float64 // of items
	slope  []float64 // of items
	active []int32   // positions in items of those with weight
	ranker sdk.Ranker
	cosine []float32
}

// column is the solution for one item: weights above zero, by item.
type column struct {
	items     []int32
	weights   []float32
	converged bool
}

func newDescent(g []float32, n int, o sdk.Options) *descent {
	return &descent{
		g: g, n: n, l1: o.Float("l1"), l2: o.Float("l2"),
		tolerance: o.Float("tolerance"), sweeps: o.Int("max-iterations"), near: o.Int("neighbors"),
	}
}

// solve gives column j. It stops early when ctx ends; its answer is then of no
// use.
func (d *descent) solve(ctx context.Context, j int, seed uint64) column {
	d.choose(j, seed)
	sweeps := 0
	for sweeps < d.sweeps && ctx.Err() == nil {
		d.slopes(j)
		moved := d.sweepAll()
		sweeps++
		if moved <= d.tolerance {
			return d.column(true)
		}
		d.activate()
		for sweeps < d.sweeps && ctx.Err() == nil {
			sweeps++
			if d.sweepActive() <= d.tolerance {
				break
			}
		}
	}
	return d.column(false)
}

// choose sets the items that may have weight, with no weight yet.
func (d *descent) choose(j int, seed uint64) {
	row := d.g[j*d.n:][:d.n]
	d.items = d.items[:0]
	if d.near == 0 || d.near >= d.n-1 {
		for k, c := range row {
			if float64(c) > d.l1 && k != j {
				d.items = append(d.items, int32(k))
			}
		}
	} else {
		d.similar(j, row, seed)
	}
	d.weight, d.slope = resized(d.weight, len(d.items)), resized(d.slope, len(d.items))
	clear(d.weight)
	d.active = d.active[:0]
}

// similar chooses the most similar items by cosine, ties by hash(seed, j, k).
func (d *descent) similar(j int, row []float32, seed uint64) {
	if d.cosine == nil {
		d.cosine = make([]float32, d.n)
	}
	for k, c := range row {
		d.cosine[k] = float32(math.NaN())
		if c > 0 && k != j {
			d.cosine[k] = float32(float64(c) / math.Sqrt(float64(row[j])*float64(d.g[k*d.n+k])))
		}
	}
	reply := sdk.NewReply(1, d.near)
	d.ranker.Fill(&reply, &sdk.RecommendRequest{Users: []int32{int32(j)}, K: d.near, Seed: seed}, 0, d.cosine)
	chosen := make(map[int32]bool, d.near)
	for _, k := range reply.Items[:reply.Counts[0]] {
		chosen[k] = true
	}
	for k, c := range row {
		if chosen[int32(k)] && float64(c) > d.l1 {
			d.items = append(d.items, int32(k))
		}
	}
}

func resized(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

// slopes makes the slopes of all items anew.
func (d *descent) slopes(j int) {
	own := d.g[j*d.n:][:d.n]
	for p, k := range d.items {
		d.slope[p] = float64(own[k])
	}
	for p, w := range d.weight {
		if w != 0 {
			d.shift(int(d.items[p]), w)
		}
	}
}

// shift takes item k's part by a change of its weight out of the slopes of all.
func (d *descent) shift(k int, change float64) {
	row := d.g[k*d.n:][:d.n]
	for p, i := range d.items {
		d.slope[p] -= float64(change * float64(row[i]))
	}
}

// best gives the best weight of the item at position p with the others fixed.
func (d *descent) best(p int) float64 {
	k := int(d.items[p])
	own := float64(d.g[k*d.n+k])
	return max(0, d.slope[p]+float64(own*d.weight[p])-d.l1) / (own + d.l2)
}

// sweepAll visits every item once, keeps all slopes, and gives the largest
// change of a weight.
func (d *descent) sweepAll() float64 {
	moved := 0.0
	for p := range d.items {
		w := d.best(p)
		if change := w - d.weight[p]; change != 0 {
			moved = max(moved, math.Abs(change))
			d.weight[p] = w
			d.shift(int(d.items[p]), change)
		}
	}
	return moved
}

// activate lists the items that have weight.
func (d *descent) activate() {
	d.active = d.active[:0]
	for p, w := range d.weight {
		if w > 0 {
			d.active = append(d.active, int32(p))
		}
	}
}

// sweepActive is sweepAll for the items that had weight, whose slopes alone it
// keeps.
func (d *descent) sweepActive() float64 {
	moved := 0.0
	for _, p := range d.active {
		w := d.best(int(p))
		change := w - d.weight[p]
		if change == 0 {
			continue
		}
		moved = max(moved, math.Abs(change))
		d.weight[p] = w
		row := d.g[int(d.items[p])*d.n:][:d.n]
		for _, q := range d.active {
			d.slope[q] -= float64(change * float64(row[d.items[q]]))
		}
	}
	return moved
}

// column copies the weights above zero out of the buffers.
func (d *descent) column(converged bool) column {
	c := column{converged: converged}
	for p, w := range d.weight {
		if w := float32(w); w > 0 {
			c.items, c.weights = append(c.items, d.items[p]), append(c.weights, w)
		}
	}
	return c
}
