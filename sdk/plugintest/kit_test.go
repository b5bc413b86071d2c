package plugintest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
)

// flaws pairs each flaw of testdata/spoiled with the case that must find it.
var flaws = map[string][]struct{ flaw, id string }{
	"recommender": {
		{"stubborn", "lifecycle/shutdown"},
		{"stubborn", "lifecycle/stdin"},
		{"stubborn", "lifecycle/signal"},
		{"stubborn", "lifecycle/cycles"},
		{"no-cookie", "lifecycle/cookie"},
		{"any-version", "lifecycle/negotiation"},
		{"before-fit", "lifecycle/order"},
		{"slow-close", "lifecycle/quiet"},
		{"litter", "lifecycle/tidy"},
		{"unstable", "describe/stable"},
		{"no-doc", "describe/component"},
		{"option-without-doc", "describe/options"},
		{"refuses-defaults", "options/defaults"},
		{"refuses-bound", "options/bounds"},
		{"needs-rows", "data/empty"},
		{"needs-two-rows", "data/one-row"},
		{"not-32767", "data/chunk-minus-1"},
		{"not-32768", "data/chunk"},
		{"not-32769", "data/chunk-plus-1"},
		{"needs-order", "data/unsorted"},
		{"needs-distinct", "data/repeated"},
		{"needs-values", "data/implicit"},
		{"needs-times", "data/untimed"},
		{"unseen", "data/unseen"},
		{"touches-data", "data/untouched"},
		{"k", "recommend/k"},
		{"cold", "recommend/cold"},
		{"by-place", "recommend/cold"},
		{"needs-users", "recommend/batch"},
		{"by-call", "recommend/repeatable"},
		{"by-batch", "recommend/batch-equals-singles"},
		{"by-place", "recommend/order"},
		{"by-company", "recommend/concurrent"},
		{"score-upside-down", "score/agrees"},
		{"score-all", "score/all"},
		{"score-batch", "score/batch"},
		{"off-scale", "score/values"},
		{"save-hash", "save/files"},
		{"save-unlisted", "save/files"},
		{"load-differs", "save/equal"},
		{"load-anything", "save/missing"},
		{"update", "update/accepts"},
		{"by-process", "determinism/restart"},
		{"by-threads", "determinism/threads"},
		{"deaf-fit", "cancel/deadline"},
		{"broken-by-cancel", "cancel/fit"},
		{"dies-of-ids", "faults/ids"},
		{"accepts-bad-data", "faults/data"},
	},
	"dataset": {
		{"no-users", "describe/tables"},
		{"scale", "dataset/prepare"},
		{"no-licence", "dataset/prepare"},
		{"source-without-hash", "dataset/prepare"},
		{"cold-when-offline", "dataset/offline"},
		{"forgets-version", "dataset/offline"},
		{"any-table", "dataset/unknown"},
		{"columns", "dataset/columns"},
		{"rows", "dataset/rows"},
		{"empty", "dataset/rows"},
		{"twice", "dataset/ids"},
		{"far-item", "dataset/references"},
		{"off-scale", "dataset/values"},
		{"off-step", "dataset/values"},
		{"missing-value", "dataset/values"},
		{"milliseconds", "dataset/times"},
		{"all-columns", "dataset/subset"},
		{"by-read", "dataset/again"},
		{"by-process", "dataset/restart"},
		{"decision-two", "respond/shape"},
		{"chance-above-one", "respond/probabilities"},
		{"impossible", "respond/probabilities"},
		{"value-unwatched", "respond/values"},
		{"value-off-scale", "respond/values"},
		{"by-call", "respond/repeatable"},
		{"by-place", "respond/batch"},
		{"stream-moves-chance", "respond/streams"},
		{"deaf-to-stream", "respond/streams"},
		{"needs-cards", "respond/empty"},
	},
	"llm": {
		{"logs-secret", "lifecycle/secrets"},
		{"tells-secret", "lifecycle/secrets"},
		{"drops-one", "llm/ids"},
		{"off-schema", "llm/schema"},
		{"dishonest", "llm/schema"},
		{"silent", "llm/text"},
		{"free", "llm/usage"},
		{"more-than-all", "llm/choices"},
		{"likely", "llm/logprobs"},
		{"by-call", "llm/seed"},
		{"by-process", "llm/seed"},
		{"by-batch", "llm/batch"},
		{"needs-requests", "llm/empty"},
		{"any-schema", "llm/bad-schema"},
		{"sum", "llm/score"},
		{"score-batch", "llm/score-batch"},
		{"embed-alike", "llm/embed"},
		{"embed-place", "llm/embed"},
		{"no-model", "tune/job"},
		{"no-such-file", "tune/job"},
		{"watch-from-start", "tune/watch"},
		{"endless", "tune/cancel"},
		{"any-job", "tune/unknown"},
		{"any-file", "tune/bad-file"},
	},
}

// elsewhere lists cases whose bad plugin is harness/host/testdata/badplugin,
// and those that package serve keeps for every plugin made with it.
var elsewhere = map[string]string{
	"lifecycle/start":      "badplugin",
	"lifecycle/health":     "badplugin",
	"lifecycle/stdout":     "badplugin",
	"lifecycle/handshake":  "badplugin",
	"lifecycle/children":   "badplugin",
	"recommend/shape":      "badplugin",
	"recommend/range":      "badplugin",
	"recommend/duplicates": "badplugin",
	"recommend/finite":     "badplugin",
	"recommend/sorted":     "badplugin",
	"recommend/ties":       "badplugin",
	"recommend/excludes":   "badplugin",
	"recommend/candidates": "badplugin",
	"describe/kind":        "TestWrongKind",
	"lifecycle/component":  "serve",
	"describe/names":       "serve",
	"describe/defaults":    "serve",
	"options/types":        "serve",
	"options/choices":      "serve",
	"options/unknown":      "serve",
	"options/required":     "serve",
	"options/configure":    "serve",
	"faults/ragged":        "serve",
	"faults/lengths":       "serve",
	"faults/values":        "serve",
	"faults/oversize":      "serve",
	"faults/feature":       "serve",
}

func spoiled(p Program, kind, flaw string) Program {
	p.Env = []string{"KIND=" + kind, "FLAW=" + flaw}
	return p
}

func check(t *testing.T, p Program, cfg Config) Report {
	t.Helper()
	r, err := Check(t.Context(), p, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestGood: a plugin without a flaw passes every case of its kind.
func TestGood(t *testing.T) {
	defer goleak.VerifyNone(t)
	p := Build(t, "testdata/spoiled")
	tried := map[string]bool{}
	for kind := range flaws {
		k, _ := sdk.ParseKind(kind)
		for _, r := range check(t, spoiled(p, kind, ""), Config{Kind: k}).Results {
			tried[r.ID] = true
			if r.Status != Pass {
				t.Errorf("%s: %s: %s: %s", kind, r.ID, r.Status, r.Reason)
			}
		}
	}
	for _, c := range Cases() {
		if !tried[c.ID] && c.ID != "options/required" && c.ID != "lifecycle/secrets" { // spoiled asks for neither
			t.Errorf("%s was not tried", c.ID)
		}
	}
}

// TestFlaws: each flaw fails the case that is meant for it.
func TestFlaws(t *testing.T) {
	p := Build(t, "testdata/spoiled")
	for kind, all := range flaws {
		for _, f := range all {
			t.Run(kind+"/"+f.flaw+"/"+f.id, func(t *testing.T) {
				t.Parallel()
				cfg := Config{Cases: []string{f.id}}
				if f.flaw == "endless" { // the one that must be waited for
					cfg.Timeout = 2 * time.Second
				}
				r := check(t, spoiled(p, kind, f.flaw), cfg)
				if len(r.Results) != 1 || r.Results[0].Status != Fail || r.Results[0].ID != f.id || r.Results[0].Reason == "" {
					t.Errorf("want %s to fail, have %+v", f.id, r.Results)
				}
			})
		}
	}
}

// TestEveryCaseHasABadPlugin: a case that nothing fails tests nothing.
func TestEveryCaseHasABadPlugin(t *testing.T) {
	broken, seen := map[string]bool{}, map[string]bool{}
	for _, all := range flaws {
		for _, f := range all {
			broken[f.id] = true
		}
	}
	for _, c := range Cases() {
		if seen[c.ID] {
			t.Errorf("%s occurs twice", c.ID)
		}
		seen[c.ID] = true
		if c.Doc == "" || c.run == nil || !strings.Contains(c.ID, "/") {
			t.Errorf("%s: not a whole case", c.ID)
		}
		if broken[c.ID] == (elsewhere[c.ID] != "") {
			t.Errorf("%s: want a flaw, or a word on where its bad plugin is, not both", c.ID)
		}
	}
	for id := range elsewhere {
		if !seen[id] {
			t.Errorf("%s is no case", id)
		}
	}
}

func TestWrongKind(t *testing.T) {
	p := Build(t, "testdata/spoiled")
	r := check(t, spoiled(p, "llm", ""), Config{Kind: sdk.KindDataset, Cases: []string{"describe/kind"}})
	if r.Count(Fail) != 1 || !strings.Contains(r.Results[0].Reason, "is a llm, want a dataset") {
		t.Errorf("have %+v", r.Results)
	}
}

// TestNotAPlugin: what does not start fails, whichever case was asked for.
func TestNotAPlugin(t *testing.T) {
	r := check(t, Program{Path: "/bin/false"}, Config{Cases: []string{"recommend/ties"}, Start: 5 * time.Second})
	if len(r.Results) != 1 || r.Results[0].ID != "lifecycle/start" || r.Results[0].Status != Fail {
		t.Errorf("have %+v", r.Results)
	}
}

// TestUnknownComponent: it cannot pass because nothing was tried.
func TestUnknownComponent(t *testing.T) {
	p := Build(t, "testdata/spoiled")
	r := check(t, spoiled(p, "llm", ""), Config{Component: "other", Cases: []string{"llm"}})
	if r.Count(Fail) != 1 || !strings.Contains(r.Results[0].Reason, `no component "other" (components: spoiled)`) {
		t.Errorf("have %+v", r.Results)
	}
}

func TestNoCase(t *testing.T) {
	if _, err := Check(t.Context(), Program{}, Config{Cases: []string{"recommend2/*"}}, nil); !errors.Is(err, ErrNoCase) {
		t.Errorf("have %v", err)
	}
	if _, err := Check(t.Context(), Program{}, Config{Cases: []string{"["}}, nil); err == nil {
		t.Error("a bad pattern was accepted")
	}
}

// TestInterrupted: the end of the context ends the check, and is told.
func TestInterrupted(t *testing.T) {
	p := Build(t, "testdata/spoiled")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Check(ctx, spoiled(p, "llm", ""), Config{}, func(Result) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("have %v", err)
	}
}
