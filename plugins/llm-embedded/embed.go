package main

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// dimensions of an embedding.
const dimensions = 256

// Embed hashes the words of each text into signed places, weighs them by how often
// they stand there, and brings the sum to length 1. A text has the same vector
// whatever is embedded with it, so rarity is guessed from the word alone: words of
// up to three letters, which are mostly articles and the like, count a third.
func (m *model) Embed(ctx context.Context, texts []string) (sdk.Embeddings, error) {
	out := sdk.Embeddings{Dimensions: dimensions, Vectors: make([]float32, 0, dimensions*len(texts))}
	for _, text := range texts {
		if err := ctx.Err(); err != nil {
			return sdk.Embeddings{}, err
		}
		out.Vectors = append(out.Vectors, embed(text)...)
		out.Usage.PromptTokens += tokens(text)
	}
	out.Usage.Requests = 1
	return out, nil
}

func embed(text string) []float32 {
	counts, order := map[string]float64{}, []string(nil)
	start := -1
	add := func(word string) {
		if counts[word] == 0 {
			order = append(order, word)
		}
		counts[word]++
	}
	for i := range len(text) + 1 {
		inside := i < len(text) && (letter(text[i]) || digit(text[i]))
		if inside && start < 0 {
			start = i
		}
		if !inside && start >= 0 {
			add(stem(text[start:i]))
			start = -1
		}
	}
	sum := make([]float64, dimensions)
	for _, word := range order {
		h := combine(hash(basis, word), 7)
		v := 1 + magnitude(counts[word]-1)
		if len(word) <= 3 {
			v /= 3
		}
		if h&1 == 1 {
			v = -v
		}
		sum[h>>56] += v
	}
	length := 0.0
	for _, v := range sum {
		length += float64(v * v)
	}
	out := make([]float32, dimensions)
	if length = math.Sqrt(length); length > 0 {
		for i, v := range sum {
			out[i] = float32(v / length)
		}
	}
	return out
}

// scoreHeat spreads the scores of continuations.
const scoreHeat = 4

// ScoreText gives the log-probability of each continuation among those of its
// prompt: a softmax over the share of its words, by rarity, that the prompt holds.
// It compares alternatives; it says nothing of one text by itself.
func (m *model) ScoreText(ctx context.Context, prompts []sdk.Continuations) (sdk.TextScores, error) {
	var out sdk.TextScores
	for _, c := range prompts {
		if err := ctx.Err(); err != nil {
			return sdk.TextScores{}, err
		}
		p := m.read(c.Prompt)
		scores := make([]float64, len(c.Continuations))
		for i, text := range c.Continuations {
			var words []uint64
			for _, l := range parseText(text) {
				words = append(words, l.words...)
			}
			scores[i] = scoreHeat * p.overlap(once(words), func(w uint64) bool { return p.df[w] > 0 })
			out.TokenCounts = append(out.TokenCounts, 1) // a continuation is one step
			out.Usage.PromptTokens += tokens(text)
		}
		for _, v := range softmax(scores) {
			out.Logprobs = append(out.Logprobs, float32(math.Min(0, ln(math.Max(v, 1e-300)))))
		}
		out.TokenLogprobs = out.Logprobs
		for _, message := range c.Prompt {
			out.Usage.PromptTokens += tokens(message.Content)
		}
	}
	out.Usage.Requests = 1
	return out, nil
}
