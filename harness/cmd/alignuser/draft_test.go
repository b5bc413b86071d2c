package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// The options of a draft stand as comments. Taking the marks away must give the
// defaults back, so that a reader can edit any line.
func TestDraftDefaultsReadBack(t *testing.T) {
	options := []sdk.OptionSpec{
		{Name: "flag", Type: sdk.OptionBool, Default: false, Doc: "a switch"},
		{Name: "count", Type: sdk.OptionInt, Default: int64(100), Min: sdk.Bound(1), Doc: strings.Repeat("many words ", 20)},
		{Name: "whole", Type: sdk.OptionFloat, Default: 500.0, Doc: "a float without a fraction"},
		{Name: "tiny", Type: sdk.OptionFloat, Default: 1e-9, Doc: "a float with an exponent"},
		{Name: "word", Type: sdk.OptionString, Default: `say "hi" \ there`, Doc: "text that needs quotes"},
		{Name: "list", Type: sdk.OptionList, Element: sdk.OptionEnum, Default: []any{"a", "b"}, Doc: "a list"},
		{Name: "path", Type: sdk.OptionPath, Required: true, Doc: "no default"},
		{Name: "abandoned", Type: sdk.OptionInt, Default: int64(1), Deprecated: "use count", Doc: "not shown"},
	}
	d := &draft{
		name:         "x",
		dataset:      draftPart{plugin: "toy", component: "toy", doc: "a toy", options: options},
		recommenders: []draftPart{{name: "pop", plugin: "basics", component: "popular"}},
		tasks:        []draftPart{{plugin: "offline", doc: "a task"}},
	}
	text := d.text()
	if strings.Contains(text, "abandoned") {
		t.Errorf("a deprecated option is offered:\n%s", text)
	}
	if !strings.Contains(text, "# REQUIRED: path = …\n") {
		t.Errorf("the required option is not marked:\n%s", text)
	}
	live := regexp.MustCompile(`(?m)^# ([a-z]+ = )`).ReplaceAllString(text, "$1")
	s, err := spec.Parse("x.toml", []byte(live), nil)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, live)
	}
	want := sdk.Options{
		"flag": false, "count": int64(100), "whole": 500.0, "tiny": 1e-9, "word": `say "hi" \ there`, "list": []any{"a", "b"},
	}
	if diff := cmp.Diff(want, s.Dataset.Options); diff != "" {
		t.Errorf("defaults do not read back (-want +got):\n%s", diff)
	}
	for line := range strings.Lines(text) {
		if len([]rune(line)) > 100 {
			t.Errorf("a line of %d columns: %s", len([]rune(line)), line)
		}
	}
}
