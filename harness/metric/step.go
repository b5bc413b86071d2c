package metric

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Step is an action of a session with a shop: its type, the element it acts on, and
// the text it types. What a type has no use for is empty.
type Step struct{ Type, Target, Text string }

// SameStep reports whether a prediction is the step that was taken: type and target
// exactly, the text as sameText says.
func SameStep(truth, predicted Step, sameText func(truth, predicted string) bool) bool {
	return truth.Type == predicted.Type && truth.Target == predicted.Target && sameText(truth.Text, predicted.Text)
}

// Ways of comparing texts, by name.
const (
	TextExact = "exact"   // character by character
	TextRouge = "rouge-l" // [RougeL] of 0.75 or more
)

// SameText gives the comparison of a name; nil where there is none.
func SameText(name string) func(truth, predicted string) bool {
	const enough = 0.75
	switch name {
	case TextExact:
		return func(truth, predicted string) bool { return truth == predicted }
	case TextRouge:
		return func(truth, predicted string) bool { return RougeL(truth, predicted) >= enough }
	}
	return nil
}

// RougeL is how much two texts have in common by their longest common subsequence of
// words, of length l: the harmonic mean of l/words of the one and l/words of the other
// (Lin, ROUGE, 2004, section 3.1, with equal weights). Words are runs of letters and
// digits, in lower case. It lies in [0, 1]; two texts without words are alike, 1, and
// one without and one with are not, 0.
func RougeL(a, b string) float64 {
	x, y := wordsOf(a), wordsOf(b)
	if len(x)+len(y) == 0 {
		return 1
	}
	return 2 * float64(commonWords(x, y)) / float64(len(x)+len(y)) // the harmonic mean of l/x and l/y
}

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// commonWords is the length of the longest common subsequence.
func commonWords(x, y []string) int {
	best := make([]int, len(y)+1) // of what came of x, with the first words of y
	for _, word := range x {
		before := 0 // best[j] of the word before
		for j, other := range y {
			above := best[j+1]
			if word == other {
				best[j+1] = before + 1
			} else {
				best[j+1] = max(best[j+1], best[j])
			}
			before = above
		}
	}
	return best[len(y)]
}

// ClassCounts are decisions among several classes as one class sees them. Counts may be
// weighted.
type ClassCounts struct{ TruePos, FalsePos, FalseNeg float64 }

// F1 is 2·tp/(2·tp + fp + fn); 0 where the class occurs nowhere.
func (c ClassCounts) F1() float64 {
	if over := 2*c.TruePos + c.FalsePos + c.FalseNeg; over > 0 {
		return 2 * c.TruePos / over
	}
	return 0
}

// truths is how often the class is the truth.
func (c ClassCounts) truths() float64 { return c.TruePos + c.FalseNeg }

// CountClasses counts two lists of one length by class, classes in order of their
// names: it panics where they are not. An empty prediction is of no class.
func CountClasses(truth, predicted []string) (classes []string, counts []ClassCounts) {
	if len(truth) != len(predicted) {
		panic(fmt.Sprintf("metric: %d truths and %d predictions", len(truth), len(predicted)))
	}
	classes = slices.Concat(truth, predicted)
	slices.Sort(classes)
	classes = slices.Compact(classes)
	if len(classes) > 0 && classes[0] == "" {
		classes = classes[1:]
	}
	counts = make([]ClassCounts, len(classes))
	for i, t := range truth {
		at, isClass := slices.BinarySearch(classes, t)
		by, some := slices.BinarySearch(classes, predicted[i])
		switch {
		case isClass && t == predicted[i]:
			counts[at].TruePos++
		default:
			if isClass {
				counts[at].FalseNeg++
			}
			if some {
				counts[by].FalsePos++
			}
		}
	}
	return classes, counts
}

// MacroF1 is the mean F1 of the classes that occur in the truth; NaN where none does.
func MacroF1(counts []ClassCounts) float64 {
	return meanF1(counts, func(c ClassCounts) float64 { return Share(c.truths() > 0) })
}

// UnionF1 is the mean F1 of the classes that occur in the truth or in a prediction: a
// class that was made up costs, as in scikit-learn's macro average.
func UnionF1(counts []ClassCounts) float64 {
	return meanF1(counts, func(c ClassCounts) float64 { return Share(c.truths()+c.FalsePos > 0) })
}

// WeightedF1 is the mean F1 of the classes in the truth, weighted by how often each is
// the truth.
func WeightedF1(counts []ClassCounts) float64 { return meanF1(counts, ClassCounts.truths) }

func meanF1(counts []ClassCounts, weight func(ClassCounts) float64) float64 {
	sum, n := 0.0, 0.0
	for _, c := range counts {
		w := weight(c)
		sum, n = sum+float64(w*c.F1()), n+w
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / n
}

// Ids of what steps are judged by.
const (
	ActionStep  = "action.acc.step"
	StepSession = "action.acc.step.session"
	StepInvalid = "action.invalid.step"
)

// StepF1 is one line of the table of metrics of steps that compare classes over all
// sessions at once.
type StepF1 struct {
	Head
	Outcome bool // of the last step of each session; else of the types of all steps
	Of      func(counts []ClassCounts) float64
}

// StepF1s lists them. The classes of outcomes are two, the positive one first.
func StepF1s() []StepF1 {
	line := func(id, empty, doc string) Head {
		return Head{ID: id, Version: 1, Unit: "score", Direction: Higher, Empty: empty, Doc: doc}
	}
	ended := "undefined where no session ends in the outcome"
	return []StepF1{
		{Head: line("action.type-f1.macro", "undefined without a step", "mean F1 of the types that people's steps have"), Of: MacroF1},
		{Head: line("action.type-f1.union", "undefined without a step", "mean F1 of the types that people's steps or predictions have"), Of: UnionF1},
		{Head: line("action.type-f1.weighted", "undefined without a step", "mean F1 of the types, weighted by how many of people's steps have each"), Of: WeightedF1},
		{Head: line("action.outcome-f1.binary", ended, "F1 of predicting that the last step of a session is the outcome"), Outcome: true, Of: func(counts []ClassCounts) float64 {
			if counts[0].truths() == 0 {
				return math.NaN()
			}
			return counts[0].F1()
		}},
		{Head: line("action.outcome-f1.weighted", "undefined without a session", "mean F1 of outcome and no outcome, weighted by how many sessions end in each"), Outcome: true, Of: WeightedF1},
	}
}

// Steps lists the heads of all metrics of steps.
func Steps() []Head {
	heads := []Head{
		{ID: ActionStep, Version: 1, Unit: "share", Direction: Higher, Empty: "undefined without a step", Doc: "share of steps predicted exactly: type, target and text"},
		{ID: StepSession, Version: 1, Unit: "share", Direction: Higher, Empty: "undefined without a step", Doc: "share of a session's steps predicted exactly, then the mean over sessions"},
	}
	for _, m := range StepF1s() {
		heads = append(heads, m.Head)
	}
	return append(heads, Head{ID: StepInvalid, Version: 1, Unit: "share", Direction: Lower, Empty: "undefined without a step", Doc: "share of steps for which no type was predicted; they are wrong"})
}
