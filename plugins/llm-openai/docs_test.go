package main

import (
	"os"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/alignuser/alignuser/sdk"
)

// TestDocs holds docs/backends.md to the plugin: its examples are options that
// the plugin takes, and it names every option.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../docs/backends.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```toml\n")
	n := 0
	for _, b := range blocks[1:] {
		code, _, _ := strings.Cut(b, "```")
		var suite struct {
			LLM []struct {
				Plugin  string
				Options map[string]any
				Secrets map[string]string
			}
		}
		if _, err := toml.Decode(code, &suite); err != nil {
			t.Errorf("%v in\n%s", err, code)
		}
		for _, l := range suite.LLM {
			if l.Plugin != "openai" {
				continue
			}
			n++
			canonical, ds := sdk.Canonical(optionSpecs(), l.Options)
			if !sdk.Failed(ds) {
				ds = append(ds, (&chat{}).Validate(t.Context(), canonical)...)
			}
			for _, d := range ds {
				t.Errorf("%s: %s in\n%s", d.Option, d.Summary, code)
			}
			for name := range l.Secrets {
				if name != keyName {
					t.Errorf("secret %s in\n%s", name, code)
				}
			}
		}
	}
	if n < 5 {
		t.Errorf("%d examples", n)
	}
	for _, o := range append(optionSpecs(), tuneOptions()...) {
		if !strings.Contains(string(text), "`"+o.Name+"`") {
			t.Errorf("option %s is not in docs/backends.md", o.Name)
		}
	}
}
