package llm

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// TestDocsTellTheTable holds the table of docs/llm-calls.md to what is done.
func TestDocsTellTheTable(t *testing.T) {
	raw, err := os.ReadFile("../../docs/llm-calls.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| (.*) \| (.*)\|$`).FindAllStringSubmatch(string(raw), -1)
	if len(rows) < 20 {
		t.Fatalf("%d rows in the table", len(rows))
	}
	for _, row := range rows {
		status, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		x := judge(&sdk.CallFailure{Status: status})
		done := map[fate]string{again: "again", hopeless: "the question is given up", condemned: "the backend is given up"}[x.fate]
		if x.refused {
			done += ", slower"
		}
		kind := ""
		if x.kind != nil {
			kind = fmt.Sprintf("%v ", x.kind)
		}
		if done != row[2] || kind != row[3] {
			t.Errorf("%d: %s, %q: the page says %s, %q", status, done, kind, row[2], row[3])
		}
	}
}
