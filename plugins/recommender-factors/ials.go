package main

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

const (
	ialsFormat = "ials/1"
	ialsFile   = "ials.bin"
)

// ials is matrix factorisation of implicit data by alternating least squares
// (Hu, Koren and Volinsky 2008, "Collaborative Filtering for Implicit Feedback
// Datasets", equations 3 to 5): with preference p_ui = 1 where user u has item
// i and 0 elsewhere, and confidence c_ui = 1 + alpha·r_ui,
//
//	minimise Σ over all pairs of c_ui·(p_ui − x_u·y_i)² + Σ_u λ_u‖x_u‖² + Σ_i λ_i‖y_i‖²
//	x_u = (YᵀY + alpha·Σ over u's items of r_ui·y_i·y_iᵀ + λ_u·I)⁻¹ Σ over u's items of c_ui·y_i
//
// and alike for y_i. r_ui is 1, or the value. The regularisation is scaled by
// frequency after Rendle, Krichene, Zhang and Koren 2022 ("Revisiting the
// Performance of iALS on Item Recommendation Benchmarks", section 3.2):
//
//	λ_u = l2·(Σ_i c_ui)^frequency-scaling
//
// Zero is Hu's constant λ. With 1 and binary weights λ_u/alpha is that paper's,
// its α₀ being 1/alpha and its λ the same number; an observed pair, divided by
// alpha too, still costs (1 + α₀)·(1 − x·y)² here and (1 − x·y)² + α₀·(x·y)²
// there.
//
// A sweep solves the items, then the users, so that a fitted user's vector is
// the exact solution for the final items: the formula for x_u applied to the
// user's training items and what a session watched or liked continues it
// without a step size. A user with neither has the zero vector, so zero scores
// in the tie hash's order.
type ials struct {
	latent
	train *dense.Matrix
	gram  []float64 // YᵀY
	usual float32   // mean training value: what a session item weighs
}

func newIALS() sdk.Recommender { return &ials{} }

func (m *ials) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender,
		Name: "ials",
		Doc:  "Implicit alternating least squares: all pairs count, observed ones more. Sessions are folded in.",
		Options: []sdk.OptionSpec{
			factorsOption(),
			{
				Name: "sweeps", Type: sdk.OptionInt, Default: int64(15), Min: sdk.Bound(1), Max: sdk.Bound(1000),
				Doc: "How often all items and all users are solved; the most there are where patience stops earlier.",
			},
			patienceOption("sweeps"),
			{
				Name: "alpha", Type: sdk.OptionFloat, Default: 2.0, Min: sdk.Bound(1e-3), Max: sdk.Bound(1e5),
				Doc: "Weight of an observed pair over an unobserved one (Hu's α; 1/α₀ of Rendle).",
			},
			{
				Name: "l2", Type: sdk.OptionFloat, Default: 0.01, Min: sdk.Bound(1e-6), Max: sdk.Bound(1e6),
				Doc: "Regularisation λ. Its size depends on frequency-scaling: around 0.01 with 1, around 10 with 0.",
			},
			{
				Name: "frequency-scaling", Type: sdk.OptionFloat, Default: 1.0, Min: sdk.Bound(0), Max: sdk.Bound(2),
				Doc: "Exponent ν with which a row's total confidence scales its regularisation; 0 is constant.",
			},
			{
				Name: "weights", Type: sdk.OptionEnum, Default: "binary", Choices: []string{"binary", "value"},
				Doc: "What r_ui is: 1, or the interaction's value (data with values, none negative). Session items count 1, or the mean training value.",
			},
			{
				Name: "init-sd", Type: sdk.OptionFloat, Default: 0.1, Min: sdk.Bound(1e-6), Max: sdk.Bound(10),
				Doc: "Standard deviation of the first vectors' coordinates times √factors.",
			},
		},
		Features:    []string{sdk.FeatureScore, sdk.FeatureSave},
		Determinism: sdk.DeterminismSameMachine,
		Needs:       sdk.Needs{Tables: []string{sdk.TableValid}},
		License:     "Apache-2.0",
		Citation:    "Hu, Koren and Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets, ICDM; Rendle et al. 2022, Revisiting the Performance of iALS on Item Recommendation Benchmarks, RecSys",
	}
}

func (m *ials) Configure(_ context.Context, c sdk.Config) error {
	m.configure(c, m.Spec().Options)
	m.fold = m.foldIn
	return nil
}

// read gives the training matrix with its weights.
func (m *ials) read(data sdk.DataRef) (*dense.Matrix, error) {
	x, err := dense.Read(data, m.options.String("weights") == "value")
	if err != nil {
		return nil, err
	}
	for e, v := range x.Value {
		if !(v >= 0) || math.IsInf(float64(v), 0) {
			return nil, sdk.Invalidf("weights", "item %d has the value %v, which is no weight: use weights = \"binary\"", x.Index[e], v)
		}
	}
	return x, nil
}

func (m *ials) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	x, err := m.read(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	k := m.options.Int("factors")
	v := randomVectors(x.Rows, x.Cols, k, m.options.Float("init-sd")/math.Sqrt(float64(k)), r.Seed)
	byItem := x.Transpose()
	w, err := m.newWatch(r.Data, x, r.Seed)
	if err != nil {
		return sdk.FitResult{}, err
	}
	v, sweeps, metrics, err := w.fit(ctx, "sweeps", m.options.Int("sweeps"), emit, v, func() (map[string]float64, error) {
		if err := m.half(ctx, v.item, byItem, v.user, k); err != nil {
			return nil, err
		}
		return map[string]float64{}, m.half(ctx, v.user, x, v.item, k)
	})
	if err != nil {
		return sdk.FitResult{}, err
	}
	if !v.finite() {
		return sdk.FitResult{}, sdk.Invalidf("l2", "the solution is not finite: raise l2")
	}
	m.adopt(v, x, r.Data.ManifestSHA256)
	return sdk.FitResult{Epochs: int64(sweeps), Parameters: int64(k) * int64(x.Rows+x.Cols), Metrics: metrics}, nil
}

// adopt takes over a fitted model with what folding in needs beside it.
func (m *ials) adopt(v *vectors, x *dense.Matrix, data string) {
	m.model, m.train, m.data = v, x, data
	m.gram, m.usual = gramOf(v.item, v.k), 1
	if n := len(x.Value); n > 0 {
		var sum float64
		for _, w := range x.Value {
			sum += float64(w)
		}
		m.usual = float32(sum / float64(n))
	}
}

// half solves every row of one side against the other side's vectors.
func (m *ials) half(ctx context.Context, side []float32, rows *dense.Matrix, other []float32, k int) error {
	gram := gramOf(other, k)
	desks := make([]*solver, min(cores.Threads(m.threads), max(1, rows.Rows)))
	errs := make([]error, rows.Rows)
	err := cores.Each(ctx, rows.Rows, m.threads, func(w, i int) {
		if desks[w] == nil {
			desks[w] = newSolver(m.options)
		}
		errs[i] = desks[w].solve(side[i*k:(i+1)*k], gram, rows.Row(i), rows.Values(i), other)
	})
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// foldIn gives the stored vector where the session added nothing, else the
// solution for the user's training items and those of the session.
func (m *ials) foldIn(d *desk, r *sdk.RecommendRequest, i int) ([]float32, error) {
	d.basket = dense.Basket(d.basket, m.train, r, i)
	u := r.Users[i]
	var own []int32
	if u >= 0 {
		own = m.train.Row(int(u))
	}
	if len(d.basket) == len(own) {
		return m.stored(u), nil
	}
	if d.solver == nil {
		d.solver = newSolver(m.options)
	}
	s := d.solver
	if cap(s.vector) < m.model.k {
		s.vector = make([]float32, m.model.k)
	}
	err := s.solve(s.vector, m.gram, d.basket, m.basketWeights(d.solver, u, d.basket), m.model.item)
	return s.vector, err
}

// basketWeights gives r for a basket: the training values of the user's own
// items, the mean training value for the others; nil where all count 1.
func (m *ials) basketWeights(s *solver, u int32, basket []int32) []float32 {
	if m.train.Value == nil {
		return nil
	}
	var own []int32
	var values []float32
	if u >= 0 {
		own, values = m.train.Row(int(u)), m.train.Values(int(u))
	}
	s.weights = s.weights[:0]
	for _, it := range basket {
		if len(own) > 0 && own[0] == it {
			s.weights = append(s.weights, values[0])
			own, values = own[1:], values[1:]
			continue
		}
		s.weights = append(s.weights, m.usual)
	}
	return s.weights
}

// Save writes one file. The training part is not in it.
func (m *ials) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	if m.model == nil {
		return sdk.SaveResult{}, errNotFitted()
	}
	return m.save(dir, ialsFile, ialsFormat, m.model.user, m.model.item)
}

// Load reads what Save wrote, for the same options and training part.
func (m *ials) Load(_ context.Context, dir string, data sdk.DataRef) error {
	x, err := m.read(data)
	if err != nil {
		return err
	}
	h, err := m.header(ialsFormat, x.Rows, x.Cols, data.ManifestSHA256)
	if err != nil {
		return err
	}
	v := &vectors{users: x.Rows, items: x.Cols, k: m.options.Int("factors")}
	if err := dense.ReadModel(dir, ialsFile, h, &v.user, &v.item); err != nil {
		return err
	}
	if err := v.fits(ialsFile); err != nil {
		return err
	}
	m.adopt(v, x, data.ManifestSHA256)
	return nil
}
