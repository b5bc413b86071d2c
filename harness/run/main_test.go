//go:build unix

package run

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
)

// programs are the plugins of these tests, as real processes: a data set, a
// recommender that misbehaves on demand, and two that do not.
var programs = []struct{ label, source string }{
	{"dataset-planted", "../../plugins/dataset-planted"},
	{"dataset-tiny", "./testdata/dataset-tiny"},
	{"llm-embedded", "../../plugins/llm-embedded"},
	{"llm-openai", "../../plugins/llm-openai"},
	{"recommender-bad", "../host/testdata/badplugin"},
	{"recommender-basics", "../../plugins/recommender-basics"},
	{"recommender-file", "../../plugins/recommender-file"},
	{"recommender-neighbors", "../../plugins/recommender-neighbors"},
}

// binVariable names the folder of built programs.
const binVariable = "ALIGNUSER_TEST_RUN_BIN"

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	bin, err := os.MkdirTemp("", "run-bin-")
	if err == nil {
		defer os.RemoveAll(bin)
		err = os.Setenv(binVariable, bin)
	}
	for _, p := range programs {
		if err != nil {
			break
		}
		var out []byte
		if out, err = exec.Command("go", "build", "-o", filepath.Join(bin, p.label), p.source).CombinedOutput(); err != nil {
			err = fmt.Errorf("go build %s: %w\n%s", p.source, err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// lock pins the programs. Nothing else is needed to run them.
func lock(t testing.TB) *host.Lock {
	t.Helper()
	l := &host.Lock{Path: filepath.Join(os.Getenv(binVariable), host.LockName)}
	for _, p := range programs {
		e, err := host.Inspect(filepath.Join(os.Getenv(binVariable), p.label))
		if err != nil {
			t.Fatal(err)
		}
		l.Set(host.LockEntry{Kind: e.Kind, Name: e.Name, Path: e.Path, Digest: e.Digest, Protocol: host.Protocol})
	}
	return l
}

// bench is where a test runs suites: a host, and folders for runs and cache.
type bench struct {
	t     testing.TB
	host  *host.Host
	root  string
	cache string
}

// newBench makes a host whose back-offs take no time, and holds the test to
// leaving no folder behind. Tests run side by side, so goroutines are looked for
// once at the end.
func newBench(t testing.TB, change func(*host.Timing)) *bench {
	t.Helper()
	config := host.Config{Lock: lock(t), RuntimeDir: shortDir(t), Timing: host.Timing{
		Sleep:    func(context.Context, time.Duration) error { return nil },
		Call:     time.Minute,
		Shutdown: 2 * time.Second, Grace: 100 * time.Millisecond, Terminate: 200 * time.Millisecond,
	}}
	if change != nil {
		change(&config.Timing)
	}
	h, err := host.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("host: %v", err)
		}
		if left, _ := os.ReadDir(config.RuntimeDir); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return &bench{t: t, host: h, root: t.TempDir(), cache: t.TempDir()}
}

// shortDir is a folder whose path leaves room for sockets.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "r-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// arm writes a recommender table.
func armTable(plugin, component string, options ...string) string {
	text := fmt.Sprintf("[[recommender]]\nplugin = %q\ncomponent = %q\n", plugin, component)
	if len(options) > 0 {
		text += "options = { " + strings.Join(options, ", ") + " }\n"
	}
	return text
}

func suite(arms ...string) string {
	return `schema = 1
name = "test"
seed = 3
repeats = 2
[dataset]
plugin = "tiny"
[split]
method = "user-temporal"
test = 0.34
` + strings.Join(arms, "") + `[[task]]
kind = "offline"
options = { cutoffs = [3] }
`
}

// plan prepares a suite. Events may be nil.
func (b *bench) plan(text string, events func(Event), sets ...string) *Plan {
	b.t.Helper()
	p, err := b.tryPlan(text, events, sets...)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) tryPlan(text string, events func(Event), sets ...string) (*Plan, error) {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), "test.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	s, err := spec.Load(path, sets)
	if err != nil {
		b.t.Fatal(err)
	}
	p, err := Prepare(b.t.Context(), Config{
		Suite: s, Host: b.host, Tasks: all.Tasks(), Root: b.root, CacheDir: b.cache, Command: "alignuser run test.toml", Events: events,
	})
	if err == nil {
		b.t.Cleanup(p.Close)
	}
	return p, err
}

// execute carries a plan out to its end.
func (b *bench) execute(p *Plan) Result {
	b.t.Helper()
	res, err := p.Execute(b.t.Context(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if res.Interrupted {
		b.t.Fatal("interrupted")
	}
	return res
}

// files reads what must not differ between two runs of one suite.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{record.CellsFile, record.SummaryFile, record.FailuresFile, "evidence/*/*/*"} {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(dir, f)
			if err != nil {
				t.Fatal(err)
			}
			out[rel] = string(b)
		}
	}
	return out
}

// same compares two runs file by file.
func same(t testing.TB, want, got map[string]string) {
	t.Helper()
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s differs", name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s should not be there", name)
		}
	}
}

// listener collects events.
type listener struct {
	mu     sync.Mutex
	events []Event
}

func (l *listener) hear(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// notes gives the texts of all notes.
func (l *listener) notes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, e := range l.events {
		if n, ok := e.(Note); ok {
			out = append(out, n.Text)
		}
	}
	return out
}

// marks reads the lines that the bad plugin left.
func marks(t testing.TB, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

// count counts a mark.
func count(marks []string, event string) int {
	n := 0
	for _, m := range marks {
		if m == event {
			n++
		}
	}
	return n
}

func marker(path string) string { return "marker = '" + path + "'" }

// reason gives why a cell failed; "" where it did not.
func reason(res Result, arm string) string {
	i := slices.IndexFunc(res.Failures, func(f record.Failure) bool { return f.Recommender == arm })
	if i < 0 {
		return ""
	}
	return res.Failures[i].Reason
}
