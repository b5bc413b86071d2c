package run

import (
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
)

// TestTaughtNames: a tuned backend stands in tables under a name that they take, and that
// no backend of a suite has.
func TestTaughtNames(t *testing.T) {
	long := strings.Repeat("a", 60)
	seen := map[string]bool{}
	for _, c := range [][2]string{{"embedded", "aligned"}, {"embedded-aligned", "x"}, {"embedded", "aligned-x"}, {long, "aligned"}, {long, "aligned-plus"}, {"b", long}} {
		name := taughtName(c[0], c[1])
		if err := record.CheckName(name); err != nil || !strings.Contains(name, "--") || seen[name] {
			t.Errorf("%v: %s, %v", c, name, err)
		}
		seen[name] = true
	}
}
