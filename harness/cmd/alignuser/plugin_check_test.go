//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest"
)

// TestBadPluginsFail: each way to misbehave that the host must survive fails
// the case of the conformance kit that is meant for it.
func TestBadPluginsFail(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "badplugin")
	build := exec.Command("go", "build", "-o", exe, "./harness/host/testdata/badplugin")
	build.Dir = repository
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cfg := plugintest.Config{
		Options: sdk.Options{"items": int64(120)}, // as many as the kit's catalogue has
		Secrets: map[string]string{"KEY": "none"},
	}
	for mode, id := range map[string]string{
		"panic":         "recommend/shape",
		"exit-zero":     "recommend/shape",
		"exit-fit":      "data/empty",
		"hang":          "recommend/shape",
		"spin":          "recommend/shape",
		"stop":          "recommend/shape",
		"stop-fit":      "data/empty",
		"kill":          "recommend/shape",
		"flood":         "lifecycle/quiet",
		"fork":          "lifecycle/children",
		"huge":          "recommend/shape",
		"nan":           "recommend/finite",
		"short":         "recommend/shape",
		"overfull":      "recommend/shape",
		"padding":       "recommend/shape",
		"duplicate":     "recommend/duplicates",
		"out-of-range":  "recommend/range",
		"excluded":      "recommend/excludes",
		"not-candidate": "recommend/candidates",
		"unsorted":      "recommend/sorted",
		"ties":          "recommend/ties",
		"nan-scores":    "score/agrees",
		"few-scores":    "score/all",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := cfg
			c.Component, c.Cases, c.Timeout = mode, []string{id}, 3*time.Second
			mustFail(t, exe, c, id)
		})
	}
	for mode, id := range map[string]string{
		"garbage":        "lifecycle/stdout",
		"long-line":      "lifecycle/stdout",
		"certificate":    "lifecycle/handshake",
		"not-serving":    "lifecycle/health",
		"exit-early":     "lifecycle/start",
		"silent":         "lifecycle/start",
		"dead-socket":    "lifecycle/start",
		"foreign-socket": "lifecycle/start",
		"no-http2":       "lifecycle/start",
		"wrong-version":  "lifecycle/start",
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			mine := filepath.Join(t.TempDir(), "badplugin")
			if err := os.Link(exe, mine); err != nil {
				t.Skip(err)
			}
			if err := os.WriteFile(mine+".mode", []byte(mode), 0o600); err != nil {
				t.Fatal(err)
			}
			c := cfg
			c.Cases, c.Start = []string{id}, 3*time.Second
			mustFail(t, mine, c, id)
		})
	}
	t.Run("good", func(t *testing.T) {
		t.Parallel()
		c := cfg
		c.Component = "good"
		r, err := plugintest.Check(t.Context(), plugintest.Program{Path: exe}, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range r.Results {
			if x.ID == "faults/data" {
				continue // it learns nothing, so it takes any data
			}
			if x.Status != plugintest.Pass {
				t.Errorf("%s: %s: %s", x.ID, x.Status, x.Reason)
			}
		}
	})
}

func mustFail(t *testing.T, exe string, cfg plugintest.Config, id string) {
	t.Helper()
	r, err := plugintest.Check(t.Context(), plugintest.Program{Path: exe}, cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Results {
		if x.ID == id && x.Status == plugintest.Fail {
			return
		}
	}
	t.Errorf("want %s to fail, have %+v", id, r.Results)
}
