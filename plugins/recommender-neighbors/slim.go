package main

import (
	"context"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

const (
	slimFormat = "slim/1"
	slimFile   = "slim.bin"
)

// slim is the sparse linear method of Ning and Karypis 2011, "SLIM: Sparse
// linear methods for top-N recommender systems", equation 4: with X the binary
// users × items matrix, column j of W solves
//
//	minimise ½‖x_j − X·w‖² + l2/2·‖w‖² + l1·‖w‖₁  under w ≥ 0, w_j = 0,
//
// a least-squares item × item matrix like that of ease, but sparse and without
// negative weights. The score of item j for a user with items U is Σ over i in
// U of W_ij. Columns are solved one by one by coordinate descent (Friedman et
// al. 2010) on the gram matrix XᵀX; see descent. Nothing is random, sums run in
// one order and no processor fuses them: bitwise the same anywhere.
type slim struct {
	served
	weights entries
}

func newSLIM() sdk.Recommender { return &slim{} }

func (m *slim) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender,
		Name: "slim",
		Doc:  "SLIM: a sparse non-negative linear model, elastic net by coordinate descent, binary interactions.",
		Options: []sdk.OptionSpec{
			{
				Name: "l1", Type: sdk.OptionFloat, Default: 5.0, Min: sdk.Bound(0), Max: sdk.Bound(1e9),
				Doc: "Weight of ‖w‖₁ (the paper's λ): more makes the model sparser. An item pair with no more common users than this has no weight.",
			},
			{
				Name: "l2", Type: sdk.OptionFloat, Default: 100.0, Min: sdk.Bound(1e-3), Max: sdk.Bound(1e9),
				Doc: "Weight of ½‖w‖² (the paper's β): more spreads weight over similar items.",
			},
			{
				Name: "max-iterations", Type: sdk.OptionInt, Default: int64(1000), Min: sdk.Bound(1), Max: sdk.Bound(1e6), Unit: "sweeps",
				Doc: "Sweeps over an item's coordinates after which its column is taken as it is; fit metric `unconverged` counts such columns.",
			},
			{
				Name: "tolerance", Type: sdk.OptionFloat, Default: 1e-4, Min: sdk.Bound(1e-12), Max: sdk.Bound(1),
				Doc: "A column is done when a sweep over all its coordinates moves no weight by more.",
			},
			{
				Name: "neighbors", Type: sdk.OptionInt, Default: int64(0), Min: sdk.Bound(0), Max: sdk.Bound(1e6), Unit: "items",
				Doc: "Only the items most similar by cosine may have weight for an item (the paper's fsSLIM): faster, and an approximation. 0: all items.",
			},
			{
				Name: "max-items", Type: sdk.OptionInt, Default: int64(30000), Min: sdk.Bound(1), Max: sdk.Bound(1e6), Unit: "items", Neutral: true,
				Doc: "Refuse larger catalogues: fitting needs 4 bytes for every pair of items (30,000 items: 3.6 GB).",
			},
		},
		Features:    []string{sdk.FeatureScore, sdk.FeatureSave},
		Determinism: sdk.DeterminismBitwise,
		License:     "Apache-2.0",
		Citation:    "Ning and Karypis 2011, SLIM: Sparse linear methods for top-N recommender systems, ICDM",
	}
}

func (m *slim) Configure(_ context.Context, c sdk.Config) error {
	m.configure(c, m.Spec().Options)
	m.fill = sums(func(item int32, out []float32) { m.weights.add(item, out) })
	return nil
}

func (m *slim) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	x, err := dense.Read(r.Data, false)
	if err != nil {
		return sdk.FitResult{}, err
	}
	n := x.Cols
	if err := checkSize(n, m.options.Int("max-items"), 4, r.MemoryHint); err != nil {
		return sdk.FitResult{}, err
	}
	note(emit, "gram matrix", 0, n)
	g := make([]float32, n*n)
	if err := dense.Counts(ctx, x, g, m.threads); err != nil {
		return sdk.FitResult{}, err
	}
	columns := make([]column, n)
	spare := make([]*descent, cores.Threads(m.threads))
	err = cores.Each(ctx, n, m.threads, func(worker, j int) {
		if j%64 == 0 {
			note(emit, "columns", j, n)
		}
		if spare[worker] == nil {
			spare[worker] = newDescent(g, n, m.options)
		}
		columns[j] = spare[worker].solve(ctx, j, r.Seed)
	})
	if err != nil {
		return sdk.FitResult{}, err
	}
	unconverged := 0
	for _, c := range columns {
		if !c.converged {
			unconverged++
		}
	}
	m.train, m.data, m.weights = x, r.Data.ManifestSHA256, transposed(columns)
	return sdk.FitResult{
		Epochs: 1, Parameters: int64(len(m.weights.items)),
		Metrics: map[string]float64{"unconverged": float64(unconverged)},
	}, nil
}

// transposed gives the weights by the item that the user has, ascending by the
// item scored.
func transposed(columns []column) entries {
	out := entries{offsets: make([]int64, len(columns)+1)}
	for _, c := range columns {
		for _, i := range c.items {
			out.offsets[i+1]++
		}
	}
	for i := range columns {
		out.offsets[i+1] += out.offsets[i]
	}
	total := out.offsets[len(columns)]
	out.items, out.values = make([]int32, total), make([]float32, total)
	next := append([]int64(nil), out.offsets...)
	for j, c := range columns {
		for e, i := range c.items {
			out.items[next[i]], out.values[next[i]] = int32(j), c.weights[e]
			next[i]++
		}
	}
	return out
}

// Save writes one file. The training part is not in it.
func (m *slim) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	return m.saveEntries(dir, slimFile, slimFormat, m.weights)
}

// Load reads what Save wrote, for the same options and training part.
func (m *slim) Load(_ context.Context, dir string, data sdk.DataRef) error {
	x, w, err := m.loadEntries(dir, slimFile, slimFormat, data, false)
	if err != nil {
		return err
	}
	m.train, m.data, m.weights = x, data.ManifestSHA256, w
	return nil
}
