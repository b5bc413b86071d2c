// Package simulate lets simulated users use the recommenders, and counts what they
// did: the table of METHOD 6. Every recommender meets the same users with the same
// seeds, so that rows are paired.
//
// What it does not measure is said in every table: single sessions, no feedback
// loop, no return.
package simulate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "simulate"

// Navigation of a session.
const (
	navigationPages = "pages" // forward or out
	navigationFull  = "full"  // back, and cards may be opened, too
)

// Task implements task.Task.
type Task struct{}

// Kind gives "simulate".
func (Task) Kind() string { return Kind }

// Subject is a recommender and an agent.
func (Task) Subject() task.Subject { return task.Sessions }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Prompts gives the version of what agents are asked.
func (Task) Prompts() int { return agent.PromptsVersion }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "simulated users browse each recommender's pages: what do they watch, like and leave?"
}

// SessionOptions are the options of every task that runs sessions.
func SessionOptions() []sdk.OptionSpec {
	fields := page.Fields()
	all := make([]any, len(fields))
	for i, f := range fields {
		all[i] = f
	}
	return []sdk.OptionSpec{
		{Name: "page-size", Type: sdk.OptionInt, Default: int64(4), Min: sdk.Bound(1), Max: sdk.Bound(50), Doc: "cards on a page"},
		{Name: "page-limit", Type: sdk.OptionInt, Default: int64(5), Min: sdk.Bound(1), Max: sdk.Bound(100), Doc: "pages after which a session is stopped, and counted as censored"},
		{Name: "users", Type: sdk.OptionInt, Default: int64(0), Min: sdk.Bound(0), Max: sdk.Bound(1 << 31), Doc: "users drawn by hash; 0: all who have training interactions"},
		{Name: "sessions", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(1), Max: sdk.Bound(100), Doc: "sessions of each user with each recommender"},
		{Name: "navigation", Type: sdk.OptionEnum, Default: navigationPages, Choices: []string{navigationPages, navigationFull}, Doc: "pages: forward or out; full: back, and cards may be opened, too"},
		{Name: "card", Type: sdk.OptionList, Element: sdk.OptionEnum, Choices: fields, Default: all, Doc: "what prompts say of an item beside its title"},
		{Name: "watch-prior", Type: sdk.OptionFloat, Default: 0.25, Min: sdk.Bound(0.001), Max: sdk.Bound(0.999), Doc: "declared share of cards that people watch, where the data has no sessions"},
		{Name: "exit-prior", Type: sdk.OptionFloat, Default: 0.3, Min: sdk.Bound(0), Max: sdk.Bound(1), Doc: "declared probability of leaving after a page, where the data has no sessions"},
	}
}

// Options declares what a session is.
func (Task) Options() []sdk.OptionSpec { return SessionOptions() }

// Check has no rules between options.
func (Task) Check(sdk.Options) error { return nil }

// Settings makes the rules of sessions of a task's options. What the task has no option
// for is at its default.
func Settings(o sdk.Options) browse.Settings {
	o, _ = sdk.Canonical(SessionOptions(), o)
	s := browse.Settings{
		PageSize: o.Int("page-size"), Limit: o.Int("page-limit"), Full: o.String("navigation") == navigationFull,
		Prior: browse.Prior{WatchRate: o.Float("watch-prior"), Leave: o.Float("exit-prior")},
	}
	list, _ := o["card"].([]any)
	for _, v := range list {
		f, _ := v.(string)
		s.Fields = append(s.Fields, f)
	}
	return s
}

// bound is the task with its data. It is read-only once made.
type bound struct {
	options sdk.Options
	visits  []browse.Visit
	users   int
	without int // users without training interactions
	split   *corpus.Split
}

// Bind draws the users. Data and split decide them and no seed does: runs of one
// protocol meet the same people.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	b := &bound{options: o, split: split}
	users, err := Users(split, o.Int("users"))
	if err != nil {
		return nil, err
	}
	b.users = len(users)
	for u := range int32(split.Train().Users()) {
		if split.Judged(u) && len(split.Train().Of(u)) == 0 {
			b.without++
		}
	}
	for _, u := range users {
		for n := range o.Int("sessions") {
			b.visits = append(b.visits, browse.Visit{User: u, Exposure: n})
		}
	}
	return b, nil
}

// usersSeed fixes who is drawn: the same people in every run.
const usersSeed = 0x7573657273 // "users"

// Users draws n users who have training interactions, all of them where n is 0,
// ascending.
func Users(split *corpus.Split, n int) ([]int32, error) {
	var all []int32
	for u := range int32(split.Train().Users()) {
		if len(split.Train().Of(u)) > 0 {
			all = append(all, u)
		}
	}
	if len(all) == 0 {
		return nil, sdk.Invalidf("users", "no user has a training interaction: nobody can be simulated")
	}
	return Draw(all, n), nil
}

// Draw draws n of some users by hash, all of them where n is 0, ascending.
func Draw(users []int32, n int) []int32 {
	users = slices.Clone(users)
	if n > 0 && n < len(users) {
		slices.SortFunc(users, func(a, b int32) int {
			return cmp.Compare(sdk.TieHash(usersSeed, a, 0), sdk.TieHash(usersSeed, b, 0))
		})
		users = users[:n]
	}
	slices.Sort(users)
	return users
}

// Controls are none: what people truly do is a task of its own.
func (*bound) Controls() []task.Control { return nil }

// Refuses nobody: whatever recommends can be browsed.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says who was simulated and what is not measured.
func (b *bound) Facts() []record.Fact {
	exit := "leaving of agents without an answer of their own: learned from training sessions"
	pages := "logged"
	if b.split.Sessions() == nil {
		exit = fmt.Sprintf("leaving of agents without an answer of their own: declared, %s after every page", page.Number(b.options.Float("exit-prior")))
		pages = fmt.Sprintf("reconstructed: one item of the user among three untouched, watch rate declared, %s", page.Number(b.options.Float("watch-prior")))
	}
	return []record.Fact{
		{Name: "users simulated", Value: fmt.Sprintf("%d, %d sessions each (%d users without training interactions cannot be)", b.users, len(b.visits)/max(1, b.users), b.without)},
		{Name: "session", Value: fmt.Sprintf("pages of %d, at most %d, %s", b.options.Int("page-size"), b.options.Int("page-limit"), b.options.String("navigation"))},
		{Name: "exit", Value: exit},
		{Name: "demonstrations", Value: pages},
		{Name: "prompts", Value: fmt.Sprintf("version %d", agent.PromptsVersion)},
		{Name: "not measured", Value: "single sessions: no feedback loop, no return"},
	}
}

// Most counts the visits of a cell and the looks of each.
func (b *bound) Most() agent.Asked {
	return agent.Asked{Visits: len(b.visits), Pages: len(b.visits) * browse.Looks(Settings(b.options)), Users: b.users}
}

// Users counts who is simulated.
func (b *bound) Users() int { return b.users }

// Size is the number of batches.
func (b *bound) Size() int { return Batches(len(b.visits)) }

// Batches counts the steps of so many sessions.
func Batches(visits int) int { return (visits + batch - 1) / batch }
