package sdk_test

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

func TestError(t *testing.T) {
	err := fmt.Errorf("fit: %w", sdk.Invalidf("rate", "want %d", 1))
	if e := (*sdk.Error)(nil); !errors.As(err, &e) || e.Option != "rate" || !errors.Is(err, sdk.ErrInvalid) || err.Error() != "fit: rate: want 1" {
		t.Errorf("got %v", err)
	}
	if got := (&sdk.Error{Kind: sdk.ErrDenied}).Error(); got != "denied" {
		t.Errorf("without a message: %q", got)
	}
	if !errors.Is(sdk.Unsupportedf("x"), sdk.ErrUnsupported) {
		t.Error("Unsupportedf")
	}
}

// TestStandardLibraryOnly keeps the contract free of dependencies: whoever
// imports this package gets nothing else.
func TestStandardLibraryOnly(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") || path == "unsafe" || path == "C" {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
}
