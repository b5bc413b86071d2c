package gate

import (
	"slices"
	"testing"

	"github.com/alignuser/alignuser/harness/compare"
	"github.com/alignuser/alignuser/harness/record"
)

// TestInvalidAgents: a table that is invalid for one agent makes the run invalid, as one
// that is invalid altogether does.
func TestInvalidAgents(t *testing.T) {
	m := record.Manifest{Tasks: []record.TaskFacts{
		{Kind: "offline", Invalid: "the oracle has no numbers"},
		{Kind: "simulate", Agents: map[string]record.AgentTable{"b": {Invalid: "b is deaf"}, "a": {Invalid: "a is deaf"}, "c": {}}},
	}}
	c, err := NewCurrent(&compare.Run{Dir: t.TempDir(), Manifest: m})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"offline: the oracle has no numbers", "simulate: a is deaf", "simulate: b is deaf"}; !slices.Equal(c.Invalid, want) {
		t.Errorf("%q, want %q", c.Invalid, want)
	}
}
