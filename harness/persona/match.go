package persona

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
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
const PromptsVersion = 1

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
	scale     page.Scale
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
	m := &Matcher{split: split, templates: templates, titles: split.Titles(), prompts: t}
	if s := split.Scale(); s != nil {
		m.scale = page.Scale{Min: s.Min, Max: s.Max, Step: s.Step}
	}
	return m, nil
}

// Match proposes and chooses. ok is false where the backend's answers cannot be used,
// or the data has no values to judge by: the persona is then the template's.
func (m *Matcher) Match(ctx context.Context, ask Asker, user int32, seed uint64) (p Persona, ok bool, err error) {
	p = m.templates[user]
	values := m.scale.Values()
	own := m.split.History(user)
	if len(values) == 0 || len(own) == 0 {
		return p, false, nil
	}
	proposed, err := m.propose(ctx, ask, user, own, seed)
	if err != nil || len(proposed) == 0 {
		return p, false, err
	}
	mine, others := m.items(user, seed)
	best := 0.0
	for i, c := range proposed {
		score, valid, err := m.judge(ctx, ask, c, mine, others, sdk.Mix(seed, uint64(uint32(user)), uint64(i)))
		if err != nil {
			return p, false, err
		}
		if valid && (!ok || score > best) { // ties go to the earlier candidate
			p, best, ok = c, score, true
		}
	}
	return p, ok, nil
}

// described is a candidate as the backend writes it.
type described struct {
	Occupation, Age, Taste                                                string
	Openness, Conscientiousness, Extraversion, Agreeableness, Neuroticism string
}

// propose asks for candidates. Habits are read off the data, not proposed.
func (m *Matcher) propose(ctx context.Context, ask Asker, user int32, own []corpus.Event, seed uint64) ([]Persona, error) {
	var lines []string
	for _, e := range own[max(0, len(own)-traced):] {
		lines = append(lines, fmt.Sprintf("%s: gave it %s", page.Quote(m.titles[e.Item]), page.Number(float64(e.Value))))
	}
	level := `{"type":"string","enum":["low","medium","high"]}`
	one := `{"type":"object","properties":{"occupation":{"type":"string"},"age":{"type":"string","enum":["under 18","18-24","25-34","35-44","45-54","55-64","65 or more"]},` +
		`"openness":` + level + `,"conscientiousness":` + level + `,"extraversion":` + level + `,"agreeableness":` + level + `,"neuroticism":` + level + `,"taste":{"type":"string"}},` +
		`"required":["occupation","age","openness","conscientiousness","extraversion","agreeableness","neuroticism","taste"],"additionalProperties":false}`
	var names, shapes []string
	for i := range candidates {
		name := "P" + strconv.Itoa(i+1)
		names, shapes = append(names, strconv.Quote(name)), append(shapes, strconv.Quote(name)+":"+one)
	}
	schema := `{"type":"object","properties":{` + strings.Join(shapes, ",") + `},"required":[` + strings.Join(names, ",") + `],"additionalProperties":false}`
	answer := map[string]described{}
	ok, _, err := m.ask(ctx, ask, m.text("history", map[string]any{"Lines": lines}), schema, sdk.Mix(seed, uint64(uint32(user)), candidates), &answer)
	if !ok || err != nil {
		return nil, err
	}
	levels := map[string]Level{"low": Low, "medium": Medium, "high": High}
	var out []Persona
	for i := range candidates {
		d := answer["P"+strconv.Itoa(i+1)]
		p := m.templates[user]
		p.Occupation, p.Age, p.Other, p.Taste = d.Occupation, d.Age, nil, page.Quote(d.Taste)
		p.Traits = [5]Level{levels[d.Openness], levels[d.Conscientiousness], levels[d.Extraversion], levels[d.Agreeableness], levels[d.Neuroticism]}
		out = append(out, p)
	}
	return out, nil
}

// items draws the user's and others' training items, the same for all candidates.
func (m *Matcher) items(user int32, seed uint64) (mine, others []int32) {
	train := m.split.Train()
	mine = slices.Clone(train.Of(user))
	byHash := func(salt uint64) func(a, b int32) int {
		return func(a, b int32) int {
			x, y := sdk.TieHash(seed+salt, user, a), sdk.TieHash(seed+salt, user, b)
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	for it := range int32(train.Items()) {
		if _, have := slices.BinarySearch(train.Of(user), it); !have && train.Count(it) > 0 {
			others = append(others, it)
		}
	}
	slices.SortFunc(mine, byHash(1))
	slices.SortFunc(others, byHash(2))
	return mine[:min(judgedOn, len(mine))], others[:min(judgedOn, len(others))]
}

// judge is the mean value that the backend expects of the persona for the user's items
// less that for others'. Items come mixed, so that their order tells nothing.
func (m *Matcher) judge(ctx context.Context, ask Asker, p Persona, mine, others []int32, seed uint64) (score float64, ok bool, err error) {
	all := slices.Concat(mine, others)
	order := slices.Clone(all)
	slices.SortFunc(order, func(a, b int32) int {
		if sdk.TieHash(seed, 0, a) < sdk.TieHash(seed, 0, b) {
			return -1
		}
		return 1
	})
	values := m.scale.Values()
	shape := fmt.Sprintf(`{"type":"integer","minimum":%d,"maximum":%d}`, int(values[0]), int(values[len(values)-1]))
	var lines, names, shapes []string
	for i, it := range order {
		ref := page.Reference(i)
		lines = append(lines, ref+": "+page.Quote(m.titles[it]))
		names, shapes = append(names, strconv.Quote(ref)), append(shapes, strconv.Quote(ref)+":"+shape)
	}
	schema := `{"type":"object","properties":{` + strings.Join(shapes, ",") + `},"required":[` + strings.Join(names, ",") + `],"additionalProperties":false}`
	given := map[string]float64{}
	question := m.text("rate", map[string]any{
		"Person": p.Text(), "Lines": lines, "Lowest": page.Number(values[0]), "Highest": page.Number(values[len(values)-1]),
	})
	ok, answer, err := m.ask(ctx, ask, question, schema, seed, &given)
	if !ok || err != nil {
		return 0, false, err
	}
	var sum [2]float64
	for i, it := range order {
		side := 0
		if !slices.Contains(mine, it) {
			side = 1
		}
		value, known := answer.Expected(page.Reference(i))
		if !known {
			value = given[page.Reference(i)]
		}
		sum[side] += value
	}
	return sum[0]/float64(len(mine)) - sum[1]/float64(max(1, len(others))), true, nil
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

// ask puts one question; ok is false where its answer cannot be used.
func (m *Matcher) ask(ctx context.Context, ask Asker, question, raw string, seed uint64, out any) (ok bool, answer llm.Answer, err error) {
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
		return false, answer, nil
	}
	if err != nil || answer.Invalid != "" {
		return false, answer, err
	}
	return json.Unmarshal(answer.JSON, out) == nil, answer, nil
}
