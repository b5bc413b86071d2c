package spec_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/spec"
)

const benchmarks = "../../benchmarks"

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(benchmarks, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// fence is a block of code in Markdown.
type fence struct{ info, text string }

func fences(markdown string) (list []fence) {
	for _, m := range regexp.MustCompile("(?ms)^```(\\S[^\n]*)\n(.*?)^```$").FindAllStringSubmatch(markdown, -1) {
		list = append(list, fence{m[1], m[2]})
	}
	return list
}

// small holds what an example on the page does not show.
var small = map[string]string{
	"schema":      `1`,
	"name":        `"first"`,
	"dataset":     `{plugin = "planted"}`,
	"split":       `{method = "user-temporal", test = 0.2}`,
	"recommender": `[{plugin = "basics", component = "popular"}]`,
	"task":        `[{kind = "offline"}]`,
}

// TestFormatExamples reads every suite on the page: those marked as failing
// must fail with the text that follows them, all others must be good.
func TestFormatExamples(t *testing.T) {
	blocks := fences(readme(t))
	good, bad := 0, 0
	for i, b := range blocks {
		fails := b.info == "toml fails"
		if b.info != "toml" && !fails {
			continue
		}
		given := map[string]any{}
		if _, err := toml.Decode(b.text, &given); err != nil {
			t.Errorf("%v in\n%s", err, b.text)
			continue
		}
		var sets []string
		for key, value := range small {
			if _, ok := given[key]; !ok && !(key == "recommender" && (given["llm"] != nil && given["agent"] == nil || agentsOnly(given))) {
				sets = append(sets, key+"="+value)
			}
		}
		s, err := spec.Parse("suite.toml", []byte(b.text), append(sets, setsIn(b.text)...))
		if err == nil {
			err = s.Check(catalogue{})
		}
		switch {
		case !fails:
			good++
			if err != nil {
				t.Errorf("%v in\n%s", err, b.text)
			}
		case err == nil:
			t.Errorf("no error in\n%s", b.text)
		case i+1 == len(blocks) || blocks[i+1].info != "text":
			t.Errorf("no message is shown after\n%s", b.text)
		default:
			bad++
			if d := cmp.Diff(strings.TrimSpace(blocks[i+1].text), err.Error()); d != "" {
				t.Errorf("-page +said in\n%s\n%s", b.text, d)
			}
		}
	}
	if good < 7 || bad < 8 {
		t.Errorf("%d good and %d failing examples found", good, bad)
	}
}

// agentsOnly reports whether an example has agents and no task that judges recommenders.
func agentsOnly(given map[string]any) bool {
	tasks, _ := given["task"].([]map[string]any)
	for _, t := range tasks {
		kind, _ := t["kind"].(string)
		if kind == "ab" || len(catalogue{}.TaskNeeds(kind)) > 0 {
			return false
		}
	}
	return len(tasks) > 0 && given["agent"] != nil
}

// TestFormatCommands reads the suites that the page runs, with their overrides.
func TestFormatCommands(t *testing.T) {
	n := 0
	for _, b := range fences(readme(t)) {
		if b.info != "sh" {
			continue
		}
		for line := range strings.Lines(b.text) {
			words := strings.Fields(line)
			if strings.HasPrefix(line, "alignuser llm ping ") {
				if words = slices.Delete(words, 1, 2); strings.HasPrefix(words[2], "--") {
					continue // of no suite
				}
			}
			if strings.HasPrefix(line, "alignuser align ") {
				words = slices.Delete(words, 1, 2)
			}
			if len(words) < 3 || words[0] != "alignuser" {
				t.Errorf("unknown command: %s", line)
				continue
			}
			var sets []string
			for i := 3; i+1 < len(words); i += 2 {
				if words[i] != "--set" {
					t.Errorf("unknown flag in: %s", line)
				}
				sets = append(sets, words[i+1])
			}
			n++
			load(t, filepath.Join("../..", words[2]), sets...)
		}
	}
	if n < 8 {
		t.Errorf("%d commands found", n)
	}
}

func load(t *testing.T, path string, sets ...string) *spec.Suite {
	t.Helper()
	s, err := spec.Load(path, sets)
	if err == nil {
		err = s.Check(catalogue{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestFormatTables: the page knows every key and every metric.
func TestFormatTables(t *testing.T) {
	page := readme(t)
	for _, key := range []string{
		"schema", "name", "title", "seed", "repeats", "plugin", "component", "options", "method", "test", "valid", "kind",
		"cutoffs", "metrics", "relevance", "cold", "secrets", "concurrency", "max-retries", "journal", "price", "budget", "cell-budget", "questions", "kinds", "temperature",
		"workers", "threads", "fit-timeout", "call-timeout", "memory",
	} {
		if !strings.Contains(page, "\n| `"+key+"` | ") {
			t.Errorf("no row for %s", key)
		}
	}
	for _, m := range metric.Table() {
		if !strings.Contains(page, "\n| `"+m.Name+"` | "+m.Doc+" | ") {
			t.Errorf("no row for %s with the words of the metric table", m.Name)
		}
	}
	for _, m := range metric.Ratings() {
		if name := strings.TrimSuffix(m.ID, ".pooled"); !strings.Contains(page, "`"+name+"`") {
			t.Errorf("no word of %s", m.ID)
		}
	}
}

// TestPublished: every published number names its protocol and its source, and no
// arm is there twice in one.
func TestPublished(t *testing.T) {
	var page struct {
		Published []struct {
			Task, Protocol, Source, Data, Arm, Setting, Note string
			Values                                           map[string]float64
		}
	}
	meta, err := toml.DecodeFile(filepath.Join(benchmarks, "published.toml"), &page)
	if err != nil || len(meta.Undecoded()) > 0 {
		t.Fatal(err, meta.Undecoded())
	}
	seen := map[string]bool{}
	for _, p := range page.Published {
		key := strings.Join([]string{p.Task, p.Protocol, p.Data, p.Arm, p.Setting}, "/")
		if seen[key] || p.Task == "" || p.Protocol == "" || !strings.HasPrefix(p.Source, "arXiv ") || p.Data == "" || p.Arm == "" || len(p.Values) == 0 {
			t.Errorf("%s: twice, or incomplete: %+v", key, p)
		}
		seen[key] = true
	}
}

// TestCommittedSuites: every suite of the folder is listed on the page, is good,
// and is called what its file is called.
func TestCommittedSuites(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(benchmarks, "*.toml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	page := readme(t)
	for _, file := range files {
		if filepath.Base(file) == "published.toml" {
			continue // what papers report: see TestPublished
		}
		var sets []string
		if text, err := os.ReadFile(file); err != nil || strings.Contains(string(text), "dataset.options.path=") { // as its head says
			sets = []string{"dataset.options.path=ml-100k"}
		}
		s := load(t, file, sets...)
		if want := strings.TrimSuffix(filepath.Base(file), ".toml"); s.Name != want {
			t.Errorf("%s is called %s", file, s.Name)
		}
		if !strings.Contains(page, "| ["+filepath.Base(file)+"](") {
			t.Errorf("%s is not on the page", file)
		}
		// Agents held against people one by one are asked once: what repeats would differ in
		// is the draw of answers, and their items are drawn several times within the task.
		single := slices.ContainsFunc(s.Tasks, func(t spec.Task) bool {
			return t.Kind == "action" || t.Kind == "rating-agents" || t.Kind == "preference"
		})
		if s.Title == "" || s.Repeats < 2 && !single || len(s.Warnings) > 0 {
			t.Errorf("%s: title %q, %d repeats, %v", file, s.Title, s.Repeats, s.Warnings)
		}
	}
}
