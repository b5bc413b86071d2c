package align

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

//go:embed prompts/*.txt
var files embed.FS

// Reflecting is who compares what people did with what they did not.
type Reflecting struct {
	Asker agent.Asker // nil: lessons are put together from the numbers on the page
	Name  string      // of the backend
	// Language: the backend is a language model. One that is none has nothing to say of
	// what it read, and lessons are put together for it.
	Language bool
}

// perUser is how many pages of each user are reflected on, the latest.
const perUser = 3

// reflectionTokens is more than a reflection takes.
const reflectionTokens = 400

// Lesson is what a page taught about a user.
type Lesson struct {
	User  int32    `json:"user"`
	Page  int      `json:"page"` // which of the demonstrations, from 1
	Kinds []string `json:"kinds"`
	Text  string   `json:"text"`
}

// reflection is the answer of a backend.
type reflection struct {
	Situation string `json:"situation"`
	Person    string `json:"person"`
	Outcome   string `json:"outcome"`
	Lesson    string `json:"lesson"`
}

// schemaOfReflection is the form of it.
const schemaOfReflection = `{"type":"object","properties":{"situation":{"type":"string"},"person":{"type":"string"},"outcome":{"type":"string"},"lesson":{"type":"string"}},"required":["situation","person","outcome","lesson"],"additionalProperties":false}`

// told is a demonstration that is reflected on.
type told struct {
	example agent.Example
	lesson  Lesson
	prompt  []sdk.Message
	answer  string // of the backend; empty: put together
	invalid bool
}

// reflect writes lessons of the latest pages of every user on which something was
// watched and something not.
func (b *builder) reflect(ctx context.Context, stage *browse.Stage, who Reflecting) error {
	pages := b.contrasts(stage)
	b.m.Reflecting = "put together from the numbers on the page: the backend is no language model"
	if who.Language && who.Asker != nil {
		b.m.Reflecting = who.Name
		t, err := template.ParseFS(files, "prompts/*.txt")
		if err != nil {
			return err
		}
		schema, err := llm.NewSchema([]byte(schemaOfReflection))
		if err != nil {
			return err
		}
		err = agent.Each(ctx, len(pages), func(ctx context.Context, i int) error { return b.ask(ctx, who.Asker, t, schema, &pages[i]) })
		if err != nil {
			return err
		}
	}
	for i := range pages {
		p := &pages[i]
		if p.invalid {
			b.m.Invalid++
		}
		if p.answer == "" {
			p.lesson.Text = contrast(&p.example)
		} else if err := b.files[ReflectionFile].add(chat{append(turns(p.prompt), says(p.answer))}); err != nil {
			return err
		}
		b.m.Reflections++
		if err := b.files[LessonsFile].add(p.lesson); err != nil {
			return err
		}
	}
	return nil
}

// contrasts collects the pages to reflect on.
func (b *builder) contrasts(stage *browse.Stage) []told {
	var out []told
	from, number := 0, 0 // of the user at work
	for e := range stage.Demonstrations(b.recipe.teaching()) {
		number++
		if from < len(out) && out[from].example.View.User != e.View.User {
			from = len(out)
		}
		watched := slices.ContainsFunc(e.Decision.Cards, func(c trace.Choice) bool { return c.Watch })
		skipped := slices.ContainsFunc(e.Decision.Cards, func(c trace.Choice) bool { return !c.Watch })
		if !watched || !skipped {
			continue
		}
		if len(out)-from == perUser {
			out = slices.Delete(out, from, from+1)
		}
		var kinds []string
		for _, c := range e.View.State.Cards {
			kinds = append(kinds, c.Categories...)
		}
		slices.Sort(kinds)
		out = append(out, told{example: e, lesson: Lesson{User: e.View.User, Page: number, Kinds: slices.Compact(kinds)}})
	}
	return out
}

// contrast puts a lesson together from what a page says of the card that was watched and
// of one that was not.
func contrast(e *agent.Example) string {
	var yes, no *page.Card
	for i, c := range e.Decision.Cards {
		card := &e.View.State.Cards[i]
		if c.Watch && yes == nil {
			yes = card
		}
		if !c.Watch && no == nil {
			no = card
		}
	}
	text := fmt.Sprintf("Shown %s and %s, the person watched %s", page.Quote(yes.Title), page.Quote(no.Title), page.Quote(yes.Title))
	if yes.Affinity > 0 || no.Affinity > 0 {
		text += fmt.Sprintf(", whose fit with earlier works is %s against %s", page.Number(100*yes.Affinity), page.Number(100*no.Affinity))
	}
	return text + "."
}

// ask has the world model say what would have come of each alternative, where the page
// was logged, and the backend reflect on all of it.
func (b *builder) ask(ctx context.Context, asker agent.Asker, t *template.Template, schema *llm.Schema, p *told) error {
	e := &p.example
	sheet := struct {
		Page, Did    string
		Alternatives []string
	}{Page: page.Render(e.View.State, b.recipe.Fields), Did: inWords(e)}
	seed := sdk.Mix(b.recipe.Seed, alternativeStream, uint64(p.lesson.Page))
	for i, a := range alternativesOf(e, seed) {
		line := a.What
		if !e.Reconstructed && a.Question == agent.AskWatch {
			next, err := b.foresee(ctx, asker, e, a, sdk.Mix(seed, uint64(i)))
			if err != nil {
				return err
			}
			line += next
		}
		sheet.Alternatives = append(sheet.Alternatives, line)
	}
	var text strings.Builder
	if err := t.ExecuteTemplate(&text, "reflect.txt", sheet); err != nil {
		return err
	}
	p.prompt = []sdk.Message{{Role: sdk.RoleUser, Content: strings.TrimRight(text.String(), "\n")}}
	answer, ok, err := put(ctx, asker, p.prompt, schema, seed)
	if err != nil {
		return err
	}
	var r reflection
	if p.invalid = !ok || json.Unmarshal(answer, &r) != nil || strings.TrimSpace(r.Lesson) == ""; !p.invalid {
		p.answer, p.lesson.Text = string(answer), page.Clean(r.Lesson)
	}
	return nil
}

// put asks without chance. ok is false where the answer cannot be used.
func put(ctx context.Context, asker agent.Asker, messages []sdk.Message, schema *llm.Schema, seed uint64) (answer []byte, ok bool, err error) {
	cold := 0.0
	a, err := asker.Ask(ctx, llm.Request{Role: llm.RoleReflection, Messages: messages, Schema: schema, MaxTokens: reflectionTokens, Temperature: &cold, Seed: &seed})
	var one *llm.RequestError
	if errors.As(err, &one) {
		return nil, false, nil
	}
	return a.JSON, err == nil && a.Invalid == "", err
}

// foresee asks the world model what would come of an alternative. What it cannot say is
// left out.
func (b *builder) foresee(ctx context.Context, asker agent.Asker, e *agent.Example, a Alternative, seed uint64) (string, error) {
	other := *e
	other.Decision = a.Decision
	v := asked(&other, agent.AskNext)
	messages, shape, ok := b.script.Put(&v)
	if !ok {
		return "", nil
	}
	schema, err := llm.NewSchema([]byte(shape))
	if err != nil {
		return "", err
	}
	answer, ok, err := put(ctx, asker, messages, schema, seed)
	if !ok || err != nil {
		return "", err
	}
	return "; then: " + string(answer), nil
}

// inWords tells what the person did.
func inWords(e *agent.Example) string {
	var parts []string
	for i, c := range e.Decision.Cards {
		title := page.Quote(e.View.State.Cards[i].Title)
		switch {
		case !c.Watch:
			parts = append(parts, "skipped "+title)
		case c.Value != nil:
			parts = append(parts, "watched "+title+" and gave it "+page.Number(*c.Value))
		default:
			parts = append(parts, "watched "+title)
		}
	}
	switch {
	case e.Reconstructed:
	case e.Decision.Action == trace.Exit:
		parts = append(parts, "then left")
	default:
		parts = append(parts, "then went on")
	}
	return strings.Join(parts, "; ")
}
