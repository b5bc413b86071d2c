package plugintest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

func llmCases() []Case {
	c := func(id, doc string, run func(context.Context, *bench, sdk.LLM) error) Case {
		return Case{ID: "llm/" + id, Doc: doc, kind: sdk.KindLLM, run: func(ctx context.Context, b *bench) error {
			l, err := b.backend(ctx)
			if err != nil {
				return err
			}
			return run(ctx, b, l)
		}}
	}
	return []Case{
		c("ids", "every request is answered exactly once, in whatever order", llmIDs),
		c("schema", "an answer to a request with a schema is valid by it, or is an honest failure", llmSchema),
		c("text", "a request without a schema is answered in words, or is an honest failure", llmText),
		c("usage", "answers count their requests and tokens, and no number is negative", llmUsage),
		c("choices", "probabilities of open choices are over the schema's values and add up to one", llmChoices),
		c("logprobs", "log-probabilities, where asked for and given, are not above 0", llmLogprobs),
		c("seed", "the same request with the same seed has the same answer", llmSeed),
		c("batch", "a batch is answered like its requests one by one", llmBatch),
		c("empty", "an empty call and an empty message do no harm", llmEmpty),
		c("bad-schema", "a schema that is not JSON is refused or fails, and the process lives", llmBadSchema),
	}
}

// backend gives the language model that read-only cases share.
func (b *bench) backend(ctx context.Context) (sdk.LLM, error) {
	if b.remote() && !b.kit.cfg.Network {
		return nil, skipf("needs --network: the backend calls a server (%s), which may cost money", b.spec.Needs.Network)
	}
	p, err := b.shared(ctx, func(context.Context, *Process) error { return nil })
	if err != nil {
		return nil, err
	}
	return p.LLM(b.spec), nil
}

func llmIDs(ctx context.Context, _ *bench, l sdk.LLM) error {
	_, err := answers(ctx, l, questions(12))
	return err
}

// honest checks a failure: it says what is wrong and answers nothing.
func honest(r sdk.GenerateResult) error {
	if r.Failure.Message == "" && r.Failure.Status == 0 {
		return errors.New("a failure without status and message")
	}
	if r.Text != "" || len(r.JSON) > 0 {
		return errors.New("a failure with an answer")
	}
	return nil
}

func llmSchema(ctx context.Context, _ *bench, l sdk.LLM) error {
	all, err := answers(ctx, l, questions(6))
	if err != nil {
		return err
	}
	for id, r := range all {
		switch {
		case r.Failure != nil:
			err = honest(r)
		case r.Finish != sdk.FinishStop && len(r.JSON) == 0: // cut off or refused, and said so
		default:
			err = byCardSchema(r.JSON)
		}
		if err != nil {
			return fmt.Errorf("answer %s: %w: %s", id, err, r.JSON)
		}
	}
	return nil
}

func llmText(ctx context.Context, _ *bench, l sdk.LLM) error {
	all, err := answers(ctx, l, []sdk.ChatRequest{question("words", "Say in one sentence what you would like to see.", nil)})
	if err != nil {
		return err
	}
	r := all["words"]
	switch {
	case r.Failure != nil:
		return honest(r)
	case strings.TrimSpace(r.Text) == "" && r.Finish == sdk.FinishStop:
		return errors.New("an empty answer that claims to be whole")
	}
	return nil
}

func llmUsage(ctx context.Context, _ *bench, l sdk.LLM) error {
	all, err := answers(ctx, l, questions(3))
	if err != nil {
		return err
	}
	for id, r := range all {
		u := r.Usage
		if slices.Min([]int64{u.PromptTokens, u.CachedTokens, u.CompletionTokens, u.ReasoningTokens, u.Requests, u.CostMicros, int64(u.ProviderWait)}) < 0 {
			return fmt.Errorf("answer %s: negative usage %+v", id, u)
		}
		if r.Failure != nil {
			continue
		}
		if u.Requests < 1 || u.PromptTokens < 1 || u.CompletionTokens < 1 {
			return fmt.Errorf("answer %s: usage %+v: want requests, prompt tokens and completion tokens counted", id, u)
		}
		if u.CachedTokens > u.PromptTokens || u.ReasoningTokens > u.CompletionTokens {
			return fmt.Errorf("answer %s: usage %+v: a part is larger than its whole", id, u)
		}
		if u.CostMicros > 0 && u.Currency == "" {
			return fmt.Errorf("answer %s: a cost without a currency", id)
		}
		if r.Model == "" {
			return fmt.Errorf("answer %s: no name of the model", id)
		}
	}
	return nil
}

func llmChoices(ctx context.Context, _ *bench, l sdk.LLM) error {
	all, err := answers(ctx, l, questions(3))
	if err != nil {
		return err
	}
	seen := false
	for id, r := range all {
		for _, c := range r.Choices {
			seen = true
			sum := 0.0
			for i, p := range c.Probabilities {
				if !(p >= 0 && p <= 1) {
					return fmt.Errorf("answer %s: %s: probability %v of %q", id, c.Path, p, c.Values[i])
				}
				sum += float64(p)
			}
			if len(c.Values) == 0 || math.Abs(sum-1) > 1e-3 {
				return fmt.Errorf("answer %s: %s: probabilities of %d values add up to %v", id, c.Path, len(c.Values), sum)
			}
			if strings.HasSuffix(c.Path, ".decision") && slices.ContainsFunc(c.Values, func(v string) bool { return v != "WATCH" && v != "SKIP" }) {
				return fmt.Errorf("answer %s: %s: values %q are not those of the schema", id, c.Path, c.Values)
			}
		}
	}
	if !seen {
		return skipf("it gives no probabilities of choices")
	}
	return nil
}

func llmLogprobs(ctx context.Context, _ *bench, l sdk.LLM) error {
	q := question("tokens", "Say yes or no.", nil)
	q.Logprobs = 2
	all, err := answers(ctx, l, []sdk.ChatRequest{q})
	if err != nil {
		return err
	}
	r := all["tokens"]
	if len(r.Tokens) == 0 {
		return skipf("it gives no log-probabilities")
	}
	if n := int64(len(r.Tokens)); r.Usage.CompletionTokens != 0 && n > r.Usage.CompletionTokens {
		return fmt.Errorf("%d tokens with log-probabilities, usage counts %d", n, r.Usage.CompletionTokens)
	}
	for _, t := range r.Tokens {
		for _, x := range append([]sdk.TokenLogprob{t}, t.Alternatives...) {
			if !(x.Logprob <= 0) {
				return fmt.Errorf("token %q: log-probability %v", x.Token, x.Logprob)
			}
		}
	}
	return nil
}

// content is what must be equal between equal answers.
func content(r sdk.GenerateResult) string {
	if r.Failure != nil {
		return "failure: " + r.Failure.Message
	}
	return r.Text + "\n" + string(r.JSON) + fmt.Sprint(r.Finish, r.Choices)
}

// repeatable gives a skip where a backend does not promise to repeat itself.
func repeatable(b *bench) error {
	if b.spec.Determinism > sdk.DeterminismSameMachine {
		return skipf("it declares determinism %q", b.spec.Determinism)
	}
	return nil
}

func llmSeed(ctx context.Context, b *bench, l sdk.LLM) error {
	if err := repeatable(b); err != nil {
		return err
	}
	first, err1 := answers(ctx, l, questions(4))
	second, err2 := answers(ctx, l, questions(4))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	third, err := answers(ctx, p.LLM(b.spec), questions(4))
	if err != nil {
		return err
	}
	for id, r := range first {
		if content(r) != content(second[id]) {
			return fmt.Errorf("request %s: %q, then %q", id, content(r), content(second[id]))
		}
		if content(r) != content(third[id]) {
			return fmt.Errorf("request %s in another process: %q, before %q", id, content(third[id]), content(r))
		}
	}
	return nil
}

func llmBatch(ctx context.Context, b *bench, l sdk.LLM) error {
	if err := repeatable(b); err != nil {
		return err
	}
	batch, err := answers(ctx, l, questions(5))
	if err != nil {
		return err
	}
	for _, q := range questions(5) {
		single, err := answers(ctx, l, []sdk.ChatRequest{q})
		if err != nil {
			return err
		}
		if content(single[q.ID]) != content(batch[q.ID]) {
			return fmt.Errorf("request %s alone: %q, in a batch %q", q.ID, content(single[q.ID]), content(batch[q.ID]))
		}
	}
	return nil
}

func llmEmpty(ctx context.Context, b *bench, l sdk.LLM) error {
	if _, err := answers(ctx, l, nil); err != nil {
		return fmt.Errorf("no requests: %w", err)
	}
	// Whatever the answer is, the process must live to give the next one.
	_ = l.Generate(ctx, []sdk.ChatRequest{{ID: "silent"}}, func(sdk.GenerateResult) error { return nil })
	if dead := lives(ctx, b.ready); dead != nil {
		return fmt.Errorf("a request without messages: %w", dead)
	}
	return nil
}

func llmBadSchema(ctx context.Context, b *bench, l sdk.LLM) error {
	q := question("bad", cardPrompt, []byte(`{"type":`))
	all, err := answers(ctx, l, []sdk.ChatRequest{q})
	if dead := lives(ctx, b.ready); dead != nil {
		return dead
	}
	if err == nil && all["bad"].Failure == nil {
		return errors.New("it was answered as if it were a schema")
	}
	return nil
}
