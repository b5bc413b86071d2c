//go:build unix

package run

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

const deskKey = "sk-desk"

// asking is a suite of backends, each with a base URL of its own.
func asking(backends ...string) string {
	return `schema = 1
name = "asking"
seed = 3
repeats = 2
[dataset]
plugin = "tiny"
[split]
method = "user-temporal"
test = 0.34
` + strings.Join(backends, "") + `[[task]]
kind = "reading"
options = { questions = 40 }
`
}

func backendTable(name, url, more string) string {
	return "[[llm]]\nname = \"" + name + "\"\nplugin = \"openai\"\noptions = { model = \"m\", base-url = \"" + url + "\" }\nsecrets = { api-key = \"KEY\" }\n" + more
}

// ask prepares a suite whose backends may be asked.
func (b *bench) ask(text string, events func(Event), sets ...string) *Plan {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "asking.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	s, err := spec.Load(path, sets)
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := Prepare(b.t.Context(), Config{
		Suite: s, Host: b.host, Tasks: all.Tasks(), Root: b.root, CacheDir: b.cache, Command: "alignuser run asking.toml", Events: events,
		Getenv: func(string) string { return deskKey },
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(p.Close)
	return p
}

// agentReason gives why a backend's cell failed; "" where it did not.
func agentReason(res Result, name string) string {
	for _, f := range res.Failures {
		if f.Agent == name {
			return f.Reason
		}
	}
	return ""
}

// evidence reads what must not differ; cells of backends lie one folder deeper.
func evidence(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{record.CellsFile, record.SummaryFile, "evidence/*/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			rel, _ := filepath.Rel(dir, f)
			out[rel] = string(b)
		}
	}
	return out
}

// TestBackendsAreArms: neither pace nor the failures of a provider change a byte,
// and a second run of the same suite elsewhere asks the same.
func TestBackendsAreArms(t *testing.T) {
	t.Parallel()
	server := openaitest.Start(t, openaitest.Options{Key: deskKey})
	text := asking(backendTable("hosted", server.URL(), ""))
	slow := newBench(t, nil)
	p := slow.ask(text, nil, "llm.hosted.concurrency=1")
	res := slow.execute(p)
	want := evidence(t, res.Dir)
	if len(want) != 2+3*2 || len(res.Failures) > 0 {
		t.Fatalf("%d files, %v", len(want), res.Failures)
	}
	server.Reset()
	server.Rule(openaitest.Rule{Every: 5, Do: openaitest.Failing(503)})
	wide := newBench(t, nil)
	q := wide.ask(text, nil, "llm.hosted.concurrency=64", "llm.hosted.price={input=1,output=2}", "limits.workers=4")
	if q.ID() != p.ID() {
		t.Errorf("pace and price make another run")
	}
	same(t, want, evidence(t, wide.execute(q).Dir))
	if twice := server.PaidTwice(); len(twice) > 0 {
		t.Errorf("paid twice: %v", twice)
	}
	// The run is whole: nothing is asked again, and usage stays.
	before, err := os.ReadFile(filepath.Join(res.Dir, record.UsageFile))
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	slow.execute(slow.ask(text, nil))
	if after, err := os.ReadFile(filepath.Join(res.Dir, record.UsageFile)); err != nil || string(after) != string(before) {
		t.Errorf("%v\n%s\n%s", err, before, after)
	}
}

// TestDeadBackendIsARow: a backend that refuses the key or has no such model ends
// its own cells with one reason, and the others go on.
func TestDeadBackendIsARow(t *testing.T) {
	t.Parallel()
	good := openaitest.Start(t, openaitest.Options{Key: deskKey})
	closed := openaitest.Start(t, openaitest.Options{Key: "sk-another"})
	poor := openaitest.Start(t, openaitest.Options{Key: deskKey, Models: []string{"other"}})
	b := newBench(t, nil)
	res := b.execute(b.ask(asking(
		backendTable("good", good.URL(), ""), backendTable("denied", closed.URL(), ""), backendTable("lost", poor.URL(), ""),
	), nil, "repeats=1"))
	if got := agentReason(res, "denied"); !strings.Contains(got, "401") || strings.Contains(got, deskKey) {
		t.Errorf("denied: %q", got)
	}
	if got := agentReason(res, "lost"); !strings.Contains(got, "404") {
		t.Errorf("lost: %q", got)
	}
	if res.Done != 3 || len(res.Failures) != 2 || agentReason(res, "good") != "" {
		t.Errorf("%+v", res)
	}
	if n := closed.Count(); n > 70 {
		t.Errorf("a backend that refuses the key was asked %d times", n)
	}
}

// TestStoppedWhileAsking: a stop lets calls in flight finish, and the run goes on
// to the same bytes.
func TestStoppedWhileAsking(t *testing.T) {
	t.Parallel()
	server := openaitest.Start(t, openaitest.Options{Key: deskKey})
	text := asking(backendTable("hosted", server.URL(), "concurrency = 2\n"))
	whole := newBench(t, nil)
	want := evidence(t, whole.execute(whole.ask(text, nil)).Dir)
	server.Reset()

	b := newBench(t, nil)
	stop := make(chan struct{})
	var once atomic.Bool
	p := b.ask(text, func(e Event) {
		if w, ok := e.(Working); ok && w.Arm == "hosted" && w.Step > 0 && once.CompareAndSwap(false, true) {
			close(stop)
		}
	})
	res := b.interrupted(p, stop)
	if res.Done == res.Cells {
		t.Errorf("the run was done before it was stopped")
	}
	same(t, want, evidence(t, b.execute(b.ask(text, nil)).Dir))
	if paid := server.PaidTwice(); len(paid) > 0 || len(server.Paid()) != 80 {
		t.Errorf("%d paid, %v twice", len(server.Paid()), paid)
	}
}

// Offline forbids the world, not a server on this machine.
func TestReaches(t *testing.T) {
	for url, want := range map[string]bool{
		"http://127.0.0.1:11434/v1": false, "http://localhost:8080/v1": false, "http://[::1]:1/v1": false,
		"https://api.example.com/v1": true, "http://10.0.0.7/v1": true, "http://localhost.example.com": true, "": true, "no url": true,
	} {
		b := backend{component: sdk.ComponentSpec{Needs: sdk.Needs{Network: "any"}}}
		b.Options = sdk.Options{"model": "m", "base-url": url}
		if b.reaches() != want {
			t.Errorf("%q: %t", url, !want)
		}
	}
}
