// Package agent decides: a page is shown to a simulated user, and an agent says
// what the user would do with it. There are arms that ask a language model and arms
// that follow a rule or a fitted model; all of them see the same [View] and no more.
//
// Its opinions. An agent never meets a recommender, a data set or a metric: what it
// knows is on the view. Randomness hashes the session's seed with the item or the
// page, never the recommender, so that arms meet the same people in the same mood.
// An answer that cannot be used is a decision that says so.
package agent

import (
	"context"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Question says what of a page is asked.
type Question int

// The questions. All but the first tell what was decided before, so that each step is
// judged by itself (teacher forcing, METHOD 5).
const (
	AskPage  Question = iota // everything: what is watched, values, the action
	AskWatch                 // WATCH or SKIP of each card
	AskValue                 // values of the cards that Did says were watched
	AskAct                   // the action after the page, given what Did says of its cards
	AskNext                  // the state after the page, given which cards Did says were watched
)

// View is one page before one user, with all that an agent may know.
type View struct {
	Question Question
	Did      *trace.Decision // what was decided already, of AskValue, AskAct and AskNext
	User     int32
	Exposure int    // which session of the user, from 0
	Seed     uint64 // of the session
	Repeat   int
	Persona  string   // lines of text; empty: none
	Memory   []string // what the user recalls in sight of the page, one sentence each
	Lessons  []string // what was learned of the user's decisions, one sentence each
	Profile  Profile
	State    page.State
	// Recall finds more in the user's memory for questions that the agent asks
	// itself; nil where the arm has no memory.
	Recall func(ctx context.Context, questions []string) ([]string, trace.Usage, error)
}

// Profile is the user's training part in numbers.
type Profile struct {
	Items int     // training interactions
	Rated int     // of them, with a value
	Met   int     // cards that earlier training sessions showed; 0: none, or the data has no sessions
	Took  int     // of them, watched
	Mean  float64 // of their values, everybody else's where the user has none; NaN: no values
	All   float64 // mean value of everybody else; NaN: no values
}

// Closing is a session that is over, for the interview.
type Closing struct {
	View    View // of the last page
	Session *trace.Session
}

// Agent decides for many users at once. Its methods may be called from many
// goroutines. Answers are in the order of the questions and do not depend on which
// were asked together.
type Agent interface {
	// Decide answers one page for each view. An error ends the cell; what a backend
	// answers badly is no error.
	Decide(ctx context.Context, views []View) ([]trace.Decision, error)
	// Interview asks at the end of each session; nil where the arm has nothing to say.
	Interview(ctx context.Context, closed []Closing) ([]*trace.Interview, error)
}

// Asker is a backend as a cell may ask it.
type Asker interface {
	Ask(ctx context.Context, r llm.Request) (llm.Answer, error)
}

// Persona modes (METHOD 3).
const (
	PersonaNone       = "none"
	PersonaAttributes = "attributes" // the data set's own
	PersonaMatched    = "matched"    // proposed by the backend and chosen by fit
)

// Memory modes.
const (
	MemoryNone     = "none"
	MemoryPage     = "page" // of aligned arms: what cards say of the person's own past
	MemoryEpisodic = "episodic"
	MemoryGraph    = "graph"
	MemoryBoth     = "both"
)

// Placebos: whose life the agent is given.
const (
	PlaceboNone    = "none"
	PlaceboUser    = "user"    // persona, history and memory of another user
	PlaceboPersona = "persona" // the persona of another user alone
)

// Ways of asking for a page.
const (
	ModeFused  = "fused"  // one structured answer
	ModeStaged = "staged" // a question for each step, each going on from the answers before
	ModeSteps  = "steps"  // watching, values and the action, a question each by itself: the questions that alignment teaches
)

// Ways of learning from people.
const (
	LearnTune    = "tune"    // the backend is tuned on their decisions
	LearnLessons = "lessons" // what was learned is told in the prompt
)

// Losses of the counterfactual part (METHOD 4).
const (
	ObjectiveCross = "cross-entropy"
	ObjectivePairs = "pairs"
)

// Kind is a kind of arm that a suite can ask for.
type Kind struct {
	Name    string
	Doc     string // one sentence
	Options []sdk.OptionSpec
	Asks    bool     // it needs a backend
	Learns  []string // features of the model that is fitted for it; nil: none
	Aligns  bool     // its backend is taught with people's decisions
	// Responsive arms are to tell a good recommender from random (METHOD 8); a table in
	// which they do not is invalid.
	Responsive bool
}

// Kinds lists the arms (METHOD 4).
func Kinds() []Kind {
	placebo := sdk.OptionSpec{
		Name: "placebo", Type: sdk.OptionEnum, Default: PlaceboNone, Choices: []string{PlaceboNone, PlaceboUser, PlaceboPersona},
		Doc: "control: whose life the agent is given; outcomes stay the true user's",
	}
	asks := func(persona, memory, mode string) []sdk.OptionSpec {
		return []sdk.OptionSpec{
			{Name: "persona", Type: sdk.OptionEnum, Default: persona, Choices: []string{PersonaNone, PersonaAttributes, PersonaMatched}, Doc: "what the prompt says of the person"},
			{Name: "memory", Type: sdk.OptionEnum, Default: memory, Choices: []string{MemoryNone, MemoryEpisodic, MemoryGraph, MemoryBoth}, Doc: "what the person recalls in sight of a page"},
			{Name: "mode", Type: sdk.OptionEnum, Default: mode, Choices: []string{ModeFused, ModeStaged}, Doc: "one structured answer for a page, or a question for each step"},
			{Name: "self-check", Type: sdk.OptionBool, Default: false, Doc: "two to four questions of its own before it acts; staged only"},
			{Name: "temperature", Type: sdk.OptionFloat, Default: 1.0, Min: sdk.Bound(0), Max: sdk.Bound(2), Doc: "of the answers"},
			{Name: "interview", Type: sdk.OptionBool, Default: true, Doc: "asks for satisfaction from 1 to 10 at the end of a session"},
			placebo,
		}
	}
	aligned := func(memory string, check bool) []sdk.OptionSpec {
		return []sdk.OptionSpec{
			{Name: "persona", Type: sdk.OptionEnum, Default: PersonaAttributes, Choices: []string{PersonaNone, PersonaAttributes}, Doc: "what the prompt says of the person; habits are read off the whole past, and would tell of what is to be learned"},
			{Name: "memory", Type: sdk.OptionEnum, Default: memory, Choices: []string{MemoryNone, MemoryPage, MemoryGraph}, Doc: "what cards say of the person's past: nothing, what was had that is alike, or the same chosen by graph memory"},
			{Name: "mode", Type: sdk.OptionEnum, Default: ModeSteps, Choices: []string{ModeSteps}, Doc: "the questions of a page are those that were taught"},
			{Name: "self-check", Type: sdk.OptionBool, Default: check, Doc: "two to four questions of its own before it acts"},
			{Name: "temperature", Type: sdk.OptionFloat, Default: 1.0, Min: sdk.Bound(0), Max: sdk.Bound(2), Doc: "of the answers"},
			{Name: "interview", Type: sdk.OptionBool, Default: false, Doc: "asks for satisfaction from 1 to 10 at the end of a session, which nobody has taught it"},
			{Name: "learning", Type: sdk.OptionEnum, Default: LearnTune, Choices: []string{LearnTune, LearnLessons}, Doc: "the backend is tuned, or lessons go into the prompt"},
			{Name: "world-model", Type: sdk.OptionBool, Default: true, Doc: "teaches what follows a decision"},
			{Name: "counterfactuals", Type: sdk.OptionBool, Default: true, Doc: "teaches what people did not do, with lessons"},
			{Name: "objective", Type: sdk.OptionEnum, Default: ObjectiveCross, Choices: []string{ObjectiveCross, ObjectivePairs}, Doc: "loss of the counterfactuals: cross-entropy of reflection and decision, or of pairs against the model before"},
			{Name: "ratio", Type: sdk.OptionInt, Default: int64(1), Min: sdk.Bound(1), Max: sdk.Bound(99), Doc: "items never touched for every one that was, on pages that are reconstructed"},
			{Name: "examples", Type: sdk.OptionInt, Default: int64(0), Min: sdk.Bound(0), Doc: "pages to learn from, of users drawn by hash; 0: all"},
			placebo,
		}
	}
	return []Kind{
		{Name: "random", Doc: "watches by a coin, values by a die", Options: []sdk.OptionSpec{
			{Name: "p", Type: sdk.OptionFloat, Default: 0.5, Min: sdk.Bound(0), Max: sdk.Bound(1), Doc: "probability of watching a card"},
		}},
		{Name: "always-watch", Doc: "watches every card"},
		{Name: "always-skip", Doc: "watches nothing"},
		{Name: "popularity", Doc: "watches what many watched: a logistic model of the training count alone", Learns: []string{featureCount}, Options: []sdk.OptionSpec{placebo}},
		{Name: "item-similarity", Doc: "watches what is like the user's own items: a logistic model of the similarity alone", Learns: []string{featureAffinity}, Options: []sdk.OptionSpec{placebo}},
		{Name: "logistic", Doc: "a plain logistic model of everything on the page: the rival that is no language model", Learns: everything(), Responsive: true, Options: []sdk.OptionSpec{placebo}},
		{Name: "prompted", Doc: "a language model with persona and page, and no learning", Options: asks(PersonaAttributes, MemoryNone, ModeFused), Asks: true, Responsive: true},
		{Name: "simuser", Doc: "a language model with a matched persona, both memories and a question for each step", Options: asks(PersonaMatched, MemoryBoth, ModeStaged), Asks: true, Responsive: true},
		{Name: "aligned", Doc: "a language model taught with people's decisions: what follows them, and what was not done", Options: aligned(MemoryPage, false), Asks: true, Aligns: true, Responsive: true},
		{Name: "aligned-plus", Doc: "aligned, with graph memory and a look at its own choice before it acts", Options: aligned(MemoryGraph, true), Asks: true, Aligns: true, Responsive: true},
	}
}

// KindOf finds a kind by its name.
func KindOf(name string) (Kind, bool) {
	at := slices.IndexFunc(Kinds(), func(k Kind) bool { return k.Name == name })
	if at < 0 {
		return Kind{}, false
	}
	return Kinds()[at], true
}

// Text gives an option that only some kinds have; "" where this one has not.
func Text(o sdk.Options, name string) string {
	s, _ := o[name].(string)
	return s
}

// Config is what an agent is made of.
type Config struct {
	Kind    string
	Options sdk.Options // canonical
	Backend Asker       // of kinds that ask
	Model   *Model      // of kinds that learn
	Leaving Leaving     // of kinds without a way of leaving of their own
	Fields  []string    // of cards, that prompts show
	// Shift is added to the log odds of watching, where a backend states them: from the
	// rate on the pages that it learned from to the declared one.
	Shift float64
}

// New makes an agent.
func New(c Config) (Agent, error) {
	k, ok := KindOf(c.Kind)
	switch {
	case !ok:
		return nil, fmt.Errorf("agent: unknown kind %q", c.Kind)
	case k.Asks && c.Backend == nil:
		return nil, fmt.Errorf("agent %s: no backend to ask", c.Kind)
	case k.Learns != nil && c.Model == nil:
		return nil, fmt.Errorf("agent %s: no model", c.Kind)
	case k.Asks:
		return newAsking(c)
	case k.Learns != nil:
		return fitted{c.Model}, nil
	}
	return rule{c}, nil
}
