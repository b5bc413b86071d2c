package main

import (
	"os"
	"testing"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// TestContract runs the conformance kit: without a server, where only what
// needs none is examined; against one that wants no key; and against one that
// takes no schemas and misses a key at first.
func TestContract(t *testing.T) {
	p := plugintest.Program{Path: os.Args[0], Env: []string{asPlugin + "=1"}}
	t.Run("alone", func(t *testing.T) {
		report, err := plugintest.Check(t.Context(), p, plugintest.Config{Kind: sdk.KindLLM, Options: sdk.Options{"model": "m"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range report.Results {
			if r.Status == plugintest.Fail {
				t.Errorf("%s: %s", r.ID, r.Reason)
			}
		}
		if report.Count(plugintest.Pass) < 15 {
			t.Errorf("%d cases passed without a server", report.Count(plugintest.Pass))
		}
	})
	for name, o := range map[string]openaitest.Options{
		"server":     {},
		"old server": {Key: theKey, Structured: openaitest.Unknown},
	} {
		if name != "server" && testing.Short() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := openaitest.Start(t, o)
			plugintest.Run(t, p, plugintest.Config{
				Kind: sdk.KindLLM, Network: true, Options: sdk.Options{"model": "m", "base-url": s.URL()}, Secrets: map[string]string{keyName: theKey},
			})
			if s.Count() == 0 {
				t.Error("nothing was asked")
			}
		})
	}
}
