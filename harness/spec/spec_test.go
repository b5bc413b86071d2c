package spec_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

var update = flag.Bool("update", false, "rewrite golden files")

// whole is a suite that uses every key.
const whole = `schema = 1
name = "whole"
title = "Every key"
seed = 7
repeats = 3
[dataset]
plugin = "movielens"
options = { path = "data/ml-100k" }
[split]
method = "user-temporal"
test = 0.2
valid = 0.1
[[recommender]]
plugin = "basics"
component = "popular"
[[recommender]]
name = "ease-strong"
plugin = "neighbors"
component = "ease"
options = { l2 = 2_000 }
[[task]]
kind = "offline"
options = { cutoffs = [5, 10] }
[limits]
workers = 2
threads = 1
fit-timeout = "5m"
call-timeout = "30s"
memory = "2GiB"
`

func parse(t *testing.T, text string, sets ...string) *spec.Suite {
	t.Helper()
	s, err := spec.Parse("suites/whole.toml", []byte(text), sets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checked(t *testing.T, text string, sets ...string) *spec.Suite {
	t.Helper()
	s := parse(t, text, sets...)
	if err := s.Check(catalogue{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWholeSuite(t *testing.T) {
	s := checked(t, whole)
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		Name, Title, Dataset, Path string
		Seed                       uint64
		Repeats                    int
		Test, Valid                float64
		Arms                       []string
		L2                         float64
		Cutoffs, Metrics           any
		Limits                     spec.Limits
	}
	got := facts{
		s.Name, s.Title, s.Dataset.Component, s.Dataset.Options.String("path"), s.Seed, s.Repeats, s.Split.Test, s.Split.Valid,
		[]string{s.Recommenders[0].Name, s.Recommenders[1].Name},
		s.Recommenders[1].Options.Float("l2"),
		s.Tasks[0].Options["cutoffs"],
		s.Tasks[0].Options["metrics"],
		s.Limits,
	}
	want := facts{
		"whole", "Every key", "100k", filepath.Join(cwd, "suites/data/ml-100k"), 7, 3, 0.2, 0.1,
		[]string{"popular", "ease-strong"},
		2000,
		[]any{int64(5), int64(10)},
		[]any{"ndcg", "recall"},
		spec.Limits{Workers: 2, Threads: 1, FitTimeout: 5 * time.Minute, CallTimeout: 30 * time.Second, Memory: 2 << 30},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p := s.Recommenders[1].Pos; p != (spec.Pos{File: "suites/whole.toml", Line: 16, Column: 3}) {
		t.Errorf("second arm at %v:%d", p, p.Column)
	}
}

func TestDefaults(t *testing.T) {
	s := parse(t, `schema = 1
name = "small"
dataset.plugin = "planted"
split = { method = "user-temporal", test = 0.2 }
recommender = [{ plugin = "basics", component = "random" }, { plugin = "all" }]
task = [{ kind = "offline" }]
`)
	if s.Seed != 1 || s.Repeats != 1 || s.Split.Valid != 0 || s.Limits != spec.DefaultLimits() || s.Recommenders[1].Name != "all" {
		t.Errorf("defaults: %+v", s)
	}
}

func TestOverrides(t *testing.T) {
	s := checked(t, whole,
		"dataset.options.path=ml", "seed = 9", "recommender.ease-strong.options.l2=3.5", "recommender.0.name=hits",
		"task.offline.options.cutoffs=[1]", `title="a = b"`, "limits={workers=5}", "recommender.hits.component=random")
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Dataset.Options.String("path"), filepath.Join(cwd, "ml"); got != want {
		t.Errorf("an overriding path starts from the current folder: %s, want %s", got, want)
	}
	if s.Seed != 9 || s.Recommenders[1].Options.Float("l2") != 3.5 || s.Recommenders[0].Name != "hits" || s.Recommenders[0].Component.Component != "random" {
		t.Errorf("%+v", s)
	}
	if d := cmp.Diff(sdk.Options{"cutoffs": []any{int64(1)}, "metrics": []any{"ndcg", "recall"}, "relevance": "interacted"}, s.Tasks[0].Options); d != "" {
		t.Error(d)
	}
	if s.Title != "a = b" || s.Limits.Workers != 5 || s.Limits.Memory != 0 {
		t.Errorf("%+v", s)
	}
}

func TestMemory(t *testing.T) {
	for text, want := range map[string]int64{
		`0`: 0, `4096`: 4096, `"4096"`: 4096, `"10B"`: 10, `"1KB"`: 1000, `"1.5KiB"`: 1536, `"2 MiB"`: 2 << 20, `"3GB"`: 3e9, `"1TiB"`: 1 << 40,
	} {
		if s := parse(t, whole, "limits.memory="+text); s.Limits.Memory != want {
			t.Errorf("%s: %d, want %d", text, s.Limits.Memory, want)
		}
	}
	for _, text := range []string{`-1`, `""`, `"GiB"`, `"5MGB"`, `"5K"`, `"5iB"`, `"-1MB"`, `"nanMB"`, `"9999999TiB"`, `1.5`, `"1 GiB B"`} {
		if _, err := spec.Parse("x.toml", []byte(whole), []string{"limits.memory=" + text}); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

// TestErrors reads testdata/errors.txt: NAME.toml is a suite, whose leading
// comments may give overrides, NAME.want the errors, all of them.
func TestErrors(t *testing.T) {
	const golden = "testdata/errors.txt"
	a, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(a.Files); i += 2 {
		in, want := a.Files[i], &a.Files[i+1]
		name := strings.TrimSuffix(in.Name, ".toml")
		if want.Name != name+".want" {
			t.Fatalf("%s: %s is followed by %s", golden, in.Name, want.Name)
		}
		t.Run(name, func(t *testing.T) {
			got := failure(in.Name, in.Data) + "\n"
			if *update {
				want.Data = []byte(got)
			} else if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Errorf("(-want +got; -update rewrites)\n%s", d)
			}
		})
	}
	if *update {
		if err := os.WriteFile(golden, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func failure(path string, src []byte) string {
	s, err := spec.Parse(path, src, setsIn(string(src)))
	if err == nil {
		err = s.Check(catalogue{})
	}
	if err == nil {
		return "no error"
	}
	var list spec.Errors
	if !errors.As(err, &list) || len(list) != len(strings.Split(err.Error(), "\n")) {
		return fmt.Sprintf("%T: %v", err, err)
	}
	return err.Error()
}

// setsIn gives the overrides in lines such as "# --set seed=2".
func setsIn(text string) (sets []string) {
	for line := range strings.Lines(text) {
		if s, ok := strings.CutPrefix(line, "# --set "); ok {
			sets = append(sets, strings.TrimSpace(s))
		}
	}
	return sets
}

func TestMissingFile(t *testing.T) {
	_, err := spec.Load("testdata/none.toml", nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "testdata/none.toml: no such suite (") {
		t.Errorf("got %v", err)
	}
	if _, err = spec.Load("testdata", nil); err == nil || !strings.HasPrefix(err.Error(), "testdata: ") {
		t.Errorf("a folder: %v", err)
	}
	if _, err = spec.Parse("x.toml", make([]byte, 2<<20), nil); err == nil {
		t.Error("2 MiB were taken")
	}
}

func TestWarnings(t *testing.T) {
	s := checked(t, whole, "recommender.popular={plugin='all', options={old=1}}")
	if len(s.Warnings) != 1 || s.Warnings[0].Error() != "--set recommender.popular: recommender.all.options.old: deprecated: use float" {
		t.Errorf("%v", s.Warnings)
	}
	if err := s.Check(catalogue{}); err != nil || len(s.Warnings) != 1 {
		t.Errorf("a second check: %v, %v", err, s.Warnings)
	}
}

func TestBlame(t *testing.T) {
	s := checked(t, whole)
	bad := sdk.Invalidf("cutoffs", "10 is named twice")
	for _, c := range []struct {
		got  spec.Error
		want string
	}{
		{s.Tasks[0].Blame(bad), "suites/whole.toml:23: task.offline.options.cutoffs: 10 is named twice"},
		{s.Tasks[0].Blame(sdk.Invalidf("", "no")), "suites/whole.toml:21: task.offline: no"},
		{s.Recommenders[1].Blame("recommender.ease-strong", sdk.Invalidf("l2", "no")), "suites/whole.toml:20: recommender.ease-strong.options.l2: no"},
		{spec.Task{Kind: "offline", Pos: spec.Pos{File: "hand-made"}}.Blame(bad), "hand-made: task.offline.options.cutoffs: 10 is named twice"},
	} {
		if c.got.Error() != c.want || !errors.Is(c.got, sdk.ErrInvalid) {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}

func TestPathsInLists(t *testing.T) {
	s := checked(t, whole, `recommender.popular={plugin="all", options={paths=["a","/b"], path=""}}`)
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]any{filepath.Join(cwd, "a"), "/b"}, s.Recommenders[0].Options["paths"]); d != "" {
		t.Error(d)
	}
	if s.Recommenders[0].Options.String("path") != "" {
		t.Error("an empty path means none")
	}
}
