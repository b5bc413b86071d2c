package offline

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// TestEvidenceDocumented: the page that lets anybody recompute a table names
// every column and every metric.
func TestEvidenceDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[wideRow]()) {
		if f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("parquet"), ",")
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("docs/evidence.md: column %s is not explained", name)
		}
	}
	for _, m := range metric.Table() {
		if !strings.Contains(string(page), "`"+m.Name+"@k`") && !strings.Contains(string(page), "`"+m.Name+"`") {
			t.Errorf("docs/evidence.md: metric %s is not explained", m.Name)
		}
	}
	if !strings.Contains(string(page), "| `"+metric.TieShare+"` |") {
		t.Errorf("docs/evidence.md: %s is not explained", metric.TieShare)
	}
}
