package rating

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/sdk"
)

// AgentsKind is the name in suites of the task that asks agents.
const AgentsKind = "rating-agents"

// Histogram is the control that gives every pair a value drawn from all training
// values.
const Histogram = "histogram"

// Agents implements task.Task: agents say which values people gave to held-out items.
// Pairs and baselines are those of [Task]. A value is read out twice, as the one that
// the agent expects and as an answer; what it gave is a sample, and only samples can
// be distributed as people's values are.
type Agents struct{}

// Kind gives "rating-agents".
func (Agents) Kind() string { return AgentsKind }

// Subject is agents.
func (Agents) Subject() task.Subject { return task.Agents }

// Version of the evidence.
func (Agents) Version() int { return 1 }

// Prompts gives the version of what agents are asked.
func (Agents) Prompts() int { return agent.PromptsVersion }

// Doc describes the task in one sentence.
func (Agents) Doc() string {
	return "values that agents give to held-out items against those that users gave"
}

// Options declares which pairs are judged and what cards show.
func (Agents) Options() []sdk.OptionSpec {
	out := []sdk.OptionSpec{coldOption()}
	for _, o := range simulate.SessionOptions() {
		if o.Name == "users" {
			o.Doc = "users drawn by hash of those with a held-out value to judge; 0: all of them"
		}
		if o.Name == "users" || o.Name == "card" {
			out = append(out, o)
		}
	}
	return out
}

// Check has no rules beyond the options' own.
func (Agents) Check(sdk.Options) error { return nil }

// Bind finds the pairs to judge.
func (Agents) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	b, err := newBound(o, split)
	if err != nil {
		return nil, err
	}
	if drawn := simulate.Draw(b.users, o.Int("users")); len(drawn) < len(b.users) {
		b.collect(split.Test(), drawn)
	}
	means := make([]float64, split.Train().Items())
	for it := range means {
		means[it] = split.Train().Mean(int32(it))
	}
	return &agents{bound: b, options: o, levels: metric.Parts(means, 10)}, nil
}

// agents is the task with its data. It is read-only once made.
type agents struct {
	*bound
	options sdk.Options
	levels  []int32 // deciles of items' mean values; -1: none
}

// Controls are those of recommenders and the training histogram.
func (a *agents) Controls() []task.Control {
	return append(a.bound.Controls(), task.Control{Name: Histogram})
}

// Refuses nobody.
func (*agents) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says what was judged and how answers are read.
func (a *agents) Facts() []record.Fact {
	facts := append(a.pairFacts(),
		record.Fact{Name: "asked", Value: fmt.Sprintf("%d cards at a time, all of them watched", pageSize)},
		record.Fact{Name: "expected", Value: "Σ value·p(value), of agents that state probabilities; of baselines the prediction"},
		record.Fact{Name: "answers", Value: "what is expected, on the nearest step of the scale, halves up; of agents without probabilities the value given"},
		record.Fact{Name: "distances", Value: "of the values given, which agents sample; of baselines the answers"},
		record.Fact{Name: Histogram, Value: "gives a training value, drawn at random, and expects their mean"},
	)
	facts = append(facts, a.baselineFacts()...)
	return append(facts, record.Fact{Name: "prompts", Value: fmt.Sprintf("version %d", agent.PromptsVersion)})
}

// Most counts the pages of a cell, one question each.
func (a *agents) Most() agent.Asked {
	steps := 0
	for _, u := range a.users {
		steps += (len(a.items[u]) + pageSize - 1) / pageSize
	}
	return agent.Asked{Steps: steps, Users: len(a.users)}
}

// Size is the number of batches.
func (a *agents) Size() int { return (len(a.users) + askedAtOnce - 1) / askedAtOnce }
