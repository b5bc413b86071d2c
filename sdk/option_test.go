package sdk_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

func specs() []sdk.OptionSpec {
	return []sdk.OptionSpec{
		{Name: "flag", Type: sdk.OptionBool, Default: false},
		{Name: "count", Type: sdk.OptionInt, Default: int64(3), Min: sdk.Bound(1), Max: sdk.Bound(10)},
		{Name: "rate", Type: sdk.OptionFloat, Default: 0.5, Min: sdk.Bound(0)},
		{Name: "label", Type: sdk.OptionString},
		{Name: "wait", Type: sdk.OptionDuration, Default: "1m30s"},
		{Name: "file", Type: sdk.OptionPath},
		{Name: "mode", Type: sdk.OptionEnum, Choices: []string{"fast", "exact"}, Default: "fast"},
		{Name: "sizes", Type: sdk.OptionList, Element: sdk.OptionInt, Min: sdk.Bound(0)},
		{Name: "extra", Type: sdk.OptionTable},
		{Name: "old", Type: sdk.OptionInt, Deprecated: "use count"},
	}
}

func TestCanonical(t *testing.T) {
	defaults := sdk.Options{"flag": false, "count": int64(3), "rate": 0.5, "wait": "1m30s", "mode": "fast"}
	with := func(name string, v any) sdk.Options {
		out := sdk.Options{name: v}
		for k, v := range defaults {
			if k != name {
				out[k] = v
			}
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		given sdk.Options
		want  sdk.Options // nil: refused
		says  string
	}{
		{"defaults", nil, defaults, ""},
		{"bool", sdk.Options{"flag": true}, with("flag", true), ""},
		{"bool from text", sdk.Options{"flag": "true"}, nil, `flag: want bool, have string "true"`},
		{"int", sdk.Options{"count": int64(10)}, with("count", int64(10)), ""},
		{"int from Go", sdk.Options{"count": 10}, with("count", int64(10)), ""},
		{"int from float", sdk.Options{"count": 2.0}, nil, "count: want int, have float 2"},
		{"int too small", sdk.Options{"count": int64(0)}, nil, "count: want at least 1, have 0"},
		{"int too large", sdk.Options{"count": int64(11)}, nil, "count: want at most 10, have 11"},
		{"float", sdk.Options{"rate": 2.5}, with("rate", 2.5), ""},
		{"float from int", sdk.Options{"rate": int64(2)}, with("rate", 2.0), ""},
		{"NaN", sdk.Options{"rate": math.NaN()}, nil, "rate: want a finite number"},
		{"infinite", sdk.Options{"rate": math.Inf(1)}, nil, "rate: want a finite number"},
		{"string", sdk.Options{"label": ""}, with("label", ""), ""},
		{"string from int", sdk.Options{"label": int64(1)}, nil, "label: want string, have int 1"},
		{"duration", sdk.Options{"wait": "90s"}, with("wait", "90s"), ""},
		{"no duration", sdk.Options{"wait": "90"}, nil, "wait: want a duration"},
		{"negative duration", sdk.Options{"wait": "-1s"}, nil, "wait: want a duration"},
		{"path", sdk.Options{"file": "/a"}, with("file", "/a"), ""},
		{"enum", sdk.Options{"mode": "exact"}, with("mode", "exact"), ""},
		{"no choice", sdk.Options{"mode": "slow"}, nil, `mode: want one of fast, exact, have "slow"`},
		{"list", sdk.Options{"sizes": []any{int64(1), 2}}, with("sizes", []any{int64(1), int64(2)}), ""},
		{"empty list", sdk.Options{"sizes": []any{}}, with("sizes", []any{}), ""},
		{"no list", sdk.Options{"sizes": int64(1)}, nil, "sizes: want a list of int, have int 1"},
		{"element", sdk.Options{"sizes": []any{int64(1), "x"}}, nil, `sizes: element 2: want int, have string "x"`},
		{"element out of bounds", sdk.Options{"sizes": []any{int64(-1)}}, nil, "sizes: element 1: want at least 0"},
		{"table", sdk.Options{"extra": map[string]any{"a": 1.0}}, with("extra", map[string]any{"a": 1.0}), ""},
		{"no table", sdk.Options{"extra": []any{}}, nil, "extra: want a table, have a list"},
		{"nested table", sdk.Options{"extra": map[string]any{"a": map[string]any{}}}, nil, "extra.a: want a string, number or bool, have a table"},
		{"infinite in a table", sdk.Options{"extra": map[string]any{"a": math.Inf(1)}}, nil, "extra.a: want a string, number or bool, have +Inf"},
		{"nothing", sdk.Options{"label": nil}, nil, "label: want string, have nothing"},
		{"near miss", sdk.Options{"cuont": int64(1)}, nil, "cuont: unknown option (did you mean count?)"},
		{"unknown", sdk.Options{"zzzzzz": int64(1)}, nil, "zzzzzz: unknown option (known: flag, count,"},
		{"deprecated", sdk.Options{"old": int64(1)}, with("old", int64(1)), "old: deprecated: use count"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ds := sdk.Canonical(specs(), tt.given)
			var says []string
			for _, d := range ds {
				says = append(says, d.Option+": "+d.Summary)
			}
			if text := strings.Join(says, "\n"); !strings.Contains(text, tt.says) || tt.says == "" && text != "" {
				t.Errorf("says %q, want %q", text, tt.says)
			}
			if sdk.Failed(ds) != (tt.want == nil) {
				t.Errorf("failed: %v", sdk.Failed(ds))
			}
			if tt.want != nil {
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if again, _ := sdk.Canonical(specs(), got); !cmp.Equal(got, again) {
					t.Errorf("canonical form is not stable: %v, then %v", got, again)
				}
			}
		})
	}
	required := []sdk.OptionSpec{{Name: "key", Type: sdk.OptionString, Required: true, Doc: "The key."}}
	if _, ds := sdk.Canonical(required, nil); !sdk.Failed(ds) || !strings.Contains(ds[0].Summary, "required string is missing: The key.") {
		t.Errorf("required: %+v", ds)
	}
	if _, ds := sdk.Canonical(nil, sdk.Options{"a": true}); !strings.Contains(ds[0].Summary, "there are no options") {
		t.Errorf("no options: %+v", ds)
	}
}

func TestAccessorsPanicOnMistakes(t *testing.T) {
	o := sdk.Options{"count": int64(3), "wait": "1m"}
	for name, f := range map[string]func(){
		"undeclared": func() { o.Int("cuont") },
		"wrong type": func() { o.Float("count") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
	if !o.Has("count") || o.Has("other") {
		t.Error("Has")
	}
}

func TestNearest(t *testing.T) {
	for _, tt := range []struct{ word, want string }{
		{"metrcs", "metrics"},
		{"emtrics", "metrics"}, // a swap is one step
		{"dataset", "dataset"},
		{"datasets", "dataset"},
		{"repeat", "repeats"},
		{"k", "k"},
		{"xyz", ""},
		{"", "k"}, // one letter away
		{"completely-different", ""},
	} {
		if got := sdk.Nearest(tt.word, []string{"metrics", "dataset", "repeats", "k"}); got != tt.want {
			t.Errorf("Nearest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
	if got := sdk.Nearest("a", nil); got != "" {
		t.Errorf("no words: %q", got)
	}
}
