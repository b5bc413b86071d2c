package launch_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

func ask(id, text string) sdk.ChatRequest {
	temperature, seed := 0.5, uint64(1<<63)
	return sdk.ChatRequest{
		ID: id, Messages: []sdk.Message{{Role: sdk.RoleSystem, Content: "be brief"}, {Role: sdk.RoleUser, Content: text}},
		JSONSchema: []byte(`{}`), MaxTokens: 5, Temperature: &temperature, Seed: &seed, Stop: []string{"."}, Logprobs: 2,
	}
}

func TestGenerate(t *testing.T) {
	c, spec := configured(t, "llm", "echo", nil)
	l := c.LLM(spec)
	var got []sdk.GenerateResult
	keep := func(r sdk.GenerateResult) error {
		got = append(got, r)
		return nil
	}
	if err := l.Generate(t.Context(), []sdk.ChatRequest{ask("a", "Grüße"), ask("b", "fail")}, keep); err != nil {
		t.Fatal(err)
	}
	want := []sdk.GenerateResult{
		{
			ID: "b", Failure: &sdk.CallFailure{Status: 429, Message: "later", RetryAfter: 2 * time.Second, Charged: true},
			RateLimits: &sdk.RateLimits{RequestsLimit: 10, RequestsRemaining: -1, TokensReset: time.Minute},
		},
		{
			ID: "a", Text: "Grüße", JSON: []byte(`{}`), Finish: sdk.FinishStop, Model: "echo-1", Fingerprint: "9223372036854775808",
			Tokens:  []sdk.TokenLogprob{{Token: "t", Logprob: 0.5, Alternatives: []sdk.TokenLogprob{{Token: "u", Logprob: -2}}}},
			Choices: []sdk.ChoiceProbabilities{{Path: "a.b", Values: []string{"x", "y"}, Probabilities: []float32{0.25, 0.75}}},
			Usage:   sdk.Usage{PromptTokens: 3, Currency: "EUR", ProviderWait: time.Second},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := l.Generate(t.Context(), nil, nil); err != nil {
		t.Errorf("no requests: %v", err)
	}
	if err := l.Generate(t.Context(), []sdk.ChatRequest{ask("a", ""), ask("a", "")}, keep); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("repeated id: %v", err)
	}
	for text, want := range map[string]string{"skip": "1 of 1 results are missing", "twice": "came twice"} {
		if err := l.Generate(t.Context(), []sdk.ChatRequest{ask("a", text)}, keep); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	stop := errors.New("enough")
	if err := l.Generate(t.Context(), []sdk.ChatRequest{ask("a", "")}, func(sdk.GenerateResult) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error of yield: %v", err)
	}
}

func TestLLMFeatures(t *testing.T) {
	c, spec := configured(t, "llm", "echo", nil)
	l, ctx := c.LLM(spec), t.Context()
	scores, err := l.ScoreText(ctx, []sdk.Continuations{{Prompt: ask("", "").Messages, Continuations: []string{"ab", ""}}, {Continuations: []string{"c"}}})
	want := sdk.TextScores{Logprobs: []float32{-2, 0, -1}, TokenCounts: []int32{2, 0, 1}, TokenLogprobs: []float32{-1, -1, -1}}
	if diff := cmp.Diff(want, scores); err != nil || diff != "" {
		t.Error(err, diff)
	}
	vectors, err := l.Embed(ctx, []string{"abc", ""})
	if diff := cmp.Diff(sdk.Embeddings{Dimensions: 2, Vectors: []float32{3, 1, 0, 1}}, vectors); err != nil || diff != "" {
		t.Error(err, diff)
	}
	job, err := l.StartTune(ctx, sdk.TuneRequest{Options: sdk.Options{"epochs": int64(3)}})
	if err != nil || job != "job of 3" {
		t.Error(job, err)
	}
	var seqs []int64
	tuned, err := l.WatchTune(ctx, job, 2, func(seq int64, e sdk.Event) {
		if e.(sdk.Progress).Step == seq {
			seqs = append(seqs, seq)
		}
	})
	if err != nil || tuned.Model != job || tuned.Metrics["loss"] != 0.5 || len(tuned.Artifacts) != 1 {
		t.Error(tuned, err)
	}
	if diff := cmp.Diff([]int64{2, 3, 4}, seqs); diff != "" {
		t.Error(diff)
	}
	if err := l.CancelTune(ctx, "x"); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("got %v", err)
	}
}

func TestConfigureDenied(t *testing.T) {
	c := start(t, "llm")
	if err := c.Configure(t.Context(), sdk.Config{Component: "echo", Secrets: map[string]string{"KEY": "wrong"}}); !errors.Is(err, sdk.ErrDenied) {
		t.Errorf("got %v", err)
	}
}
