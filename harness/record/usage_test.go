package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUsageTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), UsageFile)
	rows := []Usage{
		{Backend: "a", Cell: "reading/-/a/r0", Role: "probe", Requests: 3, PromptTokens: 300, CachedTokens: 10, CompletionTokens: 30, ReasoningTokens: 5, Retries: 1, Invalid: 2, Charged: 1, CostMicros: 1_050_000, Currency: "USD"},
		{Backend: "a", Cell: "reading/-/a/r1", Role: "judge", Reused: 7},
		{Backend: "b", Role: "tuning", CostMicros: 7, Currency: "EUR"},
	}
	if err := WriteUsage(path, []Usage{rows[2], rows[1], rows[0]}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "a,probe,reading/-/a/r0,3,300,10,30,5,1,2,1,0,1.050000,USD\n") {
		t.Errorf("%v\n%s", err, text)
	}
	got, err := ReadUsage(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(rows, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{
		"a,probe,-,-1,0,0,0,0,0,0,0,0,0.000000,-", "a,probe,-,x,0,0,0,0,0,0,0,0,0.000000,-",
		"a,probe,-,1,0,0,0,0,0,0,0,0,0.1,-", "a,probe,-,1,0,0,0,0,0,0,0,0,1,-", "A,probe,-,1,0,0,0,0,0,0,0,0,0.000000,-",
	} {
		head := strings.Join(usageHeader(), ",")
		if err := os.WriteFile(path, []byte(head+"\n"+bad+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadUsage(path); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	if err := WriteUsage(path, []Usage{{Backend: "a", Role: "probe", Requests: -1}}); err == nil {
		t.Error("a negative count was written")
	}
}
