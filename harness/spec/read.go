package spec

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// read turns the decoded tree into a suite and notes every mistake.
func read(tree map[string]any, root *place, es *Errors) *Suite {
	t := &table{es: es, at: root, values: tree}
	s := &Suite{}
	if s.Schema = t.schema(); s.Schema > Schema {
		return s // what else it says cannot be judged
	}
	stem := strings.ToLower(strings.TrimSuffix(filepath.Base(root.File), ".toml"))
	if !isName(stem) {
		stem = "my-suite"
	}
	s.Name = t.word("name", fmt.Sprintf("add name = %q", stem))
	s.Title = t.text("title", "")
	s.Seed = uint64(t.count("seed", 1, 0, math.MaxInt64))
	s.Repeats = int(t.count("repeats", 1, 1, 10_000))
	if d := t.sub("dataset"); d != nil {
		s.Dataset = d.component(sdk.KindDataset)
		d.done()
	} else if _, ok := tree["dataset"]; !ok {
		t.fail("dataset", `add [dataset] with plugin = "planted"`, "missing")
	}
	s.Filter = t.filter()
	s.Split = t.split()
	s.Recommenders = t.arms()
	s.Backends = t.backends(s.Recommenders)
	s.Agents = t.agents()
	s.Tasks = t.tasks()
	s.Limits = t.limits()
	t.done()
	return s
}

func (t *table) schema() int {
	if _, ok := t.values["schema"]; !ok {
		t.known = append(t.known, "schema")
		t.fail("schema", fmt.Sprintf("add schema = %d", Schema), "missing")
		return Schema
	}
	n := int(t.count("schema", Schema, 1, math.MaxInt32))
	if n > Schema {
		t.fail("schema", "go install github.com/alignuser/alignuser/harness/cmd/alignuser@latest",
			"written for a newer alignuser: needs one that reads suite schema %d, this one reads up to %d", n, Schema)
	}
	return n
}

// component reads plugin, component and options.
func (t *table) component(kind sdk.Kind) Component {
	c := Component{Pos: t.at.Pos, at: t.at}
	c.Plugin = t.word("plugin", "add plugin = \"…\"; alignuser plugin list shows them")
	if family, ok := strings.CutPrefix(c.Plugin, kind.String()+"-"); ok {
		t.fail("plugin", fmt.Sprintf("write %q", family), "the kind is not part of the name")
	}
	c.Component = t.word("component", "")
	c.Options = t.options()
	return c
}

// filter reads the table; nil where there is none.
func (t *table) filter() *Filter {
	d := t.sub("filter")
	if d == nil {
		return nil
	}
	defer d.done()
	f := &Filter{Pos: d.at.Pos, at: d.at}
	f.UserCore, f.ItemCore = int(d.count("user-core", 0, 0, math.MaxInt32)), int(d.count("item-core", 0, 0, math.MaxInt32))
	if k := int(d.count("k-core", 0, 1, math.MaxInt32)); k > 0 {
		if f.UserCore > 0 || f.ItemCore > 0 {
			d.fail("k-core", "leave it out, or them", "stands for user-core and item-core, which are there too")
		}
		f.UserCore, f.ItemCore = k, k
	}
	for _, bound := range []struct {
		key string
		to  **float64
	}{{"min-value", &f.MinValue}, {"max-value", &f.MaxValue}} {
		if v, ok := d.fraction(bound.key); ok {
			*bound.to = &v
		}
	}
	if f.UserCore == 0 && f.ItemCore == 0 && f.MinValue == nil && f.MaxValue == nil && len(d.values) == 0 {
		t.es.add(d.at, "filter", "add k-core = 5, or take the table out", "filters nothing")
	}
	return f
}

func (t *table) split() Split {
	d := t.sub("split")
	if d == nil {
		if _, ok := t.values["split"]; !ok {
			t.fail("split", `add [split] with method = "user-temporal" and test = 0.2`, "missing")
		}
		return Split{}
	}
	defer d.done()
	s := Split{Pos: d.at.Pos}
	s.Method = d.text("method", "one of "+strings.Join(Methods(), ", "))
	if s.Method != "" && !slices.Contains(Methods(), s.Method) {
		fix := "known: " + strings.Join(Methods(), ", ")
		if near := sdk.Nearest(s.Method, Methods()); near != "" {
			fix = "did you mean " + near + "?"
		}
		d.fail("method", fix, "unknown method %q", s.Method)
	}
	test, okTest := d.fraction("test")
	valid, okValid := d.fraction("valid")
	s.Test, s.Valid = test, valid
	if seed := d.count("seed", -1, 0, math.MaxInt64); seed >= 0 {
		own := uint64(seed)
		s.Seed = &own
	}
	s.Evidence = d.evidence()
	for _, name := range decided(s.Method) {
		if _, ok := d.values[name]; ok {
			d.fail(name, "leave it out", "%s decides that by itself", s.Method)
		}
	}
	if slices.Contains(decided(s.Method), "test") {
		if okValid && !(valid >= 0 && valid < 1) {
			d.fail("valid", "", "want a fraction of at least 0 and below 1, have %v", valid)
		}
		return s
	}
	if _, ok := d.values["test"]; !ok {
		d.fail("test", "add test = 0.2", "missing")
	}
	goodTest, goodValid := test > 0 && test < 1, valid >= 0 && valid < 1
	if okTest && !goodTest {
		d.fail("test", "", "want a fraction above 0 and below 1, have %v", test)
	}
	if okValid && !goodValid {
		d.fail("valid", "", "want a fraction of at least 0 and below 1, have %v", valid)
	}
	if goodTest && goodValid && test+valid >= 1 {
		d.fail("test", "", "test %v and valid %v leave nothing to train on", test, valid)
	}
	return s
}

// evidence reads the key of that name of a split.
func (t *table) evidence() string {
	kind := t.text("evidence", "")
	if _, given := t.values["evidence"].(string); !given || slices.Contains(EvidenceKinds(), kind) {
		return cmp.Or(kind, shared)
	}
	fix := "known: " + strings.Join(EvidenceKinds(), ", ")
	if near := sdk.Nearest(kind, EvidenceKinds()); near != "" {
		fix = "did you mean " + near + "?"
	}
	t.fail("evidence", fix, "unknown kind of evidence %q", kind)
	return shared
}

func (t *table) arms() []Arm {
	var arms []Arm
	lines := map[string]Pos{}
	for _, d := range t.list("recommender", "") {
		a := Arm{Name: d.word("name", ""), Component: d.component(sdk.KindRecommender)}
		d.done()
		if _, named := d.values["name"]; !named {
			a.Name = a.Component.Component
			if a.Name == "" {
				a.Name = a.Plugin
			}
		}
		if first, ok := lines[a.Name]; ok && a.Name != "" {
			d.fail("name", "give one of them another name", "%q is also the recommender of %s", a.Name, first)
		}
		if a.Name == Oracle || a.Name == Random && (a.Plugin != "basics" || a.Component.Component != Random) {
			d.fail("name", fmt.Sprintf("choose name = %q", "my-"+a.Name), "%q is the name of a control", a.Name)
		}
		lines[a.Name] = d.at.Pos
		arms = append(arms, a)
	}
	return arms
}

func (t *table) tasks() []Task {
	var tasks []Task
	lines := map[string]Pos{}
	for _, d := range t.list("task", `add [[task]] with kind = "offline"`) {
		k := Task{Kind: d.word("kind", `add kind = "offline"`), Options: d.options(), Pos: d.at.Pos, at: d.at}
		d.done()
		if first, ok := lines[k.Kind]; ok && k.Kind != "" {
			d.fail("kind", "make one task of the two", "%q is also the task of %s", k.Kind, first)
		}
		lines[k.Kind] = k.Pos
		tasks = append(tasks, k)
	}
	return tasks
}

func (t *table) limits() Limits {
	l := DefaultLimits()
	d := t.sub("limits")
	if d == nil {
		return l
	}
	defer d.done()
	l.Workers = int(d.count("workers", 0, 0, 1024))
	l.Threads = int(d.count("threads", 0, 0, 1024))
	l.FitTimeout = d.duration("fit-timeout", l.FitTimeout)
	l.CallTimeout = d.duration("call-timeout", l.CallTimeout)
	l.Memory = d.bytes("memory")
	return l
}
