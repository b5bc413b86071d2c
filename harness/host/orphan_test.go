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
)

// hostUntilKilled is the life of a host in a process of its own: it says where
// it keeps its files and starts a plugin that never gets ready.
func hostUntilKilled(dir string) {
	fail := func(err error) {
		fmt.Println(err)
		os.Exit(1)
	}
	h, err := New(Config{RuntimeDir: dir, Timing: Timing{Start: time.Hour}})
	if err != nil {
		fail(err)
	}
	e, err := Inspect(os.Getenv(hostMode + "_PLUGIN"))
	if err != nil {
		fail(err)
	}
	fmt.Println(h.dir)
	_, err = h.Start(context.Background(), Instance{Executable: e, Component: "good"})
	fail(err)
}

// eventually waits for what another process does; only a broken one lets it wait
// to the end.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so", what)
		}
	}
}

// TestHostKilled: a plugin that does not even watch its input dies with a host
// that had no chance to say goodbye, and the next host removes what is left.
func TestHostKilled(t *testing.T) {
	dir, err := os.MkdirTemp("", "hk")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), hostMode+"="+dir, hostMode+"_PLUGIN="+early(t, "silent").Path)
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
	eventually(t, "the plugin runs", func() bool { return len(processesOf(theirs)) == 1 })
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	eventually(t, "the plugin dies with its host", func() bool { return len(processesOf(theirs)) == 0 })
	openHost(t, func(c *Config) { c.RuntimeDir = dir })
	if _, err := os.Stat(theirs); !os.IsNotExist(err) {
		t.Fatalf("the next host left %s: %v", theirs, err)
	}
}
