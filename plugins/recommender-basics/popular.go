package main

import (
	"context"
	"slices"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// popular scores an item by the number of users who have it in the training
// part; repeated interactions of one user count once. Items with equal counts,
// those without any training user among them, are ordered by the tie hash, so
// differently for each user. Every user gets the same counts.
type popular struct {
	users  int
	counts []float32
	order  []int32 // items by falling count
}

func newPopular() sdk.Recommender { return &popular{} }

func (m *popular) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind:        sdk.KindRecommender,
		Name:        "popular",
		Doc:         "Items by their number of training users, the same for everybody; ties by hash.",
		Features:    []string{sdk.FeatureScore},
		Determinism: sdk.DeterminismBitwise,
		License:     "Apache-2.0",
	}
}

func (m *popular) Configure(context.Context, sdk.Config) error { return nil }

func (m *popular) Fit(ctx context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	train, err := dense.Read(r.Data, false)
	if err != nil {
		return sdk.FitResult{}, err
	}
	m.users = train.Rows
	m.counts = make([]float32, train.Cols)
	for _, it := range train.Index {
		m.counts[it]++
	}
	m.order = make([]int32, train.Cols)
	for i := range m.order {
		m.order[i] = int32(i)
	}
	slices.SortStableFunc(m.order, func(a, b int32) int { return int(m.counts[b] - m.counts[a]) })
	return sdk.FitResult{Epochs: 1, Parameters: int64(train.Cols)}, ctx.Err()
}

func (m *popular) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if err := dense.CheckRequest(&r, m.users, len(m.counts)); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	if r.Candidates == nil {
		r.Candidates = &sdk.Ragged{}
		for i := range r.Users {
			r.Candidates.Append(m.head(r.K + len(r.Exclude.Row(i)))...)
		}
	}
	var ranker sdk.Ranker
	for i := range r.Users {
		if err := ctx.Err(); err != nil {
			return sdk.RecommendReply{}, err
		}
		ranker.Fill(&reply, &r, i, m.counts)
	}
	return reply, nil
}

// head gives the n most popular items and all that tie with the last of them:
// with n = k + excluded items no other item can be in the answer.
func (m *popular) head(n int) []int32 {
	if n <= 0 || n >= len(m.order) {
		return m.order
	}
	for n < len(m.order) && m.counts[m.order[n]] == m.counts[m.order[n-1]] {
		n++
	}
	return m.order[:n]
}

// Score gives the counts.
func (m *popular) Score(_ context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if err := dense.CheckUsers(r.Users, m.users); err != nil {
		return nil, err
	}
	if r.Candidates == nil {
		return slices.Repeat(m.counts, len(r.Users)), nil
	}
	if err := r.Candidates.Check("candidates", len(r.Users), len(m.counts)); err != nil {
		return nil, err
	}
	out := make([]float32, len(r.Candidates.Items))
	for i, it := range r.Candidates.Items {
		out[i] = m.counts[it]
	}
	return out, nil
}
