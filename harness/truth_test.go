package harness_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mayTouch says which packages of the harness may name what belongs to the truth
// about planted people: who asks a process, and who hands it on.
var mayTouch = map[string][]string{
	"RespondRequest": {"control", "host"},
	"RespondReply":   {"host"},
	"Responder":      {"control", "host", "run", "task"},
	"FeatureRespond": {"host", "run"},
}

// TestOnlyControlsAskForTheTruth: no task, no agent and no learner makes a question
// to the planted population by itself; all go through package control.
func TestOnlyControlsAskForTheTruth(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "testdata") {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			may, guarded := mayTouch[s.Sel.Name]
			if guarded && !slices.Contains(may, dir) {
				t.Errorf("%s: %s belongs to packages %v: ask through control.Truth", set.Position(s.Pos()), s.Sel.Name, may)
			}
			if guarded {
				found[s.Sel.Name+" in "+dir] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, may := range mayTouch {
		for _, dir := range may {
			if !found[name+" in "+dir] {
				t.Errorf("package %s does not name %s: take it off the list", dir, name)
			}
		}
	}
}
