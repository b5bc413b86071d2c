package launch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// fitted gives a recommender that has learnt training.
func fitted(t testing.TB, kind, component string) *launch.Recommender {
	t.Helper()
	c, spec := configured(t, kind, component, nil)
	r := c.Recommender(spec)
	if _, err := r.Fit(t.Context(), sdk.FitRequest{Data: training(t)}, nil); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFit(t *testing.T) {
	c, spec := configured(t, "recommender", "popular", nil)
	r := c.Recommender(spec)
	var events []sdk.Event
	got, err := r.Fit(t.Context(), sdk.FitRequest{Data: training(t), Seed: 1, Budget: time.Minute}, func(e sdk.Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sdk.FitResult{Epochs: 1, Parameters: 4, Metrics: map[string]float64{"seed": 7}}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]sdk.Event{sdk.Progress{Stage: "count", Step: 1, Total: 1, Metrics: map[string]float64{"rows": 4}}}, events); diff != "" {
		t.Error(diff)
	}
	if _, err := r.Fit(t.Context(), sdk.FitRequest{Data: sdk.DataRef{Dir: "/nowhere"}}, nil); err == nil || errors.Is(err, sdk.ErrCrashed) {
		t.Errorf("missing data: %v", err)
	}
}

// TestRemoteIsLocal asks the same component in process and across the wire.
func TestRemoteIsLocal(t *testing.T) {
	remote, local := fitted(t, "recommender", "popular"), &popular{}
	if err := local.Configure(t.Context(), sdk.Config{Options: sdk.Options{"scale": 1.0}}); err != nil {
		t.Fatal(err)
	}
	if _, err := local.Fit(t.Context(), sdk.FitRequest{Data: training(t)}, func(sdk.Event) {}); err != nil {
		t.Fatal(err)
	}
	var history, exclude, candidates sdk.Ragged
	history.Append(2)
	history.Append()
	exclude.Append(2, 0)
	exclude.Append()
	candidates.Append(3, 1)
	candidates.Append()
	two := []int32{0, -1}
	for name, req := range map[string]sdk.RecommendRequest{
		"nobody":        {K: 3, Purpose: sdk.PurposeRanking},
		"k = 0":         {Users: two, Purpose: sdk.PurposePage},
		"plain":         {Users: two, K: 2, Purpose: sdk.PurposePage, Seed: 1<<63 + 5},
		"beyond":        {Users: two, K: 9, Purpose: sdk.PurposePage},
		"exclude":       {Users: two, K: 4, Purpose: sdk.PurposePage, Exclude: exclude},
		"candidates":    {Users: two, K: 4, Purpose: sdk.PurposePage, Candidates: &candidates},
		"no candidates": {Users: two, K: 4, Purpose: sdk.PurposePage, Candidates: &sdk.Ragged{}},
		"everything": {
			Users: two, K: 2, Purpose: sdk.PurposeRanking, Seed: 3, History: history, HistoryKinds: []uint8{sdk.HistoryLiked},
			Exclude: exclude, Candidates: &candidates, Pages: []int32{0, 4}, Sessions: []int64{1, 2}, Times: []int64{-1, 1 << 40},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, err := local.Recommend(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			got, err := remote.Recommend(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if got.ComputeNanos <= 0 {
				t.Error("no compute time")
			}
			got.ComputeNanos = 0
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-local +remote):\n%s", diff)
			}
		})
	}
}

func TestWrongRequests(t *testing.T) {
	r := fitted(t, "recommender", "full")
	page := sdk.RecommendRequest{Users: []int32{1}, K: 1, Purpose: sdk.PurposePage}
	for name, change := range map[string]func(*sdk.RecommendRequest){
		"negative k":      func(q *sdk.RecommendRequest) { q.K = -1 },
		"no purpose":      func(q *sdk.RecommendRequest) { q.Purpose = 0 },
		"unknown purpose": func(q *sdk.RecommendRequest) { q.Purpose = 9 },
		"bad user":        func(q *sdk.RecommendRequest) { q.Users = []int32{-2} },
		"ragged rows":     func(q *sdk.RecommendRequest) { q.Exclude = sdk.Ragged{Offsets: []uint32{0, 1, 1}, Items: []int32{1}} },
		"decreasing":      func(q *sdk.RecommendRequest) { q.Exclude = sdk.Ragged{Offsets: []uint32{1, 0}} },
		"negative item":   func(q *sdk.RecommendRequest) { q.Exclude.Append(-1) },
		"kinds missing":   func(q *sdk.RecommendRequest) { q.History.Append(1) },
		"pages":           func(q *sdk.RecommendRequest) { q.Pages = []int32{1, 2} },
	} {
		req := page
		change(&req)
		if _, err := r.Recommend(t.Context(), req); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, req := range map[string]sdk.RecommendRequest{
		"users":  {Users: make([]int32, 1025), K: 1, Purpose: sdk.PurposePage},
		"places": {Users: make([]int32, 1000), K: 1 << 30, Purpose: sdk.PurposePage},
	} {
		if _, err := r.Recommend(t.Context(), req); !errors.Is(err, sdk.ErrTooLarge) {
			t.Errorf("too many %s: %v", name, err)
		}
	}
	if _, err := r.Recommend(t.Context(), page); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestOptionalFeatures(t *testing.T) {
	r, ctx := fitted(t, "recommender", "full"), t.Context()
	candidates := &sdk.Ragged{}
	candidates.Append(1, 3)
	candidates.Append()
	got, err := r.Score(ctx, sdk.ScoreRequest{Users: []int32{2, 5}, Candidates: candidates})
	if diff := cmp.Diff([]float32{2001, 2003}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got, err := r.Score(ctx, sdk.ScoreRequest{}); err != nil || len(got) != 0 {
		t.Errorf("nobody: %v, %v", got, err)
	}
	update := sdk.UpdateRequest{
		Users: []int32{0, 1}, Items: []int32{0, 0}, Kinds: []uint8{1, 1}, Values: []float32{5, 5}, Times: []int64{1, 2}, Sessions: []int64{0, 0},
	}
	if got, err := r.Update(ctx, update); err != nil || got != (sdk.UpdateResult{Accepted: 2, ModelEpoch: 2}) {
		t.Errorf("update: %+v, %v", got, err)
	}
	reply, err := r.Recommend(ctx, sdk.RecommendRequest{Users: []int32{0}, K: 1, Purpose: sdk.PurposePage})
	if err != nil || reply.Items[0] != 0 {
		t.Errorf("after the update: %+v, %v", reply, err)
	}
	update.Values = nil
	if _, err := r.Update(ctx, update); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("ragged update: %v", err)
	}
	dir := t.TempDir()
	saved, err := r.Save(ctx, dir)
	if err != nil || len(saved.Files) != 1 || saved.Format != "text/1" {
		t.Errorf("save: %+v, %v", saved, err)
	}
	if err := r.Load(ctx, dir, training(t)); err != nil {
		t.Error(err)
	}
	if err := r.Load(ctx, t.TempDir(), training(t)); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("load of nothing: %v", err)
	}
}

func TestUndeclaredFeatures(t *testing.T) {
	c, spec := configured(t, "recommender", "popular", nil)
	check := func(name string, r *launch.Recommender) {
		_, score := r.Score(t.Context(), sdk.ScoreRequest{})
		_, update := r.Update(t.Context(), sdk.UpdateRequest{})
		_, save := r.Save(t.Context(), t.TempDir())
		load := r.Load(t.Context(), t.TempDir(), sdk.DataRef{})
		for _, err := range []error{score, update, save, load} {
			if !errors.Is(err, sdk.ErrUnsupported) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	check("refused by the client", c.Recommender(spec))
	spec.Features = []string{sdk.FeatureScore, sdk.FeatureUpdate, sdk.FeatureSave}
	check("refused by the plugin", c.Recommender(spec))
	llm := c.LLM(sdk.ComponentSpec{Name: "popular"})
	if err := llm.Generate(t.Context(), nil, nil); !errors.Is(err, sdk.ErrUnsupported) {
		t.Errorf("another kind: %v", err)
	}
}

// TestScoreStream needs many messages: 1,024 users x 4 items is one, so the
// catalogue is made large.
func TestScoreStream(t *testing.T) {
	c, spec := configured(t, "recommender", "full", nil)
	r := c.Recommender(spec)
	if err := r.Load(t.Context(), savedDir(t), catalogue(t, 3000)); err != nil {
		t.Fatal(err)
	}
	got, err := r.Score(t.Context(), sdk.ScoreRequest{Users: make([]int32, 1024)})
	if err != nil || len(got) != 1024*3000 {
		t.Fatalf("%d scores, %v", len(got), err)
	}
	for i, v := range got {
		if v != float32(i) {
			t.Fatalf("score %d is %v", i, v)
		}
	}
}

func TestErrorsCrossTheWire(t *testing.T) {
	c, spec := configured(t, "recommender", "full", nil)
	r := c.Recommender(spec)
	for name, want := range wireErrors() {
		_, got := r.Fit(t.Context(), sdk.FitRequest{ResumeDir: "error:" + name}, nil)
		for _, kind := range []error{sdk.ErrInvalid, sdk.ErrUnsupported, sdk.ErrTooLarge, sdk.ErrCrashed, sdk.ErrDenied} {
			if errors.Is(got, kind) != errors.Is(want, kind) {
				t.Errorf("%s: errors.Is(%v, %v) = %v", name, got, kind, errors.Is(got, kind))
			}
		}
		e, sent := (*sdk.Error)(nil), (*sdk.Error)(nil)
		if !errors.As(got, &e) {
			t.Errorf("%s: no *sdk.Error: %v", name, got)
			continue
		}
		if errors.As(want, &sent) && (e.Option != sent.Option || e.RetryAfter != sent.RetryAfter || e.Trace != sent.Trace) {
			t.Errorf("%s: got %+v, want %+v", name, e, sent)
		}
		if name != "wrapped" && got.Error() != want.Error() {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	_, err := r.Fit(t.Context(), sdk.FitRequest{ResumeDir: "error:wrapped"}, nil)
	if want := "batch: epoch 3: too odd"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestPanicIsAnError(t *testing.T) {
	c, spec := configured(t, "recommender", "full", nil)
	r := c.Recommender(spec)
	_, err := r.Fit(t.Context(), sdk.FitRequest{ResumeDir: "panic:"}, nil)
	e := (*sdk.Error)(nil)
	if !errors.As(err, &e) || e.Kind != nil || !strings.Contains(e.Msg, "panic: told to") || !strings.Contains(e.Trace, "plugin_test.go") {
		t.Errorf("got %+v", err)
	}
	if _, err := r.Fit(t.Context(), sdk.FitRequest{Data: training(t)}, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestCrash(t *testing.T) {
	c, spec := configured(t, "recommender", "full", nil)
	if _, err := c.Recommender(spec).Fit(t.Context(), sdk.FitRequest{ResumeDir: "exit:"}, nil); !errors.Is(err, sdk.ErrCrashed) {
		t.Errorf("got %v", err)
	}
	for !c.Exited() {
		time.Sleep(time.Millisecond)
	}
}

func TestCancelFit(t *testing.T) {
	c, spec := configured(t, "recommender", "full", nil)
	r, mark := c.Recommender(spec), filepath.Join(t.TempDir(), "mark")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := r.Fit(ctx, sdk.FitRequest{ResumeDir: "wait:" + mark}, func(e sdk.Event) {
		if w, ok := e.(sdk.Warning); ok && w.Summary == "waiting" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, sdk.ErrCrashed) {
		t.Errorf("got %v", err)
	}
	for { // the component saw it too, and its process lives
		if text, err := os.ReadFile(mark); err == nil && string(text) == context.Canceled.Error() {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if _, err := r.Fit(t.Context(), sdk.FitRequest{Data: training(t)}, nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err = r.Fit(ctx, sdk.FitRequest{ResumeDir: "wait:" + mark}, nil); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, sdk.ErrCrashed) {
		t.Errorf("deadline: %v", err)
	}
}

// TestStall stops the process in the middle of a Fit: no heartbeat comes.
func TestStall(t *testing.T) {
	c, err := launch.Start(t.Context(), launch.Config{Cmd: command("recommender"), StallTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Kill()
	if err := c.Configure(t.Context(), sdk.Config{Component: "full"}); err != nil {
		t.Fatal(err)
	}
	spec, _ := c.Description().Component("full")
	_, err = c.Recommender(spec).Fit(t.Context(), sdk.FitRequest{ResumeDir: "wait:" + filepath.Join(t.TempDir(), "m")}, nil)
	if !errors.Is(err, sdk.ErrCrashed) || !strings.Contains(err.Error(), "no event for 50ms") {
		t.Errorf("got %v", err)
	}
}

func TestEventsKeepTheLast(t *testing.T) {
	c, spec := configured(t, "recommender", "full", nil)
	var steps []int64
	checkpoints := 0
	_, err := c.Recommender(spec).Fit(t.Context(), sdk.FitRequest{ResumeDir: "many:"}, func(e sdk.Event) {
		switch e := e.(type) {
		case sdk.Progress:
			steps = append(steps, e.Step)
		case sdk.Checkpoint:
			checkpoints++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(steps) == 0 || len(steps) == 5000 || steps[len(steps)-1] != 5000 || checkpoints != 1 {
		t.Errorf("%d pieces of progress, the last %v, %d checkpoints", len(steps), steps[len(steps)-1], checkpoints)
	}
}

// TestPrintsDoNotBlock prints more than a pipe holds.
func TestPrintsDoNotBlock(t *testing.T) {
	var stderr lines
	c, err := launch.Start(t.Context(), launch.Config{Cmd: command("recommender"), Stderr: &stderr})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Kill()
	if err := c.Configure(t.Context(), sdk.Config{Component: "full"}); err != nil {
		t.Fatal(err)
	}
	spec, _ := c.Description().Component("full")
	if _, err := c.Recommender(spec).Fit(t.Context(), sdk.FitRequest{ResumeDir: "print:"}, nil); err != nil {
		t.Fatal(err)
	}
	c.Kill()
	if text := stderr.String(); strings.Count(text, "x") < 1<<20 || strings.Count(text, "y") < 1<<20 || !strings.Contains(text, "printed while constructing") {
		t.Errorf("%d bytes of standard error lack something", len(text))
	}
}

// lines is a bytes.Buffer for two goroutines.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestWrongAnswers(t *testing.T) {
	c, spec := configured(t, "liar", "liar", nil)
	r := c.Recommender(spec)
	_, recommend := r.Recommend(t.Context(), sdk.RecommendRequest{Users: []int32{1}, K: 3, Purpose: sdk.PurposePage})
	_, score := r.Score(t.Context(), sdk.ScoreRequest{Users: []int32{1, 2}})
	for _, err := range []error{recommend, score} {
		if e := (*sdk.Error)(nil); !errors.As(err, &e) || e.Kind != nil || !strings.Contains(e.Msg, "the component's answer") {
			t.Errorf("got %v", err)
		}
	}
}

func TestConcurrentCalls(t *testing.T) {
	r := fitted(t, "recommender", "popular")
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			reply, err := r.Recommend(t.Context(), sdk.RecommendRequest{Users: make([]int32, 1+i), K: 2, Purpose: sdk.PurposePage})
			if err != nil || len(reply.Counts) != 1+i || reply.Items[0] != 2 {
				t.Errorf("%d users: %+v, %v", 1+i, reply.Counts, err)
			}
		})
	}
	wg.Wait()
}
