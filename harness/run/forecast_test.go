//go:build unix

package run

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
)

// boundedSuite asks agents whatever tasks can ask them, each of a backend of its own.
const boundedSuite = `schema = 1
name = "test"
seed = 3
repeats = 2
[dataset]
plugin = "planted"
options = { users = 40, items = 150, sessions = 24 }
[split]
method = "user-temporal"
test = 0.4
[[llm]]
name = "of-fused"
plugin = "embedded"
[[llm]]
name = "of-recalling"
plugin = "embedded"
[[llm]]
name = "of-staged"
plugin = "embedded"
[[agent]]
name = "fused"
kind = "prompted"
backend = "of-fused"
[[agent]]
name = "recalling"
kind = "simuser"
backend = "of-recalling"
options = { mode = "fused" }
[[agent]]
name = "staged"
kind = "simuser"
backend = "of-staged"
options = { self-check = true }
`

// TestBounded: no run asks more than its plan says, whatever is asked; and as much where
// the number of questions is known before.
func TestBounded(t *testing.T) {
	t.Parallel()
	kinds := func(tasks ...string) (text string) {
		for _, task := range tasks {
			kind, options, _ := strings.Cut(task, ": ")
			text += "[[task]]\nkind = \"" + kind + "\"\noptions = { " + options + " }\n"
		}
		return text
	}
	known := boundedSuite + kinds("preference: draws = 1, users = 4, negatives = [1, 3]", "rating-agents: users = 5", "action: users = 6, visits = 1", "world: users = 4, visits = 1", "persona: users = 9")
	others := strings.Replace(boundedSuite, "[[llm]]", armTable("basics", "popular")+"[[llm]]", 1) + kinds("simulate: users = 3", "consistency: users = 4, pages = 2", "distribution: users = 3")
	for name, c := range map[string]struct {
		text  string
		exact []string // backends of whose calls all are known
	}{
		"one question a page": {known, []string{"of-fused"}}, // who was met for one task is known to the next
		"one task":            {boundedSuite + kinds("preference: draws = 1, users = 3, negatives = [1]"), []string{"of-fused", "of-recalling", "of-staged"}},
		"whole pages":         {others, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			p := b.plan(c.text, nil)
			f, err := p.Forecast(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			res := b.execute(p)
			if len(res.Failures) > 0 {
				t.Fatal(res.Failures)
			}
			usage, err := record.ReadUsage(filepath.Join(res.Dir, record.UsageFile))
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range f.Backends {
				calls, answers := int64(0), int64(0)
				for _, u := range usage {
					if u.Backend == part.Backend {
						calls, answers = calls+u.Requests, answers+u.CompletionTokens
					}
				}
				if calls == 0 || calls > part.Calls || answers > part.CompletionTokens || !part.AtMost || slices.Contains(c.exact, part.Backend) && calls != part.Calls {
					t.Errorf("%s: %d calls and %d tokens of answers, by the plan %d and %d", part.Backend, calls, answers, part.Calls, part.CompletionTokens)
				}
			}
		})
	}
}
