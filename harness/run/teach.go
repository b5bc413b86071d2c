package run

import (
	"context"

	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
)

// Reflect has the backend of an aligned agent reflect when its workshop builds, where it
// is a language model. It starts when it is asked first, and end ends it. Answers that
// are kept lie in the workshop's folder: whoever is stopped does not pay for them again.
func (p *Plan) Reflect(w *align.Workshop, g spec.Agent) (end func() error) {
	d := p.newDesk(w.Dir)
	w.Ask = align.Reflecting{Asker: lazy{d, g}, Name: g.Backend, Language: p.isLanguage(g.Backend)}
	return d.close
}

// lazy opens a backend on the first question.
type lazy struct {
	desk  *desk
	agent spec.Agent
}

// Ask passes the question on.
func (l lazy) Ask(ctx context.Context, r llm.Request) (llm.Answer, error) {
	b, err := l.desk.backend(l.agent.Backend, record.CellKey{Task: "align", Agent: l.agent.Name})
	if err != nil {
		return llm.Answer{}, err
	}
	return b.Ask(ctx, r)
}
