package main

import (
	"context"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// tail is popular upside down: the items with the fewest training users first, those
// without any last. It is a weak arm on purpose, for benchmarks whose arms are to
// differ.
type tail struct{ scored }

func newTail() sdk.Recommender { return &tail{} }

func (*tail) Spec() sdk.ComponentSpec {
	return spec("tail", "Items with the fewest training users first, and those without any last; the same for everybody, ties by hash.")
}

func (m *tail) Fit(ctx context.Context, r sdk.FitRequest, _ sdk.Emit) (sdk.FitResult, error) {
	train, err := dense.Read(r.Data, false)
	if err != nil {
		return sdk.FitResult{}, err
	}
	scores := make([]float32, train.Cols)
	for _, it := range train.Index {
		scores[it]++
	}
	for it, n := range scores {
		if n > 0 {
			scores[it] = 1 / n
		}
	}
	m.scored = scored{users: train.Rows, items: train.Cols, fill: same(scores)}
	return sdk.FitResult{Epochs: 1, Parameters: int64(train.Cols)}, ctx.Err()
}
