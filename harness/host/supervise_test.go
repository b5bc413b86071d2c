//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// naps records back-offs instead of sleeping.
type naps struct {
	mu   sync.Mutex
	list []time.Duration
}

func (n *naps) sleep(_ context.Context, d time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, d)
	return nil
}

// events reads what processes left in a marker file.
func events(t testing.TB, marker string) string {
	t.Helper()
	text, err := os.ReadFile(marker)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

// TestRestart: a crash in Recommend costs one restart and a Load, or a second
// Fit where the model cannot be saved. The caller sees the answer only.
func TestRestart(t *testing.T) {
	for component, want := range map[string]string{
		"crash-once":       "fit crash fit",
		"crash-once-saver": "fit save crash load",
	} {
		t.Run(component, func(t *testing.T) {
			var n naps
			h := openHost(t, func(c *Config) { c.Timing.Sleep = n.sleep })
			marker := filepath.Join(t.TempDir(), "marker")
			p, r := fitted(t, h, component, sdk.Options{"marker": marker})
			goesOn(t, r)
			if got := events(t, marker); got != want {
				t.Fatalf("events: %s, want %s", got, want)
			}
			if u := p.Close(); u.Restarts != 1 {
				t.Fatalf("usage: %+v", u)
			}
			if diff := cmp.Diff([]time.Duration{200 * time.Millisecond}, n.list); diff != "" {
				t.Fatalf("back-offs: %s", diff)
			}
			if left, _ := filepath.Glob(filepath.Join(h.dir, "m*")); len(left) > 0 {
				t.Fatalf("models left: %q", left)
			}
		})
	}
}

// TestFailsForGood: each call tries twice, the third crash is the last.
func TestFailsForGood(t *testing.T) {
	var n naps
	h := openHost(t, func(c *Config) { c.Timing.Sleep = n.sleep })
	marker := filepath.Join(t.TempDir(), "marker")
	_, r := fitted(t, h, "kill", sdk.Options{"marker": marker})
	var texts []string
	for range 4 {
		_, err := r.Recommend(t.Context(), slateRequest())
		if !errors.Is(err, sdk.ErrCrashed) {
			t.Fatalf("have %v", err)
		}
		texts = append(texts, err.Error())
	}
	const once = "recommender-bad/kill: recommend: killed by SIGKILL"
	const last = "recommender-bad/kill: recommend: failed for good after 3 crashes: killed by SIGKILL"
	if diff := cmp.Diff([]string{once, last, last, last}, texts); diff != "" {
		t.Fatal(diff)
	}
	// Crashes 1 and 2 were followed by a restart and a Fit, crash 3 by nothing.
	if got := events(t, marker); got != "fit fit fit" {
		t.Fatalf("events: %s", got)
	}
	if diff := cmp.Diff([]time.Duration{200 * time.Millisecond, time.Second}, n.list); diff != "" {
		t.Fatalf("back-offs: %s", diff)
	}
}

// TestDiesBetweenCalls: the next call finds a new process with the model.
func TestDiesBetweenCalls(t *testing.T) {
	h := openHost(t, nil)
	marker := filepath.Join(t.TempDir(), "marker")
	p, r := fitted(t, h, "saver", sdk.Options{"marker": marker})
	child := p.cur.child
	_ = child.cmd.Process.Kill()
	<-child.done
	goesOn(t, r)
	if got := events(t, marker); got != "fit save load" {
		t.Fatalf("events: %s", got)
	}
}

// TestLearnerIsNotRestarted: what was learnt from updates cannot be restored, so
// the arm has failed, and says why.
func TestLearnerIsNotRestarted(t *testing.T) {
	h := openHost(t, nil)
	p, r := fitted(t, h, "learner", nil)
	end := func() {
		child := p.cur.child
		_ = child.cmd.Process.Kill()
		<-child.done
	}
	end()
	goesOn(t, r) // nothing learnt yet: fitted again
	if _, err := r.(sdk.Updater).Update(t.Context(), sdk.UpdateRequest{}); err != nil {
		t.Fatal(err)
	}
	goesOn(t, r)
	end()
	for range 2 {
		if _, err := r.Recommend(t.Context(), slateRequest()); err == nil || !strings.Contains(err.Error(), "lost with the process") {
			t.Fatalf("have %v", err)
		}
	}
	if u := p.Close(); u.Restarts != 2 {
		t.Fatalf("usage: %+v", u)
	}
}

// TestCrashWithManyInFlight: one process's end is one crash, however many calls
// it broke, and every call gets its answer from the next process.
func TestCrashWithManyInFlight(t *testing.T) {
	h := openHost(t, nil)
	marker := filepath.Join(t.TempDir(), "marker")
	p, r := fitted(t, h, "crash-once-saver", sdk.Options{"marker": marker})
	var calls sync.WaitGroup
	for range 2 * inFlight {
		calls.Go(func() {
			if _, err := r.Recommend(t.Context(), slateRequest()); err != nil {
				t.Errorf("recommend: %v", err)
			}
		})
	}
	calls.Wait()
	if u := p.Close(); u.Restarts != 1 || p.crashes != 1 {
		t.Fatalf("%d crashes, usage %+v", p.crashes, u)
	}
}

// TestInFlight: no more than sixteen calls at once.
func TestInFlight(t *testing.T) {
	h := openHost(t, nil)
	p := start(t, h, "good", nil)
	var mu sync.Mutex
	now, most := 0, 0
	full := make(chan struct{})
	var calls sync.WaitGroup
	for range 3 * inFlight {
		calls.Go(func() {
			err := p.call(t.Context(), ask{rpc: "test"}, func(context.Context, *launch.Client) error {
				mu.Lock()
				now++
				most = max(most, now)
				if now == inFlight && most == inFlight {
					select {
					case <-full:
					default:
						close(full)
					}
				}
				mu.Unlock()
				<-full // the first sixteen wait for each other
				mu.Lock()
				now--
				mu.Unlock()
				return nil
			})
			if err != nil {
				t.Errorf("call: %v", err)
			}
		})
	}
	calls.Wait()
	if most != inFlight {
		t.Fatalf("%d calls at once, want %d", most, inFlight)
	}
}

// TestCloseDuringCall: closing ends a call that would never end.
func TestCloseDuringCall(t *testing.T) {
	h := openHost(t, func(c *Config) { c.Timing.Shutdown = 50 * time.Millisecond })
	p, _ := fitted(t, h, "hang", nil)
	in, out := make(chan struct{}), make(chan error, 1)
	go func() {
		out <- p.call(t.Context(), ask{rpc: "recommend", retry: true}, func(ctx context.Context, c *launch.Client) error {
			close(in)
			_, err := c.Recommender(p.Spec()).Recommend(ctx, slateRequest())
			return err
		})
	}()
	<-in
	p.Close()
	if err := <-out; !errors.Is(err, os.ErrClosed) {
		t.Fatalf("have %v, want os.ErrClosed", err)
	}
}

// TestCallersDeadline: a deadline of the caller's is the caller's, and no crash;
// but what the process still does for nobody is ended.
func TestCallersDeadline(t *testing.T) {
	h := openHost(t, func(c *Config) { c.Timing.Shutdown = 50 * time.Millisecond })
	_, r := fitted(t, h, "spin", nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := r.Recommend(ctx, slateRequest())
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sdk.ErrCrashed) {
		t.Fatalf("have %v", err)
	}
	if !strings.HasPrefix(err.Error(), "recommender-bad/spin: recommend: ") {
		t.Fatalf("the error does not say where: %v", err)
	}
	if left := processesOf(h.dir); len(left) > 0 {
		t.Fatalf("left: %q", left)
	}
}

// TestParts: a request whose reply would be too heavy goes out in parts, which
// changes nothing in the answer.
func TestParts(t *testing.T) {
	h := openHost(t, nil)
	_, r := fitted(t, h, "good", nil)
	req := sdk.RecommendRequest{K: catalogue, Purpose: sdk.PurposePage, Seed: 7}
	for u := range int32(catalogue) {
		req.Users = append(req.Users, u)
		req.Exclude.Append(u, (u+1)%catalogue)
		req.History.Append(u)
		req.HistoryKinds = append(req.HistoryKinds, sdk.HistoryWatched)
		req.Pages, req.Sessions, req.Times = append(req.Pages, 1), append(req.Sessions, int64(u)), append(req.Times, 9)
	}
	want, err := r.Recommend(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	req.K = maxReply / 8 / 4 // four rows a part
	have, err := r.Recommend(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Counts, have.Counts); diff != "" {
		t.Fatal(diff)
	}
	for i := range req.Users {
		a, b := want.Items[i*catalogue:i*catalogue+8], have.Items[i*req.K:i*req.K+8]
		if !slices.Equal(a, b) {
			t.Fatalf("row %d: %v, want %v", i, b, a)
		}
	}
}

// TestSecrets: a granted secret reaches a backend, and no text that comes back.
func TestSecrets(t *testing.T) {
	logs := t.TempDir()
	h := openHost(t, func(c *Config) { c.LogDir = logs })
	const key = "sk-very-secret"
	p, err := h.Start(t.Context(), Instance{
		Executable: inspect(t, named(t, "llm-leaky")), Component: "leaky",
		Secrets: map[string]string{"KEY": key, "OTHER": "not-asked-for"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var message string
	err = p.LLM().Generate(t.Context(), []sdk.ChatRequest{{ID: "a"}}, func(r sdk.GenerateResult) error {
		message = r.Failure.Message
		return nil
	})
	p.Close()
	files, _ := filepath.Glob(filepath.Join(logs, "llm-leaky-*.log"))
	if len(files) != 1 {
		t.Fatalf("log files: %q", files)
	}
	log, _ := os.ReadFile(files[0])
	for what, text := range map[string]string{"error": fmt.Sprint(err), "failure": message, "stderr": p.Stderr(), "log": string(log)} {
		if strings.Contains(text, key) || !strings.Contains(text, "[secret KEY]") {
			t.Errorf("%s: %s", what, text)
		}
	}
	if !strings.Contains(p.Stderr(), "configured with 1 secrets") {
		t.Errorf("stderr: %s", p.Stderr())
	}
}
