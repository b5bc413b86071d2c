package main

import (
	"context"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// random ranks the catalogue by a hash of fit seed, user and item: a
// permutation of its own for each user, the same at every request. Users never
// seen (-1) share one permutation.
type random struct {
	users, items int
	seed         uint64
}

func newRandom() sdk.Recommender { return &random{} }

func (m *random) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind:        sdk.KindRecommender,
		Name:        "random",
		Doc:         "A random permutation of the catalogue for each user, drawn from the fit's seed.",
		Features:    []string{sdk.FeatureScore},
		Determinism: sdk.DeterminismBitwise,
		License:     "Apache-2.0",
	}
}

func (m *random) Configure(context.Context, sdk.Config) error { return nil }

func (m *random) Fit(ctx context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	meta, err := dense.ReadMeta(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	m.users, m.items, m.seed = meta.Users, meta.Items, r.Seed
	return sdk.FitResult{Epochs: 1}, ctx.Err()
}

func (m *random) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if err := dense.CheckRequest(&r, m.users, m.items); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	scores := make([]float32, m.items)
	var ranker sdk.Ranker
	for i, u := range r.Users {
		if err := ctx.Err(); err != nil {
			return sdk.RecommendReply{}, err
		}
		for it := range scores {
			scores[it] = uniform(m.seed, u, int32(it))
		}
		ranker.Fill(&reply, &r, i, scores)
	}
	return reply, nil
}

// Score gives the numbers that items are ranked by.
func (m *random) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if err := dense.CheckUsers(r.Users, m.users); err != nil {
		return nil, err
	}
	if r.Candidates == nil {
		out := make([]float32, 0, len(r.Users)*m.items)
		for _, u := range r.Users {
			for it := range int32(m.items) {
				out = append(out, uniform(m.seed, u, it))
			}
		}
		return out, ctx.Err()
	}
	if err := r.Candidates.Check("candidates", len(r.Users), m.items); err != nil {
		return nil, err
	}
	out := make([]float32, 0, len(r.Candidates.Items))
	for i, u := range r.Users {
		for _, it := range r.Candidates.Row(i) {
			out = append(out, uniform(m.seed, u, it))
		}
	}
	return out, ctx.Err()
}

// uniform hashes into [0, 1); 24 bits are what a float32 holds, and the few
// equal scores are ordered by the request's tie hash.
func uniform(seed uint64, user, item int32) float32 {
	return float32(sdk.TieHash(seed, user, item)>>40) / (1 << 24)
}
