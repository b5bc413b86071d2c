package metric

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// Ids of numbers about single actions, such as those of people who shop.
const (
	StepAccuracy      = "action.acc.step"
	StepTypeMacro     = "action.type-f1.macro"
	StepTypeUnion     = "action.type-f1.union"
	StepTypeWeighted  = "action.type-f1.weighted"
	StepClick         = "action.click-f1.weighted"
	StepOutcomeBinary = "action.outcome-f1.binary"
	StepOutcome       = "action.outcome-f1.weighted"
	StepInvalid       = "action.invalid.step"
)

// Steps lists the heads of numbers about single actions, the primary first.
func Steps() []Head {
	const some = "undefined where there is no step"
	line := func(id string, d Direction, empty, doc string) Head {
		return Head{ID: id, Version: 1, Unit: "share", Direction: d, Doc: doc, Empty: empty}
	}
	return []Head{
		line(StepAccuracy, Higher, some, "actions foreseen exactly: type, target and text"),
		line(StepTypeMacro, Higher, some, "F1 of the type of action, the mean over the types that people chose"),
		line(StepTypeUnion, Higher, some, "F1 of the type of action, the mean over the types that people or answers chose"),
		line(StepTypeWeighted, Higher, some, "F1 of the type of action, weighted by how often people chose each"),
		line(StepClick, Higher, "undefined where no step has a kind", "F1 of the kind of what is clicked, weighted by how often people clicked on each"),
		line(StepOutcomeBinary, Higher, "undefined where neither people nor answers have the outcome that counts", "F1 of how sessions end, of the one outcome that counts, such as a purchase"),
		line(StepOutcome, Higher, "undefined where there is no session", "F1 of how sessions end, weighted by how often they ended so"),
		line(StepInvalid, Lower, some, "actions that were answered in no valid form"),
	}
}

// Step is one action of a person, or an answer that foresees one.
type Step struct {
	Type    string // such as click, input, terminate
	Kind    string // of what is clicked, such as review or purchase; empty: the type has none. No part of a match
	Target  string // what is clicked or filled in; empty: the type has none
	Text    string // what is typed; empty: nothing
	Invalid bool   // an answer in no valid form: wrong whatever else it holds
}

// TextMatch says when two texts are the same.
type TextMatch func(a, b string) bool

// ExactText wants every character.
func ExactText(a, b string) bool { return a == b }

// rougeEnough is from where on two texts count as the same.
const rougeEnough = 0.75

// AlikeText wants a ROUGE-L of 0.75 or more.
func AlikeText(a, b string) bool { return RougeL(a, b) >= rougeEnough }

// Foreseen reports whether an answer is a person's step: type and target alike, and the
// text by match.
func Foreseen(truth, answer Step, match TextMatch) bool {
	return !answer.Invalid && answer.Type == truth.Type && answer.Target == truth.Target && match(truth.Text, answer.Text)
}

// StepShare is the share of steps that are foreseen; NaN where there is none. It panics
// where the lists differ in length.
func StepShare(truth, answers []Step, match TextMatch) float64 {
	sameLength(len(truth), len(answers))
	sum := 0.0
	for i := range truth {
		sum += Share(Foreseen(truth[i], answers[i], match))
	}
	return sum / float64(len(truth))
}

// Types gives the classes of steps. That of an invalid answer is empty: no class.
func Types(steps []Step) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		if !s.Invalid {
			out[i] = s.Type
		}
	}
	return out
}

// Kinds gives the classes of what is clicked, of the steps of which the truth has one.
func Kinds(truth, answers []Step) (was, said []string) {
	sameLength(len(truth), len(answers))
	for i, s := range truth {
		if s.Kind == "" {
			continue
		}
		kind := ""
		if !answers[i].Invalid && answers[i].Type == s.Type {
			kind = answers[i].Kind
		}
		was, said = append(was, s.Kind), append(said, kind)
	}
	return was, said
}

// RougeL is the F-measure (β = 1) of the longest common subsequence of the words of two
// texts, letters folded to lower case (Lin, ROUGE, 2004, equation 4). It lies in
// [0, 1]. Texts without a word are alike where they are equal: 1, else 0.
func RougeL(a, b string) float64 {
	x, y := words(a), words(b)
	if len(x) == 0 || len(y) == 0 {
		return Share(a == b)
	}
	return 2 * float64(common(x, y)) / float64(len(x)+len(y)) // 2PR/(P+R) with P = l/|x|, R = l/|y|
}

// words are runs of letters and digits.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// common is the length of the longest common subsequence.
func common(x, y []string) int {
	above := make([]int, len(y)+1)
	row := make([]int, len(y)+1)
	for i := range x {
		for j := range y {
			if x[i] == y[j] {
				row[j+1] = above[j] + 1
			} else {
				row[j+1] = max(row[j], above[j+1])
			}
		}
		above, row = row, above
	}
	return above[len(y)]
}

// MacroF1 is the mean F1 over the classes that occur in the truth. The empty class, of
// answers that are invalid, is none. NaN where there is no class. Like all of its kind
// it panics where the lists differ in length.
func MacroF1(truth, answers []string) float64 {
	return meanF1(truth, answers, classes(truth))
}

// UnionF1 is the mean F1 over the classes that occur in the truth or in the answers: a
// class that is foreseen and never occurs counts 0.
func UnionF1(truth, answers []string) float64 {
	return meanF1(truth, answers, classes(slices.Concat(truth, answers)))
}

// WeightedF1 is the mean F1 over the classes of the truth, weighted by how often they
// occur there.
func WeightedF1(truth, answers []string) float64 {
	sum, n := 0.0, 0.0
	for _, c := range classes(truth) {
		weight := 0.0
		for _, t := range truth {
			weight += Share(t == c)
		}
		sum, n = sum+weight*BinaryF1(truth, answers, c), n+weight
	}
	return sum / n
}

// BinaryF1 is the F1 of one class: 2tp/(2tp + fp + fn) (van Rijsbergen 1979, with β = 1).
// NaN where it occurs neither in the truth nor in the answers.
func BinaryF1(truth, answers []string, class string) float64 {
	sameLength(len(truth), len(answers))
	both, either := 0.0, 0.0 // tp, and 2tp + fp + fn
	for i := range truth {
		both += Share(truth[i] == class && answers[i] == class)
		either += Share(truth[i] == class) + Share(answers[i] == class)
	}
	return 2 * both / either
}

func meanF1(truth, answers, classes []string) float64 {
	sum := 0.0
	for _, c := range classes {
		sum += BinaryF1(truth, answers, c)
	}
	if len(classes) == 0 {
		return math.NaN()
	}
	return sum / float64(len(classes))
}

// classes lists what occurs, ascending, but for the empty class.
func classes(labels []string) []string {
	out := slices.Clone(labels)
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(c string) bool { return c == "" })
}

func sameLength(truth, answers int) {
	if truth != answers {
		panic("metric: lists of different lengths")
	}
}
