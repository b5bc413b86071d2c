package main

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// served is what the components have in common once fitted: a user is a basket
// of items, and a basket gives every item a score.
type served struct {
	threads int
	options sdk.Options // canonical
	shaping sdk.Options // those that shape the model
	train   *dense.Matrix
	data    string // manifest hash of the training part
	// fill adds to d.scores, which are zero, the scores of a user with a basket
	// of items; user is -1 where nobody knows who it is.
	fill  func(d *desk, user int32, basket []int32)
	spare sync.Pool // *desk
}

// desk holds the buffers of one worker.
type desk struct {
	ranker sdk.Ranker
	scores []float32
	basket []int32
	near   neighborhood // userknn only
}

func (m *served) configure(c sdk.Config, specs []sdk.OptionSpec) {
	m.threads, m.options, m.shaping = c.Threads, c.Options, sdk.Options{}
	for _, s := range specs {
		if !s.Neutral {
			m.shaping[s.Name] = c.Options[s.Name]
		}
	}
	m.spare.New = func() any { return new(desk) }
}

// sums is the fill of an item × item matrix, whose row of an item add adds to
// out: the score of an item is the sum over the user's items of one entry.
func sums(add func(item int32, out []float32)) func(d *desk, user int32, basket []int32) {
	return func(d *desk, _ int32, basket []int32) {
		for _, it := range basket {
			add(it, d.scores)
		}
	}
}

// scores gives the scores of all items for a basket, in d's buffer.
func (m *served) scores(d *desk, user int32, basket []int32) []float32 {
	if len(d.scores) != m.train.Cols {
		d.scores = make([]float32, m.train.Cols)
	}
	clear(d.scores)
	m.fill(d, user, basket)
	return d.scores
}

// each runs piece for i in [0, n) with a desk, on the configured threads.
func (m *served) each(ctx context.Context, n int, piece func(d *desk, i int)) error {
	return cores.Each(ctx, n, m.threads, func(_, i int) {
		d := m.spare.Get().(*desk)
		piece(d, i)
		m.spare.Put(d)
	})
}

// Recommend ranks for the user's training items and what the session's history
// says was watched or liked. A user with neither has scores
// of zero everywhere, so the tie hash's order.
func (m *served) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if m.train == nil {
		return sdk.RecommendReply{}, errNotFitted()
	}
	if err := dense.CheckRequest(&r, m.train.Rows, m.train.Cols); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	err := m.each(ctx, len(r.Users), func(d *desk, i int) {
		d.basket = dense.Basket(d.basket, m.train, &r, i)
		d.ranker.Fill(&reply, &r, i, m.scores(d, r.Users[i], d.basket))
	})
	return reply, err
}

// Score gives the same scores for training items alone.
func (m *served) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	if m.train == nil {
		return nil, errNotFitted()
	}
	if err := dense.CheckUsers(r.Users, m.train.Rows); err != nil {
		return nil, err
	}
	width := m.train.Cols
	out := []float32(nil)
	if r.Candidates == nil {
		out = make([]float32, len(r.Users)*width)
	} else {
		if err := r.Candidates.Check("candidates", len(r.Users), width); err != nil {
			return nil, err
		}
		out = make([]float32, len(r.Candidates.Items))
	}
	err := m.each(ctx, len(r.Users), func(d *desk, i int) {
		var basket []int32
		if u := r.Users[i]; u >= 0 {
			basket = m.train.Row(int(u))
		}
		scores := m.scores(d, r.Users[i], basket)
		if r.Candidates == nil {
			copy(out[i*width:], scores)
			return
		}
		for n, it := range r.Candidates.Row(i) {
			out[int(r.Candidates.Offsets[i])+n] = scores[it]
		}
	})
	return out, err
}

// header describes the model file of a component fitted on train.
func (m *served) header(format string, train *dense.Matrix, data string) (dense.Header, error) {
	options, err := json.Marshal(m.shaping) // keys are sorted
	return dense.Header{Format: format, Options: string(options), Data: data, Users: train.Rows, Items: train.Cols}, err
}

func errNotFitted() error { return sdk.Invalidf("", "asked before Fit or Load") }

// note reports a stage; emit may be nil.
func note(emit sdk.Emit, stage string, step, total int) {
	if emit != nil {
		emit(sdk.Progress{Stage: stage, Step: int64(step), Total: int64(total)})
	}
}
