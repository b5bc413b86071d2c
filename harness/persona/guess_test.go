package persona

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/sdk"
)

// reader answers guesses with what it is given, and keeps what it was asked.
type reader struct {
	answer llm.Answer
	err    error
	asked  []llm.Request
}

func (r *reader) Ask(_ context.Context, q llm.Request) (llm.Answer, error) {
	r.asked = append(r.asked, q)
	return r.answer, r.err
}

// village is trio with ages, occupations and a gender that only one user states.
func village() films {
	f := trio()
	f.attributes = []sdk.Column{
		{Name: "age", Data: []int32{31, 70}}, {Name: "occupation", Data: []string{"baker", "painter"}}, {Name: "gender", Data: []string{"F", ""}},
	}
	f.categories = [][]string{{"Drama"}, {"Drama", "War"}, nil, nil, nil}
	return f
}

func TestKnowns(t *testing.T) {
	want := []Known{
		{Property{"age", []string{"25-34", "65 or more"}}, []int32{0, 1}},
		{Property{"occupation", []string{"baker", "painter"}}, []int32{0, 1}},
	} // one gender is nothing to guess
	if d := cmp.Diff(want, Knowns(split(t, village()))); d != "" {
		t.Error(d)
	}
	f := village()
	f.attributes[1].Data = []string{"", "painter"}
	f.attributes[2].Data = []string{"F", "M"}
	got := Knowns(split(t, f))
	if len(got) != 2 || got[1].Name != "gender" || got[1].Of[1] != 1 {
		t.Errorf("%+v", got)
	}
	if got := Knowns(split(t, trio())); len(got) != 0 {
		t.Errorf("nothing is known: %+v", got)
	}
}

func guess(t *testing.T, r *reader) (Guess, error) {
	t.Helper()
	s := split(t, village())
	g, err := NewGuesser(s)
	if err != nil {
		t.Fatal(err)
	}
	var about []Property
	for _, k := range Knowns(s) {
		about = append(about, k.Property)
	}
	return g.Guess(t.Context(), r, 0, about, 7, 2)
}

// The question has the user's history with titles, categories and values, the classes,
// and nothing that is known of the user or held out.
func TestGuess(t *testing.T) {
	r := &reader{answer: llm.Answer{
		JSON:    []byte(`{"age":"65 or more","occupation":"baker"}`),
		Choices: []sdk.ChoiceProbabilities{{Path: "age", Values: []string{"25-34", "65 or more"}, Probabilities: []float32{0.25, 0.75}}},
		Usage:   sdk.Usage{Requests: 1, PromptTokens: 9},
	}}
	got, err := guess(t, r)
	want := Guess{Classes: []int32{1, 0}, P: [][]float64{{0.25, 0.75}, nil}, Usage: sdk.Usage{Requests: 1, PromptTokens: 9}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	q := r.asked[0]
	const text = `# What one person watched
The lowest value that can be given is 1, the highest 5.
- "own" ("Drama"): gave it 5
- "shared" ("Drama", "War"): gave it 1

# Who it is
Judging by these works alone, who is the person most likely? Choose one for each.
- age: "25-34", "65 or more"
- occupation: "baker", "painter"`
	if d := cmp.Diff(text, q.Messages[1].Content); d != "" {
		t.Error(d)
	}
	if *q.Temperature != 0 || q.Repeat != 2 || q.Schema.Validate([]byte(`{"age":"25-34","occupation":"baker"}`)) != nil || q.Schema.Validate([]byte(`{"age":"31","occupation":"baker"}`)) == nil {
		t.Errorf("%+v", q)
	}
	again := &reader{answer: r.answer}
	if _, err := guess(t, again); err != nil || *again.asked[0].Seed != *q.Seed {
		t.Error("another seed, or", err)
	}
}

// An answer that cannot be used is no error; one of asking is.
func TestGuessesThatFail(t *testing.T) {
	for name, r := range map[string]*reader{
		"invalid": {answer: llm.Answer{Invalid: "cut off"}}, "refused": {err: &llm.RequestError{Reason: "cut off"}},
	} {
		got, err := guess(t, r)
		if err != nil || got.Invalid != "cut off" || got.Classes[0] != -1 || got.Classes[1] != -1 || got.P[0] != nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := guess(t, &reader{answer: llm.Answer{JSON: []byte(`[]`)}}); err != nil || !strings.Contains(got.Invalid, "cannot unmarshal") {
		t.Errorf("%+v, %v", got, err)
	}
	broken := errors.New("broken")
	if _, err := guess(t, &reader{err: broken}); !errors.Is(err, broken) {
		t.Error(err)
	}
}
