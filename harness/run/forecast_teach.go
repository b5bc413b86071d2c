package run

import (
	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/align"
)

// TeachingForecast is what teaching an aligned agent takes at most.
type TeachingForecast struct {
	Agent   string `json:"agent"`
	Backend string `json:"backend"`
	Done    bool   `json:"done"`  // by align build and align tune, or an earlier run
	Pages   int    `json:"pages"` // of people, to learn from
	// Calls are of a language model that reflects; 0: none does, or its answers are there.
	Calls            int64   `json:"calls"`
	PromptTokens     int64   `json:"prompt_tokens"`
	CompletionTokens int64   `json:"completion_tokens"`
	Cost             float64 `json:"cost"` // of the calls
	Currency         string  `json:"currency,omitempty"`
	// Examples are what jobs of tuning learn from, Tokens theirs, read once; 0: lessons go
	// into the prompt.
	Examples int64 `json:"examples"`
	Tokens   int64 `json:"tokens"`
	Provider bool  `json:"provider"` // is paid for the jobs, which align tune starts and no run
}

// teaching bounds what the suite's aligned agents are taught by.
func (p *Plan) teaching() (out []TeachingForecast, err error) {
	for _, g := range p.config.Suite.Agents {
		if k, _ := agent.KindOf(g.Kind); !k.Aligns {
			continue
		}
		w, err := p.Workshop(g)
		if err != nil {
			return nil, err
		}
		b, _ := p.backend(g.Backend)
		w.Ask = align.Reflecting{Name: g.Backend, Language: p.isLanguage(g.Backend)}
		most := w.Most()
		f := TeachingForecast{
			Agent: g.Name, Backend: g.Backend, Done: most.Tuned || most.Built && !tunes(g),
			Pages: most.Pages, Calls: most.Calls, PromptTokens: most.Prompt, CompletionTokens: most.Answers,
			Examples: most.Examples, Tokens: most.Tokens, Provider: tunes(g) && !b.local(),
		}
		if b.Price != nil {
			f.Cost, f.Currency = b.cost(f.PromptTokens, f.CompletionTokens), b.Price.Currency
		}
		out = append(out, f)
	}
	return out, nil
}
