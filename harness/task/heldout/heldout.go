// Package heldout gives tasks the pages that people met after training, and what is
// most usual on such pages.
//
// Its opinion: whoever is judged page by page is shown the page as the person met it,
// with all that the person had done before it in the same session (teacher forcing), so
// that one wrong answer makes no other page strange.
package heldout

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Majority is the control that does what is most usual in training.
const Majority = "majority"

// Options are those of every task on people's pages.
func Options() []sdk.OptionSpec {
	var out []sdk.OptionSpec
	for _, o := range simulate.SessionOptions() {
		if o.Name == "users" || o.Name == "card" {
			out = append(out, o)
		}
	}
	return append(out, sdk.OptionSpec{
		Name: "visits", Type: sdk.OptionInt, Default: int64(0), Min: sdk.Bound(0), Max: sdk.Bound(1 << 31),
		Doc: "held-out sessions of each user at most, the earliest; 0: all",
	})
}

// Pages are the held-out pages that a task asks about. They are read-only.
type Pages struct {
	Users []int32 // with held-out sessions, ascending
	Usual Usual

	settings browse.Settings
	visits   int // of a user, at most
	sessions int
	pages    int
	without  int // users drawn who have no held-out session
}

// New finds the pages. Data without sessions is refused: what people skipped and when
// they left is not known there.
func New(o sdk.Options, split *corpus.Split) (*Pages, error) {
	later := split.HeldOutSessions()
	if later == nil {
		return nil, sdk.Invalidf("", "what people skipped and when they left is asked for here, and the data set has no sessions: take this task out")
	}
	users, err := simulate.Users(split, o.Int("users"))
	if err != nil {
		return nil, err
	}
	full, _ := sdk.Canonical(simulate.SessionOptions(), o) // the rules of sessions that people's pages do not need
	p := &Pages{Usual: newUsual(split), settings: simulate.Settings(full), visits: o.Int("visits")}
	for _, u := range users {
		sessions := later.Of(u)
		if p.visits > 0 {
			sessions = sessions[:min(p.visits, len(sessions))]
		}
		if len(sessions) == 0 {
			p.without++
			continue
		}
		p.Users = append(p.Users, u)
		p.sessions += len(sessions)
		for _, v := range sessions {
			p.pages += len(v.Pages)
		}
	}
	if len(p.Users) == 0 {
		return nil, sdk.Invalidf("", "no user has a held-out session: raise split.test")
	}
	return p, nil
}

// Of gives the pages of some users, in order of user, session and page.
func (p *Pages) Of(stage *browse.Stage, users []int32) (out []browse.HeldOut) {
	for _, u := range users {
		for _, h := range stage.HeldOut(u) {
			if p.visits > 0 && h.View.Exposure >= p.visits {
				break
			}
			out = append(out, h)
		}
	}
	return out
}

// batch is the number of users asked about at a time.
const batch = 64

// Size is the number of batches.
func (p *Pages) Size() int { return (len(p.Users) + batch - 1) / batch }

// Batch gives the users of a batch.
func (p *Pages) Batch(n int) []int32 { return p.Users[n*batch : min((n+1)*batch, len(p.Users))] }

// Settings are the rules by which agents see the pages.
func (p *Pages) Settings(seed uint64, repeat int) browse.Settings {
	s := p.settings
	s.Seed, s.Repeat = seed, repeat
	return s
}

// Count is the number of pages.
func (p *Pages) Count() int { return p.pages }

// Facts says whose pages they are.
func (p *Pages) Facts() []record.Fact {
	return []record.Fact{
		{Name: "pages", Value: fmt.Sprintf("%d of people's own, of their %d held-out sessions, each with what the person had done before", p.pages, p.sessions)},
		{Name: "users", Value: fmt.Sprintf("%d (%d others have no held-out session)", len(p.Users), p.without)},
		{Name: "prompts", Value: fmt.Sprintf("version %d", agent.PromptsVersion)},
	}
}

// Watched copies of a decision which cards were watched, and nothing else.
func Watched(d trace.Decision) *trace.Decision {
	out := &trace.Decision{Cards: make([]trace.Choice, len(d.Cards))}
	for i, c := range d.Cards {
		out.Cards[i].Watch = c.Watch
	}
	return out
}

// Given copies of a decision which cards were watched and what they were given, and
// not what was done after the page.
func Given(d trace.Decision) *trace.Decision {
	out := Watched(d)
	for i, c := range d.Cards {
		out.Cards[i].Value = c.Value
	}
	return out
}
