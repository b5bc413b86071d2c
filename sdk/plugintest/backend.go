package plugintest

import (
	"context"
	"fmt"
	"math"

	"github.com/alignuser/alignuser/sdk"
)

func backendCases() []Case {
	c := func(id, feature, doc string, run func(context.Context, *bench, sdk.LLM) error) Case {
		return Case{ID: "llm/" + id, Doc: doc, kind: sdk.KindLLM, feature: feature, run: func(ctx context.Context, b *bench) error {
			l, err := b.backend(ctx)
			if err != nil {
				return err
			}
			return run(ctx, b, l)
		}}
	}
	return []Case{
		c("score", sdk.FeatureScore, "log-probabilities of continuations are not above 0 and are the sums of their tokens'", scoreText),
		c("score-batch", sdk.FeatureScore, "prompts scored together score as they do alone", scoreTextBatch),
		c("embed", sdk.FeatureEmbed, "embeddings are finite, of one length, not all equal, and the same in a batch and alone", embed),
	}
}

func prompts() []sdk.Continuations {
	ask := func(text string) []sdk.Message { return []sdk.Message{{Role: sdk.RoleUser, Content: text}} }
	return []sdk.Continuations{
		{Prompt: ask("Is a western a film?"), Continuations: []string{" yes", " no", " perhaps, perhaps not"}},
		{Prompt: ask("Name a colour."), Continuations: []string{" blue"}},
	}
}

func scoreText(ctx context.Context, _ *bench, l sdk.LLM) error {
	scorer, err := as[sdk.TextScorer](l)
	if err != nil {
		return err
	}
	s, err := scorer.ScoreText(ctx, prompts())
	if err != nil {
		return err
	}
	at := 0
	for i, n := range s.TokenCounts {
		sum := 0.0
		for _, v := range s.TokenLogprobs[at : at+int(n)] {
			if !(v <= 0) {
				return fmt.Errorf("continuation %d: a token's log-probability is %v", i, v)
			}
			sum += float64(v)
		}
		at += int(n)
		if n == 0 {
			return fmt.Errorf("continuation %d has no tokens", i)
		}
		if math.Abs(sum-float64(s.Logprobs[i])) > 1e-3*max(1, math.Abs(sum)) {
			return fmt.Errorf("continuation %d: log-probability %v, its tokens add up to %v", i, s.Logprobs[i], sum)
		}
	}
	return nil
}

func scoreTextBatch(ctx context.Context, b *bench, l sdk.LLM) error {
	if err := repeatable(b); err != nil {
		return err
	}
	scorer, err := as[sdk.TextScorer](l)
	if err != nil {
		return err
	}
	batch, err := scorer.ScoreText(ctx, prompts())
	if err != nil {
		return err
	}
	at := 0
	for i, p := range prompts() {
		single, err := scorer.ScoreText(ctx, []sdk.Continuations{p})
		if err != nil {
			return err
		}
		for j, v := range single.Logprobs {
			if !b.near(v, batch.Logprobs[at]) {
				return fmt.Errorf("prompt %d, continuation %d: %v alone, %v in a batch", i, j, v, batch.Logprobs[at])
			}
			at++
		}
	}
	return nil
}

func embed(ctx context.Context, b *bench, l sdk.LLM) error {
	embedder, err := as[sdk.Embedder](l)
	if err != nil {
		return err
	}
	texts := []string{"a slow western", "a loud musical", ""}
	e, err := embedder.Embed(ctx, texts)
	if err != nil {
		return err
	}
	if e.Dimensions < 1 || len(e.Vectors) != len(texts)*e.Dimensions {
		return fmt.Errorf("%d values of %d dimensions for %d texts", len(e.Vectors), e.Dimensions, len(texts))
	}
	distance := 0.0
	for i, v := range e.Vectors {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("text %d: value %v", i/e.Dimensions, x)
		}
		if i < e.Dimensions {
			distance += math.Abs(float64(v - e.Vectors[e.Dimensions+i]))
		}
	}
	if distance == 0 {
		return fmt.Errorf("%q and %q have the same embedding", texts[0], texts[1])
	}
	alone, err := embedder.Embed(ctx, texts[1:2])
	if err != nil || repeatable(b) != nil {
		return err
	}
	if alone.Dimensions != e.Dimensions {
		return fmt.Errorf("%d dimensions, before %d", alone.Dimensions, e.Dimensions)
	}
	for i, v := range alone.Vectors {
		if !b.near(v, e.Vectors[e.Dimensions+i]) {
			return fmt.Errorf("dimension %d: %v alone, %v in a batch", i, v, e.Vectors[e.Dimensions+i])
		}
	}
	return nil
}
