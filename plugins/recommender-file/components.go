package main

import (
	"context"
	"math"
	"slices"

	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// spec is what the components share.
func spec(name, doc string, features []string, options []sdk.OptionSpec) sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindRecommender, Name: name, Doc: doc, Options: options, Features: features,
		Determinism: sdk.DeterminismBitwise, Needs: sdk.Needs{Tables: []string{sdk.TableItems, sdk.TableUsers}}, License: "as the file's owner says",
	}
}

// lists answers with ranked lists. They say nothing of what is not in them, so
// there is no Score.
type lists struct{ book }

func (m *lists) Spec() sdk.ComponentSpec {
	return spec("lists", "Ranked lists from a file, in the order of a rank, of a score, or of the rows.", nil, fileOptions(
		sdk.OptionSpec{Name: "rank", Type: sdk.OptionString, Doc: "Column or key of places in the list, the best 0 or 1. Without rank and score a user's rows stand best first."},
		sdk.OptionSpec{Name: "score", Type: sdk.OptionString, Doc: "Column or key of scores, the greatest best."},
	))
}

func (m *lists) Validate(ctx context.Context, o sdk.Options) []sdk.Diagnostic {
	ds := m.book.Validate(ctx, o)
	if o.Has("rank") && o.Has("score") {
		ds = append(ds, refuse("rank", "score is given too, and both order a list: leave one of them out"))
	}
	return ds
}

func (m *lists) Configure(ctx context.Context, c sdk.Config) error {
	return configured(ctx, m, &m.book, c)
}

// configured applies the rules between options again, since a host may not have.
func configured(ctx context.Context, v sdk.Validator, b *book, c sdk.Config) error {
	for _, d := range v.Validate(ctx, c.Options) {
		return sdk.Invalidf(d.Option, "%s", d.Summary)
	}
	return b.Configure(ctx, c)
}

func (m *lists) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	option := ""
	number := func(_ []byte, place int) (float32, error) { return float32(-place), nil }
	switch {
	case m.options.Has("rank"):
		option = "rank"
		number = func(field []byte, _ int) (float32, error) { return parseRank(field) }
	case m.options.Has("score"):
		option = "score"
		number = func(field []byte, _ int) (float32, error) { return parseNumber(field) }
	}
	return m.fit(ctx, r, emit, option, number, func(f *reader, x columns.Interactions) error {
		if option == "rank" {
			if err := f.gaps(); err != nil {
				return err
			}
		}
		if err := f.seen(x); err != nil {
			return err
		}
		return f.missing("they get an empty list, which counts as misses")
	})
}

// fit reads the file; finish applies the component's own rules.
func (b *book) fit(
	ctx context.Context, r sdk.FitRequest, emit sdk.Emit, option string,
	number func(field []byte, place int) (float32, error), finish func(*reader, columns.Interactions) error,
) (sdk.FitResult, error) {
	folder, err := columns.Open(r.Data)
	if err != nil {
		return sdk.FitResult{}, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	x, err := folder.Interactions(sdk.TableInteractions)
	if err != nil {
		return sdk.FitResult{}, err
	}
	f, err := newReader(ctx, folder, b.options.Bool("strict"), emit)
	if err != nil {
		return sdk.FitResult{}, err
	}
	f.number = number
	if err := f.read(b.options, option); err != nil {
		return sdk.FitResult{}, err
	}
	if err := finish(f, x); err != nil {
		return sdk.FitResult{}, err
	}
	b.users, b.items, b.byUser = len(f.uids), len(f.iids), f.byUser
	return sdk.FitResult{Epochs: 1, Parameters: int64(f.pairs)}, ctx.Err()
}

// seen tells of listed items that the user has in the training part. They are
// never answered, since the host excludes them.
func (r *reader) seen(x columns.Interactions) error {
	train, err := dense.FromInteractions(x, false)
	if err != nil {
		return err
	}
	n, user, item := 0, "", ""
	for u, list := range r.byUser {
		for _, e := range list {
			if _, has := slices.BinarySearch(train.Row(u), e.item); has {
				if n++; n == 1 {
					user, item = r.uids[u], r.iids[e.item]
				}
			}
		}
	}
	return r.object(n, "%d of %d listed items are in their user's training part, the first is item %q of user %q: they are never shown, and many of them mean lists made for another split", n, r.pairs, item, user)
}

// gaps tells of users whose ranks are not one place after the other.
func (r *reader) gaps() error {
	n, user := 0, ""
	for u, list := range r.byUser {
		ranks := make([]float32, len(list))
		for i, e := range list {
			ranks[i] = -e.number
		}
		slices.Sort(ranks)
		broken := len(ranks) > 0 && ranks[0] > 1
		for i := 1; i < len(ranks); i++ {
			broken = broken || ranks[i] != ranks[i-1]+1
		}
		if broken {
			if n++; n == 1 {
				user = r.uids[u]
			}
		}
	}
	return r.object(n, "the ranks of %d users have gaps or repeat, the first is %q: their order counts, equal ranks are ties", n, user)
}

// scores answers with scores of pairs; pairs that the file lacks are below all
// others.
type scores struct{ book }

func (m *scores) Spec() sdk.ComponentSpec {
	return spec("scores", "Scores of pairs from a file, the greatest best; pairs that it lacks are never recommended.",
		[]string{sdk.FeatureScore}, fileOptions(sdk.OptionSpec{
			Name: "score", Type: sdk.OptionString, Default: "score", Doc: "Column or key of scores.",
		}))
}

func (m *scores) Configure(ctx context.Context, c sdk.Config) error {
	return configured(ctx, m, &m.book, c)
}

func (m *scores) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	number := func(field []byte, _ int) (float32, error) { return parseNumber(field) }
	return m.fit(ctx, r, emit, "score", number, func(f *reader, _ columns.Interactions) error {
		return f.missing("they get an empty list, which counts as misses")
	})
}

// Score gives the file's scores.
func (m *scores) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	return m.score(ctx, r, -math.MaxFloat32)
}

// values answers with predicted values of pairs; pairs that the file lacks have
// none.
type values struct{ book }

func (m *values) Spec() sdk.ComponentSpec {
	return spec("values", "Predicted values of pairs from a file, on the data set's scale; pairs that it lacks have no prediction.",
		[]string{sdk.FeatureScore, sdk.FeaturePredictValues}, fileOptions(sdk.OptionSpec{
			Name: "value", Type: sdk.OptionString, Default: "value", Doc: "Column or key of predicted values.",
		}))
}

func (m *values) Configure(ctx context.Context, c sdk.Config) error {
	return configured(ctx, m, &m.book, c)
}

func (m *values) Fit(ctx context.Context, r sdk.FitRequest, emit sdk.Emit) (sdk.FitResult, error) {
	number := func(field []byte, _ int) (float32, error) { return parseNumber(field) }
	return m.fit(ctx, r, emit, "value", number, func(f *reader, x columns.Interactions) error {
		if err := f.clip(x.Value); err != nil {
			return err
		}
		return f.missing("they have no prediction")
	})
}

// Score gives the file's values.
func (m *values) Score(ctx context.Context, r sdk.ScoreRequest) ([]float32, error) {
	return m.score(ctx, r, float32(math.NaN()))
}

// clip brings predictions onto the range of the training values.
func (r *reader) clip(training []float32) error {
	lo, hi := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, v := range training {
		if v == v {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		return nil // no training value
	}
	n, user, item := 0, "", ""
	for u, list := range r.byUser {
		for i, e := range list {
			if e.number >= lo && e.number <= hi {
				continue
			}
			if n++; n == 1 {
				user, item = r.uids[u], r.iids[e.item]
			}
			list[i].number = min(max(e.number, lo), hi)
		}
	}
	return r.object(n, "%d of %d predictions are beyond the training values, %v to %v, the first is that of user %q and item %q: brought onto the nearer end", n, r.pairs, lo, hi, user, item)
}
