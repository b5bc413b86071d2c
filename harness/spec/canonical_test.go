package spec_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

func TestCanonical(t *testing.T) {
	got := string(checked(t, whole).Canonical(catalogue{}))
	want := `{"arms":[` +
		`{"component":"ease","name":"ease-strong","options":{"l2":2000},"plugin":"neighbors"},` +
		`{"component":"popular","name":"popular","options":{},"plugin":"basics"}],` +
		`"dataset":{"component":"100k","options":{},"plugin":"movielens"},` +
		`"repeats":3,"schema":1,"seed":7,` +
		`"split":{"method":"user-temporal","test":0.2,"valid":0.1},` +
		`"tasks":[{"kind":"offline","options":{"cutoffs":[5,10],"metrics":["ndcg","recall"],"relevance":"interacted"}}]}`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("every digest hangs on this text (-want +got):\n%s", d)
	}
}

// What cannot change a result leaves the text alone, whatever can changes it.
func TestCanonicalFollowsResults(t *testing.T) {
	base := whole + "[[recommender]]\nname=\"other\"\nplugin=\"all\"\n"
	first := string(checked(t, base).Canonical(catalogue{}))
	for set, same := range map[string]bool{
		"title=Other": true, "name=other": true, "limits.workers=1": true, "limits={}": true,
		"dataset.options.path=elsewhere":              true,
		"recommender.other.options.neutral=9":         true,
		"recommender.other.options.duration=90s":      true,
		"recommender.other.options.duration=91s":      false,
		"recommender.other.options.float=0.5":         true,
		"recommender.other.options.float=-0.0":        false,
		"recommender.other.options.path=model.bin":    false,
		"recommender.other.options.table={a=1}":       false,
		"recommender.other.options.list=[1]":          false,
		"recommender.other.name=again":                false,
		"recommender.popular.component=random":        false,
		"seed=8":                                      false,
		"repeats=4":                                   false,
		"split.test=0.25":                             false,
		"split.valid=0":                               false,
		"split.seed=7":                                false,
		"split.evidence=shared":                       true,
		"split.evidence=disjoint":                     false,
		"split.evidence=same-half":                    false,
		"filter.k-core=5":                             false,
		"filter={user-core=5,item-core=5}":            false,
		"task.offline.options.cutoffs=[10,5]":         false,
		"task.offline.options.relevance='interacted'": true,
	} {
		if got := string(checked(t, base, set).Canonical(catalogue{})); (got == first) != same {
			t.Errorf("--set %s: same is %t, want %t\n%s", set, got == first, same, got)
		}
	}
}

func TestCanonicalPathsFollowTheSuite(t *testing.T) {
	text := strings.Replace(whole, `options = { l2 = 2_000 }`, `options = { l2 = 2_000 }
[[recommender]]
plugin = "all"
options = { path = "models/a", paths = ["b"] }`, 1)
	form := func(folder string) string {
		s, err := spec.Parse(filepath.Join(folder, "x.toml"), []byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(catalogue{}); err != nil {
			t.Fatal(err)
		}
		return string(s.Canonical(catalogue{}))
	}
	if a, b := form("here"), form(filepath.Join(t.TempDir(), "there")); a != b || !strings.Contains(a, `"path":"models/a","paths":["b"]`) {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestCanonicalOptions(t *testing.T) {
	specs := []sdk.OptionSpec{{Name: "b", Type: sdk.OptionFloat}, {Name: "a", Type: sdk.OptionPath}, {Name: "n", Type: sdk.OptionInt, Neutral: true}}
	zero, minus := sdk.Options{"b": 0.0}, sdk.Options{"b": math.Copysign(0, -1)}
	if a, b := string(spec.CanonicalOptions(specs, zero, "")), string(spec.CanonicalOptions(specs, minus, "")); a != b {
		t.Errorf("zero has two forms: %s, %s", a, b)
	}
	o := sdk.Options{"a": "/x/<y>", "b": 1e-7, "n": int64(3)}
	if got := string(spec.CanonicalOptions(specs, o, "")); got != `{"b":1e-7}` {
		t.Error(got)
	}
	if got := string(spec.CanonicalOptions(specs, o, "/x")); got != `{"a":"<y>","b":1e-7}` {
		t.Error(got)
	}
}

func TestCanonicalOfUncheckedSuitePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic: a digest of half a suite was possible")
		}
	}()
	parse(t, whole, "dataset.plugin=none").Canonical(catalogue{})
}

// A suite written in two ways has one canonical form; a change of one value
// has another.
func TestCanonicalIgnoresWriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		canonical := func(m model) string {
			text := m.write(t)
			s, err := spec.Parse("suites/x.toml", []byte(text), nil)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if err := s.Check(catalogue{}); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			return string(s.Canonical(catalogue{}))
		}
		a, b := canonical(m), canonical(m)
		if a != b {
			t.Fatalf("two forms:\n%s\n%s", a, b)
		}
		m.l2[0]++
		if canonical(m) == a {
			t.Fatalf("l2 changed, the form did not: %s", a)
		}
	})
}

// model is a suite apart from how it is written.
type model struct {
	seed, repeats, users int
	test, valid          float64
	l2                   []float64
	cutoffs              []int
}

func drawModel(t *rapid.T) model {
	return model{
		seed:    rapid.IntRange(0, 1<<40).Draw(t, "seed"),
		repeats: rapid.IntRange(1, 50).Draw(t, "repeats"),
		users:   rapid.IntRange(1, 5000).Draw(t, "users"),
		test:    rapid.Float64Range(0.01, 0.5).Draw(t, "test"),
		valid:   rapid.SampledFrom([]float64{0, 0.1, 0.25}).Draw(t, "valid"),
		l2: rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(0, 1e6),
			rapid.Map(rapid.IntRange(0, 1000), func(n int) float64 { return float64(n) })), 1, 4).Draw(t, "l2"),
		cutoffs: rapid.SliceOfN(rapid.IntRange(1, 100), 1, 3).Draw(t, "cutoffs"),
	}
}

// write draws one of many ways to write the model.
func (m model) write(t *rapid.T) string {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "pick") }
	shuffle := func(of ...string) []string { return rapid.Permutation(of).Draw(t, "order") }
	number := func(f float64) string {
		forms := []string{strconv.FormatFloat(f, 'e', -1, 64)}
		if f == float64(int(f)) {
			forms = append(forms, fmt.Sprintf("%.1f", f), strconv.Itoa(int(f)), fmt.Sprintf("+%d", int(f)))
		}
		return pick(forms...)
	}
	word := func(s string) string { return pick(strconv.Quote(s), "'"+s+"'", `"""`+s+`"""`) }
	pair := func(key, value string) string {
		return pick(key, `"`+key+`"`) + pick("=", " = ", "\t=  ") + value
	}
	end := func() string { return pick("\n", "\r\n", " # a = 1 [b]\n", "\n\n  # \"\"\"\n") }
	inline := func(pairs ...string) string { return "{" + strings.Join(shuffle(pairs...), pick(",", " , ")) + "}" }
	list := func(of []int) string {
		var b strings.Builder
		for _, n := range of {
			b.WriteString(pick("", " ", "\n") + strconv.Itoa(n) + ",")
		}
		return "[" + b.String() + "]"
	}
	var top, tables []string
	table := func(header, key string, pairs ...string) {
		if key != "" && pick("inline", "header") == "inline" {
			top = append(top, pair(key, inline(pairs...)))
			return
		}
		text := header + end()
		for _, p := range shuffle(pairs...) {
			text += pick("", "  ") + p + end()
		}
		tables = append(tables, text)
	}
	top = append(top, pair("schema", "1"), pair("name", word("x")), pair("seed", strconv.Itoa(m.seed)), pair("repeats", strconv.Itoa(m.repeats)))
	if pick("title", "none") == "title" {
		top = append(top, pair("title", word("A title")))
	}
	table("[dataset]", "dataset", pair("plugin", word("planted")), pair("options", inline(pair("users", strconv.Itoa(m.users)))))
	table("[ split ]", "split", pair("method", word("user-temporal")), pair("test", number(m.test)), pair("valid", number(m.valid)))
	for i, l2 := range m.l2 {
		table("[[recommender]]", "", pair("name", word(fmt.Sprint("arm", i))), pair("plugin", word("neighbors")),
			pair("component", word("ease")), pick("options.l2 = "+number(l2), pair("options", inline(pair("l2", number(l2))))))
	}
	table("[[task]]", "", pair("kind", word("offline")), pair("options", inline(pair("cutoffs", list(m.cutoffs)), pair("relevance", word("interacted")))))
	if pick("limits", "none") == "limits" {
		table("[limits]", "limits", pair("workers", pick("0", "4")))
	}
	text := ""
	for _, p := range shuffle(top...) {
		text += p + end()
	}
	return text + strings.Join(shuffle(tables...), "")
}
