package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// testPlugins are programs that only stories run. They lie in a folder of their
// own, because what lies beside alignuser is taken for a built-in.
var testPlugins = map[string]string{
	"recommender-bad":     "./harness/host/testdata/badplugin",
	"recommender-gate":    "./harness/cmd/alignuser/testdata/recommender-gate",
	"recommender-spy":     "./harness/cmd/alignuser/testdata/recommender-spy",
	"llm-stubborn":        "./harness/cmd/alignuser/testdata/llm-stubborn",
	"recommender-shuffle": "./harness/cmd/alignuser/testdata/recommender-shuffle",
}

// buildTestPlugins puts them into the folder test below bin.
func buildTestPlugins(bin string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	for name, source := range testPlugins {
		c := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(bin, "test", name), source)
		c.Dir = repository
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w\n%s", source, err, out)
		}
	}
	return nil
}

// storyCommands are what stories can do beside running programs.
func storyCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"status": status, "await": await, "interrupt": interrupt, "lines": lines,
		"openai-server": openaiServer, "samefile": sameFile, "samerows": sameRows,
	}
}

// patience is when a story gives up waiting for what should happen at once.
const patience = time.Minute

// await waits until a file has so many lines.
//
//	await file 2
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await file n")
	}
	if !eventually(hasLines(ts, args[0], args[1])) {
		ts.Fatalf("%s does not get %s lines", args[0], args[1])
	}
}

func hasLines(ts *testscript.TestScript, file, n string) func() bool {
	want, err := strconv.Atoi(n)
	ts.Check(err)
	return func() bool {
		text, _ := os.ReadFile(ts.MkAbs(file)) // it need not be there yet
		return bytes.Count(text, []byte("\n")) >= want
	}
}

// eventually asks until the answer is yes.
func eventually(yes func() bool) bool {
	for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
		if yes() {
			return true
		}
	}
	return false
}

// lines counts the lines of a file.
//
//	lines 3 file
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines n file")
	}
	if n := strings.Count(ts.ReadFile(args[1]), "\n"); strconv.Itoa(n) != args[0] {
		ts.Fatalf("%s has %d lines, want %s", args[1], n, args[0])
	}
}

// interrupt runs a program and, once a file has so many lines, does what Ctrl-C
// does. When the program has said that it is stopping, it makes a second file
// or, where that is "-", interrupts again. The exit status must be 130; what the
// program wrote on stderr is in the file named stderr.
//
//	interrupt asked 2 open alignuser run x.toml
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: interrupt file n file|- program [args...]")
	}
	c := exec.Command(filepath.Join(ts.Getenv("BIN"), args[3]), args[4:]...)
	c.Dir = ts.MkAbs(".")
	c.Env = environment(ts)
	var said transcript
	c.Stderr = &said
	ts.Check(c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	fail := func(format string, a ...any) {
		_ = c.Process.Kill()
		<-ended
		ts.Fatalf("%s\n%s", fmt.Sprintf(format, a...), said.String())
	}
	if !eventually(hasLines(ts, args[0], args[1])) {
		fail("%s does not get %s lines", args[0], args[1])
	}
	ts.Check(c.Process.Signal(os.Interrupt))
	if !eventually(func() bool { return strings.Contains(said.String(), "stopping: ") }) {
		fail("the signal is not heard")
	}
	if args[2] == "-" {
		ts.Check(c.Process.Signal(os.Interrupt))
	} else {
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), nil, 0o600))
	}
	timer := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	err := <-ended
	timer.Stop()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitInterrupted {
		ts.Fatalf("%v, want exit status %d\n%s", err, exitInterrupted, said.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("stderr"), []byte(said.String()), 0o600))
}

// environment is the story's, as far as programs need it.
func environment(ts *testscript.TestScript) []string {
	env := slices.Clone(os.Environ())
	for _, name := range []string{"PATH", "HOME", "ALIGNUSER_CACHE", "COLUMNS"} {
		env = append(env, name+"="+ts.Getenv(name))
	}
	return env
}

// transcript is a buffer that may be read while it is written.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}

// canMount reports whether a small file system can be mounted, by root or in a
// user's name space.
func canMount() bool {
	dir, err := os.MkdirTemp("", "mount-")
	if err != nil {
		return false
	}
	defer os.RemoveAll(dir)
	return exec.Command("unshare", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).Run() == nil
}

// sameFile wants a file of the one run in each of two folders to be equal.
//
//	samefile runs/a runs/b cells.csv
func sameFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: samefile folder folder file")
	}
	a, b := inRun(ts, args[0], args[2]), inRun(ts, args[1], args[2])
	if a != b {
		ts.Fatalf("%s of %s and %s differ:\n%s\n%s", args[2], args[0], args[1], a, b)
	}
}

// sameRows wants two arms of the one run in a folder to have equal cells.
//
//	samerows runs/copy popular again
func sameRows(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: samerows folder arm arm")
	}
	rows := func(arm string) (out []string) {
		for line := range strings.Lines(inRun(ts, args[0], "cells.csv")) {
			if strings.Contains(line, ","+arm+",") {
				out = append(out, strings.Replace(line, ","+arm+",", ",", 1))
			}
		}
		return out
	}
	if a, b := rows(args[1]), rows(args[2]); len(a) == 0 || !slices.Equal(a, b) {
		ts.Fatalf("%s and %s have different cells:\n%s\n%s", args[1], args[2], a, b)
	}
}

// inRun reads a file of the one run below a folder.
func inRun(ts *testscript.TestScript, folder, file string) string {
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(folder), "*", file))
	ts.Check(err)
	if len(found) != 1 {
		ts.Fatalf("%s: %d runs with %s, want one", folder, len(found), file)
	}
	return ts.ReadFile(found[0])
}
