//go:build linux

package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

func TestRecommender(t *testing.T) {
	h := openHost(t, nil)
	p, r := fitted(t, h, "scorer", sdk.Options{"items": int64(catalogue)})
	goesOn(t, r)
	scores, err := r.(sdk.Scorer).Score(t.Context(), sdk.ScoreRequest{Users: []int32{4}})
	if err != nil || len(scores) != catalogue {
		t.Fatalf("score: %d values, %v", len(scores), err)
	}
	if _, err := r.(sdk.Saver).Save(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), `no feature "save"`) {
		t.Fatalf("save: %v", err)
	}
	u := p.Close()
	if u.User+u.System <= 0 || u.MaxRSS < 1<<20 || u.Restarts != 0 {
		t.Fatalf("usage: %+v", u)
	}
	if again := p.Close(); again != u {
		t.Fatalf("second close: %+v, want %+v", again, u)
	}
	if _, err := r.Recommend(t.Context(), slateRequest()); err == nil {
		t.Fatal("recommend after close: no error")
	}
}

func TestDescribe(t *testing.T) {
	h := openHost(t, nil)
	e := inspect(t, badPlugin(t))
	d, err := h.Describe(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := d.Component("good")
	if !ok || c.Doc == "" || len(c.Options) != 2 {
		t.Fatalf("describe: %+v", d)
	}
	if left := processesOf(h.dir); len(left) > 0 {
		t.Fatalf("describe left %q", left)
	}
}

// TestMemoryOfGroup: what a plugin and its children hold together is measured
// and limited.
func TestMemoryOfGroup(t *testing.T) {
	h := openHost(t, func(c *Config) { c.MemoryLimit = 1 << 40 })
	p, r := fitted(t, h, "good", nil)
	child := p.cur.child
	real := residentByGroup()[child.cmd.Process.Pid]
	if real < 1<<20 {
		t.Fatalf("the plugin holds %d bytes", real)
	}
	child.observe(map[int]int64{child.cmd.Process.Pid: 1<<40 + 1})
	<-child.done
	if reason, _ := child.why(); reason != "over its memory limit: 1048576 MiB of 1048576" {
		t.Fatalf("reason: %s", reason)
	}
	goesOn(t, r)
	if u := p.Close(); u.MaxRSS != 1<<40+1 || u.Restarts != 1 {
		t.Fatalf("usage: %+v", u)
	}
}

// TestHostCloses: whatever was being started ends with the host.
func TestHostCloses(t *testing.T) {
	h := openHost(t, func(c *Config) { c.Timing.Start = time.Hour })
	p, _ := fitted(t, h, "good", nil)
	failed := make(chan error)
	go func() {
		_, err := h.Start(t.Context(), Instance{Executable: early(t, "silent"), Component: "good"})
		failed <- err
	}()
	eventually(t, "the silent plugin runs", func() bool { return len(processesOf(h.dir)) == 2 })
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("a start outlived its host")
	}
	if _, err := h.Start(t.Context(), p.inst); !errors.Is(err, errHostClosed) {
		t.Errorf("start after close: %v", err)
	}
}

// TestRuntimeFolder: too long a path is an error that says so; the folder of a
// host that lives is left alone.
func TestRuntimeFolder(t *testing.T) {
	dir, err := os.MkdirTemp("", "rf")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	long := filepath.Join(dir, strings.Repeat("x", 80))
	if _, err := New(Config{RuntimeDir: long}); err == nil || !strings.Contains(err.Error(), "too long for sockets") {
		t.Fatalf("have %v", err)
	}
	first := openHost(t, func(c *Config) { c.RuntimeDir = dir })
	openHost(t, func(c *Config) { c.RuntimeDir = dir })
	if info, err := os.Stat(first.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the first host's folder: %v, %v", info, err)
	}
}
