// Package world asks agents what comes of a page (METHOD 5): given which cards a person
// watched, what values it gave, whether it stayed, and where the visit went.
//
// Its opinion: only what answers to a person is scored as foresight. Numbers of pages
// and views follow rules, and are counted apart; which cards come next is the
// recommender's doing and is not asked.
package world

import (
	"context"
	"io"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/heldout"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "world"

// Task implements task.Task.
type Task struct{}

// Kind gives "world".
func (Task) Kind() string { return Kind }

// Subject is agents.
func (Task) Subject() task.Subject { return task.Agents }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Prompts gives the version of what agents are asked.
func (Task) Prompts() int { return agent.PromptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "given what a person watched on a page: does the agent foresee the values, and whether the person stays?"
}

// Options declares whose pages are asked about and what cards show.
func (Task) Options() []sdk.OptionSpec { return heldout.Options() }

// Check has no rules between options.
func (Task) Check(sdk.Options) error { return nil }

// bound is the task with its data. It is read-only once made.
type bound struct{ *heldout.Pages }

// Bind finds the pages.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	pages, err := heldout.New(o, split)
	if err != nil {
		return nil, err
	}
	return bound{pages}, nil
}

// Copy is the control for which nothing changes.
const Copy = "copy-state"

// Controls are a world in which nothing changes, and what is most usual.
func (bound) Controls() []task.Control {
	return []task.Control{{Name: Copy}, {Name: heldout.Majority}}
}

// Refuses nobody.
func (bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says whose pages they are and what the baselines do.
func (b bound) Facts() []record.Fact {
	return append(b.Pages.Facts(),
		record.Fact{Name: "rules", Value: "agents that are no language models state no next page: it is that of the rules, and counts as right"},
		record.Fact{Name: Copy, Value: "the person stays, on the same page, and gives its mean value so far"},
		record.Fact{Name: heldout.Majority, Value: "the most frequent training value, and what most training pages of that number ended with"})
}

// Users counts whom the task asks about.
func (b bound) Users() int { return len(b.Pages.Users) }

// Most counts one question a page.
func (b bound) Most() agent.Asked { return agent.Asked{Steps: b.Count(), Users: b.Users()} }

// Cell asks about every page, batch by batch.
func (b bound) Cell(ctx context.Context, c task.Cell) error {
	stage := c.Stage()
	var simulator *browse.Simulator
	if c.Control == "" {
		var err error
		if simulator, err = c.Simulator(ctx, b.Settings(c.Seed, c.Key.Repeat)); err != nil {
			return err
		}
	}
	rows, err := task.InSteps(ctx, c, b.Size(), func(ctx context.Context, n int) ([]row, error) {
		pages := b.Of(stage, b.Batch(n))
		answers, err := b.answer(ctx, c.Control, simulator, pages)
		if err != nil {
			return nil, err
		}
		var out []row
		for i := range pages {
			out = append(out, rows(&pages[i], &answers[i])...)
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

// answer has an agent, or a control, foresee what comes of each page.
func (b bound) answer(ctx context.Context, name string, s *browse.Simulator, pages []browse.HeldOut) ([]trace.Decision, error) {
	views := make([]agent.View, len(pages))
	for i, h := range pages {
		views[i] = h.View
		views[i].Question, views[i].Did = agent.AskNext, heldout.Watched(h.Decision)
	}
	if s != nil {
		return s.Teach(ctx, views)
	}
	out := make([]trace.Decision, len(views))
	for i := range views {
		v := &views[i]
		if name == Copy {
			out[i] = foresee(v, v.Profile.Mean, false)
			out[i].Next = &trace.NextState{View: v.State.View, Page: v.State.Page}
		} else {
			out[i] = foresee(v, b.Usual.Value, b.Usual.Leave(v.State.Page) > 0.5)
		}
	}
	return out, nil
}

// foresee gives every watched card one value. Where there is none, NaN, none is given.
func foresee(v *agent.View, value float64, leaves bool) trace.Decision {
	d := *v.Did
	d.Action = trace.Next
	if leaves {
		d.Action = trace.Exit
	}
	for i := range d.Cards {
		if d.Cards[i].Watch && value == value {
			d.Cards[i].Value = &value
		}
	}
	return d
}
