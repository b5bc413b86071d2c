package spec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

const asked = `schema = 1
name = "asked"
dataset = { plugin = "planted" }
split = { method = "user-temporal", test = 0.2 }
task = [{ kind = "reading" }]

[[llm]]
name = "hosted"
plugin = "openai"
options = { model = "small-1" }
secrets = { api-key = "OPENAI_API_KEY" }
concurrency = 64
max-retries = 0
journal = "always"
price = { input = 0.15, cached-input = 0.075, output = 0.6, currency = "EUR" }
budget = { calls = 1000, tokens = 1_000_000, money = 2 }
cell-budget = { money = 0.5 }

[[llm]]
plugin = "embedded"
`

func TestBackends(t *testing.T) {
	s := checked(t, asked)
	want := []spec.Backend{
		{
			Name:      "hosted",
			Component: spec.Component{Plugin: "openai", Component: "openai", Options: sdk.Options{"model": "small-1", "base-url": "https://api.openai.com/v1"}},
			Secrets:   map[string]string{"api-key": "OPENAI_API_KEY"}, Concurrency: 64, Journal: spec.JournalAlways,
			Price:      &spec.Price{Input: 0.15, CachedInput: 0.075, Output: 0.6, Currency: "EUR"},
			Budget:     spec.Budget{Calls: 1000, Tokens: 1_000_000, Money: 2},
			CellBudget: spec.Budget{Money: 0.5},
		},
		{Name: "embedded", Component: spec.Component{Plugin: "embedded", Component: "embedded", Options: sdk.Options{}}, MaxRetries: 2, Journal: spec.JournalAuto},
	}
	if d := cmp.Diff(want, s.Backends, cmpopts.IgnoreFields(spec.Component{}, "Pos"), cmpopts.IgnoreUnexported(spec.Component{})); d != "" {
		t.Error(d)
	}
	single := strings.Replace(asked[:strings.LastIndex(asked, "[[llm]]")], "[[llm]]", "[llm]", 1)
	if s := checked(t, single, "llm.options.model=other"); len(s.Backends) != 1 || s.Backends[0].Options.String("model") != "other" || s.Backends[0].Pos.Line != 7 {
		t.Errorf("%+v", s.Backends)
	}
}

// What a backend may cost and how it is reached never makes another run; what it
// answers does.
func TestCanonicalBackends(t *testing.T) {
	first := string(checked(t, asked).Canonical(catalogue{}))
	want := `"llms":[{"component":"embedded","max-retries":2,"name":"embedded","options":{},"plugin":"embedded"},` +
		`{"component":"openai","max-retries":0,"name":"hosted","options":{"model":"small-1"},"plugin":"openai"}],"repeats":`
	if !strings.Contains(first, want) {
		t.Errorf("%s\nhas no\n%s", first, want)
	}
	for set, same := range map[string]bool{
		"llm.hosted.price.input=9":                 true,
		"llm.hosted.budget={calls=1}":              true,
		"llm.hosted.cell-budget={tokens=1}":        true,
		"llm.hosted.concurrency=1":                 true,
		"llm.hosted.journal=never":                 true,
		"llm.hosted.secrets={}":                    true,
		"llm.hosted.options.base-url=http://[::1]": true,
		"llm.hosted.options.model=big":             false,
		"llm.hosted.max-retries=1":                 false,
		"llm.hosted.name=other":                    false,
		"llm.embedded.options.weights=w":           false,
	} {
		if got := string(checked(t, asked, set).Canonical(catalogue{})); (got == first) != same {
			t.Errorf("--set %s: same is %t, want %t\n%s", set, got == first, same, got)
		}
	}
}

// Somebody will write the key itself where its variable belongs. No message may
// repeat it.
func TestSecretIsNeverRepeated(t *testing.T) {
	const key = "sk-proj-abcdef0123456789"
	for _, set := range []string{"llm.hosted.secrets.api-key=" + key, "llm.hosted.secrets={api-key='" + key + "'}", "llm.hosted.secrets.api-key=['" + key + "']"} {
		_, err := spec.Parse("x.toml", []byte(asked), []string{set})
		if err == nil || strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "secrets.api-key: want the name of an environment variable") {
			t.Errorf("--set %s: %v", set, err)
		}
	}
}
