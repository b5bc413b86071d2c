package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

const chatLine = `{"messages":[{"role":"user","content":"Decide."},{"role":"assistant","content":"WATCH"}]}`

func trainFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "train.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTune: a job from its files to its model, watched by another process than
// the one that started it, from the middle on.
func TestTune(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{Key: theKey})
	l, _ := backend(t, options(s, "poll-interval", "1ms"), theKey)
	file := trainFile(t, chatLine, "", chatLine)
	job, err := l.StartTune(t.Context(), sdk.TuneRequest{
		TrainFile: file, ValidFile: file, Format: "chat", BaseModel: "base", Seed: 9,
		Options: sdk.Options{"epochs": int64(2), "suffix": "mine"},
	})
	if err != nil || job != "ftjob-1" {
		t.Fatal(job, err)
	}
	requests := s.Requests()
	created := requests[len(requests)-1]
	var sent map[string]any
	if err := json.Unmarshal(created.Body, &sent); err != nil {
		t.Fatal(err)
	}
	if sent["model"] != "base" || sent["training_file"] != "file-1" || sent["validation_file"] != "file-2" || sent["suffix"] != "mine" || sent["seed"] != 9.0 ||
		!strings.Contains(string(created.Body), `"method":{"supervised":{"hyperparameters":{"n_epochs":2}},"type":"supervised"}`) {
		t.Errorf("sent %s", created.Body)
	}
	if have, want := string(s.Files()["file-1"]), chatLine+"\n"+chatLine+"\n"; have != want {
		t.Errorf("uploaded %q, want %q", have, want)
	}
	var seqs []int64
	var last sdk.Progress
	res, err := l.WatchTune(t.Context(), job, 0, func(seq int64, e sdk.Event) {
		seqs = append(seqs, seq)
		last, _ = e.(sdk.Progress)
	})
	// Created, validated, started, three steps, done.
	if err != nil || !slices.Equal(seqs, []int64{1, 2, 3, 4, 5, 6, 7}) || last.Stage != "succeeded" {
		t.Fatalf("%v %v %+v", err, seqs, last)
	}
	if res.Model != "ft:base:openaitest:mine:1" || res.Usage.PromptTokens != 1234 || res.Metrics["train-loss"] != 1.0/3 {
		t.Errorf("%+v", res)
	}
	other, _ := backend(t, options(s, "poll-interval", "1ms"), theKey)
	seqs = nil
	again, err := other.WatchTune(t.Context(), job, 5, func(seq int64, e sdk.Event) {
		seqs = append(seqs, seq)
		if p, ok := e.(sdk.Progress); ok && seq == 5 && (p.Step != 2 || p.Total != 3) {
			t.Errorf("event 5: %+v", p)
		}
	})
	if err != nil || !slices.Equal(seqs, []int64{5, 6, 7}) || again.Model != res.Model {
		t.Errorf("watched again: %v %v %+v", err, seqs, again)
	}
	if err := l.CancelTune(t.Context(), job); err != nil {
		t.Errorf("cancelling what has ended: %v", err)
	}
}

// TestTuneManyEvents: more events than fit a page keep their order.
func TestTuneManyEvents(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{Tuning: openaitest.Tuning{Steps: 250}})
	l, _ := backend(t, options(s, "poll-interval", "1ms"), "")
	job, err := l.StartTune(t.Context(), sdk.TuneRequest{TrainFile: trainFile(t, chatLine), Format: "chat"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second watch has to page through them all
		want := int64(0)
		_, err = l.WatchTune(t.Context(), job, 0, func(seq int64, e sdk.Event) {
			if want++; seq != want {
				t.Errorf("event %d after %d", seq, want-1)
			}
			if p, ok := e.(sdk.Progress); ok && p.Step > 0 && p.Step != seq-3 {
				t.Errorf("event %d is step %d", seq, p.Step)
			}
		})
		if err != nil || want != 254 {
			t.Errorf("%d events, %v", want, err)
		}
	}
}

// TestTunePairs: pairs are worded for preference tuning.
func TestTunePairs(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s), "")
	turn := func(role, text string) string { return `[{"role":"` + role + `","content":"` + text + `"}]` }
	line := `{"prompt":` + turn("user", "Decide.") + `,"chosen":` + turn("assistant", "WATCH") + `,"rejected":` + turn("assistant", "SKIP") + `}`
	if _, err := l.StartTune(t.Context(), sdk.TuneRequest{TrainFile: trainFile(t, line), Format: "pairs"}); err != nil {
		t.Fatal(err)
	}
	want := `{"input":{"messages":` + turn("user", "Decide.") + `},"non_preferred_output":` + turn("assistant", "SKIP") + `,"preferred_output":` + turn("assistant", "WATCH") + `}`
	if have := strings.TrimSpace(string(s.Files()["file-1"])); have != want {
		t.Errorf("uploaded %s\nwant %s", have, want)
	}
	requests := s.Requests()
	if body := string(requests[len(requests)-1].Body); !strings.Contains(body, `"method":{"dpo":{"hyperparameters":{"beta":0.1}},"type":"dpo"}`) {
		t.Errorf("sent %s", body)
	}
}

// TestTuneRefused: nothing is uploaded of a request that cannot work.
func TestTuneRefused(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s), "")
	for name, c := range map[string]struct {
		r    sdk.TuneRequest
		want string
	}{
		"missing file":  {sdk.TuneRequest{TrainFile: "/no/such/file", Format: "chat"}, "no such file"},
		"empty":         {sdk.TuneRequest{TrainFile: trainFile(t, ""), Format: "chat"}, "no examples"},
		"no JSON":       {sdk.TuneRequest{TrainFile: trainFile(t, chatLine, "oops"), Format: "chat"}, "train.jsonl:2: want a line of JSON"},
		"no messages":   {sdk.TuneRequest{TrainFile: trainFile(t, "{}"), Format: "chat"}, "train.jsonl:1: want messages"},
		"no pairs":      {sdk.TuneRequest{TrainFile: trainFile(t, chatLine), Format: "pairs"}, "want prompt, chosen and rejected"},
		"format":        {sdk.TuneRequest{TrainFile: trainFile(t, chatLine), Format: "csv"}, "want chat or pairs"},
		"option":        {sdk.TuneRequest{TrainFile: trainFile(t, chatLine), Format: "chat", Options: sdk.Options{"epoch": int64(1)}}, "did you mean epochs?"},
		"bad validator": {sdk.TuneRequest{TrainFile: trainFile(t, chatLine), ValidFile: "/no/such/file", Format: "chat"}, "no such file"},
	} {
		_, err := l.StartTune(t.Context(), c.r)
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// TestTuneEnds: the ways in which a job does not end well.
func TestTuneEnds(t *testing.T) {
	start := func(t *testing.T, o openaitest.Options) (*openaitest.Server, sdk.Tuner, string) {
		s := openaitest.Start(t, o)
		l, _ := backend(t, options(s, "poll-interval", "1ms"), "")
		job, err := l.StartTune(t.Context(), sdk.TuneRequest{TrainFile: trainFile(t, chatLine), Format: "chat"})
		if err != nil {
			t.Fatal(err)
		}
		return s, l, job
	}
	watch := func(l sdk.Tuner, job string) error {
		_, err := l.WatchTune(context.Background(), job, 0, func(int64, sdk.Event) {})
		return err
	}
	t.Run("failed", func(t *testing.T) {
		_, l, job := start(t, openaitest.Options{Tuning: openaitest.Tuning{Fail: "too few examples"}})
		if err := watch(l, job); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "tuning job ftjob-1 failed: too few examples [invalid_training_file]") {
			t.Error(err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		s, l, job := start(t, openaitest.Options{Tuning: openaitest.Tuning{Stuck: true}})
		var wg sync.WaitGroup
		var err error
		wg.Go(func() { err = watch(l, job) })
		await(t, "running", func() bool { return s.Jobs()[job] == "running" })
		if err := l.CancelTune(t.Context(), job); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "cancelled") {
			t.Error(err)
		}
	})
	t.Run("vanished", func(t *testing.T) {
		s, l, job := start(t, openaitest.Options{})
		s.ForgetJobs()
		for _, err := range []error{watch(l, job), l.CancelTune(t.Context(), job), watch(l, "../models"), watch(l, "")} {
			if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "job") {
				t.Error(err)
			}
		}
	})
	t.Run("trouble on the way", func(t *testing.T) {
		s, l, job := start(t, openaitest.Options{})
		s.Rule(openaitest.Rule{Path: "*", Match: func(r *openaitest.Request) bool { return r.Method == "GET" }, From: 2, Times: 3, Do: openaitest.Failing(500)})
		if err := watch(l, job); err != nil {
			t.Error(err)
		}
	})
	t.Run("trouble for good", func(t *testing.T) {
		s, l, job := start(t, openaitest.Options{})
		s.Rule(openaitest.Rule{Path: "*", Match: func(r *openaitest.Request) bool { return r.Method == "GET" }, Do: openaitest.Failing(503)})
		if err := watch(l, job); err == nil || !strings.Contains(err.Error(), "the job may still go on") {
			t.Error(err)
		}
	})
	t.Run("killed", func(t *testing.T) {
		s, l, job := start(t, openaitest.Options{Tuning: openaitest.Tuning{Stuck: true}})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(0, cancel)
		if _, err := l.WatchTune(ctx, job, 0, func(int64, sdk.Event) {}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if s.Jobs()[job] == "cancelled" {
			t.Error("whoever stops watching cancels the job")
		}
	})
	t.Run("not created", func(t *testing.T) {
		s := openaitest.Start(t, openaitest.Options{})
		s.Rule(openaitest.Rule{Path: "/fine_tuning/jobs", Do: openaitest.Failing(500)})
		l, _ := backend(t, options(s), "")
		_, err := l.StartTune(t.Context(), sdk.TuneRequest{TrainFile: trainFile(t, chatLine), Format: "chat"})
		if err == nil || !strings.Contains(err.Error(), "uploaded as file-1") || s.Count() != 0 || len(s.Requests()) != 2 {
			t.Errorf("%v, %d requests", err, len(s.Requests()))
		}
	})
}

// TestEmbed: vectors in the order of the texts, and what can go wrong.
func TestEmbed(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s, "embedding-model", "e", "embedding-dimensions", int64(8)), "")
	texts := []string{"a", "", "b"}
	e, err := l.Embed(t.Context(), texts)
	if err != nil || e.Dimensions != 8 || len(e.Vectors) != 24 || e.Usage.PromptTokens < 1 || e.Usage.Requests != 1 {
		t.Fatalf("%+v %v", e, err)
	}
	b, err := l.Embed(t.Context(), []string{"b"})
	if err != nil || !slices.Equal(b.Vectors, e.Vectors[16:]) || slices.Equal(e.Vectors[:8], e.Vectors[16:]) {
		t.Errorf("%v alone, %v among others, %v", b.Vectors, e.Vectors[16:], err)
	}
	if none, err := l.Embed(t.Context(), nil); err != nil || none.Dimensions != 0 {
		t.Errorf("no texts: %+v %v", none, err)
	}
	if _, err := l.Embed(t.Context(), make([]string, embedLimit+1)); !errors.Is(err, sdk.ErrTooLarge) {
		t.Errorf("too many texts: %v", err)
	}
	for name, c := range map[string]struct {
		do   openaitest.Behaviour
		kind error
		wait time.Duration
	}{
		"limited":   {openaitest.Limited("Retry-After", "3"), nil, 3 * time.Second},
		"failing":   {openaitest.Failing(500), nil, time.Second},
		"dropped":   {openaitest.Dropped(), nil, time.Second},
		"denied":    {openaitest.Behaviour{Status: 401}, sdk.ErrDenied, 0},
		"unknown":   {openaitest.Behaviour{Status: 404}, sdk.ErrInvalid, 0},
		"too large": {openaitest.Behaviour{Status: 413}, sdk.ErrTooLarge, 0},
		"shuffled":  {openaitest.Behaviour{Body: `{"data":[{"index":1,"embedding":[1]}]}`}, nil, 0},
		"ragged":    {openaitest.Behaviour{Body: `{"data":[{"index":0,"embedding":[]}]}`}, nil, 0},
		"fewer":     {openaitest.Behaviour{Body: `{"data":[]}`}, nil, 0},
	} {
		s.Reset()
		s.Rule(openaitest.Rule{Path: "/embeddings", Do: c.do})
		_, err := l.Embed(t.Context(), []string{"a"})
		var e *sdk.Error
		if !errors.As(err, &e) || c.kind != nil && !errors.Is(err, c.kind) || e.RetryAfter != c.wait || len(s.Requests()) != 1 {
			t.Errorf("%s: %v (%+v), want %v after %s", name, err, e, c.kind, c.wait)
		}
	}
}
