package align

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/agent"
)

// TestDocs holds docs/alignment.md to the options of the arms that are taught, to what
// is drawn and kept, and to the files.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../../docs/alignment.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	_, table, _ := strings.Cut(text, "\n| option | `aligned` | `aligned-plus` | meaning |")
	table, _, _ = strings.Cut(table, "\n\n")
	defaults := map[string][]string{} // by option, of the two kinds
	for i, name := range []string{"aligned", "aligned-plus"} {
		k, ok := agent.KindOf(name)
		if !ok || !k.Aligns {
			t.Fatalf("%s is no kind that is taught", name)
		}
		for _, o := range k.Options {
			for len(defaults[o.Name]) < i {
				defaults[o.Name] = append(defaults[o.Name], "-")
			}
			defaults[o.Name] = append(defaults[o.Name], fmt.Sprint(o.Default))
			for _, choice := range o.Choices {
				if _, row, _ := strings.Cut(table, "\n| `"+o.Name+"` | "); !strings.Contains(strings.SplitN(row, "\n", 2)[0], "`"+choice+"`") {
					t.Errorf("%s: the row of %s does not name %s", name, o.Name, choice)
				}
			}
		}
	}
	rows := 0
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| `([^`]*)` \\| `([^`]*)` \\| .+ \\|$").FindAllStringSubmatch(table, -1) {
		rows++
		if want := defaults[row[1]]; len(want) != 2 || row[2] != want[0] || row[3] != want[1] {
			t.Errorf("%s: the page says %v, want %v", row[1], row[2:], want)
		}
	}
	if rows != len(defaults) {
		t.Errorf("%d rows of options, want %d", rows, len(defaults))
	}
	for what, want := range map[string]string{
		"alternatives":    fmt.Sprintf("K = %d are drawn", Alternatives),
		"reflections":     map[int]string{3: "the latest three pages"}[perUser],
		"lessons":         map[int]string{5: "at most five"}[toldLessons],
		"world model":     "`" + WorldFile + "`",
		"policy":          "`" + PolicyFile + "`",
		"pairs":           "`" + PairsFile + "`",
		"reflection":      "`" + ReflectionFile + "`",
		"lessons in file": "`" + LessonsFile + "`",
		"manifest":        "`" + ManifestFile + "`",
	} {
		if want == "" || !strings.Contains(text, want) {
			t.Errorf("%s: the page does not say %q", what, want)
		}
	}
}
