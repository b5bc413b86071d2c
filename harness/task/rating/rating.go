// Package rating compares predicted values with those that users gave to
// held-out items (METHOD 5, rating; here for recommenders).
//
// Its opinions: a score is no prediction, so only recommenders that declare to
// predict values are judged, and the others are named with the reason. A number
// means little without what a mean would have scored, so every table has the
// baselines, fitted on the same training part. And the prediction is read out
// twice: as it is, and as the answer on the data set's scale that it stands for,
// because half of any error below a step is what an answer cannot show.
package rating

import (
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "rating"

// Values of the option cold.
const (
	coldInclude = "include"
	coldExclude = "exclude"
)

// Task implements task.Task.
type Task struct{}

// Kind gives "rating".
func (Task) Kind() string { return Kind }

// Subject is recommenders.
func (Task) Subject() task.Subject { return task.Recommenders }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "predicted values against those that users gave to held-out items"
}

// Options declares what to do with pairs that training says nothing of.
func (Task) Options() []sdk.OptionSpec { return []sdk.OptionSpec{coldOption()} }

func coldOption() sdk.OptionSpec {
	return sdk.OptionSpec{
		Name: "cold", Type: sdk.OptionEnum, Choices: []string{coldInclude, coldExclude}, Default: coldInclude,
		Doc: "pairs whose user or item has no training value: judged like any other, or left out and counted",
	}
}

// Check has no rules beyond the options' own.
func (Task) Check(sdk.Options) error { return nil }

// Metrics lists the errors of predictions and of answers, each per user and
// pooled, the share without a prediction, and the distance of distributions.
func (Task) Metrics(sdk.Options) []string {
	var ids []string
	for _, m := range metric.Ratings() {
		ids = append(ids, m.ID)
	}
	return ids
}

// Bind finds the pairs to judge.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	return newBound(o, split)
}

func newBound(o sdk.Options, split *corpus.Split) (*bound, error) {
	scale := split.Scale()
	if scale == nil {
		return nil, sdk.Invalidf("", "values are predicted here, and the data set is implicit: it has none: take this task out")
	}
	test, train := split.Test(), newTraining(split.Train())
	if train.count == 0 {
		return nil, sdk.Invalidf("", "no training interaction has a value to learn from")
	}
	b := &bound{scale: *scale, train: train, exclude: o.String("cold") == coldExclude}
	var all []int32
	for u := range int32(test.Users()) {
		if split.Judged(u) {
			all = append(all, u)
		}
	}
	b.collect(test, all)
	b.leftOut = len(all) - len(b.users)
	if len(b.users) == 0 {
		return nil, sdk.Invalidf("", "no held-out interaction has a value to compare with: raise split.test, or set cold = %q", coldInclude)
	}
	return b, nil
}

// collect finds the pairs of some users.
func (b *bound) collect(test *corpus.HeldOut, users []int32) {
	b.items, b.values = make([][]int32, test.Users()), make([][]float64, test.Users())
	b.users, b.pairs, b.coldUsers, b.coldItems = nil, 0, 0, 0
	for _, u := range users {
		values := test.ValuesOf(u)
		for n, it := range test.Of(u) {
			if v := float64(values[n]); !math.IsNaN(v) {
				b.add(u, it, v)
			}
		}
		if len(b.items[u]) > 0 {
			b.users = append(b.users, u)
			b.pairs += len(b.items[u])
		}
	}
}

// bound is the task with its data. It is read-only once made.
type bound struct {
	scale   sdk.Scale
	train   *training
	exclude bool

	users     []int32     // those with a pair to judge, ascending
	items     [][]int32   // by user: held-out items with a value, ascending
	values    [][]float64 // and their values
	pairs     int
	leftOut   int // users without a pair to judge
	coldUsers int // pairs whose user has no training value
	coldItems int // pairs whose item has none, but whose user has
}

// add takes a held-out pair, or leaves it out and counts it.
func (b *bound) add(user, item int32, value float64) {
	cold := true
	switch {
	case b.train.perUser[user] == 0:
		b.coldUsers++
	case b.train.perItem[item] == 0:
		b.coldItems++
	default:
		cold = false
	}
	if cold && b.exclude {
		return
	}
	b.items[user] = append(b.items[user], item)
	b.values[user] = append(b.values[user], value)
}

// Controls are the oracle and the baselines.
func (b *bound) Controls() (out []task.Control) {
	for _, p := range baselines(b) {
		out = append(out, task.Control{Name: p.name, Recommender: p})
	}
	return out
}

// Refuses those whose scores are no values.
func (*bound) Refuses(arm sdk.ComponentSpec) string {
	if arm.Has(sdk.FeaturePredictValues) {
		return ""
	}
	return fmt.Sprintf("does not predict values (it lacks the feature %q)", sdk.FeaturePredictValues)
}

// Facts says what was judged, how predictions became answers, and what the
// baselines are.
func (b *bound) Facts() []record.Fact {
	return slices.Concat(b.pairFacts(), []record.Fact{{Name: "answers", Value: answersFact(b.scale)}}, b.baselineFacts())
}

// pairFacts says what was judged.
func (b *bound) pairFacts() []record.Fact {
	fate := "judged"
	if b.exclude {
		fate = "left out"
	}
	return []record.Fact{
		{Name: "pairs judged", Value: fmt.Sprintf("%d held-out values of %d users", b.pairs, len(b.users))},
		{Name: "users left out", Value: fmt.Sprintf("%d without a held-out value to judge", b.leftOut)},
		{Name: "cold pairs", Value: fmt.Sprintf("%d with a user and %d with an item without a training value: %s", b.coldUsers, b.coldItems, fate)},
	}
}

// baselineFacts says what the baselines are, and what the training histogram is worth.
func (b *bound) baselineFacts() []record.Fact {
	facts := []record.Fact{
		{Name: "item-mean", Value: "mean training value of the item; of an item without, the global mean"},
		{Name: "bias", Value: biasDoc},
	}
	if levels := levelsOf(b.scale); levels > 0 {
		held := make([]int, levels)
		for _, u := range b.users {
			for _, v := range b.values[u] {
				held[levelOf(b.scale, v)]++
			}
		}
		facts = append(facts, record.Fact{
			Name:  "training values",
			Value: fmt.Sprintf("dist.tv of all training values against the judged ones: %.4f", metric.TotalVariation(b.train.histogram(b.scale), held)),
		})
	}
	return facts
}

func answersFact(s sdk.Scale) string {
	if levelsOf(s) == 0 {
		return fmt.Sprintf("predictions brought onto the scale from %v to %v, which has no steps", s.Min, s.Max)
	}
	return fmt.Sprintf("predictions on the nearest step of the scale from %v to %v by %v, halves up; none is sampled", s.Min, s.Max, s.Step)
}

// Users counts those with a pair to judge.
func (b *bound) Users() int { return len(b.users) }

// Size is the number of batches.
func (b *bound) Size() int { return task.Batches(len(b.users)) }
