package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

// Files of a job in its output folder.
const (
	jobFile   = "job.json"
	modelFile = "embedded.model"
)

// job is a tuning job. What it is told stands in jobFile, so that a process that
// has never heard of it can do it again: equal requests give equal weights.
type job struct {
	request sdk.TuneRequest
	stop    context.CancelFunc
	done    chan struct{}

	mu     sync.Mutex
	events []sdk.Event
	more   chan struct{} // closed when there is another event
	result sdk.TuneResult
	err    error
}

var errCancelled = sdk.Invalidf("", "the job was cancelled: start it again")

// options of a job, with their defaults.
func settingsOf(r sdk.TuneRequest) (settings, error) {
	s := settings{epochs: 4, rate: 0.04, l2: 1e-3, beta: 0.1, seed: r.Seed}
	for name, v := range r.Options {
		f, ok := v.(float64)
		if n, whole := v.(int64); whole {
			f, ok = float64(n), true
		}
		switch {
		case name == "epochs" && ok && f >= 1 && f <= 1000 && f == float64(int(f)):
			s.epochs = int(f)
		case name == "rate" && ok && f > 0 && f <= 10:
			s.rate = f
		case name == "l2" && ok && f >= 0 && f <= 1:
			s.l2 = f
		case name == "beta" && ok && f > 0 && f <= 10:
			s.beta = f
		case name == "epochs" || name == "rate" || name == "l2" || name == "beta":
			return s, sdk.Invalidf(name, "%v: want epochs from 1 to 1000, rate above 0 to 10, l2 from 0 to 1, beta above 0 to 10", v)
		default:
			return s, sdk.Invalidf(name, "unknown option of tuning (known: epochs, rate, l2, beta)")
		}
	}
	return s, nil
}

// StartTune writes down what is to be done and begins.
func (m *model) StartTune(_ context.Context, r sdk.TuneRequest) (string, error) {
	if r.Format != "chat" && r.Format != "pairs" {
		return "", sdk.Invalidf("", "format %q: want chat or pairs", r.Format)
	}
	if _, err := settingsOf(r); err != nil {
		return "", err
	}
	if r.OutputDir == "" {
		return "", sdk.Invalidf("", "no output folder: a model must go somewhere")
	}
	for _, path := range []string{r.TrainFile, r.ValidFile} {
		if path == "" && path == r.ValidFile {
			continue
		}
		if _, err := os.Stat(path); err != nil {
			return "", sdk.Invalidf("", "training file: %v", err)
		}
	}
	dir, err := filepath.Abs(r.OutputDir)
	if err != nil {
		return "", err
	}
	r.OutputDir = dir
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, jobFile), append(text, '\n'), 0o600); err != nil {
		return "", err
	}
	name := jobName(dir, text)
	m.begin(name, r)
	return name, nil
}

// jobName is the folder and a hash of what is to be done there.
func jobName(dir string, text []byte) string {
	sum := sha256.Sum256(text)
	return dir + "#" + hex.EncodeToString(sum[:6])
}

// begin does a job in the background. It ends with the process at the latest.
func (m *model) begin(name string, r sdk.TuneRequest) *job {
	ctx, cancel := context.WithCancel(context.Background())
	j := &job{request: r, stop: cancel, done: make(chan struct{}), more: make(chan struct{})}
	m.mu.Lock()
	if old := m.jobs[name]; old != nil {
		old.stop()
	}
	m.jobs[name] = j
	m.mu.Unlock()
	go func() {
		defer cancel()
		result, err := m.tune(ctx, j)
		if errors.Is(err, context.Canceled) {
			err = errCancelled
		}
		j.mu.Lock()
		j.result, j.err = result, err
		j.mu.Unlock()
		close(j.done)
	}()
	return j
}

// find gives a job, beginning again one that an earlier process was told of.
func (m *model) find(name string) (*job, error) {
	m.mu.Lock()
	j := m.jobs[name]
	m.mu.Unlock()
	if j != nil {
		return j, nil
	}
	unknown := sdk.Invalidf("", "no job %q: start one", name)
	dir, _, ok := strings.Cut(name, "#")
	if !ok {
		return nil, unknown
	}
	text, err := os.ReadFile(filepath.Join(dir, jobFile))
	if err != nil {
		return nil, unknown
	}
	var r sdk.TuneRequest
	if err := json.Unmarshal(text, &r); err != nil || r.OutputDir != dir || jobName(dir, []byte(strings.TrimSuffix(string(text), "\n"))) != name {
		return nil, unknown
	}
	return m.begin(name, r), nil
}

func (j *job) say(e sdk.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
	close(j.more)
	j.more = make(chan struct{})
}

// WatchTune gives the events from a number on, and the result when there is one.
func (m *model) WatchTune(ctx context.Context, name string, from int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	j, err := m.find(name)
	if err != nil {
		return sdk.TuneResult{}, err
	}
	next := max(0, from)
	for {
		j.mu.Lock()
		var fresh []sdk.Event
		if next < int64(len(j.events)) {
			fresh = append(fresh, j.events[next:]...)
		}
		more := j.more
		j.mu.Unlock()
		for _, e := range fresh {
			emit(next, e)
			next++
		}
		if len(fresh) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return sdk.TuneResult{}, ctx.Err()
		case <-more:
			continue
		case <-j.done:
		}
		j.mu.Lock()
		left := next < int64(len(j.events))
		result, err := j.result, j.err
		j.mu.Unlock()
		if !left {
			return result, err
		}
	}
}

// CancelTune ends a job; one that has ended stays as it is.
func (m *model) CancelTune(ctx context.Context, name string) error {
	m.mu.Lock()
	j := m.jobs[name]
	m.mu.Unlock()
	if j == nil {
		return sdk.Invalidf("", "no job %q at work here", name)
	}
	select {
	case <-j.done:
		return nil
	default:
	}
	j.stop()
	if err := os.Remove(filepath.Join(j.request.OutputDir, jobFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// tune reads, fits, judges and writes the model.
func (m *model) tune(ctx context.Context, j *job) (sdk.TuneResult, error) {
	r := j.request
	s, err := settingsOf(r)
	if err != nil {
		return sdk.TuneResult{}, err
	}
	v := vocabulary{}
	err = readExamples(ctx, r.TrainFile, r.Format, func(_ int, e example) error {
		if r.Format == "pairs" {
			return errors.Join(v.learn(e.Chosen[0].Content), v.learn(e.Rejected[0].Content))
		}
		return v.learn(e.Messages[len(e.Messages)-1].Content)
	})
	if err != nil {
		return sdk.TuneResult{}, err
	}
	v.close()
	cs, examples, err := m.gather(ctx, v, r.TrainFile, r.Format, func(n int) {
		j.say(sdk.Progress{Stage: "describe", Step: int64(n)})
	})
	if err != nil {
		return sdk.TuneResult{}, err
	}
	if len(cs) == 0 {
		return sdk.TuneResult{}, sdk.Invalidf("", "%s: no answer leaves a choice: every field has one value, or more than %d", r.TrainFile, maxSeen)
	}
	t := &trainer{settings: s, w: untuned()}
	if r.BaseModel != "" {
		if t.w, err = loadModel(r.BaseModel); err != nil {
			return sdk.TuneResult{}, err
		}
	}
	err = t.fit(ctx, cs, func(epoch int, loss float64) {
		j.say(sdk.Progress{Stage: "fit", Step: int64(epoch), Total: int64(s.epochs), Metrics: map[string]float64{"loss": loss}})
	})
	if err != nil {
		return sdk.TuneResult{}, err
	}
	metrics := map[string]float64{"examples": float64(examples), "choices": float64(len(cs))}
	if r.ValidFile != "" {
		held, _, err := m.gather(ctx, v, r.ValidFile, r.Format, func(int) {})
		if err != nil {
			return sdk.TuneResult{}, err
		}
		t.apply(held)
		metrics["valid.log-loss"], metrics["valid.accuracy"] = t.judge(held)
		metrics["valid.choices"] = float64(len(held))
	}
	raw, err := t.w.encode(header{Examples: examples, Choices: len(cs), Seed: s.seed, Epochs: s.epochs, Rate: s.rate, L2: s.l2})
	if err != nil {
		return sdk.TuneResult{}, err
	}
	path := filepath.Join(r.OutputDir, modelFile)
	if err := os.WriteFile(path+".part", raw, 0o600); err != nil {
		return sdk.TuneResult{}, err
	}
	if err := os.Rename(path+".part", path); err != nil {
		return sdk.TuneResult{}, err
	}
	job, err := os.ReadFile(filepath.Join(r.OutputDir, jobFile))
	if err != nil {
		return sdk.TuneResult{}, err
	}
	return sdk.TuneResult{
		Model: path, Artifacts: []sdk.File{artifact(modelFile, raw), artifact(jobFile, job)},
		Metrics: metrics, Usage: sdk.Usage{Requests: 1},
	}, nil
}

func artifact(name string, content []byte) sdk.File {
	sum := sha256.Sum256(content)
	return sdk.File{Path: name, Bytes: int64(len(content)), SHA256: hex.EncodeToString(sum[:])}
}
