package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// place is a folder as a reader of the README has it: bin, benchmarks, and a
// made-up release where ml-100k is to be.
func place(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(os.Getenv(binVariable), filepath.Join(dir, "bin")); err != nil {
		t.Skip("links cannot be made here: ", err)
	}
	if err := os.CopyFS(filepath.Join(dir, "benchmarks"), os.DirFS(filepath.Join(repository, "benchmarks"))); err != nil {
		t.Fatal(err)
	}
	var users, items, ratings strings.Builder
	for u := range 30 {
		fmt.Fprintf(&users, "%d|30|F|baker|00000\n", u+1)
		for i := range 10 {
			fmt.Fprintf(&ratings, "%d\t%d\t%d\t%d\n", u+1, (7*u+3*i)%40+1, (u+i)%5+1, 880000000+i)
		}
	}
	for i := range 40 {
		fmt.Fprintf(&items, "%d|Film %d (1990)|01-Jan-1990|||0|1\n", i+1, i+1)
	}
	for name, text := range map[string]string{
		"u.genre": "unknown|0\nDrama|1\n", "u.occupation": "baker\n",
		"u.user": users.String(), "u.item": items.String(), "u.data": ratings.String(),
	} {
		path := filepath.Join(dir, "ml-100k", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// do runs the program in a folder and gives what it printed.
func do(t *testing.T, dir string, args ...string) string {
	t.Helper()
	c := exec.Command(filepath.Join(os.Getenv(binVariable), "alignuser"), args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "ALIGNUSER_CACHE="+filepath.Join(dir, ".cache"))
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Errorf("alignuser %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out)
}

// TestReadmeCommands runs every command of the README's code blocks, in order.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(repository, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	dir := place(t)
	verbs := map[string]int{}
	for i, block := range strings.Split(string(text), "```") {
		if i%2 == 0 {
			continue // prose
		}
		for line := range strings.Lines(block) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "bin/alignuser" {
				continue
			}
			verbs[words[1]]++
			if strings.HasPrefix(line, "bin/alignuser plugin new ") {
				words = append(words, "--sdk", source) // which in a clone is found by itself
			}
			out := do(t, dir, words[1:]...)
			if words[1] == "run" && !strings.Contains(out, "oracle (control)") {
				t.Errorf("%s: no table:\n%s", strings.TrimSpace(line), out)
			}
		}
	}
	for _, verb := range []string{"list", "validate", "run", "report", "init", "doctor", "plugin", "llm", "plan"} {
		if verbs[verb] == 0 {
			t.Errorf("the README does not show the verb %s", verb)
		}
	}
}

// TestBenchmarksValidate checks every suite that we publish with the real
// plugins. Those on data of the user's own are told where it would be.
func TestBenchmarksValidate(t *testing.T) {
	dir := place(t)
	suites, err := filepath.Glob(filepath.Join(dir, "benchmarks", "*.toml"))
	if err != nil || len(suites) == 0 {
		t.Fatal("no suites: ", err)
	}
	for _, suite := range suites {
		text, err := os.ReadFile(suite)
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"validate", suite}
		if strings.Contains(string(text), "dataset.options.path=") { // as its head says
			args = append(args, "--set", "dataset.options.path=ml-100k")
		}
		if out := do(t, dir, args...); !strings.Contains(out, ": good: ") {
			t.Errorf("%s: %s", filepath.Base(suite), out)
		}
	}
}

// realData names a folder with the MovieLens 100K release, which may not be
// passed on: without it the next test is skipped.
const realData = "ALIGNUSER_ML100K"

// TestRealRatings holds the order of rows that the release is known to give.
func TestRealRatings(t *testing.T) {
	path := os.Getenv(realData)
	if path == "" {
		t.Skipf("%s does not name the folder of the MovieLens 100K release", realData)
	}
	dir := place(t)
	do(t, dir, "run", filepath.Join(dir, "benchmarks", "movielens-100k.toml"), "--set", "dataset.options.path="+path, "--set", "repeats=1")
	rows, err := csv.NewReader(strings.NewReader(do(t, dir, "report", "runs/movielens-100k", "--format", "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	arm, metric := slices.Index(rows[0], "recommender"), slices.Index(rows[0], "metric")
	for _, r := range rows[1:] {
		if r[metric] == "ndcg@10" {
			order = append(order, r[arm])
		}
	}
	if want := []string{"oracle", "ease", "itemknn", "popular", "random"}; !slices.Equal(order, want) {
		t.Errorf("rows %v, want %v", order, want)
	}
}
