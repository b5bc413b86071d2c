package agent

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Script writes the questions about single steps as they are put to language models,
// and the answers that a person's decisions stand for. Whoever is asked and whoever is
// taught meet the same words. It is safe for concurrent use.
type Script struct {
	prompts prompts
	fields  []string // of cards
}

// NewScript reads the texts. Fields are those of cards that are shown.
func NewScript(fields []string) (*Script, error) {
	p, err := loadPrompts()
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	return &Script{p, fields}, nil
}

// Words of the answer about the state after a page.
const (
	stays  = "STAYS"
	leaves = "LEAVES"
)

// Put gives the messages and the schema of a view's question, which is none of
// AskPage. The schema of AskValue has no property where nothing was watched, or the
// data has no values: there is nothing to ask then, and ok is false.
func (s *Script) Put(v *View) (messages []sdk.Message, schema string, ok bool) {
	var shape object
	sheet := s.prompts.sheet(v, s.fields, v.Memory)
	step := ""
	switch v.Question {
	case AskWatch:
		step = "watch"
		shape.choices(len(v.State.Cards))
	case AskValue:
		step, sheet.Watched = "rate", strings.Join(watched(v.Did), ", ")
		shape.values(v, v.Did)
	case AskAct:
		step, sheet.Sofar = "go", sofar(v.Did)
		shape.add("action", oneOf(v.State.Actions))
	case AskNext:
		step, sheet.Watched = "next", strings.Join(watched(v.Did), ", ")
		shape.values(v, v.Did)
		shape.add("person", oneOf([]string{stays, leaves}))
		shape.add("view", oneOf([]string{trace.List, trace.EndView}))
		shape.add("page", between(1, max(v.State.Limit, v.State.Page+2)))
	}
	if len(shape.names) == 0 {
		return nil, "", false
	}
	return []sdk.Message{s.prompts.system(v), {Role: sdk.RoleUser, Content: s.prompts.text(step, sheet)}}, shape.String(), true
}

// choices asks about each card whether it is watched.
func (o *object) choices(cards int) {
	for i := range cards {
		var c object
		c.add("decision", oneOf([]string{watch, skip}))
		o.add(page.Reference(i), c.String())
	}
}

// values asks for the value of each card of a view that was watched, where the data has
// values.
func (o *object) values(v *View, did *trace.Decision) {
	values := v.State.Scale.Values()
	if len(values) == 0 {
		return
	}
	for _, ref := range watched(did) {
		var one object
		one.add("value", valueShape(values))
		o.add(ref, one.String())
	}
}

// watched names the cards that were.
func watched(d *trace.Decision) (refs []string) {
	for i, c := range d.Cards {
		if c.Watch {
			refs = append(refs, page.Reference(i))
		}
	}
	return refs
}

// sofar tells what was decided on a page.
func sofar(d *trace.Decision) string {
	watched, sum, n := 0, 0.0, 0
	for _, c := range d.Cards {
		if c.Watch {
			watched++
			if c.Value != nil {
				sum, n = sum+*c.Value, n+1
			}
		}
	}
	s := fmt.Sprintf("The person watched %d of %d cards", watched, len(d.Cards))
	if n > 0 {
		s += fmt.Sprintf(" and gave %s on average", page.Number(sum/float64(n)))
	}
	return s + "."
}

// Answer gives what d answers to the question of a view, in the form that Put asks
// for. Of AskNext it is what came of the page: the values given, whether the person
// left, and the page that followed. ok is false where d has nothing to say, such as a
// watched card without a value.
func (s *Script) Answer(v *View, d *trace.Decision) (answer string, ok bool) {
	var out object // of values instead of shapes: the form is the same
	switch v.Question {
	case AskWatch:
		for i, c := range d.Cards {
			word := skip
			if c.Watch {
				word = watch
			}
			out.add(page.Reference(i), `{"decision":"`+word+`"}`)
		}
	case AskValue:
		if !s.given(&out, v, d) {
			return "", false
		}
	case AskAct:
		out.add("action", quoted(actionWord(d)))
	case AskNext:
		if !s.given(&out, v, d) {
			return "", false
		}
		next := Rules(&v.State, d.Action)
		word := stays
		if d.Action == trace.Exit {
			word = leaves
		}
		out.add("person", quoted(word))
		out.add("view", quoted(next.View))
		out.add("page", fmt.Sprint(next.Page+1))
	}
	return out.plain(), len(out.names) > 0
}

// given adds the values of d for the cards that Did says were watched.
func (s *Script) given(out *object, v *View, d *trace.Decision) bool {
	values := v.State.Scale.Values()
	if len(values) == 0 {
		return true
	}
	words := integers(values)
	for i, c := range v.Did.Cards {
		switch {
		case !c.Watch:
			continue
		case d.Cards[i].Value == nil:
			return false
		}
		at := slices.Index(values, Nearest(values, *d.Cards[i].Value))
		text := page.Number(values[at])
		if !words {
			text = quoted(text)
		}
		out.add(page.Reference(i), `{"value":`+text+`}`)
	}
	return true
}

// Rules gives where a list page goes after an action: the mechanical part of the
// state that follows.
func Rules(s *page.State, a trace.Action) trace.NextState {
	if a == trace.Exit || s.Page+1 >= s.Limit {
		return trace.NextState{View: trace.EndView, Page: s.Page}
	}
	return trace.NextState{View: trace.List, Page: s.Page + 1}
}

// actionWord is an action as answers write it.
func actionWord(d *trace.Decision) string {
	if d.Action == trace.Click {
		return page.Open(d.Clicked)
	}
	return string(d.Action)
}

func quoted(word string) string {
	text, _ := json.Marshal(word) // strings encode
	return string(text)
}
