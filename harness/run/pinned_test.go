//go:build unix

package run

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/sdk"
)

const alignedSuite = `schema = 1
name = "test"
seed = 3
[dataset]
plugin = "planted"
options = { users = 12, items = 40, sessions = 8 }
[split]
method = "user-temporal"
test = 0.2
[[recommender]]
plugin = "basics"
component = "random"
[[llm]]
plugin = "embedded"
[[agent]]
kind = "aligned"
[[task]]
kind = "simulate"
options = { users = 4 }
`

// pinnedBench is a bench whose lock pins what tuning makes for the suite's agent.
func pinnedBench(t *testing.T) (*bench, host.LockModel) {
	t.Helper()
	b := newBench(t, nil)
	p := b.plan(alignedSuite, nil)
	w, err := p.Workshop(p.config.Suite.Agents[0])
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.Model(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pin := host.LockModel{Suite: "test", Name: "aligned", Recipe: w.Pin, Model: filepath.ToSlash(m.Name), SHA256: m.SHA256}
	b.host.Lock().SetModel(pin)
	return b, pin
}

// warnings gives those notes that warn.
func (l *listener) warnings() []string {
	return slices.DeleteFunc(l.notes(), func(text string) bool { return !strings.HasPrefix(text, "warning: ") })
}

// tuneAnew has the bench forget what it tuned.
func (b *bench) tuneAnew() {
	b.t.Helper()
	if err := os.RemoveAll(filepath.Join(b.cache, "align")); err != nil {
		b.t.Fatal(err)
	}
}

// TestPinnedModel: a run that would use another model than the lock pins does not begin;
// where the model is still to be tuned, its cells have none.
func TestPinnedModel(t *testing.T) {
	t.Parallel()
	b, pin := pinnedBench(t)
	var heard listener
	if res := b.execute(b.plan(alignedSuite, heard.hear)); len(res.Failures) > 0 || len(heard.warnings()) > 0 {
		t.Fatalf("the pinned model: %v, %q", res.Failures, heard.warnings())
	}
	pin.SHA256 = strings.Repeat("0", 64)
	b.host.Lock().SetModel(pin)
	b.root = t.TempDir()
	p := b.plan(alignedSuite, nil)
	var untrusted *host.TrustError
	_, err := p.Execute(t.Context(), nil)
	if !errors.As(err, &untrusted) || !strings.Contains(err.Error(), "agent aligned: ") || !strings.Contains(err.Error(), "pins another model for this recipe: sha256 0000") || !strings.Contains(err.Error(), "--agent aligned --lock") {
		t.Errorf("another model: %v", err)
	}
	if begun, _ := os.ReadDir(b.root); len(begun) > 0 {
		t.Errorf("a run was begun: %v", begun)
	}
	if _, err := p.Forecast(t.Context()); !errors.As(err, &untrusted) {
		t.Errorf("the plan of it: %v", err)
	}
	b.tuneAnew()
	res := b.execute(b.plan(alignedSuite, nil))
	if got := reason(res, "random"); res.Done != 0 || !strings.Contains(got, "pins another model for this recipe") {
		t.Errorf("tuned by the run: %d done, %q", res.Done, got)
	}
}

// TestPinnedRecipe: of a recipe that the lock does not know a run says so, once.
func TestPinnedRecipe(t *testing.T) {
	t.Parallel()
	b, _ := pinnedBench(t)
	var heard listener
	res := b.execute(b.plan(alignedSuite, heard.hear, "agent.aligned.options.world-model=false"))
	if len(res.Failures) > 0 {
		t.Fatal(res.Failures)
	}
	if notes := heard.warnings(); len(notes) != 1 || !strings.Contains(notes[0], "pins its model for other recipes only") {
		t.Errorf("%q", notes)
	}
	if f, err := b.plan(alignedSuite, nil, "agent.aligned.options.world-model=false").Forecast(t.Context()); err != nil || len(f.Warnings) != 1 {
		t.Errorf("the plan warns of %q, %v", f.Warnings, err)
	}
	b.host.Lock().Models[0].Suite = "other"
	var quiet listener
	b.execute(b.plan(alignedSuite, quiet.hear, "agent.aligned.options.world-model=false"))
	if notes := quiet.warnings(); len(notes) > 0 {
		t.Errorf("of another suite's: %q", notes)
	}
}

// TestPinOutlivesTheProgram: another build of the backend shares no folder with the one
// before, so no model of its is used; and where it makes the same model the pin holds.
func TestPinOutlivesTheProgram(t *testing.T) {
	t.Parallel()
	b, pin := pinnedBench(t)
	program, err := os.ReadFile(filepath.Join(os.Getenv(binVariable), "llm-embedded"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "llm-embedded")
	if err := os.WriteFile(path, append(program, "another build"...), 0o700); err != nil {
		t.Fatal(err)
	}
	e, err := host.Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	before := b.plan(alignedSuite, nil)
	b.host.Lock().Set(host.LockEntry{Kind: sdk.KindLLM, Name: e.Name, Path: e.Path, Digest: e.Digest, Protocol: host.Protocol})
	var heard listener
	after := b.plan(alignedSuite, heard.hear)
	was, err := before.Workshop(before.config.Suite.Agents[0])
	if err != nil {
		t.Fatal(err)
	}
	is, err := after.Workshop(after.config.Suite.Agents[0])
	if err != nil {
		t.Fatal(err)
	}
	if was.Dir == is.Dir || was.Digest == is.Digest || was.Pin != is.Pin || is.Pin != pin.Recipe {
		t.Errorf("folders %s and %s, recipes %s and %s, pinned %s", was.Dir, is.Dir, was.Pin, is.Pin, pin.Recipe)
	}
	if res := b.execute(after); len(res.Failures) > 0 || len(heard.warnings()) > 0 {
		t.Errorf("%v, %q", res.Failures, heard.warnings())
	}
}
