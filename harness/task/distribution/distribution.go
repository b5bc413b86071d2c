// Package distribution puts agents where people were and compares the two
// populations: what they watch, what values they give, when they leave (METHOD 6).
//
// Its opinion: distributions are compared on the same pages. Each agent meets the
// pages that people met after training, with what the people had done before on them,
// so that a difference is the agent's and not the recommender's. Data without
// sessions has no pages of people: they are made of held-out items, four at a time,
// and nothing is said of watching or leaving.
package distribution

import (
	"context"
	"fmt"
	"io"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "distribution"

// Task implements task.Task.
type Task struct{}

// Kind gives "distribution".
func (Task) Kind() string { return Kind }

// Subject is agents.
func (Task) Subject() task.Subject { return task.Agents }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Prompts gives the version of what agents are asked.
func (Task) Prompts() int { return agent.PromptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "on the pages that people met: do agents watch, value and leave as often as they did?"
}

// Options declares how many users and what cards show.
func (Task) Options() []sdk.OptionSpec {
	var out []sdk.OptionSpec
	for _, o := range simulate.SessionOptions() {
		switch o.Name {
		case "users", "card", "watch-prior", "exit-prior":
			out = append(out, o)
		}
	}
	return out
}

// Check has no rules between options.
func (Task) Check(sdk.Options) error { return nil }

// bound is the task with its data. It is read-only once made.
type bound struct {
	options sdk.Options
	split   *corpus.Split
	users   []int32
	logged  bool // people's own pages
}

// Bind draws the users.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	users, err := simulate.Users(split, o.Int("users"))
	return &bound{options: o, split: split, users: users, logged: split.HeldOutSessions() != nil}, err
}

// People is the control that does what the people did.
const People = "people"

// Controls is the people themselves.
func (*bound) Controls() []task.Control { return []task.Control{{Name: People}} }

// Refuses nobody.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says whose pages they are.
func (b *bound) Facts() []record.Fact {
	pages := "people's own, of their held-out sessions, with what they had done before"
	if !b.logged {
		pages = "made of held-out items, four at a time: nothing is said of watching and leaving"
	}
	return []record.Fact{
		{Name: "pages", Value: pages},
		{Name: "users", Value: fmt.Sprint(len(b.users))},
		{Name: "prompts", Value: fmt.Sprintf("version %d", agent.PromptsVersion)},
	}
}

// Most counts the pages of people.
func (b *bound) Most() agent.Asked {
	pages := 0
	for _, u := range b.users {
		if !b.logged {
			pages += (len(b.split.Test().Of(u)) + browse.ReconstructedCards - 1) / browse.ReconstructedCards
			continue
		}
		for _, v := range b.split.HeldOutSessions().Of(u) {
			pages += len(v.Pages)
		}
	}
	return agent.Asked{Pages: pages, Users: len(b.users)}
}

// Users counts whom the task asks about.
func (b *bound) Users() int { return len(b.users) }

// batch is the number of users asked about at a time.
const batch = 128

// Size is the number of batches.
func (b *bound) Size() int { return (len(b.users) + batch - 1) / batch }

// row is the evidence of one card.
type row struct {
	User    int32    `parquet:"user" json:"u"`
	Visit   int32    `parquet:"visit" json:"s"` // held-out session of the user, from 0
	Page    int32    `parquet:"page" json:"p"`
	Item    int32    `parquet:"item" json:"i"`
	Decile  int32    `parquet:"decile" json:"d"`  // of the item's training count, 0 to 9
	Level   int32    `parquet:"level" json:"m"`   // decile of the item's mean value; -1: none
	Kind    int32    `parquet:"kind" json:"k"`    // first category; -1: none
	Watched bool     `parquet:"watched" json:"w"` // by the person
	Value   *float64 `parquet:"value,optional" json:"v,omitempty"`
	Left    bool     `parquet:"left" json:"l"` // the person, after this page
	Watch   bool     `parquet:"watch" json:"W"`
	Given   *float64 `parquet:"given,optional" json:"V,omitempty"`
	Leave   bool     `parquet:"leave" json:"L"`
	Invalid bool     `parquet:"invalid" json:"x"`
	Logged  bool     `parquet:"logged" json:"-"` // people's own pages
}

// Cell asks the agent about every page of people, batch by batch.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	settings := simulate.Settings(b.options)
	settings.Seed, settings.Repeat = c.Seed, c.Key.Repeat
	var simulator *browse.Simulator
	if c.Control != People {
		var err error
		if simulator, err = c.Simulator(ctx, settings); err != nil {
			return err
		}
	}
	stage := c.Stage()
	facts := newFacts(b.split)
	rows, err := task.InSteps(ctx, c, b.Size(), func(ctx context.Context, n int) ([]row, error) {
		return b.ask(ctx, stage, simulator, facts, b.users[n*batch:min((n+1)*batch, len(b.users))])
	})
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].Logged = b.logged
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

// ask gives the rows of some users.
func (b *bound) ask(ctx context.Context, stage *browse.Stage, s *browse.Simulator, f facts, users []int32) ([]row, error) {
	var examples []browse.HeldOut
	for _, u := range users {
		examples = append(examples, stage.HeldOut(u)...)
	}
	views := make([]agent.View, len(examples))
	for i := range examples {
		views[i] = examples[i].View
	}
	var rows []row
	if s == nil {
		for _, e := range examples {
			rows = append(rows, f.rows(e, e.Decision)...)
		}
		return rows, nil
	}
	decisions, err := s.Teach(ctx, views)
	if err != nil {
		return nil, err
	}
	for i, e := range examples {
		rows = append(rows, f.rows(e, decisions[i])...)
	}
	return rows, nil
}

func (r row) user() int32 { return r.User }
