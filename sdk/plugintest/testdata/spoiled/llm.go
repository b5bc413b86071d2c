package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/alignuser/alignuser/sdk"
)

// llm watches everything and says so.
type llm struct {
	calls atomic.Int64
	mu    sync.Mutex
	jobs  []chan struct{} // closed when cancelled
}

func (l *llm) Spec() sdk.ComponentSpec {
	s := spec(sdk.KindLLM, sdk.FeatureScore, sdk.FeatureEmbed, sdk.FeatureTune)
	if flaw("logs-secret") || flaw("tells-secret") {
		s.Needs.Secrets = []string{"KEY"}
	}
	return s
}

func (l *llm) Validate(_ context.Context, o sdk.Options) []sdk.Diagnostic { return validate(o) }

func (l *llm) Configure(_ context.Context, c sdk.Config) error {
	switch {
	case flaw("logs-secret"):
		fmt.Fprintln(os.Stderr, "configured with", c.Secrets)
	case flaw("tells-secret"):
		return sdk.Invalidf("", "the key %s is wrong", c.Secrets["KEY"])
	}
	return nil
}

func (l *llm) Generate(_ context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	calls := l.calls.Add(1)
	if flaw("needs-requests") && len(rs) == 0 {
		return errors.New("no requests")
	}
	for i, r := range rs {
		if flaw("drops-one") && i == 3 {
			continue
		}
		out := sdk.GenerateResult{
			ID: r.ID, Text: "I watch everything.", Finish: sdk.FinishStop, Model: "spoiled",
			Usage: sdk.Usage{Requests: 1, PromptTokens: 10, CompletionTokens: 4},
		}
		if r.JSONSchema != nil {
			if !json.Valid(r.JSONSchema) && !flaw("any-schema") {
				if err := yield(sdk.GenerateResult{ID: r.ID, Failure: &sdk.CallFailure{Status: 400, Message: "no schema"}}); err != nil {
					return err
				}
				continue
			}
			rating := 4
			if flaw("off-schema") {
				rating = 6
			}
			out.Text = fmt.Sprintf(`{"ITEM_1":{"decision":"WATCH","rating":%d},"ITEM_2":{"decision":"WATCH","rating":4},"reason":"I do"}`, rating)
			out.JSON = []byte(out.Text)
			out.Choices = []sdk.ChoiceProbabilities{{Path: "ITEM_1.decision", Values: []string{"WATCH", "SKIP"}, Probabilities: []float32{0.75, 0.25}}}
		}
		if r.Logprobs > 0 {
			out.Tokens = []sdk.TokenLogprob{{Token: "I", Logprob: -1}}
		}
		l.spoil(&out, calls, len(rs))
		if err := yield(out); err != nil {
			return err
		}
	}
	return nil
}

func (l *llm) spoil(out *sdk.GenerateResult, calls int64, n int) {
	switch {
	case flaw("silent") && out.JSON == nil:
		out.Text = ""
	case flaw("free"):
		out.Usage = sdk.Usage{}
	case flaw("more-than-all") && out.Choices != nil:
		out.Choices[0].Probabilities[0] = 0.9
	case flaw("likely") && out.Tokens != nil:
		out.Tokens[0].Logprob = 1
	case flaw("by-call"):
		out.Text += fmt.Sprint(calls)
	case flaw("by-process"):
		out.Text += fmt.Sprint(os.Getpid())
	case flaw("by-batch"):
		out.Text += fmt.Sprint(n)
	case flaw("dishonest"):
		out.Failure = &sdk.CallFailure{Message: "failed, or not"}
	}
}

func (l *llm) ScoreText(_ context.Context, ps []sdk.Continuations) (sdk.TextScores, error) {
	var out sdk.TextScores
	for _, p := range ps {
		for _, c := range p.Continuations {
			words := strings.Fields(c)
			sum := float32(0)
			for _, w := range words {
				v := -float32(len(w))
				if flaw("score-batch") {
					v *= float32(len(ps))
				}
				out.TokenLogprobs = append(out.TokenLogprobs, v)
				sum += v
			}
			if flaw("sum") {
				sum--
			}
			out.Logprobs, out.TokenCounts = append(out.Logprobs, sum), append(out.TokenCounts, int32(len(words)))
		}
	}
	return out, nil
}

func (l *llm) Embed(_ context.Context, texts []string) (sdk.Embeddings, error) {
	out := sdk.Embeddings{Dimensions: 2}
	for i, t := range texts {
		x := float32(strings.Count(t, "l"))
		switch {
		case flaw("embed-alike"):
			x = 1
		case flaw("embed-place"):
			x += float32(i)
		}
		out.Vectors = append(out.Vectors, x, 1)
	}
	return out, nil
}

func (l *llm) StartTune(_ context.Context, r sdk.TuneRequest) (string, error) {
	text, err := os.ReadFile(r.TrainFile)
	if err == nil && !json.Valid(bytes.TrimSpace(bytes.SplitN(text, []byte("\n"), 2)[0])) {
		err = errors.New("not JSON lines")
	}
	if err != nil && !flaw("any-file") {
		return "", sdk.Invalidf("", "%v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jobs = append(l.jobs, make(chan struct{}))
	if !(flaw("endless") && bytes.Count(text, []byte("\n")) > 100) {
		close(l.jobs[len(l.jobs)-1])
	}
	return fmt.Sprint("job-", len(l.jobs)-1), nil
}

func (l *llm) job(name string) (chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var i int
	if _, err := fmt.Sscanf(name, "job-%d", &i); err != nil || i >= len(l.jobs) {
		if flaw("any-job") {
			done := make(chan struct{})
			close(done)
			return done, nil
		}
		return nil, sdk.Invalidf("", "no job %q", name)
	}
	return l.jobs[i], nil
}

func (l *llm) WatchTune(ctx context.Context, job string, from int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	done, err := l.job(job)
	if err != nil {
		return sdk.TuneResult{}, err
	}
	select {
	case <-done:
	case <-ctx.Done():
		return sdk.TuneResult{}, ctx.Err()
	}
	first := from
	if flaw("watch-from-start") {
		first = 0
	}
	for seq := first; seq < 3; seq++ {
		emit(seq, sdk.Checkpoint{File: sdk.File{Path: "x"}})
	}
	res := sdk.TuneResult{Model: "spoiled-tuned"}
	switch {
	case flaw("no-model"):
		res.Model = ""
	case flaw("no-such-file"):
		res.Artifacts = []sdk.File{{Path: "weights", Bytes: 3}}
	}
	return res, nil
}

func (l *llm) CancelTune(_ context.Context, job string) error {
	_, err := l.job(job)
	return err
}
