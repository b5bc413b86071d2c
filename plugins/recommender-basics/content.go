package main

import (
	"context"
	"math"
	"slices"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// content ranks by categories alone: the cosine of an item's categories with the
// user's profile, which counts the categories of the user's training items, each
// weighted by 1 + value − mean of the user's values where there are values. A user
// without a profile, or without a liking, has zeros everywhere.
type content struct {
	scored
	damaged bool
}

func newContent() sdk.Recommender { return &content{} }

// newDamaged is content with the sign turned: it shows people what their profile is
// farthest from. A benchmark that does not put it near the bottom is broken.
func newDamaged() sdk.Recommender { return &content{damaged: true} }

func (m *content) Spec() sdk.ComponentSpec {
	s := spec("content", "Items whose categories are closest to those of the user's training items; needs categories.")
	if m.damaged {
		s = spec("damaged", "Broken on purpose: items whose categories are farthest from those of the user's training items, so that a table has an arm whose place is known.")
	}
	s.Needs = sdk.Needs{Tables: []string{sdk.TableItems}}
	return s
}

func (m *content) Fit(ctx context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	of, kinds, err := categories(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	train, err := dense.Read(r.Data, true)
	if err != nil { // implicit data: every interaction counts 1
		if train, err = dense.Read(r.Data, false); err != nil {
			return sdk.FitResult{}, err
		}
	}
	length := make([]float64, train.Cols)
	for it, list := range of {
		length[it] = math.Sqrt(float64(len(list)))
	}
	sign := float32(1)
	if m.damaged {
		sign = -1
	}
	m.scored = scored{users: train.Rows, items: train.Cols, fill: func(u int32, into []float32) {
		clear(into)
		if u < 0 {
			return
		}
		profile := profileOf(train, int(u), of, kinds)
		for it, list := range of {
			sum := 0.0
			for _, k := range list {
				sum += profile[k]
			}
			if length[it] > 0 {
				into[it] = sign * float32(sum/length[it])
			}
		}
	}}
	return sdk.FitResult{Epochs: 1, Parameters: int64(kinds)}, ctx.Err()
}

// profileOf is brought to length 1, so that scores are cosines.
func profileOf(train *dense.Matrix, u int, of [][]int32, kinds int) []float64 {
	from, to := train.Offsets[u], train.Offsets[u+1]
	mean, n := 0.0, 0.0
	if train.Value != nil {
		for _, v := range train.Value[from:to] {
			if v == v {
				mean, n = mean+float64(v), n+1
			}
		}
		mean /= math.Max(1, n)
	}
	profile := make([]float64, kinds)
	for at := from; at < to; at++ {
		weight := 1.0
		if train.Value != nil && train.Value[at] == train.Value[at] {
			weight += float64(train.Value[at]) - mean
		}
		for _, k := range of[train.Index[at]] {
			profile[k] += weight
		}
	}
	sum := 0.0
	for _, v := range profile {
		sum += float64(v * v)
	}
	if sum > 0 {
		for k := range profile {
			profile[k] /= math.Sqrt(sum)
		}
	}
	return profile
}

// categories numbers the categories of every item, each once.
func categories(ref sdk.DataRef) (of [][]int32, kinds int, err error) {
	folder, err := columns.Open(ref)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	table, _ := folder.Table(sdk.TableItems)
	col, _ := table.Column("categories")
	names, ok := col.Data.([]string)
	if !ok || col.Lists == nil {
		return nil, 0, sdk.Invalidf("", "the data set gives no categories of items: take another recommender")
	}
	known := slices.Clone(names)
	slices.Sort(known)
	known = slices.Compact(known)
	of = make([][]int32, len(col.Lists)-1)
	for it := range of {
		for _, name := range names[col.Lists[it]:col.Lists[it+1]] {
			at, _ := slices.BinarySearch(known, name)
			of[it] = append(of[it], int32(at))
		}
		slices.Sort(of[it])
		of[it] = slices.Compact(of[it])
	}
	return of, len(known), nil
}
