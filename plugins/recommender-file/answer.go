package main

import (
	"cmp"
	"context"
	"math"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
)

// book is what all components answer from once fitted.
type book struct {
	options sdk.Options
	users   int
	items   int
	byUser  [][]entry // nil before Fit
	spare   sync.Pool // *desk
}

// desk holds the buffers of one request.
type desk struct {
	ranker sdk.Ranker
	scores []float32 // NaN between requests
}

func (b *book) configure(o sdk.Options) {
	b.options = o
	b.spare.New = func() any { return new(desk) }
}

func (b *book) Configure(_ context.Context, c sdk.Config) error {
	b.configure(c.Options)
	return nil
}

func (b *book) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic { return checkFile(o) }

// desk gives buffers for the catalogue.
func (b *book) desk() *desk {
	d := b.spare.Get().(*desk)
	if len(d.scores) != b.items {
		d.scores = slices.Repeat([]float32{float32(math.NaN())}, b.items)
	}
	return d
}

// Recommend ranks what the file has for a user, and nothing else: a list may be
// shorter than asked for.
func (b *book) Recommend(ctx context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	if b.byUser == nil {
		return sdk.RecommendReply{}, sdk.Invalidf("", "asked before Fit")
	}
	if err := dense.CheckRequest(&r, b.users, b.items); err != nil {
		return sdk.RecommendReply{}, err
	}
	reply := sdk.NewReply(len(r.Users), r.K)
	d := b.desk()
	defer b.spare.Put(d)
	for i, u := range r.Users {
		if err := ctx.Err(); err != nil {
			return sdk.RecommendReply{}, err
		}
		list := b.of(u)
		for _, e := range list {
			d.scores[e.item] = e.number
		}
		d.ranker.Fill(&reply, &r, i, d.scores) // leaves NaN out
		for _, e := range list {
			d.scores[e.item] = float32(math.NaN())
		}
	}
	return reply, nil
}

// of gives a user's entries; a user never seen has none.
func (b *book) of(u int32) []entry {
	if u < 0 {
		return nil
	}
	return b.byUser[u]
}

// score gives the numbers of pairs, absent for those that the file does not have.
func (b *book) score(ctx context.Context, r sdk.ScoreRequest, absent float32) ([]float32, error) {
	if b.byUser == nil {
		return nil, sdk.Invalidf("", "asked before Fit")
	}
	if err := dense.CheckUsers(r.Users, b.users); err != nil {
		return nil, err
	}
	if r.Candidates == nil {
		out := slices.Repeat([]float32{absent}, len(r.Users)*b.items)
		for i, u := range r.Users {
			for _, e := range b.of(u) {
				out[i*b.items+int(e.item)] = e.number
			}
		}
		return out, ctx.Err()
	}
	if err := r.Candidates.Check("candidates", len(r.Users), b.items); err != nil {
		return nil, err
	}
	out := make([]float32, 0, len(r.Candidates.Items))
	for i, u := range r.Users {
		list := b.of(u)
		for _, it := range r.Candidates.Row(i) {
			at, ok := slices.BinarySearchFunc(list, it, func(e entry, it int32) int { return cmp.Compare(e.item, it) })
			if ok {
				out = append(out, list[at].number)
			} else {
				out = append(out, absent)
			}
		}
	}
	return out, ctx.Err()
}
