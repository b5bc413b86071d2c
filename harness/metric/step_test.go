package metric

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestRougeL(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"warm winter boots", "winter boots", 2 * 2.0 / (3 + 2)},      // two of three and two of two
		{"warm winter boots", "boots winter warm", 2 * 1.0 / (3 + 3)}, // one word is in order
		{"Warm, winter-boots!", "warm winter boots", 1},               // case and marks are nothing
		{"a b c d e f", "a x c y e z", 2 * 3.0 / (6 + 6)},             // a c e
		{"a b a b", "b a b a", 2 * 3.0 / (4 + 4)},                     // a b a, or b a b
		{"größe 42", "größe 43", 2 * 1.0 / (2 + 2)},                   // letters of any script
		{"", "", 1}, {"", "x", 0}, {"x", "", 0}, {"?!", "", 1}, {"x", "y", 0},
	} {
		if got := RougeL(c.a, c.b); !near(got, c.want) || got != RougeL(c.b, c.a) {
			t.Errorf("%q, %q: %v, want %v", c.a, c.b, got, c.want)
		}
	}
	if SameText("fuzzy") != nil {
		t.Error("a comparison that there is not")
	}
	// Six of eight words: exactly 0.75 is enough.
	eight, six := "a b c d e f g h", "a b c d e f y z"
	if !SameText(TextRouge)(eight, six) || SameText(TextRouge)(eight, "a b c d e x y z") || SameText(TextExact)(eight, six) {
		t.Error("the border of 0.75")
	}
}

func TestSameStep(t *testing.T) {
	exact := SameText(TextExact)
	for _, c := range []struct {
		a, b Step
		want bool
	}{
		{Step{"click", "buy", ""}, Step{"click", "buy", ""}, true},
		{Step{"click", "buy", ""}, Step{"click", "back", ""}, false},
		{Step{"input", "search", "boots"}, Step{"input", "search", "boot"}, false},
		{Step{"input", "search", "boots"}, Step{"click", "search", "boots"}, false},
	} {
		if got := SameStep(c.a, c.b, exact); got != c.want {
			t.Errorf("%v, %v: %v", c.a, c.b, got)
		}
	}
}

// Truth c c c i t, predicted c c i i x. Clicks: tp 2, fn 1: 4/5. Inputs: tp 1, fp 1:
// 2/3. Terminate: fn 1: 0. x was made up: fp 1: 0. An answer that is none is a false
// negative of the truth and no class.
func TestClassF1(t *testing.T) {
	classes, counts := CountClasses(strings.Fields("c c c i t"), strings.Fields("c c i i x"))
	if !slices.Equal(classes, []string{"c", "i", "t", "x"}) || counts[0] != (ClassCounts{2, 0, 1}) || counts[3] != (ClassCounts{0, 1, 0}) {
		t.Fatal(classes, counts)
	}
	for name, v := range map[string][2]float64{
		"macro":            {MacroF1(counts), (4.0/5 + 2.0/3 + 0) / 3},
		"union":            {UnionF1(counts), (4.0/5 + 2.0/3 + 0 + 0) / 4},
		"weighted":         {WeightedF1(counts), (3*4.0/5 + 1*2.0/3 + 1*0) / 5},
		"macro, nothing":   {MacroF1(nil), math.NaN()},
		"nowhere at all":   {ClassCounts{}.F1(), 0},
		"macro, made up":   {MacroF1([]ClassCounts{{0, 2, 0}}), math.NaN()},
		"union, made up":   {UnionF1([]ClassCounts{{0, 2, 0}, {}}), 0},
		"weighted, nobody": {WeightedF1([]ClassCounts{{0, 2, 0}}), math.NaN()},
	} {
		if !alike(v[0], v[1]) {
			t.Errorf("%s: %v, want %v", name, v[0], v[1])
		}
	}
	classes, counts = CountClasses([]string{"c", "c"}, []string{"c", ""})
	if !slices.Equal(classes, []string{"c"}) || counts[0] != (ClassCounts{1, 0, 1}) {
		t.Error(classes, counts)
	}
}

// Three of four sessions end in the outcome; two are foreseen, and one that is none:
// tp 2, fp 1, fn 1 of the outcome: 4/6; tp 0, fp 1, fn 1 of the other: 0. Weighted by
// 3 and 1: (3·2/3 + 0)/4.
func TestOutcomeF1(t *testing.T) {
	counts := []ClassCounts{{2, 1, 1}, {0, 1, 1}}
	want := map[string]float64{"action.outcome-f1.binary": 2.0 / 3, "action.outcome-f1.weighted": 1.0 / 2}
	for _, m := range StepF1s() {
		if m.Outcome && !near(m.Of(counts), want[m.ID]) {
			t.Errorf("%s: %v", m.ID, m.Of(counts))
		}
		if m.ID == "action.outcome-f1.binary" && !math.IsNaN(m.Of([]ClassCounts{{0, 1, 0}, {3, 0, 1}})) {
			t.Error("an outcome that nobody had has an F1")
		}
	}
}
