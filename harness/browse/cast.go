package browse

import (
	"context"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/memory"
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
	if c.Embeds {
		out.embed = c.Backend
	}
	config := agent.Config{Kind: c.Kind, Options: c.Options, Fields: set.Fields}
	k, _ := agent.KindOf(c.Kind) // agent.New says what is wrong
	switch {
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
