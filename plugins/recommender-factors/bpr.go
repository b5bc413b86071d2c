package main

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

const (
	bprFormat = "bpr/1"
	bprFile   = "bpr.bin"
)

// bpr is matrix factorisation under Bayesian personalised ranking (Rendle,
// Freudenthaler, Gantner and Schmidt-Thieme 2009, criterion BPR-Opt and figure
// 4, LearnBPR): with x_ui = b_i + w_u·h_i,
//
//	maximise Σ over drawn (u, i, j) of ln σ(x_ui − x_uj) − l2/2·(‖w_u‖² + ‖h_i‖² + ‖h_j‖²) − bias-l2/2·(b_i² + b_j²)
//
// by stochastic gradient ascent. (u, i) is drawn uniformly with replacement
// from the training interactions, j uniformly from the items that u did not
// touch in training; they may be held-out positives, since leaving those out
// would be leakage. An epoch is as many draws as there are interactions. A user
// who touched every item is not learnt from.
//
// A user never seen, or without interactions, gets the item biases: the part of
// the order that is alike for everybody.
type bpr struct{ latent }

func newBPR() sdk.Recommender { return &bpr{} }

func (m *bpr) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender,
		Name: "bpr",
		Doc:  "Matrix factorisation trained on pairs of a touched and an untouched item.",
		Options: []sdk.OptionSpec{
			factorsOption(),
			{
				Name: "epochs", Type: sdk.OptionInt, Default: int64(20), Min: sdk.Bound(1), Max: sdk.Bound(10000),
				Doc: "Times as many draws as there are training interactions; the most there are where patience stops earlier.",
			},
			patienceOption("epochs"),
			{
				Name: "learning-rate", Type: sdk.OptionFloat, Default: 0.05, Min: sdk.Bound(1e-6), Max: sdk.Bound(1),
				Doc: "Step size, the same for every draw.",
			},
			{
				Name: "l2", Type: sdk.OptionFloat, Default: 0.01, Min: sdk.Bound(0), Max: sdk.Bound(100),
				Doc: "Regularisation of the three vectors of a draw.",
			},
			{
				Name: "bias-l2", Type: sdk.OptionFloat, Default: 0.0, Min: sdk.Bound(0), Max: sdk.Bound(100),
				Doc: "Regularisation of the two item biases of a draw.",
			},
			{
				Name: "init-sd", Type: sdk.OptionFloat, Default: 0.1, Min: sdk.Bound(1e-6), Max: sdk.Bound(10),
				Doc: "Standard deviation of the first coordinates.",
			},
		},
		Features:    []string{sdk.FeatureScore, sdk.FeatureSave},
		Determinism: sdk.DeterminismSameMachine,
		Needs:       sdk.Needs{Tables: []string{sdk.TableValid}},
		License:     "Apache-2.0",
		Citation:    "Rendle, Freudenthaler, Gantner and Schmidt-Thieme 2009, BPR: Bayesian Personalized Ranking from Implicit Feedback, UAI",
	}
}

func (m *bpr) Configure(_ context.Context, c sdk.Config) error {
	m.configure(c, m.Spec().Options)
	return nil
}

func (m *bpr) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	x, err := dense.Read(r.Data, false)
	if err != nil {
		return sdk.FitResult{}, err
	}
	a := newAscent(m.options, x, r.Seed)
	w, err := m.newWatch(r.Data, x, r.Seed)
	if err != nil {
		return sdk.FitResult{}, err
	}
	v, epochs, metrics, err := w.fit(ctx, "epochs", m.options.Int("epochs"), emit, a.model, func() (map[string]float64, error) {
		right, err := a.epoch(ctx)
		return map[string]float64{"train-auc": right}, err
	})
	if err != nil {
		return sdk.FitResult{}, err
	}
	if !v.finite() {
		return sdk.FitResult{}, sdk.Invalidf("learning-rate", "the ascent diverged: lower the rate or raise l2")
	}
	m.model, m.data = v, r.Data.ManifestSHA256
	return sdk.FitResult{Epochs: int64(epochs), Parameters: int64(v.k)*int64(x.Rows+x.Cols) + int64(x.Cols), Metrics: metrics}, nil
}

// ascent fits bpr.
type ascent struct {
	model            *vectors
	train            *dense.Matrix
	owner            []int32 // user of every interaction
	rng              *rand.Rand
	rate, l2, biasL2 float32
}

func newAscent(o sdk.Options, x *dense.Matrix, seed uint64) *ascent {
	a := &ascent{
		model: randomVectors(x.Rows, x.Cols, o.Int("factors"), o.Float("init-sd"), seed),
		train: x, owner: make([]int32, len(x.Index)),
		rng:  rand.New(rand.NewPCG(sdk.Mix(seed, streamDraws), 0)),
		rate: float32(o.Float("learning-rate")), l2: float32(o.Float("l2")), biasL2: float32(o.Float("bias-l2")),
	}
	a.model.itemBias = make([]float32, x.Cols)
	for u := range x.Rows {
		if x.Offsets[u] == x.Offsets[u+1] {
			clear(a.model.userRow(int32(u))) // nothing will move it: no noise beside the biases
		}
		for e := x.Offsets[u]; e < x.Offsets[u+1]; e++ {
			a.owner[e] = int32(u)
		}
	}
	return a
}

// epoch gives the share of draws that were in the right order just before their
// step, half for ties; 0 without a draw.
func (a *ascent) epoch(ctx context.Context) (float64, error) {
	var right float64
	drawn := 0
	for n := range len(a.owner) {
		if n%stride == 0 {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
		}
		e := a.rng.IntN(len(a.owner))
		u := a.owner[e]
		touched := a.train.Row(int(u))
		if len(touched) == a.train.Cols {
			continue
		}
		drawn++
		j := untouched(touched, a.rng.IntN(a.train.Cols-len(touched)))
		switch x := a.step(u, a.train.Index[e], j); {
		case x > 0:
			right++
		case x == 0:
			right += 0.5
		}
	}
	return right / float64(max(1, drawn)), ctx.Err()
}

// untouched gives the n-th item, from 0, that is not in an ascending list: one
// draw of n is one uniform negative, whatever share of the items is touched.
func untouched(touched []int32, n int) int32 {
	lo, hi := 0, len(touched) // below touched[e] lie touched[e] − e untouched items
	for lo < hi {
		mid := (lo + hi) / 2
		if int(touched[mid])-mid <= n {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return int32(n + lo)
}

// step moves the parameters of one draw along the gradient and gives x_uij
// before the move:
//
//	x = b_i − b_j + w·(h_i − h_j);  g = 1 / (1 + eˣ)
//	w += rate·(g·(h_i − h_j) − l2·w);  h_i += rate·(g·w − l2·h_i);  h_j += rate·(−g·w − l2·h_j)
//	b_i += rate·(g − biasL2·b_i);  b_j += rate·(−g − biasL2·b_j)
//
// with the old w in all of them.
func (a *ascent) step(u, i, j int32) float32 {
	v := a.model
	w, p, q := v.userRow(u), v.itemRow(i), v.itemRow(j)
	bi, bj := &v.itemBias[i], &v.itemBias[j]
	x := *bi - *bj + dot(w, p) - dot(w, q)
	g := float32(1 / (1 + math.Exp(float64(x))))
	*bi += a.rate * (g - a.biasL2**bi)
	*bj += a.rate * (-g - a.biasL2**bj)
	push, keep := a.rate*g, 1-a.rate*a.l2
	p, q = p[:len(w)], q[:len(w)]
	for f, y := range w {
		h, o := p[f], q[f]
		w[f] = keep*y + push*(h-o)
		p[f] = keep*h + push*y
		q[f] = keep*o - push*y
	}
	return x
}

// Save writes one file.
func (m *bpr) Save(_ context.Context, dir string) (sdk.SaveResult, error) {
	if m.model == nil {
		return sdk.SaveResult{}, errNotFitted()
	}
	return m.save(dir, bprFile, bprFormat, m.model.itemBias, m.model.user, m.model.item)
}

// Load reads what Save wrote, for the same options and training part.
func (m *bpr) Load(_ context.Context, dir string, data sdk.DataRef) error {
	meta, err := dense.ReadMeta(data)
	if err != nil {
		return err
	}
	h, err := m.header(bprFormat, meta.Users, meta.Items, data.ManifestSHA256)
	if err != nil {
		return err
	}
	v := &vectors{users: meta.Users, items: meta.Items, k: m.options.Int("factors")}
	if err := dense.ReadModel(dir, bprFile, h, &v.itemBias, &v.user, &v.item); err != nil {
		return err
	}
	if err := v.fits(bprFile); err != nil {
		return err
	}
	m.model, m.data = v, data.ManifestSHA256
	return nil
}
