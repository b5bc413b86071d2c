package distribution

import (
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/trace"
)

// facts place items in the training part.
type facts struct {
	counts, levels []int32 // deciles
	kinds          [][]int32
}

func newFacts(split *corpus.Split) facts {
	train := split.Train()
	counts, means := make([]float64, train.Items()), make([]float64, train.Items())
	for it := range counts {
		counts[it], means[it] = float64(train.Count(int32(it))), train.Mean(int32(it))
	}
	return facts{counts: metric.Parts(counts, 10), levels: metric.Parts(means, 10), kinds: split.Categories()}
}

// rows are the cards of a page, with what the person and the agent did.
func (f facts) rows(e browse.HeldOut, d trace.Decision) []row {
	out := make([]row, len(e.View.State.Cards))
	for i, c := range e.View.State.Cards {
		kind := int32(-1)
		if f.kinds != nil && len(f.kinds[c.Item]) > 0 {
			kind = f.kinds[c.Item][0]
		}
		out[i] = row{
			User: e.View.User, Visit: int32(e.View.Exposure), Page: int32(e.View.State.Page), Item: c.Item,
			Decile: f.counts[c.Item], Level: f.levels[c.Item], Kind: kind,
			Watched: e.Decision.Cards[i].Watch, Value: e.Decision.Cards[i].Value, Left: e.Decision.Action == trace.Exit,
			Watch: d.Cards[i].Watch, Given: d.Cards[i].Value, Leave: d.Action == trace.Exit, Invalid: d.Invalid != "",
		}
	}
	return out
}
