package metric_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-12 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// TestRougeL: the longest common subsequence of "red running shoes" and "red shoes for
// running" has two words, of three and four: 2·2/7. Case and punctuation are no words.
func TestRougeL(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"red running shoes", "red shoes for running", 4.0 / 7},
		{"red running shoes", "Red, running: shoes!", 1},
		{"a b c d", "a b c e", 0.75},
		{"a b", "b a", 0.5},
		{"a a b", "a b b", 2.0 / 3},
		{"größe 42", "GRÖSSE 42", 0.5},
		{"", "", 1},
		{"", "a", 0},
		{"?", "!", 0},
		{"?", "?", 1},
	} {
		near(t, fmt.Sprintf("%q, %q", c.a, c.b), metric.RougeL(c.a, c.b), c.want)
		near(t, fmt.Sprintf("%q, %q", c.b, c.a), metric.RougeL(c.b, c.a), c.want)
	}
	if !metric.AlikeText("a b c d", "a b c e") || metric.AlikeText("a b c", "a b d") {
		t.Error("0.75 is alike, 0.67 is not")
	}
}

// shopping: a click that is foreseen, one on another target, a text that is alike and not
// equal, an end that is taken for a click, and an end whose answer is invalid, though it
// says the right thing.
func shopping() (truth, answers []metric.Step) {
	truth = []metric.Step{
		{Type: "click", Target: "buy"},
		{Type: "click", Target: "review"},
		{Type: "input", Target: "search", Text: "red shoes size 42"},
		{Type: "terminate"},
		{Type: "terminate"},
	}
	answers = []metric.Step{
		{Type: "click", Target: "buy"},
		{Type: "click", Target: "buy"},
		{Type: "input", Target: "search", Text: "Red shoes, size 43"},
		{Type: "click", Target: "buy"},
		{Type: "terminate", Invalid: true},
	}
	return truth, answers
}

func TestSteps(t *testing.T) {
	truth, answers := shopping()
	near(t, "exact", metric.StepShare(truth, answers, metric.ExactText), 1.0/5)
	near(t, "alike", metric.StepShare(truth, answers, metric.AlikeText), 2.0/5) // 2·3/8
	near(t, "nothing", metric.StepShare(nil, nil, metric.ExactText), math.NaN())
	// click: two of two and one too many, 4/5; input 1; terminate 0.
	was, said := metric.Types(truth), metric.Types(answers)
	near(t, "macro", metric.MacroF1(was, said), (4.0/5+1+0)/3)
	near(t, "union", metric.UnionF1(was, said), (4.0/5+1+0)/3)
	near(t, "weighted", metric.WeightedF1(was, said), (2*4.0/5+1*1+2*0)/5)
}

// Five clicks, one on a review and four on options. Of the answers about options one is
// right, one of another type, one invalid, and one a review: options 2·1/(4 + 1), reviews
// 2·1/(1 + 2). What is no click is left out.
func TestKinds(t *testing.T) {
	click := func(kind string) metric.Step { return metric.Step{Type: "click", Kind: kind} }
	was, said := metric.Kinds(
		[]metric.Step{click("review"), click("option"), click("option"), click("option"), {Type: "input"}, click("option")},
		[]metric.Step{click("review"), click("option"), {Type: "input", Kind: "option"}, {Type: "click", Kind: "option", Invalid: true}, click("option"), click("review")},
	)
	if len(was) != 5 {
		t.Fatal(was)
	}
	near(t, "kinds", metric.WeightedF1(was, said), (4*2.0/5+1*2.0/3)/5)
}

// A class that is foreseen and never occurs costs the union, and precision elsewhere.
func TestF1(t *testing.T) {
	truth, answers := []string{"a", "a", "a", "b"}, []string{"a", "a", "c", "b"}
	near(t, "a", metric.BinaryF1(truth, answers, "a"), 4.0/5)
	near(t, "macro", metric.MacroF1(truth, answers), (4.0/5+1)/2)
	near(t, "union", metric.UnionF1(truth, answers), (4.0/5+1+0)/3)
	near(t, "weighted", metric.WeightedF1(truth, answers), (3*4.0/5+1)/4)
	near(t, "absent", metric.BinaryF1(truth, answers, "d"), math.NaN())
	near(t, "no class", metric.MacroF1(nil, nil), math.NaN())
	near(t, "no class", metric.WeightedF1(nil, nil), math.NaN())
	defer func() {
		if recover() == nil {
			t.Error("lists of different lengths pass")
		}
	}()
	metric.BinaryF1(truth, answers[:1], "a")
}
