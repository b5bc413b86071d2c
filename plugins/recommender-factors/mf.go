package main

import (
	"context"
	"fmt"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

const (
	mfFormat = "mf/1"
	mfFile   = "mf.bin"
)

// mf is biased matrix factorisation (Koren, Bell and Volinsky 2009, "Matrix
// Factorization Techniques for Recommender Systems", equations 4 and 5):
//
//	r̂_ui = μ + b_u + b_i + p_u·q_i
//	minimise Σ over training values of (r_ui − r̂_ui)² + bias-l2·(b_u² + b_i²) + l2·(‖p_u‖² + ‖q_i‖²)
//
// by stochastic gradient descent. Score is r̂ brought onto the range of training
// values; Recommend ranks by r̂ as it is, so the ends of the scale are no ties.
// A user never seen or without training values, is predicted μ + b_i, an item
// without training values μ + b_u. Data without values is fitted with a warning
// and teaches nothing: a missing value is neither 0 nor 1.
type mf struct {
	latent
	lo, hi float32 // range of the training values
}

func newMF() sdk.Recommender { return &mf{} }

func (m *mf) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender,
		Name: "mf",
		Doc:  "Biased matrix factorisation: predicts values, ranks by the prediction. Learns from values only.",
		Options: []sdk.OptionSpec{
			factorsOption(),
			{
				Name: "epochs", Type: sdk.OptionInt, Default: int64(40), Min: sdk.Bound(1), Max: sdk.Bound(10000),
				Doc: "Passes over the training values; the most there are where a validation part stops earlier.",
			},
			{
				Name: "patience", Type: sdk.OptionInt, Default: int64(5), Min: sdk.Bound(0), Max: sdk.Bound(10000), Unit: "epochs",
				Doc: "With a validation part: stop after so many epochs without a smaller RMSE there, and keep the best epoch. 0 never stops and keeps the last.",
			},
			{
				Name: "learning-rate", Type: sdk.OptionFloat, Default: 0.02, Min: sdk.Bound(1e-6), Max: sdk.Bound(1),
				Doc: "Step size of the first epoch.",
			},
			{
				Name: "decay", Type: sdk.OptionFloat, Default: 0.95, Min: sdk.Bound(0.1), Max: sdk.Bound(1),
				Doc: "The step size is multiplied by this after every epoch.",
			},
			{
				Name: "l2", Type: sdk.OptionFloat, Default: 0.08, Min: sdk.Bound(0), Max: sdk.Bound(100),
				Doc: "Regularisation of the vectors, per training value.",
			},
			{
				Name: "bias-l2", Type: sdk.OptionFloat, Default: 0.01, Min: sdk.Bound(0), Max: sdk.Bound(100),
				Doc: "Regularisation of the biases, per training value.",
			},
			{
				Name: "init-sd", Type: sdk.OptionFloat, Default: 0.1, Min: sdk.Bound(0), Max: sdk.Bound(10),
				Doc: "Standard deviation of the first coordinates; 0 leaves the vectors at zero, which is the bias model.",
			},
		},
		Features:    []string{sdk.FeatureScore, sdk.FeaturePredictValues, sdk.FeatureSave},
		Determinism: sdk.DeterminismSameMachine,
		Needs:       sdk.Needs{Tables: []string{sdk.TableValid}},
		License:     "Apache-2.0",
		Citation:    "Koren, Bell and Volinsky 2009, Matrix Factorization Techniques for Recommender Systems, IEEE Computer 42(8)",
	}
}

func (m *mf) Configure(_ context.Context, c sdk.Config) error {
	m.configure(c, m.Spec().Options)
	m.limit = m.onScale
	return nil
}

func (m *mf) onScale(v float32) float32 { return min(max(v, m.lo), m.hi) }

func (m *mf) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	x, err := readRatings(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	warn(x, emit)
	d := newDescent(m.options, x, r.Seed)
	epochs, metrics, err := d.run(ctx, emit)
	if err != nil {
		return sdk.FitResult{}, err
	}
	m.model, m.data, m.lo, m.hi = d.model, r.Data.ManifestSHA256, d.lo, d.hi
	parameters := (d.model.k + 1) * (x.users + x.items)
	return sdk.FitResult{Epochs: int64(epochs), Parameters: int64(parameters), Metrics: metrics}, nil
}

// warn says what was left out; emit may be nil.
func warn(x ratings, emit sdk.Emit) {
	if x.missing == 0 || emit == nil {
		return
	}
	d := sdk.Diagnostic{Severity: sdk.SeverityWarning, Summary: fmt.Sprintf("%d training interactions have no value and were left out", x.missing)}
	if len(x.train) == 0 {
		d.Summary = "no training interaction has a value, so there is nothing to learn: every prediction is 0 and the order is the tie hash's"
		d.Detail = "for implicit data use bpr or ials"
	}
	emit(sdk.Warning{Diagnostic: d})
}

// Save writes one file.
func (m *mf) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	if m.model == nil {
		return sdk.SaveResult{}, errNotFitted()
	}
	v := m.model
	return m.save(dir, mfFile, mfFormat, []float32{v.mean, m.lo, m.hi}, v.userBias, v.itemBias, v.user, v.item)
}

// Load reads what Save wrote, for the same options and training part.
func (m *mf) Load(_ context.Context, dir string, data sdk.DataRef) error {
	meta, err := dense.ReadMeta(data)
	if err != nil {
		return err
	}
	h, err := m.header(mfFormat, meta.Users, meta.Items, data.ManifestSHA256)
	if err != nil {
		return err
	}
	v := &vectors{users: meta.Users, items: meta.Items, k: m.options.Int("factors")}
	var scale []float32
	if err := dense.ReadModel(dir, mfFile, h, &scale, &v.userBias, &v.itemBias, &v.user, &v.item); err != nil {
		return err
	}
	if len(scale) != 3 || scale[1]-scale[1] != 0 || scale[2]-scale[2] != 0 || scale[1] > scale[2] {
		return sdk.Invalidf("", "model file %s: the scale %v is not mean, least and greatest value", mfFile, scale)
	}
	v.mean = scale[0]
	if err := v.fits(mfFile); err != nil {
		return err
	}
	m.model, m.data, m.lo, m.hi = v, data.ManifestSHA256, scale[1], scale[2]
	return nil
}
