package plugintest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

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
