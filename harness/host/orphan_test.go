//go:build linux

package host

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// hostUntilKilled is the life of a host in a process of its own: it starts a
// plugin that stops answering, says where it keeps its files, and waits.
func hostUntilKilled(dir string) {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	h, err := New(Config{RuntimeDir: dir})
	fail(err)
	e, err := Inspect(os.Getenv(hostMode + "_PLUGIN"))
	fail(err)
	p, err := h.Start(ctx, Instance{Executable: e, Component: "spin"})
	fail(err)
	r := p.Recommender(catalogue, catalogue)
	_, err = r.Fit(ctx, sdk.FitRequest{}, func(sdk.Event) {})
	fail(err)
	fmt.Println(h.dir)
	_, err = r.Recommend(ctx, slateRequest())
	fail(err)
}

// TestHostKilled: a plugin that burns a core and heeds nothing dies with a host
// that had no chance to say goodbye, and the next host removes what is left.
func TestHostKilled(t *testing.T) {
	dir, err := os.MkdirTemp("", "hk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hostMode+"="+dir, hostMode+"_PLUGIN="+badPlugin(t))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := bufio.NewScanner(out)
	if !line.Scan() || filepath.Dir(line.Text()) != dir {
		t.Fatalf("the other host: %q", line.Text())
	}
	theirs := line.Text()
	if len(processesOf(theirs)) == 0 {
		t.Fatal("the other host runs no plugin")
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for deadline := time.Now().Add(30 * time.Second); len(processesOf(theirs)) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the plugin outlived its host: %q", processesOf(theirs))
		}
	}
	openHost(t, func(c *Config) { c.RuntimeDir = dir })
	if _, err := os.Stat(theirs); !os.IsNotExist(err) {
		t.Fatalf("the next host left %s: %v", theirs, err)
	}
}
