// Package persona asks what an agent's backend reads out of a user's past (METHOD 5,
// after SimUSER, arXiv 2504.12722): from titles, categories and values alone, how old is
// the person, and what does the person do?
//
// Its opinion: a backend that cannot tell better than by the most common answer has no
// picture of the person to play, whatever its prompt says; so that control is always
// there.
package persona

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/persona"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "persona"

// Task implements task.Task.
type Task struct{}

// Kind gives "persona".
func (Task) Kind() string { return Kind }

// Subject is agents.
func (Task) Subject() task.Subject { return task.Agents }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Prompts gives the version of what backends are asked.
func (Task) Prompts() int { return persona.PromptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "from a user's history alone: can the agent's backend tell age and occupation?"
}

// Options declares how many users.
func (Task) Options() []sdk.OptionSpec {
	return []sdk.OptionSpec{
		{Name: "users", Type: sdk.OptionInt, Default: int64(200), Min: sdk.Bound(0), Max: sdk.Bound(1 << 31), Doc: "users drawn by hash; 0: all who have training interactions"},
	}
}

// Check has no rules between options.
func (Task) Check(sdk.Options) error { return nil }

// bound is the task with its data. It is read-only once made.
type bound struct {
	known    []persona.Known
	users    []int32
	majority []class // by property
	without  int     // users of whom the data set says nothing
}

// class is the most frequent one of training users.
type class struct {
	at    int32
	share []float64 // of each class
}

// Bind draws the users of whom the data set says something.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	b := &bound{known: persona.Knowns(split)}
	if len(b.known) == 0 {
		return nil, sdk.Invalidf("users", "task %s: the data set says neither age nor occupation nor gender of its users: there is nothing to guess", Kind)
	}
	drawn, err := simulate.Users(split, o.Int("users"))
	if err != nil {
		return nil, err
	}
	for _, u := range drawn {
		if slices.ContainsFunc(b.known, func(k persona.Known) bool { return k.Of[u] >= 0 }) {
			b.users = append(b.users, u)
		}
	}
	b.without = len(drawn) - len(b.users)
	if len(b.users) == 0 {
		return nil, sdk.Invalidf("users", "task %s: the data set says nothing of the users drawn", Kind)
	}
	for _, k := range b.known {
		b.majority = append(b.majority, mostly(k, split.Evidence()))
	}
	return b, nil
}

// mostly counts classes over users who have training interactions. Of equal ones the
// first by name counts.
func mostly(k persona.Known, train *corpus.Training) class {
	counts, n := make([]float64, len(k.Classes)), 0.0
	for u, at := range k.Of {
		if at >= 0 && len(train.Of(int32(u))) > 0 {
			counts[at]++
			n++
		}
	}
	c := class{}
	for i := range counts {
		if counts[i] > counts[c.at] {
			c.at = int32(i)
		}
	}
	for i := range counts {
		counts[i] /= max(1, n)
	}
	c.share = counts
	return c
}

// Majority is the control that gives everybody the most frequent class.
const Majority = "majority"

// Controls is the majority.
func (*bound) Controls() []task.Control { return []task.Control{{Name: Majority}} }

// Refuses agents that have no backend to ask.
func (*bound) Refuses(arm sdk.ComponentSpec) string {
	if k, ok := agent.KindOf(arm.Name); ok && !k.Asks {
		return "asks no backend, so that there is nobody to guess"
	}
	return ""
}

// Facts says what is guessed.
func (b *bound) Facts() []record.Fact {
	facts := []record.Fact{{Name: "users", Value: fmt.Sprintf("%d (%d of whom the data set says nothing are left out)", len(b.users), b.without)}}
	for i, k := range b.known {
		m := b.majority[i]
		facts = append(facts, record.Fact{Name: k.Name, Value: fmt.Sprintf("%d classes; most frequent: %s, %.0f %%", len(k.Classes), k.Classes[m.at], 100*m.share[m.at])})
	}
	return append(facts,
		record.Fact{Name: "asked by", Value: "titles, categories and values of the latest training items, at temperature 0; nothing that the data set says of the person"},
		record.Fact{Name: "prompts", Value: fmt.Sprintf("version %d", persona.PromptsVersion)})
}

// Users counts whom the task asks about.
func (b *bound) Users() int { return len(b.users) }

// Most counts one question about each user.
func (b *bound) Most() agent.Asked { return agent.Asked{Guesses: len(b.users)} }

// batch is the number of users asked about at a time.
const batch = 128

// Size is the number of batches.
func (b *bound) Size() int { return (len(b.users) + batch - 1) / batch }

// row is the evidence of one property of one user.
type row struct {
	User     int32    `parquet:"user" json:"u"`
	Property string   `parquet:"property" json:"n"`
	Truth    int32    `parquet:"truth" json:"t"`                // class, in order of names
	Guess    int32    `parquet:"guess" json:"g"`                // -1: the answer could not be used
	P        *float64 `parquet:"p,optional" json:"p,omitempty"` // given to the truth
}

// Cell asks about every user, batch by batch.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	var simulator *browse.Simulator
	if c.Control != Majority {
		options, _ := sdk.Canonical(simulate.SessionOptions(), sdk.Options{})
		settings := simulate.Settings(options)
		settings.Seed, settings.Repeat = c.Seed, c.Key.Repeat
		var err error
		if simulator, err = c.Simulator(ctx, settings); err != nil {
			return err
		}
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
		part, err := b.ask(ctx, simulator, b.users[n*batch:min((n+1)*batch, len(b.users))])
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

// ask gives the rows of some users; without a simulator those of the majority.
func (b *bound) ask(ctx context.Context, s *browse.Simulator, users []int32) ([]row, error) {
	about := make([]persona.Property, len(b.known))
	for i, k := range b.known {
		about[i] = k.Property
	}
	var guesses []persona.Guess
	if s != nil {
		var err error
		if guesses, err = s.Guess(ctx, users, about); err != nil {
			return nil, err
		}
	}
	var rows []row
	for n, u := range users {
		for i, k := range b.known {
			truth := k.Of[u]
			if truth < 0 {
				continue
			}
			r := row{User: u, Property: k.Name, Truth: truth, Guess: b.majority[i].at}
			p := b.majority[i].share
			if s != nil {
				r.Guess, p = guesses[n].Classes[i], guesses[n].P[i]
			}
			if p != nil {
				r.P = &p[truth]
			}
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.User, b.User) })
	return rows, nil
}
