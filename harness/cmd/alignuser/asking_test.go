package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// atOnce is how many calls the suite below has in flight.
const atOnce = 4

// askingSuite asks a hosted backend, whose address is to be filled in.
const askingSuite = `schema = 1
name = "asking"
seed = 5
repeats = 2
[dataset]
plugin = "planted"
options = { users = 60, items = 80 }
[split]
method = "user-temporal"
test = 0.2
[llm]
name = "hosted"
plugin = "openai"
options = { model = "small-1", base-url = %q }
secrets = { api-key = "ASKING_KEY" }
concurrency = 4
[[task]]
kind = "reading"
options = { questions = 150 }
`

const askingKey = "sk-asking-0123456789abcdef"

func newAskingRun(t *testing.T, url string) suiteRun {
	t.Helper()
	dir := t.TempDir()
	suite := filepath.Join(dir, "asking.toml")
	if err := os.WriteFile(suite, fmt.Appendf(nil, askingSuite, url), 0o644); err != nil {
		t.Fatal(err)
	}
	return suiteRun{t, suite, filepath.Join(dir, "runs"), ""}
}

// TestNothingIsPaidTwice: host or backend killed at any moment, the run goes on
// to the same bytes, and no answer is paid for again but what was in flight.
func TestNothingIsPaidTwice(t *testing.T) {
	programs(t)
	const kills = 20
	server := openaitest.Start(t, openaitest.Options{Key: askingKey, Latency: 4 * time.Millisecond})
	tmp, cache := shortTemp(t), t.TempDir()
	env := []string{"TMPDIR=" + tmp, "ASKING_KEY=" + askingKey}
	started := time.Now()
	want := newAskingRun(t, server.URL()).finish(cache, env)
	whole := time.Since(started)
	if paid := len(server.Paid()); paid != 300 || len(server.PaidTwice()) > 0 {
		t.Fatalf("%d answers paid, %v twice", paid, server.PaidTwice())
	}

	random := rand.New(rand.NewPCG(3, 4)) // the moments still differ with the machine
	a := &askingSeries{t: t, server: server}
	a.begin()
	again, backends := 0, 0
	for n := range kills {
		c := a.run.command(cache, env)
		var stderr bytes.Buffer
		c.Stderr = &stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		kill := func(pid int) {
			a.note()
			if pid > 0 {
				if p, err := os.FindProcess(pid); err == nil {
					_ = p.Kill()                             // it may have ended
					for p.Signal(syscall.Signal(0)) == nil { // on a busy machine it asks until it is gone
						a.note()
					}
				}
			}
			a.note()
		}
		moment := random.IntN(max(1, 300-len(server.Paid())))
		var stop func()
		switch n % 4 {
		case 0:
			stop = after(time.Duration(random.Int64N(int64(whole))), func() { kill(c.Process.Pid) })
		case 2:
			stop = a.onRequest(moment, func() { kill(c.Process.Pid) })
		default:
			stop = a.onRequest(moment, func() { kill(backendOf(tmp)); backends++ })
		}
		err := c.Wait()
		stop()
		if c.ProcessState.ExitCode() == -1 {
			a.note() // what came between the signal and the end
		}
		switch {
		case err == nil:
			same(t, want, a.run.files())
			again += a.check()
			a.begin()
		case c.ProcessState.ExitCode() != -1:
			t.Fatalf("kill %d: ended by itself: %v\n%s", n, err, stderr.String())
		}
	}
	same(t, want, a.run.finish(cache, env))
	again += a.check()
	nothingLeft(t, tmp)
	t.Logf("%d kills, %d of them of the backend; %d answers that were in flight were asked for again", kills, backends, again)
}

// after does something in a while, unless stopped before. Stop waits for it.
func after(d time.Duration, do func()) (stop func()) {
	done := make(chan struct{})
	timer := time.AfterFunc(d, func() { defer close(done); do() })
	return func() {
		if !timer.Stop() {
			<-done
		}
	}
}

// askingSeries is one run through all its kills.
type askingSeries struct {
	t      *testing.T
	server *openaitest.Server
	run    suiteRun
	flying map[string]bool // canonical requests that may have been in flight at a kill
}

func (a *askingSeries) begin() {
	a.server.Reset()
	a.run, a.flying = newAskingRun(a.t, a.server.URL()), map[string]bool{}
}

// onRequest does something when so many more requests have come. Stop waits for it.
func (a *askingSeries) onRequest(n int, do func()) (stop func()) {
	var seen atomic.Int64
	come, quit, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	a.server.Rule(openaitest.Rule{Match: func(*openaitest.Request) bool {
		if seen.Add(1) == int64(n)+1 {
			close(come)
		}
		return false
	}})
	go func() {
		defer close(done)
		select {
		case <-come:
			do()
		case <-quit:
		}
	}()
	return func() { close(quit); <-done }
}

// note remembers what may be in flight now: what the server is still at work on,
// whenever it came, and the latest requests to arrive. An answer counts as in flight
// until it is on the host's disk.
func (a *askingSeries) note() {
	requests := a.server.Requests()
	for n, r := range requests {
		if !r.Left || n >= len(requests)-3*atOnce {
			a.flying[r.Canonical] = true
		}
	}
}

// check demands that only such answers were paid for twice, and counts them.
func (a *askingSeries) check() int {
	a.t.Helper()
	twice := a.server.PaidTwice()
	for _, canonical := range twice {
		if !a.flying[canonical] {
			a.t.Errorf("paid for twice, and not in flight at any kill: %s", canonical)
		}
	}
	if paid := len(a.server.Paid()); paid != 300 {
		a.t.Errorf("%d answers paid for, want 300", paid)
	}
	return len(twice)
}

// backendOf finds the process of the hosted backend; 0: it has just ended.
func backendOf(tmp string) int {
	environments, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is good
	for _, path := range environments {
		env, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(env), "HOME="+tmp+"/") {
			continue
		}
		command, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && strings.Contains(string(command), "llm-openai") {
			return pid
		}
	}
	return 0
}

// TestNoSecretIsWrittenDown looks for the key in all that a run leaves behind and
// says: folder, journal, cassette, cache, logs, both outputs, with a provider that
// repeats the key in its errors.
func TestNoSecretIsWrittenDown(t *testing.T) {
	programs(t)
	server := openaitest.Start(t, openaitest.Options{Key: askingKey})
	server.Rule(
		openaitest.Rule{From: 3, Times: 2, Do: openaitest.Behaviour{Status: 500, Message: "boom, your key is " + askingKey}},
		openaitest.Rule{From: 9, Times: 1, Do: openaitest.Behaviour{Status: 400, Message: "bad request with Authorization: Bearer " + askingKey}},
	)
	cache := t.TempDir()
	s := newAskingRun(t, server.URL())
	c := s.command(cache, []string{"ASKING_KEY=" + askingKey}, "--verbose")
	c.Dir = filepath.Dir(s.suite)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	export := exec.Command(filepath.Join(os.Getenv(binVariable), "alignuser"), "llm", "export", s.suite, "--runs", s.out, "--to", filepath.Join(s.out, "x.cassette"))
	more, err := export.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, more)
	}
	looked := 0
	look := func(name string, b []byte) {
		looked++
		if bytes.Contains(b, []byte(askingKey)) || bytes.Contains(b, []byte(askingKey[3:])) {
			t.Errorf("%s has the key", name)
		}
	}
	look("output", slices.Concat(out, more))
	for _, dir := range []string{filepath.Dir(s.suite), cache} {
		err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			look(path, b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 15 {
		t.Errorf("only %d files were looked at", looked)
	}
	if !strings.Contains(string(out), "boom") {
		t.Errorf("the errors of the provider did not come through:\n%s", out)
	}
}
