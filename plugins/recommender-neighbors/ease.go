package main

import (
	"context"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

const (
	easeFormat = "ease/1"
	easeFile   = "ease.bin"
)

// ease is the linear autoencoder of Steck 2019, "Embarrassingly Shallow
// Autoencoders for Sparse Data", equation 8: with X the binary users × items
// matrix,
//
//	P = (XᵀX + l2·I)⁻¹,  B = I − P·diagMat(1 ⊘ diag P),
//
// the least-squares item × item matrix with a zero diagonal. The score of item
// j for a user with items U is Σ over i in U of B_ij. Fitted in float64, kept
// in float32. The inverse has the same bits on any processor (package dense), so
// the model is bitwise the same anywhere.
type ease struct {
	served
	b []float32 // items × items, by rows
}

func newEASE() sdk.Recommender { return &ease{} }

func (m *ease) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender,
		Name: "ease",
		Doc:  "EASE: a linear autoencoder in closed form, binary interactions.",
		Options: []sdk.OptionSpec{
			{
				Name: "l2", Type: sdk.OptionFloat, Default: 500.0, Min: sdk.Bound(1e-3), Max: sdk.Bound(1e9),
				Doc: "Regularisation λ. The paper uses 200 to 1,000; small dense data wants less than large sparse data.",
			},
			{
				Name: "max-items", Type: sdk.OptionInt, Default: int64(20000), Min: sdk.Bound(1), Max: sdk.Bound(1e6), Unit: "items", Neutral: true,
				Doc: "Refuse larger catalogues: fitting needs 12 bytes for every pair of items (20,000 items: 4.8 GB).",
			},
		},
		Features:    []string{sdk.FeatureScore, sdk.FeatureSave},
		Determinism: sdk.DeterminismBitwise,
		License:     "Apache-2.0",
		Citation:    "Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, WWW",
	}
}

func (m *ease) Configure(_ context.Context, c sdk.Config) error {
	m.configure(c, m.Spec().Options)
	m.fill = sums(func(item int32, out []float32) {
		dense.Add(out, m.b[int(item)*len(out):][:len(out)])
	})
	return nil
}

func (m *ease) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	x, err := dense.Read(r.Data, false)
	if err != nil {
		return sdk.FitResult{}, err
	}
	n := x.Cols
	if err := checkSize(n, m.options.Int("max-items"), 12, r.MemoryHint); err != nil {
		return sdk.FitResult{}, err
	}
	note(emit, "gram matrix", 0, n)
	p := make([]float64, n*n)
	if err := dense.Counts(ctx, x, p, m.threads); err != nil {
		return sdk.FitResult{}, err
	}
	l2 := m.options.Float("l2")
	for i := range n {
		p[i*n+i] += l2
	}
	if err := dense.Invert(ctx, p, n, m.threads, func(done int) { note(emit, "inverse", done, n) }); err != nil {
		return sdk.FitResult{}, err
	}
	b := make([]float32, n*n)
	err = cores.Each(ctx, n, m.threads, func(_, i int) {
		for j := range n {
			if i != j {
				b[i*n+j] = float32(-p[i*n+j] / p[j*n+j])
			}
		}
	})
	if err != nil {
		return sdk.FitResult{}, err
	}
	m.train, m.data, m.b = x, r.Data.ManifestSHA256, b
	return sdk.FitResult{Epochs: 1, Parameters: int64(n) * int64(n-1)}, nil
}

// Save writes one file. The training part is not in it.
func (m *ease) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	if m.train == nil {
		return sdk.SaveResult{}, errNotFitted()
	}
	h, err := m.header(easeFormat, m.train, m.data)
	if err != nil {
		return sdk.SaveResult{}, err
	}
	f, err := dense.WriteModel(dir, easeFile, h, m.b)
	return sdk.SaveResult{Files: []sdk.File{f}, Format: easeFormat}, err
}

// Load reads what Save wrote, for the same options and training part.
func (m *ease) Load(_ context.Context, dir string, data sdk.DataRef) error {
	x, err := dense.Read(data, false)
	if err != nil {
		return err
	}
	h, err := m.header(easeFormat, x, data.ManifestSHA256)
	if err != nil {
		return err
	}
	var b []float32
	if err := dense.ReadModel(dir, easeFile, h, &b); err != nil {
		return err
	}
	if len(b) != x.Cols*x.Cols {
		return sdk.Invalidf("", "model file %s: %d weights do not fit %d items", easeFile, len(b), x.Cols)
	}
	for _, w := range b {
		if w-w != 0 {
			return sdk.Invalidf("", "model file %s: a weight is %v", easeFile, w)
		}
	}
	m.train, m.data, m.b = x, data.ManifestSHA256, b
	return nil
}
