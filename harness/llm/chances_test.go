package llm

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// 1·0.25 + 4·0.75 = 3.25.
func TestChances(t *testing.T) {
	a := Answer{Choices: []sdk.ChoiceProbabilities{
		{Path: "ITEM_1.decision", Values: []string{"WATCH", "SKIP"}, Probabilities: []float32{0.25, 0.75}},
		{Path: "ITEM_1.value", Values: []string{"1", "4"}, Probabilities: []float32{0.25, 0.75}},
		{Path: "short", Values: []string{"1", "4"}, Probabilities: []float32{0.25}},
	}}
	if p, ok := a.Chance("ITEM_1.decision", "SKIP"); !ok || p != 0.75 {
		t.Errorf("%v, %t", p, ok)
	}
	if _, ok := a.Chance("ITEM_2.decision", "SKIP"); ok {
		t.Error("a chance at a path without any")
	}
	if v, ok := a.Expected("ITEM_1.value"); !ok || math.Abs(v-3.25) > 1e-12 {
		t.Errorf("%v, %t", v, ok)
	}
	for _, path := range []string{"ITEM_1.decision", "short", "nothing"} {
		if v, ok := a.Expected(path); ok {
			t.Errorf("%s: %v", path, v)
		}
	}
}
