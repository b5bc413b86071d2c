// Package truth shows the recommenders' pages to the people themselves: a planted
// population, whose true reaction is known, or the results that the user measured
// with real people (METHOD 6, ab). The quantity is that of task simulate, counted by
// the same code.
//
// What a planted truth can tell: whether an agent recovers people of the form that
// the population has. It is no evidence about real people, and its tables say so.
package truth

import (
	"context"
	"fmt"
	"math"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Kind is the task's name in suites.
const Kind = "truth"

// Sources of truth.
const (
	sourceRespond = "respond" // a planted population answers
	sourceResults = "results" // a file of the user's own results
)

// runs are independent truths: how well they agree is the ceiling of every agent.
const runs = 2

// Second is the primary metric of the second run.
const Second = "truth.n-like.second"

// Task implements task.Task.
type Task struct{}

// Kind gives "truth".
func (Task) Kind() string { return Kind }

// Subject is recommenders.
func (Task) Subject() task.Subject { return task.Recommenders }

// Version of the evidence.
func (Task) Version() int { return 1 }

// Doc describes the task in one sentence.
func (Task) Doc() string {
	return "what people truly do with each recommender: a planted population, or results of your own"
}

// Options declares what a session is, and where the truth comes from.
func (Task) Options() []sdk.OptionSpec {
	var out []sdk.OptionSpec
	for _, o := range simulate.SessionOptions() {
		switch o.Name {
		case "page-size", "page-limit", "users":
			out = append(out, o)
		}
	}
	return append(out,
		sdk.OptionSpec{Name: "sessions", Type: sdk.OptionInt, Default: int64(5), Min: sdk.Bound(1), Max: sdk.Bound(100), Doc: "sessions of each user with each recommender, in each of two independent runs"},
		sdk.OptionSpec{Name: "source", Type: sdk.OptionEnum, Default: sourceRespond, Choices: []string{sourceRespond, sourceResults}, Doc: "respond: a planted population answers; results: a file of your own results"},
		sdk.OptionSpec{Name: "results", Type: sdk.OptionPath, Default: "", Doc: "CSV with columns arm, metric, value, n, and optionally lo, hi; metrics as in task simulate, such as sim.n-like"},
	)
}

// Check wants a file exactly where one is read.
func (Task) Check(o sdk.Options) error {
	switch results := o.String("results"); {
	case o.String("source") == sourceResults && results == "":
		return sdk.Invalidf("results", "missing: source = %q reads a CSV file", sourceResults)
	case o.String("source") == sourceRespond && results != "":
		return sdk.Invalidf("results", "a file is read with source = %q alone: set it, or take the file out", sourceResults)
	}
	return nil
}

// bound is the task with its data.
type bound struct {
	options sdk.Options
	split   *corpus.Split
	users   []int32
	visits  []browse.Visit
	given   map[string][]trace.Measured // by arm; nil: people answer
}

// Bind draws the users, the same as task simulate, or reads the results.
func (Task) Bind(o sdk.Options, split *corpus.Split) (task.Bound, error) {
	b := &bound{options: o, split: split}
	var err error
	if o.String("source") == sourceResults {
		b.given, err = readResults(o.String("results"))
		return b, err
	}
	if b.users, err = simulate.Users(split, o.Int("users")); err != nil {
		return nil, err
	}
	for _, u := range b.users {
		for n := range runs * o.Int("sessions") {
			b.visits = append(b.visits, browse.Visit{User: u, Exposure: n})
		}
	}
	return b, nil
}

// Controls is the oracle of METHOD 8, which knows what each user would watch.
func (b *bound) Controls() []task.Control {
	if b.given != nil {
		return nil
	}
	return []task.Control{{Name: control.OracleName}}
}

// Refuses nobody.
func (*bound) Refuses(sdk.ComponentSpec) string { return "" }

// Facts says whose truth it is.
func (b *bound) Facts() []record.Fact {
	if b.given != nil {
		return []record.Fact{{Name: "truth", Value: fmt.Sprintf("results of your own, of %d arms", len(b.given))}}
	}
	return []record.Fact{
		{Name: "truth", Value: "the planted people themselves, in sessions that no agent and no recommender has seen"},
		{Name: "sessions", Value: fmt.Sprintf("%d of each of %d users, and as many again in an independent run", b.options.Int("sessions"), len(b.users))},
		{Name: "oracle", Value: "ranks by the true probability of watching in an empty session"},
	}
}

// Users counts whom the task asks.
func (b *bound) Users() int { return len(b.users) }

// Size is the number of batches.
func (b *bound) Size() int { return simulate.Batches(len(b.visits)) }

// stream keeps the truth apart from the log that agents learned from.
const stream = 0x7472757468 // "truth"

// Cell asks the people, or seals what they were found to do.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	if b.given != nil {
		return b.sealGiven(c)
	}
	people, err := c.Respond(ctx)
	if err != nil {
		return err
	}
	truth := control.NewPeople(control.NewTruth(people, b.split.Origin()), stream)
	if c.Control == control.OracleName {
		oracle := control.NewForesight(truth, b.split.Train().Items())
		c.Recommender = func(context.Context) (sdk.Recommender, error) { return oracle, nil }
	}
	settings := browse.Settings{PageSize: b.options.Int("page-size"), Limit: b.options.Int("page-limit"), Seed: c.Seed, Repeat: c.Key.Repeat}
	return simulate.Browse(ctx, c, &browse.Simulator{Stage: c.Stage(), Settings: settings, Agent: truth, Runs: runs}, b.visits)
}

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string {
	ids := append(simulate.MetricIDs(), Second)
	return ids
}

// Scorer reads sessions, or numbers.
func (Task) Scorer(sdk.Options) score.Scorer {
	return func(path string) (score.Sheet, error) {
		h, sessions, err := record.ReadSessions(path)
		if err != nil {
			return score.Sheet{}, err
		}
		if len(h.Given) > 0 {
			return givenSheet(h.Given), nil
		}
		if len(sessions) == 0 {
			return score.Sheet{}, fmt.Errorf("%s: no sessions", path)
		}
		first, second := divide(sessions)
		sheet := simulate.Sheet(h, first)
		for _, c := range simulate.Sheet(h, second).Columns {
			if c.Metric == metric.SimLike {
				c.Metric = Second
				sheet.Columns = append(sheet.Columns, c)
			}
		}
		return sheet, nil
	}
}

// divide halves the exposures of every user.
func divide(sessions []trace.Session) (first, second []trace.Session) {
	most := 0
	for _, s := range sessions {
		most = max(most, s.Exposure)
	}
	for _, s := range sessions {
		if s.Exposure < (most+1)/runs {
			first = append(first, s)
		} else {
			second = append(second, s)
		}
	}
	return first, second
}

func givenSheet(given []trace.Measured) score.Sheet {
	var s score.Sheet
	for _, g := range given {
		w := score.Whole{Metric: g.Metric, Version: 1, Value: g.Value, N: g.N, Note: "measured elsewhere", Why: "no interval: none was measured"}
		if g.Lo != nil && g.Hi != nil && !math.IsNaN(*g.Lo) {
			w.Why, w.Interval = "", &score.Interval{Lo: *g.Lo, Hi: *g.Hi}
		}
		s.Wholes = append(s.Wholes, w)
	}
	return s
}
