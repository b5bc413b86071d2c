package scaffold

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

func TestParse(t *testing.T) {
	p, err := Parse("recommender-my-knn2")
	if err != nil || p.Kind != sdk.KindRecommender || p.Name != "my-knn2" || p.Label() != "recommender-my-knn2" {
		t.Errorf("have %+v, %v", p, err)
	}
	for _, bad := range []string{
		"", "mine", "recommender", "recommender-", "agent-mine", "recommender-Mine", "recommender-my_own", "recommender-2nd",
		"recommender--x", "recommender-x-", "recommender-../x", "llm-main", "llm-test", "llm-" + strings.Repeat("x", 41),
	} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// TestWrite: every template renders to formatted Go under its own name; names
// that end like a system's do not hide the file from it.
func TestWrite(t *testing.T) {
	for _, kind := range []sdk.Kind{sdk.KindRecommender, sdk.KindDataset, sdk.KindLLM} {
		p := Plugin{Kind: kind, Name: "on-linux", Dir: filepath.Join(t.TempDir(), "new"), ModulePath: "example.com/x", Version: "v1.2.3"}
		if err := p.Write(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(p.Dir, "on-linux.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), `Name: "on-linux"`) || strings.ContainsAny(string(text), "«»") {
			t.Errorf("%s: %s", kind, text)
		}
		mod, err := os.ReadFile(filepath.Join(p.Dir, "go.mod"))
		if want := "module example.com/x\n\ngo 1.26.0\n\nrequire github.com/alignuser/alignuser v1.2.3\n"; err != nil || string(mod) != want {
			t.Errorf("go.mod is %q, %v, want %q", mod, err, want)
		}
		if err := p.Write(); !errors.Is(err, fs.ErrExist) {
			t.Errorf("the second time: %v", err)
		}
	}
}

func TestCheckout(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Dir(filepath.Dir(here)); Checkout(here) != want {
		t.Errorf("have %q, want %q", Checkout(here), want)
	}
	if got := Checkout(t.TempDir()); got != "" {
		t.Errorf("have %q outside of a checkout", got)
	}
}

// TestForeignSDK: a checkout of something else is refused before a file is made.
func TestForeignSDK(t *testing.T) {
	p := Plugin{Kind: sdk.KindLLM, Name: "x", Dir: filepath.Join(t.TempDir(), "new"), ModulePath: "x", SDK: t.TempDir()}
	if err := os.WriteFile(filepath.Join(p.SDK, "go.mod"), []byte("module example.com/other\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(); err == nil || !strings.Contains(err.Error(), "its module is example.com/other") {
		t.Errorf("have %v", err)
	}
	if _, err := os.Stat(p.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
}
