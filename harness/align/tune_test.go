package align

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/sdk"
)

// school is a backend whose jobs go as a test wants.
type school struct {
	provider bool // models are names, not files
	started  []sdk.TuneRequest
	read     []string // what the training files held
	watched  []string
	watch    func(job string) error // nil: every job succeeds
	hasty    func()                 // called while a job starts
}

func (s *school) StartTune(ctx context.Context, r sdk.TuneRequest) (string, error) {
	text, err := os.ReadFile(r.TrainFile)
	if err != nil {
		return "", err
	}
	if s.hasty != nil {
		s.hasty()
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	s.started, s.read = append(s.started, r), append(s.read, string(text))
	return fmt.Sprintf("job-%d", len(s.started)), nil
}

func (s *school) WatchTune(ctx context.Context, job string, _ int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	s.watched = append(s.watched, job)
	emit(0, sdk.Progress{Stage: "fit", Step: 1, Total: 2, Metrics: map[string]float64{"loss": 0.5}})
	if s.watch != nil {
		if err := s.watch(job); err != nil {
			return sdk.TuneResult{}, err
		}
	}
	if ctx.Err() != nil {
		return sdk.TuneResult{}, ctx.Err()
	}
	out := sdk.TuneResult{Model: "ft:" + job, Metrics: map[string]float64{"loss": 0.25}}
	if !s.provider {
		out.Model = filepath.Join(s.started[len(s.started)-1].OutputDir, "weights")
		out.Artifacts = []sdk.File{{Path: "weights"}}
		return out, os.WriteFile(out.Model, []byte("weights of "+job), 0o600)
	}
	return out, nil
}

func (*school) CancelTune(context.Context, string) error { return nil }

// shop is the workshop of a folder; said collects its words.
func shop(t *testing.T, dir string, s *school, r Recipe) (w *Workshop, said *[]string) {
	said = new([]string)
	return &Workshop{
		Dir: dir, Recipe: r, Data: "d", Digest: r.Digest("d"),
		Stage: func() *browse.Stage { return stage(t, library{sessions: true}) },
		Tuner: func(context.Context) (sdk.Tuner, func(), error) { return s, func() {}, nil },
		Say:   func(line string) { *said = append(*said, line) },
	}, said
}

// closed is a workshop in which nothing is to be built or tuned any more.
func closed(t *testing.T, w *Workshop) *Workshop {
	out := *w
	out.Stage = func() *browse.Stage { t.Error("it is built again"); return stage(t, library{sessions: true}) }
	out.Tuner = func(context.Context) (sdk.Tuner, func(), error) {
		t.Error("it is tuned again")
		return nil, nil, errors.New("no tuner")
	}
	return &out
}

func TestModelIsKept(t *testing.T) {
	s, r := &school{}, recipe()
	r.Objective = "pairs"
	w, said := shop(t, t.TempDir(), s, r)
	m, err := w.Model(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("weights of job-2"))
	want := &Model{
		Recipe: w.Digest, Name: filepath.Join("tune", "pairs", "weights"), File: true, SHA256: hex.EncodeToString(sum[:]),
		Objective: "cross-entropy of world model, reflection and decision, then pairs of decision and alternative with β = 0.1 against that model",
		Metrics:   map[string]float64{"chat.loss": 0.25, "pairs.loss": 0.25},
	}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
	// The first job learns from all that is taught by cross-entropy, the second from pairs,
	// and goes on from what the first has made.
	files, _ := made(t, stage(t, library{sessions: true}), r)
	if s.read[0] != files[PolicyFile]+files[WorldFile]+files[ReflectionFile] || s.read[1] != files[PairsFile] {
		t.Error("jobs are given other lines than were built")
	}
	if s.started[0].BaseModel != "" || s.started[1].BaseModel != filepath.Join(w.Dir, "tune", "chat", "weights") || s.started[1].Format != "pairs" {
		t.Errorf("%+v", s.started)
	}
	if !slices.Contains(*said, "tuning (chat): fit 1 of 2, loss 0.5000") {
		t.Errorf("said %q", *said)
	}
	again, err := closed(t, w).Model(t.Context())
	if err != nil || cmp.Diff(m, again) != "" {
		t.Errorf("%+v, %v", again, err)
	}
	if _, there := read(t, w.Dir)[PolicyFile]; there {
		t.Error("training files are left behind")
	}
	// A file that somebody touched is no model of this recipe.
	if err := os.WriteFile(m.Path(w.Dir), []byte("other weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadModel(w.Dir); err == nil || !strings.Contains(err.Error(), "its hash is not the one in model.json") {
		t.Errorf("touched: %v", err)
	}
}

// TestKilledBetweenBuildAndTune: what was built is not built again, and to the byte what
// the job is given.
func TestKilledBetweenBuildAndTune(t *testing.T) {
	s := &school{}
	w, _ := shop(t, t.TempDir(), s, recipe())
	if _, err := w.Build(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := closed(t, w)
	later.Tuner = w.Tuner
	if _, err := later.Model(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Killed while it builds: the manifest is not there yet, and parts are.
	half, _ := shop(t, t.TempDir(), &school{}, recipe())
	for _, name := range []string{PolicyFile, PolicyFile + ".part", WorldFile + ".part"} {
		if err := os.WriteFile(filepath.Join(half.Dir, name), []byte("half a li"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := half.Build(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole, _ := made(t, stage(t, library{sessions: true}), recipe())
	got := read(t, half.Dir)
	for _, name := range []string{WorldFile, PolicyFile, PairsFile, LessonsFile} {
		if got[name] != whole[name] {
			t.Errorf("%s is not what it would have been", name)
		}
	}
}

// TestJobsGoOn: a job that is under way is watched, not started again, whatever ended the
// command before; one that failed or vanished is started anew.
func TestJobsGoOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	away := errors.New("the server is away")
	for _, c := range []struct {
		name   string
		ctx    context.Context
		watch  func(string) error
		anew   bool
		errors []string
	}{
		{"interrupted", ctx, func(string) error { cancel(); return ctx.Err() }, false, []string{"context canceled"}},
		{"away", t.Context(), func(string) error { return away }, false, []string{"job job-1", "the server is away", "goes on watching"}},
		{"denied", t.Context(), func(string) error { return &sdk.Error{Kind: sdk.ErrDenied, Msg: "no key"} }, false, []string{"no key", "goes on watching"}},
		{"failed", t.Context(), func(job string) error { return sdk.Invalidf("", "%s failed: the file is bad", job) }, true, []string{"job-1 failed: the file is bad", "the next attempt starts a new one"}},
	} {
		s := &school{provider: true, watch: c.watch}
		w, _ := shop(t, t.TempDir(), s, recipe())
		_, err := w.Tune(t.Context(), c.ctx)
		for _, want := range c.errors {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", c.name, err, want)
			}
		}
		jobs, err := w.Jobs()
		if want := map[bool]int{false: 1, true: 0}[c.anew]; err != nil || len(jobs) != want {
			t.Errorf("%s: jobs %v, %v, want %d", c.name, jobs, err, want)
		}
		s.watch = nil
		later := closed(t, w)
		later.Tuner = w.Tuner
		m, err := later.Model(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		n := map[bool]int{false: 1, true: 2}[c.anew]
		if name := fmt.Sprintf("job-%d", n); len(s.started) != n || m.Name != "ft:"+name || m.File || !slices.Equal(m.Jobs, []string{name}) {
			t.Errorf("%s: %d jobs started, model %+v", c.name, len(s.started), m)
		}
	}
}

// TestStartIsNotBrokenOff: who is stopped while a job starts knows its name afterwards.
func TestStartIsNotBrokenOff(t *testing.T) {
	soft, stop := context.WithCancel(t.Context())
	s := &school{provider: true, hasty: stop}
	w, _ := shop(t, t.TempDir(), s, recipe())
	if _, err := w.Tune(t.Context(), soft); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if jobs, err := w.Jobs(); err != nil || jobs["chat"] != "job-1" {
		t.Errorf("%v, %v", jobs, err)
	}
	// Stopped between two jobs, it starts no other.
	r := recipe()
	r.Objective = "pairs"
	soft, stop = context.WithCancel(t.Context())
	defer stop()
	s = &school{provider: true}
	w, _ = shop(t, t.TempDir(), s, r)
	tuner := &lastWord{s, stop}
	w.Tuner = func(context.Context) (sdk.Tuner, func(), error) { return tuner, func() {}, nil }
	if _, err := w.Tune(t.Context(), soft); !errors.Is(err, context.Canceled) || len(s.started) != 1 {
		t.Errorf("%d jobs, %v", len(s.started), err)
	}
}

// lastWord is stopped when a job has just ended.
type lastWord struct {
	*school
	stop func()
}

func (l *lastWord) WatchTune(ctx context.Context, job string, from int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	defer l.stop()
	return l.school.WatchTune(ctx, job, from, emit)
}

// TestOtherDataForgetsJobs: jobs of a folder that learns from something else are not gone
// on with.
func TestOtherDataForgetsJobs(t *testing.T) {
	s := &school{provider: true, watch: func(string) error { return errors.New("away") }}
	w, _ := shop(t, t.TempDir(), s, recipe())
	if _, err := w.Model(t.Context()); err == nil {
		t.Fatal("no error")
	}
	s.watch = nil
	w.Digest = w.Recipe.Digest("other data")
	if _, err := w.Model(t.Context()); err != nil || len(s.started) != 2 {
		t.Errorf("%d jobs, %v", len(s.started), err)
	}
}

func TestExport(t *testing.T) {
	w, _ := shop(t, t.TempDir(), &school{}, recipe())
	dir := filepath.Join(t.TempDir(), "out")
	m, err := w.Export(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	whole, _ := made(t, stage(t, library{sessions: true}), recipe())
	got := read(t, dir)
	for _, f := range m.Files {
		if got[f.Name] != whole[f.Name] {
			t.Errorf("%s is not what was built", f.Name)
		}
	}
	if back, err := ReadManifest(dir); err != nil || cmp.Diff(m, back) != "" || len(got) != len(m.Files)+1 {
		t.Errorf("%+v, %v, %d files", back, err, len(got))
	}
	// A recipe with fewer files leaves none of the old ones.
	r := recipe()
	r.Counterfactuals = false
	fewer, _ := shop(t, t.TempDir(), &school{}, r)
	if m, err = fewer.Export(t.Context(), dir); err != nil || len(m.Files) != 2 || len(read(t, dir)) != 3 {
		t.Errorf("%+v, %v", m, err)
	}
	for name, text := range map[string]string{"letter.txt": "dear", ManifestFile: `{"name":"a run's"}`, "x/y": ""} {
		other := t.TempDir()
		if err := os.MkdirAll(filepath.Join(other, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(other, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Export(t.Context(), other); err == nil || !strings.Contains(err.Error(), "it holds other things") {
			t.Errorf("%s: %v", name, err)
		}
		if back, err := os.ReadFile(filepath.Join(other, name)); err != nil || string(back) != text {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
}
