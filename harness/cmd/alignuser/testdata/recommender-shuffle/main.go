// Command recommender-shuffle recommends what is popular, and shuffles the scores
// for a share of users chosen by hash: the planted regression of stories about
// gates.
package main

import (
	"context"
	"math/rand/v2"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
	"github.com/alignuser/alignuser/sdk/serve"
)

func main() { serve.Recommenders(func() sdk.Recommender { return &shuffle{} }) }

type shuffle struct {
	share  float64
	counts []float32
}

func (*shuffle) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: "shuffle", Doc: "popular items, shuffled for some users", Determinism: sdk.DeterminismBitwise,
		Options: []sdk.OptionSpec{
			{Name: "share", Type: sdk.OptionFloat, Default: 0.0, Min: sdk.Bound(0), Max: sdk.Bound(1), Doc: "share of users whose scores are shuffled"},
		},
	}
}

func (s *shuffle) Configure(_ context.Context, c sdk.Config) error {
	s.share = c.Options.Float("share")
	return nil
}

func (s *shuffle) Fit(_ context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	f, err := columns.Open(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	defer f.Close()
	x, err := f.Interactions(sdk.TableInteractions)
	if err != nil {
		return sdk.FitResult{}, err
	}
	s.counts = make([]float32, x.Items)
	for _, it := range x.Item {
		s.counts[it]++
	}
	return sdk.FitResult{Epochs: 1}, nil
}

func (s *shuffle) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	reply := sdk.NewReply(len(r.Users), r.K)
	var rank sdk.Ranker
	scores := make([]float32, len(s.counts))
	for i, u := range r.Users {
		copy(scores, s.counts)
		chosen := sdk.Mix(20, uint64(u))
		if float64(chosen>>11)/(1<<53) < s.share {
			luck := rand.New(rand.NewPCG(chosen, 1))
			luck.Shuffle(len(scores), func(i, j int) { scores[i], scores[j] = scores[j], scores[i] })
		}
		rank.Fill(&reply, &r, i, scores)
	}
	return reply, nil
}
