package main

import (
	"context"
	"fmt"
	"math"

	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// embedLimit is how many texts go into one request, which is one request to
// the provider. Their vectors fit a message of the contract up to 4,096 values
// each.
const embedLimit = 1000

// Embed implements sdk.Embedder, in one request.
func (c *chat) Embed(ctx context.Context, texts []string) (sdk.Embeddings, error) {
	switch {
	case c.set.embeddingModel == "":
		return sdk.Embeddings{}, sdk.Invalidf("embedding-model", "no model of embeddings is named")
	case len(texts) == 0:
		return sdk.Embeddings{}, nil
	case len(texts) > embedLimit:
		return sdk.Embeddings{}, &sdk.Error{Kind: sdk.ErrTooLarge, Msg: fmt.Sprintf("embed: %d texts, at most %d at a time", len(texts), embedLimit)}
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return sdk.Embeddings{}, ctx.Err()
	}
	input, bytes := make([]string, len(texts)), 0
	for i, t := range texts {
		if t == "" {
			t = " " // providers refuse the empty text
		}
		input[i] = t
		bytes += len(t)
	}
	limited, cancel := context.WithTimeout(ctx, c.set.timeout)
	defer cancel()
	x := &exchange{}
	resp, err := c.client.CreateEmbeddings(x.with(limited), openai.EmbeddingRequest{
		Input: input, Model: openai.EmbeddingModel(c.set.embeddingModel), Dimensions: c.set.embeddingDimensions,
		EncodingFormat: openai.EmbeddingEncodingFormatFloat,
	})
	if err == nil {
		var out sdk.Embeddings
		if out, err = vectors(resp.Data, len(texts)); err == nil {
			out.Usage, _ = usage(resp.Usage, x, bytes, 0)
			out.Usage.CompletionTokens, out.Usage.ReasoningTokens = 0, 0
			return out, nil
		}
	}
	if ctx.Err() != nil {
		return sdk.Embeddings{}, ctx.Err()
	}
	return sdk.Embeddings{}, c.fault("embed", x, err)
}

// vectors puts embeddings in the order of the texts: servers number them.
func vectors(data []openai.Embedding, n int) (sdk.Embeddings, error) {
	if len(data) != n {
		return sdk.Embeddings{}, fmt.Errorf("%d vectors for %d texts", len(data), n)
	}
	dimensions := len(data[0].Embedding)
	out := sdk.Embeddings{Dimensions: dimensions, Vectors: make([]float32, n*dimensions)}
	seen := make([]bool, n)
	for _, e := range data {
		switch {
		case e.Index < 0 || e.Index >= n || seen[e.Index]:
			return sdk.Embeddings{}, fmt.Errorf("vector %d is not of a text, or came twice", e.Index)
		case len(e.Embedding) != dimensions || dimensions == 0:
			return sdk.Embeddings{}, fmt.Errorf("vector %d has %d values, another %d", e.Index, len(e.Embedding), dimensions)
		}
		for _, v := range e.Embedding {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return sdk.Embeddings{}, fmt.Errorf("vector %d holds %v", e.Index, v)
			}
		}
		seen[e.Index] = true
		copy(out.Vectors[e.Index*dimensions:], e.Embedding)
	}
	return out, nil
}
