//go:build linux

package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
)

// hostMode makes the test binary a host of its own, to be killed.
const hostMode = "ALIGNUSER_TEST_HOST"

// badBinary is built once for all tests and removed at the end.
var badBinary struct {
	once sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(hostMode); dir != "" {
		hostUntilKilled(dir)
	}
	code := m.Run()
	if badBinary.path != "" {
		_ = os.RemoveAll(filepath.Dir(badBinary.path))
	}
	os.Exit(code)
}

// badPlugin builds testdata/badplugin.
func badPlugin(t testing.TB) string {
	t.Helper()
	badBinary.once.Do(func() {
		dir, err := os.MkdirTemp("", "badplugin-")
		if err != nil {
			badBinary.err = err
			return
		}
		badBinary.path = filepath.Join(dir, "recommender-bad")
		out, err := exec.Command("go", "build", "-o", badBinary.path, "./testdata/badplugin").CombinedOutput()
		if err != nil {
			badBinary.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if badBinary.err != nil {
		t.Fatal(badBinary.err)
	}
	return badBinary.path
}

// early gives the bad plugin in a mode that acts before the handshake.
func early(t testing.TB, mode string) Executable {
	t.Helper()
	path := named(t, "recommender-bad")
	if err := os.WriteFile(path+".mode", []byte(mode), 0o600); err != nil {
		t.Fatal(err)
	}
	return inspect(t, path)
}

// named gives the bad plugin under another name, alone in a folder.
func named(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.Link(badPlugin(t), path); err != nil {
		text, err := os.ReadFile(badPlugin(t))
		if err == nil {
			err = os.WriteFile(path, text, 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func inspect(t testing.TB, path string) Executable {
	t.Helper()
	e, err := Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// openHost makes a host whose back-offs take no time, and holds the test to
// leaving nothing behind: no process, no file, no goroutine.
func openHost(t testing.TB, change func(*Config)) *Host {
	t.Helper()
	cfg := Config{Timing: Timing{
		Sleep:    func(context.Context, time.Duration) error { return nil },
		Shutdown: 2 * time.Second, Grace: 100 * time.Millisecond, Terminate: 200 * time.Millisecond,
	}}
	if change != nil {
		change(&cfg)
	}
	before := goleak.IgnoreCurrent()
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if left := processesOf(h.dir); len(left) > 0 {
			t.Errorf("processes left: %q", left)
		}
		if _, err := os.Stat(h.dir); !os.IsNotExist(err) {
			t.Errorf("folder left: %s: %v", h.dir, err)
		}
		goleak.VerifyNone(t, before)
	})
	return h
}

// processesOf finds every live process that was started with a folder in its
// environment, whatever group it is in by now.
func processesOf(dir string) []string {
	var out []string
	envs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range envs {
		env, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(env), "HOME="+dir+"/") {
			cmd, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			out = append(out, filepath.Base(filepath.Dir(path))+" "+strings.ReplaceAll(string(cmd), "\x00", " "))
		}
	}
	return out
}

// start runs a component of the bad plugin.
func start(t testing.TB, h *Host, component string, options sdk.Options) *Process {
	t.Helper()
	p, err := h.Start(t.Context(), Instance{Executable: inspect(t, badPlugin(t)), Component: component, Options: options, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const catalogue = 10 // items, and as many users

// fitted starts a component and fits it.
func fitted(t testing.TB, h *Host, component string, options sdk.Options) (*Process, sdk.Recommender) {
	t.Helper()
	p := start(t, h, component, options)
	r := p.Recommender(catalogue, catalogue)
	if _, err := r.Fit(t.Context(), sdk.FitRequest{}, func(sdk.Event) {}); err != nil {
		t.Fatal(err)
	}
	return p, r
}

// slateRequest asks for three items for each of two users.
func slateRequest() sdk.RecommendRequest {
	return sdk.RecommendRequest{Users: []int32{0, 1}, K: 3, Purpose: sdk.PurposeRanking, Seed: 7}
}

// goesOn checks that a plugin works, whatever has become of another.
func goesOn(t testing.TB, r sdk.Recommender) {
	t.Helper()
	req := slateRequest()
	req.Users = make([]int32, 100)
	reply, err := r.Recommend(t.Context(), req)
	if err != nil {
		t.Fatalf("the other plugin: %v", err)
	}
	if got := fmt.Sprint(reply.Items[:2*req.K]); got != "[0 1 2 0 1 2]" {
		t.Fatalf("the other plugin answers %s", got)
	}
}
