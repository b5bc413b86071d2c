package main

import (
	"context"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// scored answers from a score for each item and user. Components embed it and set
// fill in Fit.
type scored struct {
	users, items int
	fill         func(user int32, into []float32) // user -1 is one never seen
}

// Configure takes nothing.
func (*scored) Configure(context.Context, sdk.Config) error { return nil }

// Recommend ranks by the scores.
func (s *scored) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if err := dense.CheckRequest(&r, s.users, s.items); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	scores := make([]float32, s.items)
	var ranker sdk.Ranker
	for i, u := range r.Users {
		if err := ctx.Err(); err != nil {
			return sdk.RecommendReply{}, err
		}
		s.fill(u, scores)
		ranker.Fill(&reply, &r, i, scores)
	}
	return reply, nil
}

// Score gives what Recommend ranks by.
func (s *scored) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if err := dense.CheckUsers(r.Users, s.users); err != nil {
		return nil, err
	}
	if r.Candidates != nil {
		if err := r.Candidates.Check("candidates", len(r.Users), s.items); err != nil {
			return nil, err
		}
	}
	var out []float32
	scores := make([]float32, s.items)
	for i, u := range r.Users {
		s.fill(u, scores)
		if r.Candidates == nil {
			out = append(out, scores...)
			continue
		}
		for _, it := range r.Candidates.Row(i) {
			out = append(out, scores[it])
		}
	}
	return out, ctx.Err()
}

// same makes fill of scores that are alike for everybody.
func same(scores []float32) func(int32, []float32) {
	return func(_ int32, into []float32) { copy(into, scores) }
}

// spec describes a component that scores.
func spec(name, doc string) sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: name, Doc: doc, Features: []string{sdk.FeatureScore}, Determinism: sdk.DeterminismBitwise, License: "Apache-2.0",
	}
}
