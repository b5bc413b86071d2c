package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// Values of journal.
const (
	JournalAuto   = "auto"   // answers of backends that cost or vary are kept
	JournalAlways = "always" // all answers are
	JournalNever  = "never"  // none is: a repeated question is asked again
)

// Backend is a language model that tasks may ask. Of its fields only the
// component, its options and MaxRetries can change a result.
type Backend struct {
	Name string // kebab-case
	Component
	Secrets     map[string]string // name of the secret -> environment variable that holds it
	Concurrency int               // calls in flight at most; 0: the host decides
	MaxRetries  int               // of answers that do not fit the schema
	Journal     string            // JournalAuto, JournalAlways or JournalNever
	Price       *Price            // nil: none is known
	Budget      Budget            // of a run
	CellBudget  Budget            // of each cell
}

// Price is what a million tokens cost.
type Price struct {
	Input, CachedInput, Output float64
	Currency                   string // three capital letters
}

// Budget is a ceiling; a zero field is none.
type Budget struct {
	Calls, Tokens int64
	Money         float64 // in the currency of the price
}

// Bounds of the numbers of a backend.
const (
	maxConcurrency    = 256 // calls in flight that the contract allows
	maxRetries        = 10
	defaultMaxRetries = 2
)

// backends reads [[llm]]. A single [llm] is a list of one. Rows of a table are
// named by either, so backends share their names with no recommender.
func (t *table) backends(arms []Arm) []Backend {
	if m, ok := t.values["llm"].(map[string]any); ok {
		t.values["llm"] = []any{m}
	}
	var backends []Backend
	lines := map[string]Pos{}
	for _, d := range t.list("llm", "") {
		b := d.backend()
		if first, ok := lines[b.Name]; ok && b.Name != "" {
			d.fail("name", "give one of them another name", "%q is also the backend of %s", b.Name, first)
		}
		for _, a := range arms {
			if a.Name == b.Name && b.Name != "" {
				d.fail("name", fmt.Sprintf("choose name = %q", b.Name+"-llm"), "%q is also the recommender of %s", b.Name, a.Pos)
			}
		}
		if b.Name == Oracle || b.Name == Chance {
			d.fail("name", fmt.Sprintf("choose name = %q", "my-"+b.Name), "%q is the name of a control", b.Name)
		}
		lines[b.Name] = d.at.Pos
		backends = append(backends, b)
	}
	return backends
}

func (t *table) backend() Backend {
	b := Backend{Name: t.word("name", ""), Component: t.component(sdk.KindLLM)}
	if _, named := t.values["name"]; !named {
		b.Name = b.Component.Component
		if b.Name == "" {
			b.Name = b.Plugin
		}
	}
	b.Secrets = t.secrets()
	b.Concurrency = int(t.count("concurrency", 0, 1, maxConcurrency))
	b.MaxRetries = int(t.count("max-retries", defaultMaxRetries, 0, maxRetries))
	b.Journal = t.oneOf("journal", JournalAuto, JournalAlways, JournalNever)
	b.Price = t.price()
	b.Budget = t.budget("budget", b.Price)
	b.CellBudget = t.budget("cell-budget", b.Price)
	t.done()
	return b
}

// secrets reads which environment variables hold what. The messages never show
// a value: somebody will have written the secret itself.
func (t *table) secrets() map[string]string {
	sub := t.sub("secrets")
	if sub == nil {
		return nil
	}
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(sub.values)) {
		v, _ := sub.take(name)
		variable, ok := v.(string)
		if !ok || !isVariable(variable) {
			sub.fail(name, `write the secret into the environment and its variable here: `+name+` = "OPENAI_API_KEY"`,
				"want the name of an environment variable: capital letters, digits and _, no digit first")
			continue
		}
		out[name] = variable
	}
	return out
}

// isVariable takes no small letters, which every provider's keys have.
func isVariable(s string) bool {
	for i, c := range []byte(s) {
		if !(c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9' && i > 0) {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

// oneOf reads a word; the first choice is the default.
func (t *table) oneOf(key string, choices ...string) string {
	if _, ok := t.values[key]; !ok {
		t.known = append(t.known, key)
		return choices[0]
	}
	s := t.text(key, "one of "+strings.Join(choices, ", "))
	if s != "" && !slices.Contains(choices, s) {
		fix := "known: " + strings.Join(choices, ", ")
		if near := sdk.Nearest(s, choices); near != "" {
			fix = "did you mean " + near + "?"
		}
		t.fail(key, fix, "unknown value %q", s)
	}
	return s
}

func (t *table) price() *Price {
	sub := t.sub("price")
	if sub == nil {
		return nil
	}
	defer sub.done()
	p := &Price{Currency: "USD"}
	p.Input, _ = sub.amount("input")
	cached, okCached := sub.amount("cached-input")
	if p.CachedInput = cached; !okCached {
		p.CachedInput = p.Input
	}
	p.Output, _ = sub.amount("output")
	for _, key := range []string{"input", "output"} {
		if _, given := sub.values[key]; !given {
			sub.fail(key, "add "+key+" = 0.15: the price of a million tokens", "missing")
		}
	}
	if s := sub.text("currency", ""); s != "" {
		if p.Currency = s; !isCurrency(s) {
			sub.fail("currency", `such as "USD"`, "%q is no currency", s)
		}
	}
	return p
}

func isCurrency(s string) bool {
	for _, c := range []byte(s) {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return len(s) == 3
}

// amount reads a price: a number of at least 0 and at most a million.
func (t *table) amount(key string) (float64, bool) {
	v, ok := t.take(key)
	if !ok {
		return 0, false
	}
	f, ok := number(v)
	if !ok || !(f >= 0 && f <= 1e6) {
		t.fail(key, "the price of a million tokens, 0 where they are free", "want a number of at least 0, have %s", describe(v))
		return 0, false
	}
	return f, true
}

func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	return 0, false
}

func (t *table) budget(key string, price *Price) (b Budget) {
	sub := t.sub(key)
	if sub == nil {
		return b
	}
	defer sub.done()
	const none = "leave it out for no ceiling"
	limit := func(key string) float64 {
		v, ok := sub.take(key)
		if !ok {
			return 0
		}
		f, isNumber := number(v)
		switch _, whole := v.(int64); {
		case !isNumber || key != "money" && !whole:
			sub.fail(key, none, "want a %snumber above 0, have %s", map[bool]string{true: "whole "}[key != "money"], describe(v))
		case f == 0:
			sub.fail(key, none, "a budget of 0 allows no call")
		case !(f > 0 && f <= 1e15):
			sub.fail(key, none, "want a number above 0, have %s", describe(v))
		default:
			return f
		}
		return 0
	}
	b.Calls, b.Tokens, b.Money = int64(limit("calls")), int64(limit("tokens")), limit("money")
	if b.Money > 0 && price == nil {
		sub.fail("money", "add price = { input = …, output = … } to the backend", "what calls cost is not known")
	}
	return b
}

// backend checks one backend against what its plugin declares.
func (s *Suite) backend(c Catalogue, b *Backend, es *Errors) {
	where := "llm." + b.Name
	spec, ok := s.component(c, sdk.KindLLM, where, &b.Component, es)
	if !ok {
		return
	}
	at := orPos(b.at, b.Pos).at("secrets")
	for _, name := range slices.Sorted(maps.Keys(b.Secrets)) {
		if slices.Contains(spec.Needs.Secrets, name) {
			continue
		}
		fix := "known: " + strings.Join(spec.Needs.Secrets, ", ")
		if len(spec.Needs.Secrets) == 0 {
			fix = "leave it out: this backend asks for none"
		} else if near := sdk.Nearest(name, spec.Needs.Secrets); near != "" {
			fix = "did you mean " + near + "?"
		}
		es.add(at.at(name), where+".secrets."+name, fix, "unknown secret")
	}
}

// needed reports kinds of plugin that the tasks need and the suite lacks, and
// the reverse, for what nobody uses is a mistake too.
func (s *Suite) needed(c Catalogue, es *Errors) {
	needs := map[sdk.Kind]string{}
	known := true   // of all tasks
	simulates := "" // a task that does
	for _, t := range s.Tasks {
		if c.TaskSimulates(t.Kind) {
			simulates = t.Kind
		}
		_, ok := c.TaskOptions(t.Kind)
		known = known && ok
		for _, kind := range c.TaskNeeds(t.Kind) {
			needs[kind] = t.Kind
		}
	}
	file := &place{Pos: Pos{File: s.Path}}
	if task := needs[sdk.KindRecommender]; task != "" && len(s.Recommenders) == 0 {
		es.add(file, "recommender", `add [[recommender]] with plugin = "basics" and component = "popular"`, "missing: task %s judges recommenders", task)
	}
	if task := needs[sdk.KindLLM]; task != "" && len(s.Backends) == 0 {
		es.add(file, "llm", `add [[llm]] with plugin = "embedded"`, "missing: task %s asks language models", task)
	}
	if simulates != "" && len(s.Agents) == 0 {
		es.add(file, "agent", `add [[agent]] with kind = "logistic"`, "missing: task %s runs sessions of simulated users", simulates)
	}
	if !known {
		return // an unknown task may be the one
	}
	if simulates == "" {
		for _, a := range s.Agents {
			es.add(orPos(a.at, a.Pos), "agent."+a.Name, `take it out, or add [[task]] with kind = "simulate"`, "no task runs sessions of simulated users")
		}
	}
	if needs[sdk.KindRecommender] == "" {
		for _, a := range s.Recommenders {
			es.add(orPos(a.at, a.Pos), "recommender."+a.Name, `take it out, or add [[task]] with kind = "offline"`, "no task judges recommenders")
		}
	}
	if needs[sdk.KindLLM] == "" && !s.asked() {
		for _, b := range s.Backends {
			es.add(orPos(b.at, b.Pos), "llm."+b.Name, `take it out, or add [[task]] with kind = "reading"`, "no task asks language models")
		}
	}
}

// Missing is the mistake of a secret whose variable is not set.
func (b Backend) Missing(secret string) Error {
	return Error{
		Pos: orPos(b.at, b.Pos).at("secrets").at(secret).Pos, Where: "llm." + b.Name + ".secrets." + secret,
		What: "the environment variable " + b.Secrets[secret] + " is not set", Fix: "export " + b.Secrets[secret] + "=… and repeat the command",
	}
}
