package persona

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/template"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/sdk"
)

// Property is something that may be guessed of a person, and the answers that there are.
type Property struct {
	Name    string
	Classes []string
}

// Known is what a data set says of a property of its users. It is for those who judge
// guesses.
type Known struct {
	Property
	Of []int32 // by user: place in Classes; -1: not said
}

// maxClasses is how many answers a property may have: beyond it, it is prose.
const maxClasses = 100

// Knowns gives the properties that can be guessed, of age band, occupation and gender,
// with at least two classes; in that order, classes in order of their names. It needs
// the corpus open.
func Knowns(split *corpus.Split) []Known {
	people := Attributes(split)
	var out []Known
	for _, p := range []struct {
		name string
		of   func(Persona) string
	}{
		{"age", func(p Persona) string { return p.Age }},
		{"occupation", func(p Persona) string { return p.Occupation }},
		{"gender", func(p Persona) string {
			at := slices.IndexFunc(p.Other, func(a Attribute) bool { return a.Name == "gender" })
			if at < 0 {
				return ""
			}
			return p.Other[at].Value
		}},
	} {
		k := Known{Property: Property{Name: p.name}, Of: make([]int32, len(people))}
		for _, person := range people {
			if v := p.of(person); v != "" {
				k.Classes = append(k.Classes, v)
			}
		}
		slices.Sort(k.Classes)
		k.Classes = slices.Compact(k.Classes)
		for u, person := range people {
			k.Of[u] = int32(slices.Index(k.Classes, p.of(person)))
		}
		if n := len(k.Classes); n >= 2 && n <= maxClasses {
			out = append(out, k)
		}
	}
	return out
}

// Guess is who a backend takes a user for.
type Guess struct {
	Classes []int32     // by property; -1: the answer could not be used
	P       [][]float64 // of each class, by property; nil: the backend states none
	Invalid string      // why the answer could not be used
	Usage   sdk.Usage
}

// Guesser asks backends who a user is.
type Guesser struct {
	split   *corpus.Split
	scale   *sdk.Scale // nil: implicit data
	titles  []string
	kinds   []string
	of      [][]int32 // nil: the data has no categories
	prompts *template.Template
}

// NewGuesser needs the corpus open.
func NewGuesser(split *corpus.Split) (*Guesser, error) {
	t, err := template.ParseFS(files, "prompts/*.txt")
	if err != nil {
		return nil, err
	}
	return &Guesser{split: split, scale: split.Scale(), titles: split.Titles(), kinds: split.CategoryNames(), of: split.Categories(), prompts: t}, nil
}

// told is how much of a user's history is told: the latest.
const told = 60

// Guess asks about one user by history alone: titles, categories and values of training
// items. Nothing that the data set says of the user is in the question.
func (g *Guesser) Guess(ctx context.Context, ask Asker, user int32, about []Property, seed uint64, repeat int) (Guess, error) {
	out := Guess{Classes: make([]int32, len(about)), P: make([][]float64, len(about))}
	for i := range about {
		out.Classes[i] = -1
	}
	var shape object
	for _, p := range about {
		choices, _ := json.Marshal(p.Classes) // strings encode
		shape.add(p.Name, `{"type":"string","enum":`+string(choices)+`}`)
	}
	schema, err := llm.NewSchema([]byte(shape.String()))
	if err != nil {
		return out, fmt.Errorf("persona: %w", err)
	}
	likeliest, mixed := 0.0, sdk.Mix(seed, uint64(uint32(user)))
	answer, err := ask.Ask(ctx, llm.Request{
		Role: llm.RoleAgent, Repeat: repeat, Schema: schema, MaxTokens: maxTokens, Temperature: &likeliest, Seed: &mixed,
		Messages: []sdk.Message{{Role: sdk.RoleSystem, Content: strings.TrimSpace(g.text("propose", nil))}, {Role: sdk.RoleUser, Content: g.question(user, about)}},
	})
	var one *llm.RequestError
	if errors.As(err, &one) {
		out.Invalid, out.Usage.Requests = one.Reason, 1
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Usage, out.Invalid = answer.Usage, answer.Invalid
	if out.Invalid != "" {
		return out, nil
	}
	words := map[string]string{}
	if err := json.Unmarshal(answer.JSON, &words); err != nil {
		out.Invalid = err.Error()
		return out, nil
	}
	for i, p := range about {
		out.Classes[i] = int32(slices.Index(p.Classes, words[p.Name]))
		out.P[i] = chances(answer, p)
	}
	return out, nil
}

// chances gives the probability of each class; nil where one is not said.
func chances(answer llm.Answer, p Property) []float64 {
	out := make([]float64, len(p.Classes))
	for i, class := range p.Classes {
		var known bool
		if out[i], known = answer.Chance(p.Name, class); !known {
			return nil
		}
	}
	return out
}

func (g *Guesser) question(user int32, about []Property) string {
	own := g.split.History(user)
	data := struct {
		Lowest, Highest string
		Lines, About    []string
	}{}
	if g.scale != nil {
		data.Lowest, data.Highest = page.Number(g.scale.Min), page.Number(g.scale.Max)
	}
	for _, e := range own[max(0, len(own)-told):] {
		line := page.Quote(g.titles[e.Item])
		if g.of != nil && len(g.of[e.Item]) > 0 {
			var kinds []string
			for _, k := range g.of[e.Item] {
				kinds = append(kinds, page.Quote(g.kinds[k]))
			}
			line += " (" + strings.Join(kinds, ", ") + ")"
		}
		if v := float64(e.Value); !math.IsNaN(v) {
			line += ": gave it " + page.Number(v)
		}
		data.Lines = append(data.Lines, line)
	}
	for _, p := range about {
		var words []string
		for _, c := range p.Classes {
			words = append(words, page.Quote(c))
		}
		data.About = append(data.About, p.Name+": "+strings.Join(words, ", "))
	}
	return strings.TrimSpace(g.text("guess", data))
}

func (g *Guesser) text(name string, data any) string {
	var b strings.Builder
	if err := g.prompts.ExecuteTemplate(&b, name+".txt", data); err != nil {
		panic(fmt.Sprintf("persona: prompt %s: %v", name, err)) // templates and data are ours
	}
	return b.String()
}
