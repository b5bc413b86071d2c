package agent

import (
	"embed"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"

	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/sdk"
)

// PromptsVersion counts changes of what agents are asked, and of the evidence that a page
// tells them. Runs of different versions are not comparable.
const PromptsVersion = 3

//go:embed prompts/*.txt
var files embed.FS

// prompts are the texts of the steps, one file each. What stays the same over a
// session comes first, so that a server can reuse what it has read.
type prompts struct{ t *template.Template }

func loadPrompts() (prompts, error) {
	t, err := template.ParseFS(files, "prompts/*.txt")
	return prompts{t}, err
}

func (p prompts) text(step string, data any) string {
	var b strings.Builder
	if err := p.t.ExecuteTemplate(&b, step+".txt", data); err != nil {
		panic(fmt.Sprintf("agent: prompt %s: %v", step, err)) // templates and data are ours
	}
	return strings.TrimRight(b.String(), "\n")
}

// system is the stable part of every question of a session.
func (p prompts) system(v *View) sdk.Message {
	past := ""
	if v.Profile.Items > 0 {
		past = fmt.Sprintf("The person has had %d works", v.Profile.Items)
		if v.Profile.Rated > 0 {
			past += " and gave " + page.Number(v.Profile.Mean) + " on average"
		}
		past += "."
	}
	if v.Profile.Met > 0 {
		past += fmt.Sprintf("\nOf %d cards shown in earlier visits the person watched %d.", v.Profile.Met, v.Profile.Took)
	}
	return sdk.Message{Role: sdk.RoleSystem, Content: p.text("person", struct{ Persona, Past string }{v.Persona, past})}
}

// sheet is what the texts of a page may name.
type sheet struct {
	Page            string
	Values          bool
	Lowest, Highest string
	Actions         string
	Watched         string
	Sofar           string
	Tentative       string
}

func (p prompts) sheet(v *View, fields []string, memory []string) sheet {
	s := sheet{
		Page: p.text("page", struct {
			Lessons, Memory []string
			Page            string
		}{v.Lessons, memory, page.Render(v.State, fields)}),
		Actions: strings.Join(v.State.Actions, ", "),
	}
	if values := v.State.Scale.Values(); len(values) > 0 {
		s.Values, s.Lowest, s.Highest = true, page.Number(values[0]), page.Number(values[len(values)-1])
	}
	return s
}

// object is a JSON schema of an object: its properties in order, all required and
// none beside them, as strict modes want it.
type object struct {
	names  []string
	shapes []string
}

func (o *object) add(name, shape string) {
	o.names, o.shapes = append(o.names, name), append(o.shapes, shape)
}

func (o *object) String() string {
	var b strings.Builder
	b.WriteString(`{"type":"object","properties":{`)
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, o.shapes[i])
	}
	required, _ := json.Marshal(o.names) // strings encode
	fmt.Fprintf(&b, `},"required":%s,"additionalProperties":false}`, required)
	return b.String()
}

// plain gives the object with its shapes as values.
func (o *object) plain() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", name, o.shapes[i])
	}
	b.WriteByte('}')
	return b.String()
}

func oneOf(words []string) string {
	list, _ := json.Marshal(words) // strings encode
	return `{"type":"string","enum":` + string(list) + `}`
}

func between(lo, hi int) string {
	return fmt.Sprintf(`{"type":"integer","minimum":%d,"maximum":%d}`, lo, hi)
}

// valueShape offers the scale's values: integers, or numbers by name.
func valueShape(values []float64) string {
	if integers(values) {
		return between(int(values[0]), int(values[len(values)-1]))
	}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = page.Number(v)
	}
	return oneOf(words)
}

// integers reports whether values are whole numbers one apart.
func integers(values []float64) bool {
	lo, hi := values[0], values[len(values)-1]
	return float64(int(lo)) == lo && hi == lo+float64(len(values)-1)
}

const text = `{"type":"string"}`
