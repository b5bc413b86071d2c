//go:build linux

package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// TestCalls provokes every fault that shows in a call. In each case the error
// says what happened, a second plugin goes on, and nothing is left behind
// (openHost sees to that).
func TestCalls(t *testing.T) {
	const crash, fault, answer = "crash", "fault", "answer"
	cases := []struct {
		component string
		kind      string // of error; "" for none
		want      string // in its text
		change    func(*Config)
		request   func(*sdk.RecommendRequest)
	}{
		{component: "panic", kind: answer, want: "panic: the model is a teapot"},
		{component: "panic-background", kind: crash, want: "exited with status 2: stderr: panic: a thread of the model is a teapot"},
		{component: "exit-zero", kind: crash, want: "exited with status 0"},
		{component: "kill", kind: crash, want: "killed by SIGKILL"},
		{component: "hang", kind: crash, want: "no answer within 150ms", change: impatient},
		{component: "spin", kind: crash, want: "no answer within 150ms", change: impatient},
		{component: "stop", kind: crash, want: "no answer within 150ms", change: impatient},
		{component: "memory", kind: crash, want: "out of memory", change: func(c *Config) { c.MemoryLimit = 256 << 20 }},
		{component: "flood"},
		{component: "bad-log"},
		{component: "chatter"},
		{component: "fork"},
		{component: "fork-exit", kind: crash, want: "exited with status 4"},
		{component: "huge", kind: answer, want: "larger than max"},
		{component: "nan", kind: fault, want: "row 0: place 0: item 0 has score NaN"},
		{component: "short", kind: answer, want: "the component's answer"},
		{component: "overfull", kind: answer, want: "the component's answer: counts: row 0: 4 of 3 places"},
		{component: "duplicate", kind: fault, want: "row 0: place 1: item 0 is there twice"},
		{component: "out-of-range", kind: fault, want: "row 0: place 0: item 10 is outside [0, 10)"},
		{component: "unsorted", kind: fault, want: "row 0: place 1: score 10 after 9"},
		{component: "padding", kind: fault, want: "row 0: item 1 at place 1, after the slate's 1"},
		{component: "excluded", kind: fault, want: "row 1: place 2: item 2 was excluded", request: func(r *sdk.RecommendRequest) {
			r.Exclude = sdk.Ragged{Offsets: []uint32{0, 1, 2}, Items: []int32{9, 2}}
		}},
		{component: "not-candidate", kind: fault, want: "row 0: place 0: item 0 is not a candidate", request: func(r *sdk.RecommendRequest) {
			r.Candidates = &sdk.Ragged{Offsets: []uint32{0, 4, 8}, Items: []int32{4, 5, 6, 7, 0, 1, 2, 3}}
		}},
	}
	for _, c := range cases {
		t.Run(c.component, func(t *testing.T) {
			h := openHost(t, c.change)
			_, other := fitted(t, h, "good", nil)
			p, r := fitted(t, h, c.component, nil)
			req := slateRequest()
			if c.request != nil {
				c.request(&req)
			}
			_, err := r.Recommend(t.Context(), req)
			var crashed *CrashError
			var faulty *FaultError
			have := ""
			switch {
			case errors.As(err, &crashed):
				have = crash
			case errors.As(err, &faulty):
				have = fault
			case err != nil:
				have = answer
			}
			if have != c.kind || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("have %s: %v\nwant %s: …%s…\nstderr:\n%s", have, err, c.kind, c.want, p.Stderr())
			}
			if (c.kind == crash) != errors.Is(err, sdk.ErrCrashed) {
				t.Fatalf("sdk.ErrCrashed: %v", err)
			}
			if c.kind != "" && !strings.HasPrefix(err.Error(), "recommender-bad/"+c.component+": recommend: ") {
				t.Fatalf("the error does not say where: %v", err)
			}
			goesOn(t, other)
			p.Close()
			if left := processesOf(h.dir); len(left) != 1 { // the other one
				t.Fatalf("left: %q", left)
			}
		})
	}
}

// impatient gives the bad plugin's two rows 150 ms; goesOn asks for a hundred and
// so has time.
func impatient(c *Config) {
	c.Timing.Call, c.Timing.PerRow = time.Nanosecond, 75*time.Millisecond
	c.Timing.Shutdown, c.Timing.Terminate, c.Timing.Grace = 50*time.Millisecond, 50*time.Millisecond, time.Millisecond
}

// TestFit: a Fit is never retried, and silence ends it.
func TestFit(t *testing.T) {
	for component, want := range map[string]string{
		"exit-fit": "recommender-bad/exit-fit: fit: exited with status 5",
		"stop-fit": "recommender-bad/stop-fit: fit: no event for 200ms",
	} {
		t.Run(component, func(t *testing.T) {
			h := openHost(t, func(c *Config) {
				impatient(c)
				if component == "stop-fit" {
					c.Timing.Stall = 200 * time.Millisecond
				}
			})
			marker := filepath.Join(t.TempDir(), "marker")
			p := start(t, h, component, sdk.Options{"marker": marker})
			_, err := p.Recommender(catalogue, catalogue).Fit(t.Context(), sdk.FitRequest{}, func(sdk.Event) {})
			var crash *CrashError
			if !errors.As(err, &crash) || !strings.HasPrefix(err.Error(), want) {
				t.Fatalf("have %v, want %s", err, want)
			}
			if text, _ := os.ReadFile(marker); string(text) != "fit\n" {
				t.Fatalf("events: %q, want one fit", text)
			}
			if left := processesOf(h.dir); len(left) > 0 {
				t.Fatalf("left: %q", left)
			}
		})
	}
}

// TestEarly provokes what happens before and in the handshake.
func TestEarly(t *testing.T) {
	cases := []struct{ mode, want string }{
		{"garbage", ""},
		{"long-line", ""},
		{"certificate", ""},
		{"exit-early", "exited with status 7 before the handshake: stderr: ImportError: no module named numpy"},
		{"silent", "no handshake within 1s"},
		{"dead-socket", "connect: no such file or directory"},
		{"foreign-socket", "the handshake names a socket outside the plugin's folder: /tmp/of-somebody-else"},
		{"no-http2", "no answer to describe within 3s"},
		{"not-serving", "health: NOT_SERVING"},
		{"wrong-version", "version"},
	}
	for _, c := range cases {
		t.Run(c.mode, func(t *testing.T) {
			h := openHost(t, func(cfg *Config) {
				switch {
				case strings.HasSuffix(c.want, "1s"):
					cfg.Timing.Start = time.Second
				case strings.HasSuffix(c.want, "3s"):
					cfg.Timing.Start = 3 * time.Second
				}
			})
			p, err := h.Start(t.Context(), Instance{Executable: early(t, c.mode), Component: "good"})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				p.Close()
			} else if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "recommender-bad/good: ") {
				t.Fatalf("have %v\nwant …%s…", err, c.want)
			}
			if left := processesOf(h.dir); len(left) > 0 {
				t.Fatalf("left: %q", left)
			}
			if sockets, _ := filepath.Glob(filepath.Join(h.dir, "p*")); len(sockets) > 0 {
				t.Fatalf("folders left: %q", sockets)
			}
		})
	}
}

// TestWrongLengths: columns that are no columns are a fault of the plugin.
func TestWrongLengths(t *testing.T) {
	h := openHost(t, nil)
	p, err := h.Start(t.Context(), Instance{Executable: early(t, "wrong-lengths"), Component: "good"})
	if err != nil {
		t.Fatal(err)
	}
	r := p.Recommender(catalogue, catalogue)
	if _, err := r.Fit(t.Context(), sdk.FitRequest{}, func(sdk.Event) {}); err != nil {
		t.Fatal(err)
	}
	_, err = r.Recommend(t.Context(), slateRequest())
	var fault *FaultError
	if !errors.As(err, &fault) {
		t.Fatalf("have %v, want a fault", err)
	}
}

// TestScoreFaults: values of Score are checked like slates.
func TestScoreFaults(t *testing.T) {
	h := openHost(t, nil)
	for component, want := range map[string]string{"nan-scores": "score 9 is NaN", "few-scores": "9"} {
		_, r := fitted(t, h, component, nil)
		_, err := r.(sdk.Scorer).Score(t.Context(), sdk.ScoreRequest{Users: []int32{0}})
		if err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, sdk.ErrCrashed) {
			t.Fatalf("%s: %v", component, err)
		}
	}
}

// TestTies: equal scores come out in the order that all arms share.
func TestTies(t *testing.T) {
	h := openHost(t, nil)
	_, r := fitted(t, h, "ties", nil)
	req := slateRequest()
	reply, err := r.Recommend(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range req.Users {
		row := reply.Items[i*req.K : (i+1)*req.K]
		for j := 1; j < len(row); j++ {
			if sdk.TieHash(req.Seed, u, row[j-1]) > sdk.TieHash(req.Seed, u, row[j]) {
				t.Fatalf("user %d: %v is not in the order of the hash", u, row)
			}
		}
	}
}

// TestEnvironment: neither a key of the host's nor a granted one is in a
// plugin's environment, and no text of the plugin's shows a granted one.
func TestEnvironment(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "sk-of-the-host")
	t.Setenv("HTTPS_PROXY", "http://proxy.example")
	h := openHost(t, func(c *Config) { c.Env = map[string]string{"EXTRA": "yes"} })
	_, r := fitted(t, h, "environment", nil)
	_, err := r.Recommend(t.Context(), slateRequest())
	if err == nil {
		t.Fatal("no answer")
	}
	for _, want := range []string{"PATH=", "HOME=" + h.dir, "TMPDIR=" + h.dir, "LANG=C.UTF-8", "TZ=UTC", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1", "OMP_NUM_THREADS=1", "EXTRA=yes", "ALIGNUSER_PLUGIN="} {
		if !strings.Contains(err.Error(), " "+want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
	for _, never := range []string{"sk-of-the-host", "proxy.example", "OPENAI", os.Getenv("HOME") + " "} {
		if strings.Contains(err.Error(), never) {
			t.Errorf("%s leaked: %v", never, err)
		}
	}
	_, err = h.Start(t.Context(), Instance{Executable: inspect(t, badPlugin(t)), Component: "good", Secrets: map[string]string{"KEY": "v"}})
	if err == nil || !strings.Contains(err.Error(), "language-model backends only") {
		t.Fatalf("a recommender was granted a secret: %v", err)
	}
}

// TestCancelledStart: a start that the caller gives up leaves nothing.
func TestCancelledStart(t *testing.T) {
	h := openHost(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := h.Start(ctx, Instance{Executable: early(t, "silent"), Component: "good"}); err == nil {
		t.Fatal("no error")
	}
	if left := processesOf(h.dir); len(left) > 0 {
		t.Fatalf("left: %q", left)
	}
}
