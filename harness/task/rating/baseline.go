package rating

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// training is what baselines know: the training part, and how many values each
// user and item has in it.
type training struct {
	part             *corpus.Training
	perUser, perItem []int
	count            int
	mean             float64
}

func newTraining(part *corpus.Training) *training {
	t := &training{part: part, perUser: make([]int, part.Users()), perItem: make([]int, part.Items())}
	sum := 0.0
	t.each(func(user, item int32, value float64) {
		t.perUser[user]++
		t.perItem[item]++
		t.count++
		sum += value
	})
	t.mean = sum / float64(t.count)
	return t
}

// each visits the interactions with a value, by user and item.
func (t *training) each(visit func(user, item int32, value float64)) {
	for u := range int32(t.part.Users()) {
		values := t.part.ValuesOf(u)
		for n, it := range t.part.Of(u) {
			if v := float64(values[n]); !math.IsNaN(v) {
				visit(u, it, v)
			}
		}
	}
}

// histogram counts training values by step of the scale.
func (t *training) histogram(s sdk.Scale) []int {
	counts := make([]int, levelsOf(s))
	t.each(func(_, _ int32, value float64) { counts[levelOf(s, value)]++ })
	return counts
}

// itemMeans gives each item's mean value, of an item without values the global
// mean.
func (t *training) itemMeans() []float64 {
	means := make([]float64, len(t.perItem))
	t.each(func(_, item int32, value float64) { means[item] += value })
	for i, n := range t.perItem {
		if n == 0 {
			means[i] = t.mean
		} else {
			means[i] /= float64(n)
		}
	}
	return means
}

// Regularisation and sweeps of the bias model: the values that implementations
// of Koren's baseline estimates commonly start from, not fitted to any data here.
const (
	biasItemL2 = 10
	biasUserL2 = 15
	biasSweeps = 10
)

const biasDoc = "μ + b_u + b_i, least squares with 15·Σb_u² + 10·Σb_i² by 10 alternating sweeps (Koren, TKDD 4(1), 2010, section 2.1); a user or item without training values has b = 0"

// biases fits the user and item bias model:
//
//	r̂_ui = μ + b_u + b_i
//	minimise Σ (r_ui − r̂_ui)² + 10·Σ b_i² + 15·Σ b_u²
//
// Items are solved exactly given users, then users given items, ten times over.
func (t *training) biases() (user, item []float64) {
	user, item = make([]float64, len(t.perUser)), make([]float64, len(t.perItem))
	for range biasSweeps {
		solve(item, t.perItem, biasItemL2, func(sums []float64) {
			t.each(func(u, i int32, value float64) { sums[i] += value - t.mean - user[u] })
		})
		solve(user, t.perUser, biasUserL2, func(sums []float64) {
			t.each(func(u, i int32, value float64) { sums[u] += value - t.mean - item[i] })
		})
	}
	return user, item
}

func solve(biases []float64, counts []int, l2 float64, residuals func(sums []float64)) {
	clear(biases)
	residuals(biases)
	for n, count := range counts {
		biases[n] /= l2 + float64(count)
	}
}

// baselines gives the oracle and the baselines. They learn when they are first
// asked.
func baselines(b *bound) []*baseline {
	global := func() predictor {
		return func(_, _ int32) float64 { return b.train.mean }
	}
	item := func() predictor {
		means := b.train.itemMeans()
		return func(_, item int32) float64 { return means[item] }
	}
	bias := func() predictor {
		ofUser, ofItem := b.train.biases()
		return func(user, item int32) float64 { return b.train.mean + ofUser[user] + ofItem[item] }
	}
	return []*baseline{
		newBaseline(control.OracleName, "Control: predicts the held-out values.", b.oracle),
		newBaseline("bias", "Baseline: global mean, user and item bias.", bias),
		newBaseline("item-mean", "Baseline: mean training value of the item.", item),
		newBaseline("global-mean", "Baseline: mean training value.", global),
	}
}

// oracle knows the held-out values, and nothing else.
func (b *bound) oracle() predictor {
	return func(user, item int32) float64 {
		for n, it := range b.items[user] {
			if it == item {
				return b.values[user][n]
			}
		}
		return math.NaN()
	}
}

// predictor gives the value of a pair; NaN: none.
type predictor func(user, item int32) float64

// baseline predicts inside the host.
type baseline struct {
	name, doc string
	predict   func() predictor // fits once
}

func newBaseline(name, doc string, fit func() predictor) *baseline {
	return &baseline{name: name, doc: doc, predict: sync.OnceValue(fit)}
}

// Spec describes the baseline like any other component.
func (p *baseline) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: p.name, Doc: p.doc,
		Features: []string{sdk.FeatureScore, sdk.FeaturePredictValues}, Determinism: sdk.DeterminismBitwise,
	}
}

// Configure takes nothing.
func (p *baseline) Configure(context.Context, sdk.Config) error { return nil }

// Fit has nothing left to learn.
func (p *baseline) Fit(context.Context, sdk.FitRequest, sdk.Emit) (sdk.FitResult, error) {
	return sdk.FitResult{}, nil
}

// Recommend is not what baselines of values are for.
func (p *baseline) Recommend(context.Context, sdk.RecommendRequest) (sdk.RecommendReply, error) {
	return sdk.RecommendReply{}, sdk.Unsupportedf("%s predicts values and recommends nothing", p.name)
}

// Score predicts the candidates' values.
func (p *baseline) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if r.Candidates == nil {
		return nil, fmt.Errorf("%s: asked for no candidates", p.name)
	}
	predict := p.predict()
	out := make([]float32, 0, len(r.Candidates.Items))
	for i, u := range r.Users {
		for _, it := range r.Candidates.Row(i) {
			out = append(out, float32(predict(u, it)))
		}
	}
	return out, ctx.Err()
}
