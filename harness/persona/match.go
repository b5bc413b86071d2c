package persona

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/sdk"
)

// PromptsVersion counts changes of what backends are asked about personas.
const PromptsVersion = 2

//go:embed prompts/*.txt
var files embed.FS

// Numbers of METHOD 3: candidates, and items of the user and of others on which each
// is judged.
const (
	candidates = 5
	judgedOn   = 20
	traced     = 30 // of the user's training items that candidates are proposed from
)

// Asker is a backend.
type Asker interface {
	Ask(ctx context.Context, r llm.Request) (llm.Answer, error)
}

// Matcher finds the persona that fits a user best, among those that a language model
// proposes (SimUSER, arXiv 2504.12722, 3.1).
type Matcher struct {
	split     *corpus.Split
	scale     *sdk.Scale // nil: implicit data
	templates []Persona
	titles    []string
	prompts   *template.Template
}

// NewMatcher needs the corpus open.
func NewMatcher(split *corpus.Split, templates []Persona) (*Matcher, error) {
	t, err := template.ParseFS(files, "prompts/*.txt")
	if err != nil {
		return nil, err
	}
	return &Matcher{split: split, scale: split.Scale(), templates: templates, titles: split.Titles(), prompts: t}, nil
}

// Found is what came of matching.
type Found struct {
	Persona Persona
	Score   float64 // of the candidate; 0 where Template says why there is none
	// Template says why the persona is the template's; empty: a candidate was chosen.
	Template string
	Invalid  int       // answers that could not be used
	Usage    sdk.Usage // of all answers
}

// Why a persona is the template's.
const (
	withoutValues  = "there are no values to judge by"
	withoutAnswers = "the backend's answers could not be used"
)

// Match proposes and chooses: the candidate under whom the backend values the user's
// own items most above others', the earlier of equals. An answer that cannot be used
// costs its candidate, and is counted; an error is one of asking.
func (m *Matcher) Match(ctx context.Context, ask Asker, user int32, seed uint64) (Found, error) {
	f := Found{Persona: m.templates[user]}
	own := m.split.History(user)
	lo, hi := grades(m.scale)
	if hi <= lo || len(own) == 0 {
		f.Template = withoutValues
		return f, nil
	}
	f.Template = withoutAnswers
	proposed, err := m.propose(ctx, ask, &f, user, own, seed)
	if err != nil {
		return f, err
	}
	e := m.exam(user, seed, lo, hi)
	for _, c := range proposed {
		score, valid, err := m.judge(ctx, ask, &f, c, e)
		if err != nil {
			return f, err
		}
		if valid && (f.Template != "" || score > f.Score) {
			f.Persona, f.Score, f.Template = c, score, ""
		}
	}
	return f, nil
}

// grades are the whole numbers of a scale, which a small model can be asked for
// whatever the step is: 1 to 5 of a scale from 0.5 to 5. There are none where hi <= lo.
func grades(s *sdk.Scale) (lo, hi int) {
	if s == nil {
		return 0, 0
	}
	return int(math.Ceil(s.Min)), int(math.Floor(s.Max))
}

// described is a candidate as the backend writes it.
type described struct {
	Occupation, Age, Taste                                                string
	Openness, Conscientiousness, Extraversion, Agreeableness, Neuroticism string
}

// propose asks for candidates. Habits are read off the data, not proposed.
func (m *Matcher) propose(ctx context.Context, ask Asker, f *Found, user int32, own []corpus.Event, seed uint64) ([]Persona, error) {
	var lines []string
	for _, e := range own[max(0, len(own)-traced):] {
		line := page.Quote(m.titles[e.Item])
		if v := float64(e.Value); !math.IsNaN(v) {
			line += ": gave it " + page.Number(v)
		}
		lines = append(lines, line)
	}
	level := `{"type":"string","enum":["low","medium","high"]}`
	one := `{"type":"object","properties":{"occupation":{"type":"string"},"age":{"type":"string","enum":["under 18","18-24","25-34","35-44","45-54","55-64","65 or more"]},` +
		`"openness":` + level + `,"conscientiousness":` + level + `,"extraversion":` + level + `,"agreeableness":` + level + `,"neuroticism":` + level + `,"taste":{"type":"string"}},` +
		`"required":["occupation","age","openness","conscientiousness","extraversion","agreeableness","neuroticism","taste"],"additionalProperties":false}`
	var shape object
	for i := range candidates {
		shape.add("P"+strconv.Itoa(i+1), one)
	}
	question := m.text("history", map[string]any{"Lines": lines, "Lowest": page.Number(m.scale.Min), "Highest": page.Number(m.scale.Max)})
	answer := map[string]described{}
	ok, _, err := m.ask(ctx, ask, f, question, shape.String(), sdk.Mix(seed, uint64(uint32(user)), candidates), &answer)
	if !ok || err != nil {
		return nil, err
	}
	levels := map[string]Level{"low": Low, "medium": Medium, "high": High}
	var out []Persona
	for i := range candidates {
		d := answer["P"+strconv.Itoa(i+1)]
		p := m.templates[user]
		p.Occupation, p.Age, p.Other, p.Taste = d.Occupation, d.Age, nil, ""
		if d.Taste != "" {
			p.Taste = page.Quote(d.Taste)
		}
		p.Traits = [5]Level{levels[d.Openness], levels[d.Conscientiousness], levels[d.Extraversion], levels[d.Agreeableness], levels[d.Neuroticism]}
		out = append(out, p)
	}
	return out, nil
}

// exam is what candidates are judged by: the same question about the same items in the
// same order for all of them, so that they differ in the person alone.
type exam struct {
	items  []int32
	mine   []bool // of items: the user's own
	lines  []string
	lo, hi int
	schema string
	seed   uint64
}

// exam draws of the user's training items and of those that others alone have. They
// come mixed, so that their order tells nothing.
func (m *Matcher) exam(user int32, seed uint64, lo, hi int) exam {
	general := m.split.Evidence()
	own, _ := m.split.Own(user)
	var others []int32
	for it := range int32(general.Items()) {
		if _, have := slices.BinarySearch(own, it); !have && general.Count(it) > 0 {
			others = append(others, it)
		}
	}
	byHash := func(salt uint64) func(a, b int32) int {
		salted := sdk.Mix(seed, salt)
		return func(a, b int32) int {
			return cmp.Or(cmp.Compare(sdk.TieHash(salted, user, a), sdk.TieHash(salted, user, b)), cmp.Compare(a, b))
		}
	}
	draw := func(from []int32, salt uint64) []int32 {
		from = slices.SortedFunc(slices.Values(from), byHash(salt))
		return from[:min(judgedOn, len(from))]
	}
	e := exam{lo: lo, hi: hi, seed: sdk.Mix(seed, uint64(uint32(user)), 4)}
	e.items = slices.SortedFunc(slices.Values(slices.Concat(draw(own, 1), draw(others, 2))), byHash(3))
	var shape object
	for i, it := range e.items {
		_, have := slices.BinarySearch(own, it)
		e.mine = append(e.mine, have)
		e.lines = append(e.lines, page.Reference(i)+": "+page.Quote(m.titles[it]))
		shape.add(page.Reference(i), fmt.Sprintf(`{"type":"integer","minimum":%d,"maximum":%d}`, lo, hi))
	}
	e.schema = shape.String()
	return e
}

// judge is the mean value that the backend expects of the persona for the user's items
// less that for others': of its probabilities where it gives them, else its answer.
func (m *Matcher) judge(ctx context.Context, ask Asker, f *Found, p Persona, e exam) (score float64, ok bool, err error) {
	question := m.text("rate", map[string]any{"Person": p.Text(), "Lines": e.lines, "Lowest": e.lo, "Highest": e.hi})
	given := map[string]float64{}
	ok, answer, err := m.ask(ctx, ask, f, question, e.schema, e.seed, &given)
	if !ok || err != nil {
		return 0, false, err
	}
	var mine, others mean
	for i := range e.items {
		value, known := answer.Expected(page.Reference(i))
		if !known {
			value = given[page.Reference(i)]
		}
		if e.mine[i] {
			mine.add(value)
		} else {
			others.add(value)
		}
	}
	return mine.value() - others.value(), true, nil
}

// mean of values; 0 of none.
type mean struct{ sum, n float64 }

func (m *mean) add(v float64) { m.sum, m.n = m.sum+v, m.n+1 }

func (m *mean) value() float64 { return m.sum / max(1, m.n) }

// object is a JSON schema of an object: its properties in order, all required and none
// beside them. Names and shapes are ours.
type object struct{ names, shapes []string }

func (o *object) add(name, shape string) {
	o.names, o.shapes = append(o.names, strconv.Quote(name)), append(o.shapes, strconv.Quote(name)+":"+shape)
}

func (o *object) String() string {
	return `{"type":"object","properties":{` + strings.Join(o.shapes, ",") + `},"required":[` + strings.Join(o.names, ",") + `],"additionalProperties":false}`
}

func (m *Matcher) text(name string, data any) string {
	var b strings.Builder
	if err := m.prompts.ExecuteTemplate(&b, name+".txt", data); err != nil {
		panic(fmt.Sprintf("persona: prompt %s: %v", name, err)) // templates and data are ours
	}
	return b.String()
}

// maxTokens is more than five personas or forty values take.
const maxTokens = 2000

// ask puts one question; ok is false where its answer cannot be used, which f counts.
func (m *Matcher) ask(ctx context.Context, ask Asker, f *Found, question, raw string, seed uint64, out any) (ok bool, answer llm.Answer, err error) {
	schema, err := llm.NewSchema([]byte(raw))
	if err != nil {
		return false, answer, fmt.Errorf("persona: %w", err)
	}
	answer, err = ask.Ask(ctx, llm.Request{
		Role: llm.RoleAgent, Schema: schema, MaxTokens: maxTokens, Seed: &seed,
		Messages: []sdk.Message{{Role: sdk.RoleSystem, Content: strings.TrimSpace(m.text("propose", nil))}, {Role: sdk.RoleUser, Content: question}},
	})
	var one *llm.RequestError
	if errors.As(err, &one) {
		f.Usage.Requests++
		f.Invalid++
		return false, answer, nil
	}
	if err != nil {
		return false, answer, err
	}
	f.Usage.Requests += answer.Usage.Requests
	f.Usage.PromptTokens += answer.Usage.PromptTokens
	f.Usage.CompletionTokens += answer.Usage.CompletionTokens
	if answer.Invalid != "" || json.Unmarshal(answer.JSON, out) != nil {
		f.Invalid++
		return false, answer, nil
	}
	return true, answer, nil
}
