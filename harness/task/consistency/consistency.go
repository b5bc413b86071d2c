// Package consistency asks whether an agent is one person (METHOD 5): does it decide
// alike when it is asked again, want what the user wants and not what is foreign to the
// user, and act as it says it feels?
//
// Its opinion: none of this is agreement with people. An agent that watches everything
// is consistent with itself, and is found out by what is foreign; so the numbers are
// read together, with the rows of arms that follow a rule beside them.
package consistency

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "consistency"

// Task implements task.Task.
type Task struct{}

// Kind gives "consistency".
func (Task) Kind() string { return Kind }

// Subject is agents.
func (Task) Subject() task.Subject { return task.Agents }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Prompts gives the version of what agents are asked.
func (Task) Prompts() int { return agent.PromptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "is an agent one person: does it decide alike when asked again, want what suits the user, and act as it feels?"
}

// Options declares how many users and pages, and what cards show.
func (Task) Options() []sdk.OptionSpec {
	var out []sdk.OptionSpec
	for _, o := range simulate.SessionOptions() {
		switch o.Name {
		case "users":
			o.Default = int64(50)
			out = append(out, o, sdk.OptionSpec{
				Name: "pages", Type: sdk.OptionInt, Default: int64(4), Min: sdk.Bound(1), Max: sdk.Bound(1000), Doc: "held-out pages of each user that are asked about twice, the first ones",
			})
		case "card", "watch-prior", "exit-prior":
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
	users   []int32
	judged  judged
}

// Bind draws the users.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	users, err := simulate.Users(split, o.Int("users"))
	return &bound{options: o, users: users, judged: newJudged(split)}, err
}

// Controls are none: arms that follow a rule are the yardsticks.
func (*bound) Controls() []task.Control { return nil }

// Refuses nobody.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says what is shown.
func (b *bound) Facts() []record.Fact {
	return []record.Fact{
		{Name: "users", Value: fmt.Sprint(len(b.users))},
		{Name: "asked twice", Value: fmt.Sprintf("the first %d held-out pages of each, with other seeds", b.options.Int("pages"))},
		{Name: "coherence", Value: fmt.Sprintf("a page of at most %d items that the user liked after training, and one of as many as can be of items never touched, of kinds never had", cards)},
		{Name: "prompts", Value: fmt.Sprintf("version %d", agent.PromptsVersion)},
	}
}

// Users counts whom the task asks about.
func (b *bound) Users() int { return len(b.users) }

// Most counts the pages that are asked about twice, and two of coherence, of which only
// what is watched is asked.
func (b *bound) Most() agent.Asked {
	users := len(b.users)
	return agent.Asked{Pages: users * 2 * b.options.Int("pages"), Steps: users * 2, Users: users}
}

// batch is the number of users asked about at a time.
const batch = 64

// Size is the number of batches.
func (b *bound) Size() int { return (len(b.users) + batch - 1) / batch }

// What a page is for.
const (
	again   = int32(iota) // asked about twice
	good                  // the user's own, liked after training
	foreign               // nothing for the user
)

// row is the evidence of one card. Second holds for pages that are asked about twice.
type row struct {
	User   int32 `parquet:"user" json:"u"`
	Page   int32 `parquet:"page" json:"p"` // of the user, from 0
	Shows  int32 `parquet:"shows" json:"k"`
	Item   int32 `parquet:"item" json:"i"`
	First  look  `parquet:"first" json:"a"`
	Second look  `parquet:"second" json:"b"`
}

// look is what one asking said of a card and its page.
type look struct {
	Watch        bool  `parquet:"watch" json:"w"`
	Leave        bool  `parquet:"leave" json:"l"`
	Satisfaction int32 `parquet:"satisfaction" json:"s"` // 1 to 5; 0: not stated
	Invalid      bool  `parquet:"invalid" json:"x"`
}

// secondStream keeps the second asking apart from the first.
const secondStream = 0x616761696e // "again"

// Cell asks the agent, batch by batch.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	options, _ := sdk.Canonical(simulate.SessionOptions(), without(b.options, "pages"))
	settings := simulate.Settings(options)
	settings.Seed, settings.Repeat = c.Seed, c.Key.Repeat
	first, err := c.Simulator(ctx, settings)
	if err != nil {
		return err
	}
	settings.Seed = sdk.Mix(c.Seed, secondStream)
	second, err := c.Simulator(ctx, settings)
	if err != nil {
		return err
	}
	var rows []row
	for i, payload := range c.Done {
		var part []row
		if err := json.Unmarshal(payload, &part); err != nil {
			return fmt.Errorf("%s: log entry %d: %w", c.Key, i+1, err)
		}
		rows = append(rows, part...)
	}
	c.Step(len(c.Done))
	for n := len(c.Done); n < b.Size(); n++ {
		if c.Stopping() {
			return task.ErrStopped
		}
		part, err := b.ask(ctx, c.Stage(), first, second, b.users[n*batch:min((n+1)*batch, len(b.users))])
		if err != nil {
			return err
		}
		payload, err := json.Marshal(part)
		if err != nil {
			return fmt.Errorf("%s: log: %w", c.Key, err)
		}
		if err := c.Log(payload); err != nil {
			return err
		}
		rows = append(rows, part...)
		c.Step(n + 1)
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

func without(o sdk.Options, name string) sdk.Options {
	out := sdk.Options{}
	for k, v := range o {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// exposures of pages that no held-out session has, so that their seeds are their own.
const (
	goodExposure    = 1<<20 + 1
	foreignExposure = 1<<20 + 2
)

// ask gives the rows of some users: every page to the first, those that are asked about
// again to the second too.
func (b *bound) ask(ctx context.Context, stage *browse.Stage, first, second *browse.Simulator, users []int32) ([]row, error) {
	var views []agent.View
	var shows []int32
	for _, u := range users {
		held := stage.HeldOut(u)
		for _, h := range held[:min(b.options.Int("pages"), len(held))] {
			views, shows = append(views, h.View), append(shows, again)
		}
		if items := b.judged.liked(u); len(items) > 0 {
			v := stage.PageOf(u, goodExposure, items)
			v.Question = agent.AskWatch
			views, shows = append(views, v), append(shows, good)
		}
		if items := b.judged.foreign(u); len(items) > 0 {
			v := stage.PageOf(u, foreignExposure, items)
			v.Question = agent.AskWatch
			views, shows = append(views, v), append(shows, foreign)
		}
	}
	var repeated []agent.View
	for i, v := range views {
		if shows[i] == again {
			repeated = append(repeated, v)
		}
	}
	decided, err := first.Teach(ctx, views)
	if err != nil {
		return nil, err
	}
	anew, err := second.Teach(ctx, repeated)
	if err != nil {
		return nil, err
	}
	var rows []row
	page := int32(0)
	for i, v := range views {
		if page++; i == 0 || v.User != views[i-1].User {
			page = 0
		}
		var other trace.Decision
		if shows[i] == again {
			other, anew = anew[0], anew[1:]
		}
		for c, card := range v.State.Cards {
			r := row{User: v.User, Page: page, Shows: shows[i], Item: card.Item, First: lookOf(decided[i], c)}
			if shows[i] == again {
				r.Second = lookOf(other, c)
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func lookOf(d trace.Decision, card int) look {
	l := look{Watch: d.Cards[card].Watch, Leave: d.Action == trace.Exit, Invalid: d.Invalid != ""}
	if d.Feeling != nil && !l.Invalid {
		l.Satisfaction = int32(d.Feeling.Satisfaction)
	}
	return l
}
