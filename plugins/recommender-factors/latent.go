package main

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// Streams of randomness, so that no two uses share numbers.
const (
	streamInit uint64 = iota + 1
	streamDraws
	streamWatch
)

// vectors is a fitted model: the score of item i for user u is
// mean + userBias[u] + itemBias[i] + user[u]·item[i].
type vectors struct {
	users, items, k    int
	mean               float32
	userBias, itemBias []float32 // nil: none
	user, item         []float32 // users × k and items × k, by rows
}

// randomVectors draws every coordinate from N(0, sd²), users first.
func randomVectors(users, items, k int, sd float64, seed uint64) *vectors {
	rng := rand.New(rand.NewPCG(sdk.Mix(seed, streamInit), 0))
	v := &vectors{users: users, items: items, k: k, user: make([]float32, users*k), item: make([]float32, items*k)}
	for _, part := range [][]float32{v.user, v.item} {
		for n := range part {
			part[n] = float32(sd * rng.NormFloat64())
		}
	}
	return v
}

func (v *vectors) userRow(u int32) []float32 { return v.user[int(u)*v.k:][:v.k:v.k] }
func (v *vectors) itemRow(i int32) []float32 { return v.item[int(i)*v.k:][:v.k:v.k] }

// score adds up the parts for one item. A user never seen has neither bias nor
// vector; p is nil then.
func (v *vectors) score(u int32, p []float32, item int32) float32 {
	s := v.mean
	if v.userBias != nil && u >= 0 {
		s += v.userBias[u]
	}
	if v.itemBias != nil {
		s += v.itemBias[item]
	}
	if p == nil {
		return s
	}
	return s + blas32.Dot(whole(p), whole(v.itemRow(item)))
}

func whole(x []float32) blas32.Vector { return blas32.Vector{N: len(x), Inc: 1, Data: x} }

// finite reports whether a model can answer at all.
func (v *vectors) finite() bool {
	for _, part := range [][]float32{{v.mean}, v.userBias, v.itemBias, v.user, v.item} {
		for _, x := range part {
			if x-x != 0 {
				return false
			}
		}
	}
	return true
}

// fits refuses arrays of a model file that do not have the sizes of v.
func (v *vectors) fits(file string) error {
	if len(v.user) != v.users*v.k || len(v.item) != v.items*v.k ||
		v.userBias != nil && len(v.userBias) != v.users || v.itemBias != nil && len(v.itemBias) != v.items {
		return sdk.Invalidf("", "model file %s: its arrays do not fit %d users, %d items and %d factors", file, v.users, v.items, v.k)
	}
	if !v.finite() {
		return sdk.Invalidf("", "model file %s: not all of its numbers are finite", file)
	}
	return nil
}

// latent is what the three components have in common once fitted.
type latent struct {
	threads int
	options sdk.Options // canonical
	shaping sdk.Options // those that shape the model
	model   *vectors    // nil before Fit and Load
	data    string      // manifest hash of the training part
	// fold gives the vector of row i of a request, nil for a user never seen.
	// It may use d's memory.
	fold func(d *desk, r *sdk.RecommendRequest, i int) ([]float32, error)
	// limit brings a score onto the data's scale; nil: as it is.
	limit func(score float32) float32
	spare sync.Pool // *desk
}

// desk holds the buffers of one worker.
type desk struct {
	ranker sdk.Ranker
	scores []float32
	basket []int32
	solver *solver
}

func (m *latent) configure(c sdk.Config, specs []sdk.OptionSpec) {
	m.threads, m.options, m.shaping = c.Threads, c.Options, sdk.Options{}
	for _, s := range specs {
		if !s.Neutral {
			m.shaping[s.Name] = c.Options[s.Name]
		}
	}
	m.spare.New = func() any { return new(desk) }
	m.fold = func(_ *desk, r *sdk.RecommendRequest, i int) ([]float32, error) { return m.stored(r.Users[i]), nil }
}

// stored gives the fitted vector of a user, nil for one never seen.
func (m *latent) stored(u int32) []float32 {
	if u < 0 {
		return nil
	}
	return m.model.userRow(u)
}

// each runs piece for i in [0, n) with a desk, on the configured threads, and
// joins what went wrong in order of i.
func (m *latent) each(ctx context.Context, n int, piece func(d *desk, i int) error) error {
	errs := make([]error, n)
	err := cores.Each(ctx, n, m.threads, func(_, i int) {
		d := m.spare.Get().(*desk)
		errs[i] = piece(d, i)
		m.spare.Put(d)
	})
	if err != nil {
		return err
	}
	return errors.Join(errs...)
}

// Recommend ranks by score.
func (m *latent) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if m.model == nil {
		return sdk.RecommendReply{}, errNotFitted()
	}
	if err := dense.CheckRequest(&r, m.model.users, m.model.items); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	err := m.each(ctx, len(r.Users), func(d *desk, i int) error {
		p, err := m.fold(d, &r, i)
		if err != nil {
			return err
		}
		if len(d.scores) != m.model.items {
			d.scores = make([]float32, m.model.items)
		}
		for it := range d.scores {
			d.scores[it] = m.model.score(r.Users[i], p, int32(it))
		}
		d.ranker.Fill(&reply, &r, i, d.scores)
		return nil
	})
	if err != nil {
		return sdk.RecommendReply{}, err
	}
	return reply, nil
}

// Score gives the scores of fitted users, without any session.
func (m *latent) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if m.model == nil {
		return nil, errNotFitted()
	}
	if err := dense.CheckUsers(r.Users, m.model.users); err != nil {
		return nil, err
	}
	width := m.model.items
	n := len(r.Users) * width
	if r.Candidates != nil {
		if err := r.Candidates.Check("candidates", len(r.Users), width); err != nil {
			return nil, err
		}
		n = len(r.Candidates.Items)
	}
	out := make([]float32, n)
	err := m.each(ctx, len(r.Users), func(_ *desk, i int) error {
		u := r.Users[i]
		p := m.stored(u)
		if r.Candidates == nil {
			for it := range width {
				out[i*width+it] = m.bounded(m.model.score(u, p, int32(it)))
			}
			return nil
		}
		for n, it := range r.Candidates.Row(i) {
			out[int(r.Candidates.Offsets[i])+n] = m.bounded(m.model.score(u, p, it))
		}
		return nil
	})
	return out, err
}

func (m *latent) bounded(score float32) float32 {
	if m.limit == nil {
		return score
	}
	return m.limit(score)
}

// header describes the model file of a component fitted on users × items.
func (m *latent) header(format string, users, items int, data string) (dense.Header, error) {
	options, err := json.Marshal(m.shaping) // keys are sorted
	return dense.Header{Format: format, Options: string(options), Data: data, Users: users, Items: items}, err
}

// save writes one file.
func (m *latent) save(dir, file, format string, arrays ...any) (sdk.SaveResult, error) {
	h, err := m.header(format, m.model.users, m.model.items, m.data)
	if err != nil {
		return sdk.SaveResult{}, err
	}
	f, err := dense.WriteModel(dir, file, h, arrays...)
	return sdk.SaveResult{Files: []sdk.File{f}, Format: format}, err
}

func errNotFitted() error { return sdk.Invalidf("", "asked before Fit or Load") }

// note reports a finished step; emit may be nil.
func note(emit sdk.Emit, stage string, step, total int, metrics map[string]float64, message string) {
	if emit != nil {
		emit(sdk.Progress{Stage: stage, Step: int64(step), Total: int64(total), Metrics: metrics, Message: message})
	}
}

// factorsOption is the option that all three share.
func factorsOption() sdk.OptionSpec {
	return sdk.OptionSpec{
		Name: "factors", Type: sdk.OptionInt, Default: int64(64), Min: sdk.Bound(1), Max: sdk.Bound(1024),
		Doc: "Length k of the vectors of users and items.",
	}
}
