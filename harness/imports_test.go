package harness_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/alignuser/alignuser"

// rule says what packages below a path may import of this module. An entry
// ending in /... covers what lies below it. An empty list means the standard
// library and outside modules only.
type rule struct {
	of  string
	may []string
	std bool // nothing outside the standard library either
}

// rules mirror docs/architecture.md. The most specific path wins.
var rules = []rule{
	{of: "sdk", may: nil, std: true},
	{of: "sdk/columns", may: []string{"sdk", "sdk/internal/..."}},
	{of: "sdk/internal/...", may: []string{"sdk", "sdk/internal/..."}},
	{of: "sdk/serve", may: []string{"sdk", "sdk/internal/..."}},
	{of: "sdk/launch", may: []string{"sdk", "sdk/internal/..."}},
	{of: "sdk/plugintest", may: []string{"sdk", "sdk/columns", "sdk/launch", "sdk/internal/..."}},
	{of: "sdk/plugintest/openaitest", may: nil, std: true},
	{of: "plugins/...", may: []string{"sdk", "sdk/serve", "sdk/columns", "plugins/internal/..."}},
	{of: "harness/metric", may: nil, std: true},
	{of: "harness/spec", may: []string{"sdk"}},
	{of: "harness/host", may: []string{"sdk", "sdk/launch", "sdk/columns"}},
	{of: "harness/corpus", may: []string{"sdk", "sdk/columns"}},
	{of: "harness/export", may: []string{"sdk"}},
	{of: "harness/trace", may: nil, std: true},
	{of: "harness/page", may: []string{"harness/trace"}},
	{of: "harness/persona", may: []string{"sdk", "harness/corpus", "harness/llm", "harness/page"}},
	{of: "harness/memory", may: []string{"sdk", "harness/corpus", "harness/llm"}},
	{of: "harness/agent", may: []string{"sdk", "harness/llm", "harness/page", "harness/trace"}},
	{of: "harness/browse", may: []string{"sdk", "harness/agent", "harness/corpus", "harness/memory", "harness/page", "harness/persona", "harness/trace"}},
	{of: "harness/record", may: []string{"sdk", "harness/trace"}},
	{of: "harness/llm", may: []string{"sdk"}},
	{of: "harness/record/score", may: []string{"sdk", "harness/record", "harness/metric"}},
	{of: "harness/compare", may: []string{"sdk", "harness/record", "harness/record/score", "harness/metric"}},
	{of: "harness/gate", may: []string{"sdk", "harness/record", "harness/metric", "harness/compare"}},
	{of: "harness/control", may: []string{"sdk", "harness/agent", "harness/corpus", "harness/record", "harness/record/score", "harness/metric", "harness/trace"}},
	{of: "harness/task", may: []string{"sdk", "harness/agent", "harness/browse", "harness/corpus", "harness/llm", "harness/metric", "harness/record", "harness/record/score"}},
	{of: "harness/task/all", may: []string{"harness/task", "harness/task/..."}},
	{of: "harness/task/...", may: []string{
		"sdk", "harness/task", "harness/task/simulate", "harness/task/heldout", "harness/corpus", "harness/control", "harness/llm", "harness/metric", "harness/record", "harness/record/score",
		"harness/agent", "harness/browse", "harness/page", "harness/persona", "harness/trace",
	}},
	{of: "harness/align", may: []string{"sdk", "harness/agent", "harness/browse", "harness/llm", "harness/page", "harness/record", "harness/trace"}},
	{of: "benchmarks", may: nil, std: true},
	{of: "harness/report", may: []string{"benchmarks", "harness/record", "harness/metric", "harness/trace"}},
	{of: "harness/run", may: []string{
		"sdk", "harness/spec", "harness/host", "harness/corpus", "harness/task", "harness/record", "harness/record/score",
		"harness/control", "harness/metric", "harness/llm", "harness/compare", "harness/agent", "harness/align", "harness/browse", "harness/page",
	}},
	{of: "harness/prediction", may: []string{"sdk", "harness/record", "harness/record/score", "harness/metric"}},
	{of: "harness/scaffold", may: []string{"sdk"}},
	{of: "harness/cmd/...", may: []string{"sdk/...", "sdk", "harness/..."}},
}

// neverPlugin lists what plugins must not reach even indirectly.
var neverPlugin = []string{"sdk/launch", "harness"}

type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// TestImportRules walks go list and holds every package to its rule, so that
// the architecture is what the tree says it is.
func TestImportRules(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range list(t, "./...") {
		path, ok := strings.CutPrefix(p.ImportPath, module+"/")
		if !ok || path == "harness" {
			continue
		}
		r, ok := ruleFor(path)
		if !ok {
			t.Errorf("%s: no import rule covers this package: add one to rules and to docs/architecture.md", path)
			continue
		}
		seen[r.of] = true
		for _, imp := range p.Imports {
			local, ours := strings.CutPrefix(imp, module+"/")
			switch {
			case ours && !allowed(r.may, local):
				t.Errorf("%s imports %s, which its rule does not allow", path, local)
			case !ours && r.std && strings.Contains(strings.Split(imp, "/")[0], "."):
				t.Errorf("%s imports %s: this package uses the standard library only", path, imp)
			}
		}
	}
	for _, r := range rules {
		if !seen[r.of] {
			t.Errorf("rule for %s matches no package: delete it", r.of)
		}
	}
}

// TestPluginsCannotReachTheHost looks through all dependencies.
func TestPluginsCannotReachTheHost(t *testing.T) {
	for _, p := range list(t, "-deps", "./plugins/...") {
		path, ours := strings.CutPrefix(p.ImportPath, module+"/")
		for _, no := range neverPlugin {
			if ours && (path == no || strings.HasPrefix(path, no+"/")) {
				t.Errorf("a plugin depends on %s", path)
			}
		}
	}
}

func list(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,Imports"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var packages []listed
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func ruleFor(path string) (rule, bool) {
	var best rule
	found := false
	for _, r := range rules {
		exact := r.of == path
		below := strings.HasSuffix(r.of, "/...") && strings.HasPrefix(path, strings.TrimSuffix(r.of, "..."))
		if exact {
			return r, true
		}
		if below && (!found || len(r.of) > len(best.of)) {
			best, found = r, true
		}
	}
	return best, found
}

func allowed(may []string, path string) bool {
	for _, m := range may {
		if m == path || (strings.HasSuffix(m, "/...") && strings.HasPrefix(path, strings.TrimSuffix(m, "..."))) {
			return true
		}
	}
	return false
}
