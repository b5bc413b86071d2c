package host

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// LLM gives the component as a language-model backend. The value also
// implements sdk.TextScorer, sdk.Embedder and sdk.Tuner, whose methods answer
// sdk.ErrUnsupported where the component lacks the feature. Nothing is retried
// here: a restart between calls is all that this layer does.
func (p *Process) LLM() sdk.LLM { return &llm{p} }

type llm struct{ p *Process }

var (
	_ sdk.LLM        = (*llm)(nil)
	_ sdk.TextScorer = (*llm)(nil)
	_ sdk.Embedder   = (*llm)(nil)
	_ sdk.Tuner      = (*llm)(nil)
)

func (l *llm) Spec() sdk.ComponentSpec { return l.p.Spec() }

func (l *llm) Configure(context.Context, sdk.Config) error { return l.p.configuredOnce() }

func (l *llm) limit(requests int) time.Duration {
	return l.p.host.cfg.Timing.Generate * time.Duration(max(1, requests))
}

// Generate checks that every request is answered once and that probabilities
// are such. Texts of failures come without secrets.
func (l *llm) Generate(ctx context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	return l.p.call(ctx, ask{rpc: "generate", limit: l.limit(len(rs))}, func(ctx context.Context, c *launch.Client) error {
		open := make(map[string]bool, len(rs))
		for _, r := range rs {
			open[r.ID] = true
		}
		err := c.LLM(l.p.Spec()).Generate(ctx, rs, func(g sdk.GenerateResult) error {
			if !open[g.ID] {
				return l.p.fault("generate", fmt.Errorf("request %q: not asked, or answered twice", g.ID))
			}
			delete(open, g.ID)
			if err := l.p.fault("generate", checkGenerated(g)); err != nil {
				return err
			}
			if g.Failure != nil {
				f := *g.Failure
				f.Message = l.p.redact(f.Message)
				g.Failure = &f
			}
			return yield(g)
		})
		if err == nil && len(open) > 0 {
			err = l.p.fault("generate", fmt.Errorf("%d of %d requests without an answer", len(open), len(rs)))
		}
		return err
	})
}

func checkGenerated(g sdk.GenerateResult) error {
	if g.Failure != nil {
		return nil
	}
	if len(g.JSON) > 0 && !json.Valid(g.JSON) {
		return fmt.Errorf("request %q: json does not parse", g.ID)
	}
	for i, t := range g.Tokens {
		if v := float64(t.Logprob); math.IsNaN(v) || v > 1e-3 {
			return fmt.Errorf("request %q: token %d has log-probability %v", g.ID, i, v)
		}
	}
	for _, c := range g.Choices {
		if len(c.Values) != len(c.Probabilities) {
			return fmt.Errorf("request %q: %s: %d values, %d probabilities", g.ID, c.Path, len(c.Values), len(c.Probabilities))
		}
		for _, v := range c.Probabilities {
			if !probability(v) {
				return fmt.Errorf("request %q: %s: probability %v", g.ID, c.Path, v)
			}
		}
	}
	return nil
}

func (l *llm) ScoreText(ctx context.Context, prompts []sdk.Continuations) (sdk.TextScores, error) {
	if err := l.p.needs(sdk.FeatureScore); err != nil {
		return sdk.TextScores{}, err
	}
	var res sdk.TextScores
	err := l.p.call(ctx, ask{rpc: "score", limit: l.limit(len(prompts))}, func(ctx context.Context, c *launch.Client) (err error) {
		if res, err = c.LLM(l.p.Spec()).ScoreText(ctx, prompts); err != nil {
			return err
		}
		return l.p.fault("score", checkTextScores(prompts, res))
	})
	return res, err
}

func checkTextScores(prompts []sdk.Continuations, s sdk.TextScores) error {
	want := 0
	for _, p := range prompts {
		want += len(p.Continuations)
	}
	if len(s.Logprobs) != want || len(s.TokenCounts) != want {
		return fmt.Errorf("%d log-probabilities and %d token counts for %d continuations", len(s.Logprobs), len(s.TokenCounts), want)
	}
	tokens := 0
	for i, n := range s.TokenCounts {
		if n < 0 || !finite(s.Logprobs[i]) {
			return fmt.Errorf("continuation %d: %d tokens, log-probability %v", i, n, s.Logprobs[i])
		}
		tokens += int(n)
	}
	if len(s.TokenLogprobs) != 0 && len(s.TokenLogprobs) != tokens {
		return fmt.Errorf("%d token log-probabilities for %d tokens", len(s.TokenLogprobs), tokens)
	}
	return nil
}

func (l *llm) Embed(ctx context.Context, texts []string) (sdk.Embeddings, error) {
	if err := l.p.needs(sdk.FeatureEmbed); err != nil {
		return sdk.Embeddings{}, err
	}
	var res sdk.Embeddings
	err := l.p.call(ctx, ask{rpc: "embed", limit: l.limit(1)}, func(ctx context.Context, c *launch.Client) (err error) {
		if res, err = c.LLM(l.p.Spec()).Embed(ctx, texts); err != nil {
			return err
		}
		return l.p.fault("embed", checkEmbeddings(texts, res))
	})
	return res, err
}

func checkEmbeddings(texts []string, e sdk.Embeddings) error {
	if e.Dimensions <= 0 || len(e.Vectors) != len(texts)*e.Dimensions {
		return fmt.Errorf("%d values of %d dimensions for %d texts", len(e.Vectors), e.Dimensions, len(texts))
	}
	for i, v := range e.Vectors {
		if !finite(v) {
			return fmt.Errorf("text %d: dimension %d is %v", i/e.Dimensions, i%e.Dimensions, v)
		}
	}
	return nil
}

func (l *llm) StartTune(ctx context.Context, r sdk.TuneRequest) (string, error) {
	if err := l.p.needs(sdk.FeatureTune); err != nil {
		return "", err
	}
	var job string
	err := l.p.call(ctx, ask{rpc: "start-tune", limit: l.limit(1)}, func(ctx context.Context, c *launch.Client) (err error) {
		job, err = c.LLM(l.p.Spec()).StartTune(ctx, r)
		return err
	})
	return job, err
}

func (l *llm) WatchTune(ctx context.Context, job string, from int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	if err := l.p.needs(sdk.FeatureTune); err != nil {
		return sdk.TuneResult{}, err
	}
	var res sdk.TuneResult
	err := l.p.call(ctx, ask{rpc: "watch-tune"}, func(ctx context.Context, c *launch.Client) (err error) {
		res, err = c.LLM(l.p.Spec()).WatchTune(ctx, job, from, emit)
		return err
	})
	return res, err
}

func (l *llm) CancelTune(ctx context.Context, job string) error {
	if err := l.p.needs(sdk.FeatureTune); err != nil {
		return err
	}
	return l.p.call(ctx, ask{rpc: "cancel-tune", limit: l.limit(1)}, func(ctx context.Context, c *launch.Client) error {
		return c.LLM(l.p.Spec()).CancelTune(ctx, job)
	})
}
