//go:build linux

package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// childEnv makes the test binary a run of its own, to be killed.
const childEnv = "ALIGNUSER_LLM_TEST_CHILD"

const (
	killQuestions = 600
	killAtOnce    = 16
	killKey       = "sk-test-0b5f1c2d3e4f"
)

// work is a run over the real plugin: all questions, the same each time.
type work struct{ Plugin, URL, Journal, Key string }

func child(raw string) error {
	var w work
	if err := json.Unmarshal([]byte(raw), &w); err != nil {
		return err
	}
	answers, err := w.run(killQuestions)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// backend starts the plugin behind a host.
func (w work) backend(ctx context.Context, extra sdk.Options) (sdk.LLM, *host.Host, error) {
	h, err := host.New(host.Config{})
	if err != nil {
		return nil, nil, err
	}
	e, err := host.Inspect(w.Plugin)
	if err != nil {
		return nil, h, err
	}
	described, err := h.Describe(ctx, e)
	if err != nil {
		return nil, h, err
	}
	given := sdk.Options{"model": "m", "base-url": w.URL}
	for k, v := range extra {
		given[k] = v
	}
	options, ds := sdk.Canonical(described.Components[0].Options, given)
	if sdk.Failed(ds) {
		return nil, h, fmt.Errorf("%v", ds)
	}
	p, err := h.Start(ctx, host.Instance{Executable: e, Component: "openai", Options: options, Secrets: map[string]string{"api-key": w.Key}})
	if err != nil {
		return nil, h, err
	}
	return p.LLM(), h, nil
}

func (w work) run(n int) (answers []string, err error) {
	j, err := OpenJournal(w.Journal, toy)
	if err != nil {
		return nil, err
	}
	var h *host.Host
	c, err := Open(Config{
		Name: "gpt", Identity: "openai/m", Journal: j, Concurrency: killAtOnce,
		Backend: func(ctx context.Context) (b sdk.LLM, err error) {
			b, h, err = w.backend(ctx, nil)
			return b, err
		},
	})
	if err != nil {
		return nil, err
	}
	s, err := NewSchema([]byte(watchOrSkip))
	if err != nil {
		return nil, err
	}
	answers = make([]string, n)
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for i := range n {
		all.Go(func() {
			r := question(fmt.Sprintf("Film %d: watch or skip?", i))
			r.Schema = s
			a, err := c.Ask(context.Background(), r)
			mu.Lock()
			defer mu.Unlock()
			answers[i] = string(a.JSON)
			failed = errors.Join(failed, err)
		})
	}
	all.Wait()
	err = errors.Join(failed, c.Close(), j.Close())
	if h != nil {
		err = errors.Join(err, h.Close())
	}
	return answers, err
}

// plugin builds llm-openai.
func plugin(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "llm-openai")
	if out, err := exec.Command("go", "build", "-o", path, "../../plugins/llm-openai").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// TestNothingIsPaidTwice kills a run, or its backend, at twenty random moments
// and goes on. Only what was in flight may be paid for again.
func TestNothingIsPaidTwice(t *testing.T) {
	asked := make(chan struct{}, 100*killQuestions)
	s := openaitest.Start(t, openaitest.Options{Key: killKey, Latency: 5 * time.Millisecond, Answer: func(openaitest.Chat) (string, bool) {
		asked <- struct{}{}
		return "", false
	}})
	w := work{Plugin: plugin(t), URL: s.URL(), Journal: filepath.Join(t.TempDir(), "answers.db"), Key: killKey}
	random := rand.New(rand.NewPCG(7, 7))
	kills, paid, kept, again := 0, 0, 0, 0
	for ; kills < 20 && len(s.Paid()) < killQuestions-killAtOnce; kills++ {
		cmd := w.start(t, io.Discard)
		wait(asked, 1+random.IntN(24))
		inFlight := 2 * killAtOnce // called for, or answered and on the way to the disk
		if kills%2 == 1 {          // the backend first, and the host when it has gone on
			killBackend(t, cmd.Process.Pid)
			wait(asked, 1+random.IntN(8))
			inFlight += 2 * killAtOnce
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		for s.InFlight() > 0 { // it may be writing to who is no more
			time.Sleep(time.Millisecond)
		}
		j := reopen(t, w.Journal)
		lost := total(s) - paid - (j.Len() - kept)
		if lost > inFlight {
			t.Errorf("kill %d: %d answers paid for and lost, with at most %d in flight", kills, lost, inFlight)
		}
		paid, kept, again = total(s), j.Len(), again+lost
		_ = j.Close()
	}
	var out bytes.Buffer
	if err := w.start(t, &out).Wait(); err != nil {
		t.Fatal(err)
	}
	var answers []string
	if err := json.Unmarshal(out.Bytes(), &answers); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills: %d answers paid for %d questions; %d were in flight when something died", kills, total(s), killQuestions, again)
	if kills != 20 || len(s.Paid()) != killQuestions || total(s) != killQuestions+again {
		t.Errorf("%d kills, %d distinct answers, %d paid, %d lost in flight", kills, len(s.Paid()), total(s), again)
	}
	unbroken := w
	unbroken.Journal = filepath.Join(t.TempDir(), "answers.db")
	want, err := unbroken.run(killQuestions)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(want, "\n") != strings.Join(answers, "\n") {
		t.Error("an unbroken run answers otherwise")
	}
}

// total counts the answers that were paid for, again and again.
func total(s *openaitest.Server) (n int) {
	for _, times := range s.Paid() {
		n += times
	}
	return n
}

func (w work) start(t *testing.T, out io.Writer) *exec.Cmd {
	t.Helper()
	raw, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(raw))
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// wait returns when so many questions have come, or none for long.
func wait(asked <-chan struct{}, n int) {
	for range n {
		select {
		case <-asked:
		case <-time.After(10 * time.Second):
			return
		}
	}
}

// killBackend kills the children of a process.
func killBackend(t *testing.T, parent int) {
	t.Helper()
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		// pid (name) state ppid; the name may hold anything.
		fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may just have ended
		}
	}
}

// TestNoSecretIsKept looks for the key in everything that a run leaves.
func TestNoSecretIsKept(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{Key: killKey})
	// A provider that repeats the key in what it says.
	s.Rule(openaitest.Rule{From: 3, Times: 2, Do: openaitest.Behaviour{Status: 500, Message: "bad luck with " + killKey}})
	w := work{Plugin: plugin(t), URL: s.URL(), Journal: filepath.Join(t.TempDir(), "answers.db"), Key: killKey}
	if _, err := w.run(20); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(w.Journal)
	if err != nil {
		t.Fatal(err)
	}
	path, _ := record(t, layer(t, w.Journal))
	tape, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(killKey)) || bytes.Contains(tape, []byte(killKey)) {
		t.Error("the key is in a file")
	}
	k, err := OpenCassette(path)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	for _, b := range k.blocks { // and unpacked
		packed := make([]byte, b.length)
		if _, err := k.r.ReadAt(packed, b.at); err != nil {
			t.Fatal(err)
		}
		plain, err := k.dec.DecodeAll(packed, nil)
		if err != nil || bytes.Contains(plain, []byte(killKey)) {
			t.Errorf("the key is in the recording, or %v", err)
		}
	}
}

// TestWrongsOfARealBackend: what a user does wrong, with the real plugin.
func TestWrongsOfARealBackend(t *testing.T) {
	path := plugin(t)
	s := openaitest.Start(t, openaitest.Options{Key: killKey, Models: []string{"m"}, Context: 200})
	for _, x := range []struct {
		name, key string
		options   sdk.Options
		text      string
		kind      error
		parts     []string
	}{
		{"no key", "", nil, "hi", sdk.ErrDenied, []string{"status 401", "no key was granted"}},
		{"wrong key", "sk-wrong-0000", nil, "hi", sdk.ErrDenied, []string{"status 401", "is the key right"}},
		{"unknown model", killKey, sdk.Options{"model": "gpt-0"}, "hi", sdk.ErrInvalid, []string{"status 404", "gpt-0"}},
		{"too long", killKey, nil, strings.Repeat("word ", 400), sdk.ErrInvalid, []string{"status 400", "context length"}},
		{"unreachable", killKey, sdk.Options{"base-url": "http://127.0.0.1:1/v1"}, "hi", nil, []string{"2 attempts", "nothing listens at http://127.0.0.1:1/v1", "is the server running?"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := work{Plugin: path, URL: s.URL(), Key: x.key}
			b, h, err := w.backend(t.Context(), x.options)
			if h != nil {
				defer func() { _ = h.Close() }()
			}
			if err != nil {
				t.Fatal(err)
			}
			c := open(t, Config{Name: "gpt", TransportRetries: 1, Backend: func(context.Context) (sdk.LLM, error) { return b, nil }})
			_, err = c.Ask(t.Context(), question(x.text))
			t.Log(err)
			mustSay(t, err, append(x.parts, "gpt: ")...)
			if x.kind != nil && !errors.Is(err, x.kind) {
				t.Errorf("%v is not %v", err, x.kind)
			}
			if strings.Contains(err.Error(), "sk-") {
				t.Errorf("a key in %v", err)
			}
		})
	}
}
