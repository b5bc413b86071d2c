// Package control holds the arms and checks by which a table proves itself: an
// oracle that no recommender may beat, and the verdict on what the arms did.
// It alone may ask a dataset how its planted users truly respond.
package control

import (
	"context"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// OracleName is the arm name that suites may not use.
const OracleName = "oracle"

// Oracle ranks a user's held-out items before all others (METHOD 8, offline):
// its nDCG is 1 by construction, so a table in which it is not 1 is wrong.
// It runs inside the host because no plugin may be told the held-out part.
type Oracle struct {
	relevant func(user int32) []int32
	items    int
}

// NewOracle makes the arm for a catalogue from what counts as relevant.
func NewOracle(items int, relevant func(user int32) []int32) *Oracle {
	return &Oracle{relevant: relevant, items: items}
}

// Spec describes the arm like any other component.
func (o *Oracle) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: OracleName, Features: []string{sdk.FeatureScore}, Determinism: sdk.DeterminismBitwise,
		Doc: "Control: ranks the held-out items of each user first.",
	}
}

// Configure takes nothing.
func (o *Oracle) Configure(context.Context, sdk.Config) error { return nil }

// Fit learns nothing.
func (o *Oracle) Fit(context.Context, sdk.FitRequest, sdk.Emit) (sdk.FitResult, error) {
	return sdk.FitResult{}, nil
}

// Recommend scores held-out items 1 and all others 0.
func (o *Oracle) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if err := ctx.Err(); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	scores := make([]float32, o.items)
	var rank sdk.Ranker
	for i, u := range r.Users {
		items := o.relevant(u)
		for _, it := range items {
			scores[it] = 1
		}
		rank.Fill(&reply, &r, i, scores)
		for _, it := range items {
			scores[it] = 0
		}
	}
	return reply, nil
}

// Score gives what Recommend ranks by.
func (o *Oracle) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if r.Candidates == nil {
		out := make([]float32, len(r.Users)*o.items)
		for i, u := range r.Users {
			for _, it := range o.relevant(u) {
				out[i*o.items+int(it)] = 1
			}
		}
		return out, ctx.Err()
	}
	if err := r.Candidates.Check("candidates", len(r.Users), o.items); err != nil {
		return nil, err
	}
	out := make([]float32, 0, len(r.Candidates.Items))
	for i, u := range r.Users {
		relevant := o.relevant(u)
		for _, it := range r.Candidates.Row(i) {
			score := float32(0)
			if slices.Contains(relevant, it) {
				score = 1
			}
			out = append(out, score)
		}
	}
	return out, ctx.Err()
}
