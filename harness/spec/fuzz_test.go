package spec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/spec"
)

// FuzzParse: whatever the text and the override, the answer is a suite that can
// be made canonical or a list of mistakes that names the file.
func FuzzParse(f *testing.F) {
	f.Add(whole, "seed=2")
	f.Add(whole, "recommender.0.options.l2=[1]")
	f.Add(strings.ReplaceAll(whole, "0.2", "nan"), "")
	f.Add("schema = 1\nrecommender = [[], {}]\ntask = [{kind = 1}]\nsplit = 3\n", "task.0.kind.x=1")
	f.Add("schema = 1\n[recommender.options]\n", "recommender={}")
	f.Fuzz(func(t *testing.T, text, set string) {
		var sets []string
		if set != "" {
			sets = []string{set}
		}
		s, err := spec.Parse("f.toml", []byte(text), sets)
		if err == nil {
			err = s.Check(catalogue{})
		}
		if err == nil {
			if len(s.Canonical(catalogue{})) == 0 {
				t.Error("no canonical form")
			}
			return
		}
		var list spec.Errors
		if !errors.As(err, &list) || len(list) == 0 {
			t.Fatalf("%T: %v", err, err)
		}
		for _, e := range list {
			if !strings.HasPrefix(e.Error(), "f.toml") && !strings.HasPrefix(e.Error(), "--set ") || e.What == "" {
				t.Errorf("without a place: %v", e)
			}
		}
	})
}
