// Command recommender-gate answers when it is let to, for stories about runs
// that are stopped in the middle: it says in a file that it was asked, and waits
// for another file before it answers.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
	"github.com/alignuser/alignuser/sdk/serve"
)

func main() { serve.Recommenders(func() sdk.Recommender { return &gate{} }) }

type gate struct {
	asked, open string // files
	from        int    // first call that waits
	items       int

	mu    sync.Mutex
	calls int
}

func (*gate) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: "gate", Doc: "waits for a file before it answers", Determinism: sdk.DeterminismBitwise,
		Options: []sdk.OptionSpec{
			{Name: "asked", Type: sdk.OptionPath, Required: true, Neutral: true, Doc: "file that gets a line for every call"},
			{Name: "open", Type: sdk.OptionPath, Required: true, Neutral: true, Doc: "file that must exist before calls are answered"},
			{Name: "from", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(1), Neutral: true, Doc: "number of the first call that waits"},
		},
	}
}

func (g *gate) Configure(_ context.Context, c sdk.Config) error {
	g.asked, g.open, g.from = c.Options.String("asked"), c.Options.String("open"), c.Options.Int("from")
	return nil
}

func (g *gate) Fit(_ context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	f, err := columns.Open(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	defer f.Close()
	g.items = f.Meta().Items
	return sdk.FitResult{Epochs: 1}, nil
}

func (g *gate) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if err := g.wait(ctx); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	var rank sdk.Ranker
	for i := range r.Users {
		scores := make([]float32, g.items)
		for it := range scores {
			scores[it] = -float32(it)
		}
		rank.Fill(&reply, &r, i, scores)
	}
	return reply, nil
}

func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls++
	f, err := os.OpenFile(g.asked, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	fmt.Fprintln(f, "asked")
	if err := f.Close(); err != nil {
		return err
	}
	for g.calls >= g.from {
		if _, err := os.Stat(g.open); err == nil {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
