package plugintest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

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

func tuneCases() []Case {
	c := func(id, doc string, run func(context.Context, *bench, sdk.Tuner) error) Case {
		return Case{ID: "tune/" + id, Doc: doc, kind: sdk.KindLLM, feature: sdk.FeatureTune, run: func(ctx context.Context, b *bench) error {
			if b.remote() {
				return skipf("tuning a remote model costs money: the kit does not")
			}
			l, err := b.backend(ctx)
			if err != nil {
				return err
			}
			t, err := as[sdk.Tuner](l)
			if err != nil {
				return err
			}
			return run(ctx, b, t)
		}}
	}
	return []Case{
		c("job", "a job starts, tells of itself in order, and ends with a model and the files it wrote", tuneJob),
		c("watch", "watching from a later event on gives the rest, and the same result", tuneWatch),
		c("cancel", "a job can be cancelled, and the process lives", tuneCancel),
		c("unknown", "a job that it does not know is refused, and the process lives", tuneUnknown),
		c("bad-file", "a training file that is missing or not JSON lines is refused, and the process lives", tuneBadFile),
	}
}

// tuneRequest writes a small training file of chats.
func (b *bench) tuneRequest(lines int) (sdk.TuneRequest, error) {
	dir, err := b.folder("tune")
	if err != nil {
		return sdk.TuneRequest{}, err
	}
	var file strings.Builder
	for i := range lines {
		answer := fmt.Sprintf(`{"ITEM_1":{"decision":"WATCH","rating":%d},"ITEM_2":{"decision":"SKIP","rating":1},"reason":"number %d"}`, 3+i%3, i)
		turn := func(role, content string) map[string]string {
			return map[string]string{"role": role, "content": content}
		}
		line, err := json.Marshal(map[string]any{"messages": []any{turn("user", cardPrompt), turn("assistant", answer)}})
		if err != nil {
			return sdk.TuneRequest{}, err
		}
		file.Write(append(line, '\n'))
	}
	r := sdk.TuneRequest{TrainFile: filepath.Join(dir, "train.jsonl"), Format: "chat", Seed: seed, OutputDir: filepath.Join(dir, "out")}
	if err := os.Mkdir(r.OutputDir, 0o700); err != nil {
		return r, err
	}
	return r, os.WriteFile(r.TrainFile, []byte(file.String()), 0o600)
}

// watched follows a job to its end.
func watched(ctx context.Context, t sdk.Tuner, job string, from int64) ([]int64, sdk.TuneResult, error) {
	var seqs []int64
	res, err := t.WatchTune(ctx, job, from, func(seq int64, _ sdk.Event) { seqs = append(seqs, seq) })
	for i, seq := range seqs {
		if seq < from || i > 0 && seq <= seqs[i-1] {
			return seqs, res, fmt.Errorf("event numbers %v from %d on: want them to grow", seqs, from)
		}
	}
	return seqs, res, err
}

func (b *bench) tuned(ctx context.Context, t sdk.Tuner) (string, sdk.TuneRequest, []int64, sdk.TuneResult, error) {
	r, err := b.tuneRequest(24)
	if err != nil {
		return "", r, nil, sdk.TuneResult{}, err
	}
	job, err := t.StartTune(ctx, r)
	if err != nil {
		return "", r, nil, sdk.TuneResult{}, err
	}
	if job == "" {
		return "", r, nil, sdk.TuneResult{}, errors.New("the job has no name")
	}
	seqs, res, err := watched(ctx, t, job, 0)
	return job, r, seqs, res, err
}

func tuneJob(ctx context.Context, b *bench, t sdk.Tuner) error {
	_, r, _, res, err := b.tuned(ctx, t)
	if err != nil {
		return err
	}
	if res.Model == "" {
		return errors.New("no name of the model")
	}
	return listed(r.OutputDir, res.Artifacts)
}

func tuneWatch(ctx context.Context, b *bench, t sdk.Tuner) error {
	job, _, seqs, res, err := b.tuned(ctx, t)
	if err != nil {
		return err
	}
	from := int64(0)
	if len(seqs) > 0 {
		from = seqs[len(seqs)-1]
	}
	_, again, err := watched(ctx, t, job, from)
	if err != nil {
		return err
	}
	if again.Model != res.Model {
		return fmt.Errorf("model %q, watched again %q", res.Model, again.Model)
	}
	return nil
}

func tuneCancel(ctx context.Context, b *bench, t sdk.Tuner) error {
	r, err := b.tuneRequest(2000)
	if err != nil {
		return err
	}
	job, err := t.StartTune(ctx, r)
	if err != nil {
		return err
	}
	if err := t.CancelTune(ctx, job); err != nil {
		return err
	}
	// Whether it ended before or by the cancellation, watching must end.
	_, _, err = watched(ctx, t, job, 0)
	if dead := lives(ctx, b.ready); dead != nil {
		return dead
	}
	if ctx.Err() != nil {
		return fmt.Errorf("watching a cancelled job does not end: %w", err)
	}
	return nil
}

func tuneUnknown(ctx context.Context, b *bench, t sdk.Tuner) error {
	_, _, err := watched(ctx, t, "no-such-job-of-the-kit", 0)
	if err := refused(ctx, b.ready, "WatchTune of an unknown job", err); err != nil {
		return err
	}
	return refused(ctx, b.ready, "CancelTune of an unknown job", t.CancelTune(ctx, "no-such-job-of-the-kit"))
}

func tuneBadFile(ctx context.Context, b *bench, t sdk.Tuner) error {
	r, err := b.tuneRequest(1)
	if err != nil {
		return err
	}
	if err := os.WriteFile(r.TrainFile, []byte("this is not JSON\n"), 0o600); err != nil {
		return err
	}
	missing := r
	missing.TrainFile = filepath.Join(b.dir, "no-such-file.jsonl")
	for what, r := range map[string]sdk.TuneRequest{"a file that is not JSON lines": r, "a missing file": missing} {
		job, err := t.StartTune(ctx, r)
		if err == nil { // a backend may look at the file only once the job runs
			_, _, err = watched(ctx, t, job, 0)
		}
		if dead := lives(ctx, b.ready); dead != nil {
			return fmt.Errorf("%s: %w", what, dead)
		}
		if err == nil {
			return fmt.Errorf("%s was accepted", what)
		}
	}
	return nil
}
