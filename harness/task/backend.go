package task

import (
	"context"
	"iter"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/sdk"
)

// Backend is a language model as one cell may ask it: ceilings are kept and
// usage is counted for this cell. Its methods may be called from many goroutines.
type Backend struct {
	// Spec describes the component: which features it has.
	Spec sdk.ComponentSpec

	client *llm.Client
	cell   string
}

// NewBackend binds a client to a cell.
func NewBackend(spec sdk.ComponentSpec, client *llm.Client, cell string) *Backend {
	return &Backend{Spec: spec, client: client, cell: cell}
}

// Ask is [llm.Client.Ask] for this cell.
func (b *Backend) Ask(ctx context.Context, r llm.Request) (llm.Answer, error) {
	r.Cell = b.cell
	return b.client.Ask(ctx, r)
}

// Embed is [llm.Client.Embed] for this cell.
func (b *Backend) Embed(ctx context.Context, r llm.EmbedRequest) (sdk.Embeddings, error) {
	r.Cell = b.cell
	return b.client.Embed(ctx, r)
}

// Predictor is implemented by the bounds of tasks that ask backends, so that a
// run can be priced before it is paid for.
type Predictor interface {
	// Predict yields the requests of a cell, in any order, given the seed and the
	// repeat that the cell would be given.
	Predict(seed uint64, repeat int) iter.Seq[llm.Request]
}

// Bounder is implemented by the bounds of tasks that have agents decide, whose
// questions depend on what was answered before: they are bounded and not predicted.
type Bounder interface {
	// Most counts what the agent of a cell is asked at most.
	Most() agent.Asked
}

// Prompter is implemented by tasks that ask backends. The version of the prompts
// is part of the protocol: what was asked otherwise is not to be compared.
type Prompter interface {
	Prompts() int
}

// Counter is implemented by tasks whose unit of chance is not a user.
type Counter interface {
	// Unit names what intervals are drawn over, in the plural: "questions".
	Unit() string
}
