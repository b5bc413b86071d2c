package browse

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/memory"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/sdk"
)

// Backend is a language model as a cell may ask it.
type Backend interface {
	agent.Asker
	memory.Embedder
}

// Cast says who is to decide.
type Cast struct {
	Kind    string
	Options sdk.Options // canonical
	Backend Backend     // of kinds that ask
	Name    string      // of the backend
	Embeds  bool        // the backend turns texts into vectors
	// Language: the backend is a language model, so that it can write and judge
	// personas. The embedded one is none.
	Language bool
	// Lessons gives what an aligned agent is told of a user in sight of cards; nil: nothing.
	Lessons func(user int32, cards []page.Card) []string
}

// Simulator makes an arm ready to browse: it fits what has to be fitted.
func (s *Stage) Simulator(ctx context.Context, c Cast, set Settings) (*Simulator, error) {
	out := &Simulator{
		Stage: s, Settings: set, Persona: agent.Text(c.Options, "persona"), Memory: agent.Text(c.Options, "memory"), Placebo: agent.Text(c.Options, "placebo"),
		Exit: agent.ExitAnswered, backend: c.Name, staged: agent.Text(c.Options, "mode") == agent.ModeStaged,
	}
	if episodic(out.Memory) && !c.Embeds {
		return nil, sdk.Invalidf("memory", "%q needs a backend that embeds texts, and %s does not: set memory = %q", out.Memory, c.Name, agent.MemoryGraph)
	}
	if c.Backend != nil {
		out.language, out.asker = c.Language, c.Backend
	}
	k, _ := agent.KindOf(c.Kind) // agent.New says what is wrong
	if c.Embeds && !k.Aligns {   // what is taught knows nothing of how close texts are
		out.embed = c.Backend
	}
	config := agent.Config{Kind: c.Kind, Options: c.Options, Fields: set.Fields}
	switch {
	case k.Aligns:
		config.Backend, out.lessons, out.forgets = c.Backend, c.Lessons, out.Memory == agent.MemoryNone
		if s.sessions == nil { // reconstructed pages say nothing of leaving, nor of how often people watch
			config.Leaving, config.Shift = s.Leaving(set.Prior), set.shift(c.Options)
			out.Exit = config.Leaving.Source
		}
	case k.Asks:
		config.Backend = c.Backend
	case k.Learns != nil:
		m, err := s.Model(ctx, k, set.Prior, set.Ratio)
		if err != nil {
			return nil, err
		}
		config.Model, out.Exit = m, m.Leaves()
	default:
		config.Leaving = s.Leaving(set.Prior)
		out.Exit = config.Leaving.Source
	}
	var err error
	out.Agent, err = agent.New(config)
	return out, err
}

// shift is what brings the log odds of watching from the pages that an aligned arm has
// learned from to those that the settings speak of: pages of another ratio, or the
// declared rate.
func (s Settings) shift(o sdk.Options) float64 {
	if o.String("learning") != agent.LearnTune {
		return 0 // nothing was learned but sentences
	}
	odds := func(rate float64) float64 { return math.Log(rate / (1 - rate)) }
	rate := s.Prior.WatchRate
	if s.Ratio > 0 {
		rate = 1 / float64(1+s.Ratio)
	}
	if !(rate > 0 && rate < 1) {
		return 0
	}
	return odds(rate) - odds(1/float64(1+o.Int("ratio")))
}
