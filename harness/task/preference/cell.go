package preference

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/harness/trace"
)

const (
	batch    = 32 // users asked about at a time
	pageSize = 4
	pages    = (perUser + pageSize - 1) / pageSize // of a set, at most
)

func pagesOf(items int) int { return (items + pageSize - 1) / pageSize }

// row is the evidence of one card.
type row struct {
	User      int32    `parquet:"user"`
	Draw      int32    `parquet:"draw"`
	Negatives int32    `parquet:"negatives"` // for each positive
	Item      int32    `parquet:"item"`
	Positive  bool     `parquet:"positive"`
	Cold      bool     `parquet:"cold"`       // nobody has the item in training
	P         *float64 `parquet:"p,optional"` // probability of watching, as the agent stated it
	Watch     bool     `parquet:"watch"`      // the agent's own choice
	Invalid   bool     `parquet:"invalid"`    // no usable answer about the page
	Threshold float64  `parquet:"threshold"`  // of probabilities; the same for all rows of a ratio
}

// answer is what a row has of the agent: the draws decide the rest.
type answer struct {
	P       *float64 `json:"p,omitempty"`
	Watch   bool     `json:"w,omitempty"`
	Invalid bool     `json:"x,omitempty"`
}

// Cell asks the agent about every page, batch by batch.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	ask := func(_ context.Context, n int) ([]answer, error) { return oracle(b.sets(n)), nil }
	if c.Control != control.OracleName {
		settings := simulate.Settings(b.options)
		settings.Seed, settings.Repeat, settings.Ratio = c.Seed, c.Key.Repeat, b.options.Int("ratio")
		simulator, err := c.Simulator(ctx, settings)
		if err != nil {
			return err
		}
		ask = func(ctx context.Context, n int) ([]answer, error) { return b.ask(ctx, c.Stage(), simulator, b.sets(n)) }
	}
	answers, err := task.InSteps(ctx, c, b.Size(), ask)
	if err != nil {
		return err
	}
	var sets []set
	for n := range b.Size() {
		sets = append(sets, b.sets(n)...)
	}
	rows, err := b.rows(sets, answers)
	if err != nil {
		return fmt.Errorf("%s: log: %w", c.Key, err)
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

// sets deals to the users of a batch.
func (b *bound) sets(n int) (out []set) {
	for _, u := range b.users[n*batch : min((n+1)*batch, len(b.users))] {
		out = append(out, b.deal(u)...)
	}
	return out
}

// views lays sets out in pages. The exposure numbers a user's pages, so that each has
// randomness of its own, whatever other ratios the suite asks for.
func (b *bound) views(stage *browse.Stage, sets []set) (out []agent.View) {
	for _, s := range sets {
		number := (s.draw*perUser + b.ratios[s.ratio]) * pages
		for items := range slices.Chunk(s.items, pageSize) {
			v := stage.PageOf(s.user, number, items)
			v.Question = agent.AskWatch
			out = append(out, v)
			number++
		}
	}
	return out
}

// ask has the agent decide about sets.
func (b *bound) ask(ctx context.Context, stage *browse.Stage, s *browse.Simulator, sets []set) (out []answer, err error) {
	decisions, err := s.Teach(ctx, b.views(stage, sets))
	if err != nil {
		return nil, err
	}
	for _, d := range decisions {
		for _, card := range d.Cards {
			out = append(out, answered(card, d.Invalid != ""))
		}
	}
	return out, nil
}

// answered is what an agent says of a card. Of a page without a usable answer it is
// nothing.
func answered(c trace.Choice, invalid bool) answer {
	if invalid {
		return answer{Invalid: true}
	}
	return answer{P: c.P, Watch: c.Watch}
}

// oracle watches the positives.
func oracle(sets []set) (out []answer) {
	for _, s := range sets {
		for _, positive := range s.positive {
			p := 0.0
			if positive {
				p = 1
			}
			out = append(out, answer{P: &p, Watch: positive})
		}
	}
	return out
}

// rows puts answers beside what was asked.
func (b *bound) rows(sets []set, answers []answer) (out []row, err error) {
	for _, s := range sets {
		for i, it := range s.items {
			if len(out) == len(answers) {
				return nil, fmt.Errorf("%d answers, and there are more cards", len(answers))
			}
			a := answers[len(out)]
			out = append(out, row{
				User: s.user, Draw: int32(s.draw), Negatives: int32(b.ratios[s.ratio]), Item: it, Positive: s.positive[i], Cold: b.train.Count(it) == 0,
				P: a.P, Watch: a.Watch, Invalid: a.Invalid, Threshold: b.thresholds[s.ratio],
			})
		}
	}
	if len(out) != len(answers) {
		return nil, fmt.Errorf("%d answers about %d cards", len(answers), len(out))
	}
	return out, nil
}
