package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// schema1 is a run folder as the first version wrote it. It is never rewritten:
// what can be read today must be read by later versions.
const schema1 = "testdata/schema-1"

func TestLoadRunFolder(t *testing.T) {
	b, err := Load(schema1)
	if err != nil {
		t.Fatal(err)
	}
	var screen bytes.Buffer
	if err := Terminal(&screen, b, TerminalOptions{Width: 90, All: true, Timings: true}); err != nil {
		t.Fatal(err)
	}
	golden(t, "schema-1.txt", screen.Bytes())
	for format, write := range Formats() {
		var file bytes.Buffer
		if err := write(&file, b); err != nil {
			t.Fatal(err)
		}
		golden(t, "schema-1."+format, file.Bytes())
	}
}

func TestWriteAllIsRepeatable(t *testing.T) {
	dir := copyRun(t)
	var first map[string]string
	for range 2 {
		if err := WriteAll(dir); err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		for format := range Formats() {
			b, err := os.ReadFile(filepath.Join(dir, "leaderboard."+format))
			if err != nil {
				t.Fatal(err)
			}
			files[format] = string(b)
			if strings.Contains(string(b), "2026") { // the year of the fixture's clock readings
				t.Errorf("leaderboard.%s holds a time", format)
			}
			if first != nil && first[format] != files[format] {
				t.Errorf("leaderboard.%s differs the second time", format)
			}
		}
		first = files
	}
}

func TestLoadSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ remove, want string }{
		{"manifest.json", "not a run folder"},
		{"summary.csv", "go on with: alignuser run toy.toml"},
		{"failures.csv", ""},
		{"timings.csv", ""},
	} {
		dir := copyRun(t)
		if err := os.Remove(filepath.Join(dir, c.remove)); err != nil {
			t.Fatal(err)
		}
		_, err := Load(dir)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("without %s: %v", c.remove, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("without %s: error %v, want %q", c.remove, err, c.want)
		}
	}
}

func TestLoadRefusesADamagedTable(t *testing.T) {
	dir := copyRun(t)
	path := filepath.Join(dir, "summary.csv")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(b, []byte("0.125"), []byte("NaN"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil {
		t.Error("a table with NaN was read")
	}
}

// copyRun gives a run folder that a test may change.
func copyRun(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.CopyFS(dir, os.DirFS(schema1)); err != nil {
		t.Fatal(err)
	}
	return dir
}
