package main

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// bestmean ranks by the mean value of an item, drawn towards everybody's mean where
// few gave one: (Σ values + damping·mean) / (n + damping).
type bestmean struct {
	scored
	damping float64
}

func newBestmean() sdk.Recommender { return &bestmean{} }

func (*bestmean) Spec() sdk.ComponentSpec {
	s := spec("bestmean", "Items by their damped mean value, the same for everybody; without values every mean is the same.")
	s.Options = []sdk.OptionSpec{{
		Name: "damping", Type: sdk.OptionFloat, Default: 10.0, Min: sdk.Bound(0), Max: sdk.Bound(1e6), Doc: "how many values everybody's mean counts for",
	}}
	return s
}

func (m *bestmean) Configure(_ context.Context, c sdk.Config) error {
	m.damping = c.Options.Float("damping")
	return nil
}

func (m *bestmean) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	train, err := dense.Read(r.Data, true)
	if err != nil {
		if train, err = dense.Read(r.Data, false); err != nil {
			return sdk.FitResult{}, err
		}
		if emit != nil {
			emit(sdk.Warning{Diagnostic: sdk.Diagnostic{
				Severity: sdk.SeverityWarning, Summary: "the data has no values: every item has the same mean, and the tie hash alone decides", Detail: "take popular for implicit data",
			}})
		}
		m.scored = scored{users: train.Rows, items: train.Cols, fill: same(make([]float32, train.Cols))}
		return sdk.FitResult{Epochs: 1}, ctx.Err()
	}
	sums, counts := make([]float64, train.Cols), make([]float64, train.Cols)
	all, n := 0.0, 0.0
	for i, it := range train.Index {
		if v := float64(train.Value[i]); !math.IsNaN(v) {
			sums[it] += v
			counts[it]++
			all, n = all+v, n+1
		}
	}
	mean := all / math.Max(1, n)
	scores := make([]float32, train.Cols)
	for it := range scores {
		scores[it] = float32((sums[it] + float64(m.damping*mean)) / math.Max(counts[it]+m.damping, 1e-9))
	}
	m.scored = scored{users: train.Rows, items: train.Cols, fill: same(scores)}
	return sdk.FitResult{Epochs: 1, Parameters: int64(train.Cols)}, ctx.Err()
}
