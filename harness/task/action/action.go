// Package action asks agents, page by page, what a person did: which cards of a page
// were watched, and whether the person went on or left (METHOD 5).
//
// Its opinion: agents are teacher-forced. Each page stands as the person met it, and
// what is asked of the second half of a page rests on what the person did in the first,
// so that every answer is judged by itself. How much there is to foresee is said beside:
// where people are planted, by what the best possible agent would have answered.
package action

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/heldout"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "action"

// Task implements task.Task.
type Task struct{}

// Kind gives "action".
func (Task) Kind() string { return Kind }

// Subject is agents.
func (Task) Subject() task.Subject { return task.Agents }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Prompts gives the version of what agents are asked.
func (Task) Prompts() int { return agent.PromptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "on each page that a person met: does the agent foresee what the person watched, and whether it left?"
}

// Options declares whose pages are asked about and what cards show.
func (Task) Options() []sdk.OptionSpec { return heldout.Options() }

// Check has no rules between options.
func (Task) Check(sdk.Options) error { return nil }

// bound is the task with its data.
type bound struct {
	*heldout.Pages
	split *corpus.Split

	mu      sync.Mutex
	asked   bool
	chances map[int32][]control.Chances // by user, in the order of the pages; nil: nobody knows
}

// Bind finds the pages.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	pages, err := heldout.New(o, split)
	if err != nil {
		return nil, err
	}
	return &bound{Pages: pages, split: split}, nil
}

// Bayes is the control that acts by the planted probabilities.
const Bayes = "bayes"

// Controls are what is most usual, and where people are planted the best there can be.
func (b *bound) Controls() []task.Control {
	controls := []task.Control{{Name: heldout.Majority}}
	if b.split.Planted() {
		controls = append(controls, task.Control{Name: Bayes})
	}
	return controls
}

// Refuses nobody.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says whose pages they are and what the baselines do.
func (b *bound) Facts() []record.Fact {
	facts := append(b.Pages.Facts(),
		record.Fact{Name: "decision", Value: "by the agent's probability where it states one: above one half watches, or leaves"},
		record.Fact{Name: heldout.Majority, Value: "what most training cards got, and what most training pages of that number ended with"})
	if b.split.Planted() {
		facts = append(facts, record.Fact{Name: Bayes, Value: "the more probable by the planted probabilities; that of leaving is of the draws of the page that came closest to what the person did"})
	}
	return facts
}

// Users counts whom the task asks about.
func (b *bound) Users() int { return len(b.Pages.Users) }

// Most counts two questions a page: what is watched, and what follows.
func (b *bound) Most() agent.Asked { return agent.Asked{Steps: 2 * b.Count(), Users: b.Users()} }

// Cell asks about every page, batch by batch.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	stage := c.Stage()
	var simulator *browse.Simulator
	if c.Control == "" {
		var err error
		if simulator, err = c.Simulator(ctx, b.Settings(c.Seed, c.Key.Repeat)); err != nil {
			return err
		}
	}
	rows, err := task.InSteps(ctx, c, b.Size(), func(ctx context.Context, n int) ([]row, error) {
		chances, err := b.planted(ctx, c, stage)
		if err != nil {
			return nil, err
		}
		pages := b.Of(stage, b.Batch(n))
		known := b.known(chances, b.Batch(n), len(pages))
		answers, err := b.answer(ctx, c.Control, simulator, pages, known)
		if err != nil {
			return nil, err
		}
		var out []row
		for i := range pages {
			out = append(out, b.rows(&pages[i], answers[i], known[i])...)
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

// planted gives the planted probabilities of all pages, found by the first cell that
// asks; nil where the data set knows none. Only judges see them.
func (b *bound) planted(ctx context.Context, c task.Cell, stage *browse.Stage) (map[int32][]control.Chances, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.asked {
		return b.chances, nil
	}
	people, err := c.Respond(ctx)
	if errors.Is(err, sdk.ErrUnsupported) && c.Control != Bayes {
		b.asked = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	truth := control.NewTruth(people, b.split.Origin())
	found := map[int32][]control.Chances{}
	for n := range b.Size() {
		pages := b.Of(stage, b.Batch(n))
		views, did := make([]agent.View, len(pages)), make([]trace.Decision, len(pages))
		for i, h := range pages {
			views[i], did[i] = h.View, h.Decision
		}
		some, err := truth.Bayes(ctx, views, did)
		if err != nil {
			return nil, err
		}
		for i, v := range views {
			found[v.User] = append(found[v.User], some[i])
		}
	}
	b.asked, b.chances = true, found
	return found, nil
}

// known lays the probabilities of some users' pages out in the order of the pages; nil
// each where there are none.
func (b *bound) known(chances map[int32][]control.Chances, users []int32, pages int) []*control.Chances {
	out := make([]*control.Chances, 0, pages)
	for _, u := range users {
		for i := range chances[u] {
			out = append(out, &chances[u][i])
		}
	}
	if chances == nil {
		out = out[:pages]
	}
	return out
}
