package plugintest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

func respondCases() []Case {
	c := func(id, doc string, run func(context.Context, *population) error) Case {
		return Case{ID: "respond/" + id, Doc: doc, kind: sdk.KindDataset, feature: sdk.FeatureRespond, run: func(ctx context.Context, b *bench) error {
			p, err := b.population(ctx)
			if err != nil {
				return err
			}
			return run(ctx, p)
		}}
	}
	return []Case{
		c("shape", "one decision per card, one leave per user; decisions are 0 or 1", respondShape),
		c("probabilities", "probabilities lie in [0, 1], and decisions of probability 0 or 1 are certain", respondProbabilities),
		c("values", "values are given where a card was watched, lie on the scale, and are expected on it", respondValues),
		c("repeatable", "the same question has the same answer", respondRepeatable),
		c("batch", "a batch is answered like its users one by one", respondBatch),
		c("streams", "another stream draws anew from the same probabilities", respondStreams),
		c("empty", "an empty slate and an empty batch are answered", respondEmpty),
	}
}

// population is a planted population under test.
type population struct {
	sdk.Responder
	users, items int
	scale        *sdk.Scale
}

func (b *bench) population(ctx context.Context) (*population, error) {
	all, err := b.readAll(ctx)
	if err != nil {
		return nil, err
	}
	res, err := b.prepareIn(ctx, b.ready, !b.kit.cfg.Network)
	if err != nil {
		return nil, err
	}
	return &population{
		Responder: b.ready.Dataset(b.spec), scale: res.Scale,
		users: all[sdk.TableUsers].Rows(), items: all[sdk.TableItems].Rows(),
	}, nil
}

// rows of the standard question.
const respondRows = 64

// question shows pages of four to many users; some have a history.
func (p *population) question(stream uint64) sdk.RespondRequest {
	r, q := random(seed+5), sdk.RespondRequest{Stream: stream}
	for i := range respondRows {
		q.Users = append(q.Users, int32(i*7%p.users))
		q.Pages = append(q.Pages, int32(i%3))
		q.Exposures = append(q.Exposures, int64(i%5))
		q.Slates.Append(p.pick(&r, min(4, p.items))...)
		shown := p.pick(&r, min(4*(i%3), p.items))
		q.History.Append(shown...)
		for j := range shown {
			watched, value := uint8(j%2), float32(math.NaN())
			if watched == 1 {
				value = p.someValue()
			}
			q.HistoryPages = append(q.HistoryPages, int32(j/4))
			q.HistoryWatched, q.HistoryValues = append(q.HistoryWatched, watched), append(q.HistoryValues, value)
		}
	}
	return q
}

func (p *population) someValue() float32 {
	if p.scale == nil {
		return 1
	}
	return float32(p.scale.LikeAt)
}

func (p *population) pick(r *random, n int) []int32 {
	var out []int32
	for len(out) < n {
		if it := int32(r.below(p.items)); !slices.Contains(out, it) {
			out = append(out, it)
		}
	}
	return out
}

// one makes the question about row i alone.
func one(q sdk.RespondRequest, i int) sdk.RespondRequest {
	out := sdk.RespondRequest{Stream: q.Stream, Users: q.Users[i : i+1], Pages: q.Pages[i : i+1], Exposures: q.Exposures[i : i+1]}
	out.Slates.Append(q.Slates.Row(i)...)
	out.History.Append(q.History.Row(i)...)
	from, to := q.History.Offsets[i], q.History.Offsets[i+1]
	out.HistoryPages, out.HistoryWatched, out.HistoryValues = q.HistoryPages[from:to], q.HistoryWatched[from:to], q.HistoryValues[from:to]
	return out
}

func respondShape(ctx context.Context, p *population) error {
	q := p.question(1)
	a, err := p.Respond(ctx, q)
	if err != nil {
		return err
	}
	cards, n := len(q.Slates.Items), len(q.Users)
	if len(a.Watched) != cards || len(a.WatchProbability) != cards || len(a.Values) != cards || len(a.ExpectedValues) != cards ||
		len(a.Left) != n || len(a.LeaveProbability) != n {
		return fmt.Errorf("columns do not fit %d cards of %d users", cards, n)
	}
	for _, column := range [][]uint8{a.Watched, a.Left} {
		if i := slices.IndexFunc(column, func(v uint8) bool { return v > 1 }); i >= 0 {
			return fmt.Errorf("decision %d is %d, want 0 or 1", i, column[i])
		}
	}
	return nil
}

func respondProbabilities(ctx context.Context, p *population) error {
	for stream := range uint64(4) {
		a, err := p.Respond(ctx, p.question(stream))
		if err != nil {
			return err
		}
		for _, c := range []struct {
			what     string
			decided  []uint8
			probable []float32
		}{{"watch", a.Watched, a.WatchProbability}, {"leave", a.Left, a.LeaveProbability}} {
			for i, v := range c.probable {
				if !(v >= 0 && v <= 1) {
					return fmt.Errorf("%s probability %d is %v", c.what, i, v)
				}
				if v == 0 && c.decided[i] == 1 || v == 1 && c.decided[i] == 0 {
					return fmt.Errorf("%s decision %d is %d with probability %v", c.what, i, c.decided[i], v)
				}
			}
		}
	}
	return nil
}

func respondValues(ctx context.Context, p *population) error {
	a, err := p.Respond(ctx, p.question(1))
	if err != nil {
		return err
	}
	within := func(v float32) bool {
		return p.scale == nil || float64(v) >= p.scale.Min && float64(v) <= p.scale.Max
	}
	for i, v := range a.Values {
		missing := v != v
		switch {
		case missing == (a.Watched[i] == 1):
			return fmt.Errorf("card %d: watched %d, value %v: want a value where it was watched, and only there", i, a.Watched[i], v)
		case !missing && (!within(v) || math.IsInf(float64(v), 0)):
			return fmt.Errorf("card %d: value %v is not on the scale", i, v)
		}
		if e := float64(a.ExpectedValues[i]); math.IsNaN(e) || math.IsInf(e, 0) || !within(a.ExpectedValues[i]) {
			return fmt.Errorf("card %d: expected value %v is not on the scale", i, e)
		}
	}
	return nil
}

// sameAnswer compares decisions and numbers, bit by bit.
func sameAnswer(x, y sdk.RespondReply) error {
	for _, c := range []struct {
		what string
		a, b any
	}{
		{"watched", x.Watched, y.Watched},
		{"watch probability", x.WatchProbability, y.WatchProbability},
		{"values", x.Values, y.Values},
		{"expected values", x.ExpectedValues, y.ExpectedValues},
		{"left", x.Left, y.Left},
		{"leave probability", x.LeaveProbability, y.LeaveProbability},
	} {
		if !sameData(c.a, c.b) {
			return fmt.Errorf("%s differ: %v, then %v", c.what, c.a, c.b)
		}
	}
	return nil
}

func respondRepeatable(ctx context.Context, p *population) error {
	first, err1 := p.Respond(ctx, p.question(1))
	_, err2 := p.Respond(ctx, p.question(2))
	second, err3 := p.Respond(ctx, p.question(1))
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	return sameAnswer(first, second)
}

func respondBatch(ctx context.Context, p *population) error {
	q := p.question(1)
	batch, err := p.Respond(ctx, q)
	if err != nil {
		return err
	}
	for i, user := range q.Users {
		single, err := p.Respond(ctx, one(q, i))
		if err != nil {
			return err
		}
		from, to := q.Slates.Offsets[i], q.Slates.Offsets[i+1]
		part := sdk.RespondReply{
			Watched: batch.Watched[from:to], WatchProbability: batch.WatchProbability[from:to], Values: batch.Values[from:to],
			ExpectedValues: batch.ExpectedValues[from:to], Left: batch.Left[i : i+1], LeaveProbability: batch.LeaveProbability[i : i+1],
		}
		if err := sameAnswer(part, single); err != nil {
			return fmt.Errorf("user %d alone: %w", user, err)
		}
	}
	return nil
}

// respondStreams leaves the leave column out of the comparison of
// probabilities: leaving may depend on what was watched on this page.
func respondStreams(ctx context.Context, p *population) error {
	first, err := p.Respond(ctx, p.question(1))
	if err != nil {
		return err
	}
	varied, certain := false, true
	for stream := uint64(2); stream < 10; stream++ {
		other, err := p.Respond(ctx, p.question(stream))
		if err != nil {
			return err
		}
		if !sameData(first.WatchProbability, other.WatchProbability) || !sameData(first.ExpectedValues, other.ExpectedValues) {
			return errors.New("another stream changed watch probabilities or expected values")
		}
		varied = varied || !slices.Equal(first.Watched, other.Watched)
	}
	for _, v := range first.WatchProbability {
		certain = certain && (v <= 0.001 || v >= 0.999)
	}
	if !varied && !certain {
		return errors.New("nine streams gave the same decisions, though the probabilities leave a choice")
	}
	return nil
}

func respondEmpty(ctx context.Context, p *population) error {
	if _, err := p.Respond(ctx, sdk.RespondRequest{}); err != nil {
		return fmt.Errorf("no users: %w", err)
	}
	q := sdk.RespondRequest{Users: []int32{0}, Pages: []int32{0}, Exposures: []int64{0}}
	q.Slates.Append()
	a, err := p.Respond(ctx, q)
	if err != nil {
		return fmt.Errorf("a user with no cards: %w", err)
	}
	if len(a.Watched) != 0 || len(a.Left) != 1 {
		return fmt.Errorf("a user with no cards: %d decisions and %d leaves", len(a.Watched), len(a.Left))
	}
	return nil
}
