package memory

import (
	"context"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/sdk"
)

// Embedder is a backend that turns texts into vectors.
type Embedder interface {
	Embed(ctx context.Context, r llm.EmbedRequest) (sdk.Embeddings, error)
}
