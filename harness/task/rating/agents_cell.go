package rating

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

const (
	askedAtOnce = 64 // users
	pageSize    = 4
)

// pair is the evidence of one held-out value.
type pair struct {
	User      int32    `parquet:"user"`
	Item      int32    `parquet:"item"`
	Level     int32    `parquet:"level"`             // decile of the item's mean training value; -1: it has none
	Value     float64  `parquet:"value"`             // the user's
	Expected  *float64 `parquet:"expected,optional"` // by the agent; none without probabilities
	Given     *float64 `parquet:"given,optional"`    // by the agent; none where no value came
	ScaleMin  float64  `parquet:"scale_min"`         // the scale is the same in every row
	ScaleMax  float64  `parquet:"scale_max"`
	ScaleStep float64  `parquet:"scale_step"` // 0: any value between
}

// given is what a pair has of the agent: the data decides the rest.
type given struct {
	Expected *float64 `json:"e,omitempty"`
	Given    *float64 `json:"v,omitempty"`
}

// Cell asks the agent about every pair, batch by batch.
func (a *agents) Cell(ctx context.Context, c task.Cell) error {
	ask, err := a.asking(ctx, c)
	if err != nil {
		return err
	}
	answers, err := task.InSteps(ctx, c, a.Size(), ask)
	if err != nil {
		return err
	}
	pairs, err := a.beside(a.users, answers)
	if err != nil {
		return fmt.Errorf("%s: log: %w", c.Key, err)
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, pairs) })
}

// batch lists the users of a step.
func (a *agents) batch(n int) []int32 {
	return a.users[n*askedAtOnce : min((n+1)*askedAtOnce, len(a.users))]
}

// asking gives who answers a step of a cell: a control by its name, or the agent.
func (a *agents) asking(ctx context.Context, c task.Cell) (func(ctx context.Context, n int) ([]given, error), error) {
	if c.Control == Histogram {
		draw := a.histogram(c.Seed)
		return func(_ context.Context, n int) ([]given, error) { return draw(a.batch(n)), nil }, nil
	}
	for _, b := range baselines(a.bound) {
		if b.name == c.Control {
			predict := b.predict()
			return func(_ context.Context, n int) ([]given, error) { return a.predicted(a.batch(n), predict), nil }, nil
		}
	}
	settings := simulate.Settings(a.options)
	settings.Seed, settings.Repeat = c.Seed, c.Key.Repeat
	simulator, err := c.Simulator(ctx, settings)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, n int) ([]given, error) { return a.ask(ctx, c.Stage(), simulator, a.batch(n)) }, nil
}

// predicted answers by a baseline, with the precision that recommenders have.
func (a *agents) predicted(users []int32, predict predictor) (out []given) {
	for _, u := range users {
		for _, it := range a.items[u] {
			v := float64(float32(predict(u, it)))
			if math.IsNaN(v) {
				out = append(out, given{})
				continue
			}
			sure := answer(a.scale, v)
			out = append(out, given{&v, &sure})
		}
	}
	return out
}

// histogramStream keeps draws apart from other uses of a cell's seed.
const histogramStream = 0x686973746f // "histo"

// histogram answers with values drawn from training.
func (a *agents) histogram(seed uint64) func(users []int32) []given {
	var all []float64
	a.train.each(func(_, _ int32, value float64) { all = append(all, value) })
	return func(users []int32) (out []given) {
		for _, u := range users {
			for _, it := range a.items[u] {
				v := all[sdk.Mix(seed, histogramStream, uint64(uint32(u)), uint64(uint32(it)))%uint64(len(all))]
				out = append(out, given{&a.train.mean, &v})
			}
		}
		return out
	}
}

// views lays the pairs of users out in pages on which everything was watched.
func (a *agents) views(stage *browse.Stage, users []int32) (out []agent.View) {
	for _, u := range users {
		number := 0
		for items := range slices.Chunk(a.items[u], pageSize) {
			v := stage.PageOf(u, number, items)
			v.Question, v.Did = agent.AskValue, &trace.Decision{Cards: make([]trace.Choice, len(items)), Action: trace.Next}
			for i := range v.Did.Cards {
				v.Did.Cards[i].Watch = true
			}
			out = append(out, v)
			number++
		}
	}
	return out
}

// ask has the agent give values.
func (a *agents) ask(ctx context.Context, stage *browse.Stage, s *browse.Simulator, users []int32) (out []given, err error) {
	decisions, err := s.Teach(ctx, a.views(stage, users))
	if err != nil {
		return nil, err
	}
	for _, d := range decisions {
		for _, card := range d.Cards {
			if d.Invalid != "" || card.Value == nil {
				out = append(out, given{}) // and what it may expect is no answer
				continue
			}
			out = append(out, given{card.Expected, card.Value})
		}
	}
	return out, nil
}

// beside puts answers beside the true values.
func (a *agents) beside(users []int32, answers []given) (out []pair, err error) {
	for _, u := range users {
		for n, it := range a.items[u] {
			if len(out) == len(answers) {
				return nil, fmt.Errorf("%d answers, and there are more pairs", len(answers))
			}
			g := answers[len(out)]
			out = append(out, pair{
				User: u, Item: it, Level: a.levels[it], Value: a.values[u][n], Expected: g.Expected, Given: g.Given,
				ScaleMin: a.scale.Min, ScaleMax: a.scale.Max, ScaleStep: a.scale.Step,
			})
		}
	}
	if len(out) != len(answers) {
		return nil, fmt.Errorf("%d answers about %d pairs", len(answers), len(out))
	}
	return out, nil
}
