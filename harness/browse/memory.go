package browse

import (
	"context"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/trace"
)

// remember gives a view what the user recalls in sight of its page.
func (s *Simulator) remember(v *agent.View, l *life) {
	_ = l
	v.Recall = nil
	_ = context.Background
	_ = trace.Usage{}
}
