package agent

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
)

// staged asks for a page step by step (METHOD 3): remember, screen, value, feel,
// act, look again, act. Each question goes on from the answers before it.
func (a *asking) staged(ctx context.Context, v *View) (trace.Decision, error) {
	d := a.open(v)
	out := trace.Decision{Cards: make([]trace.Choice, len(v.State.Cards))}
	steps := []func(context.Context, *trace.Decision) (bool, error){d.screen, d.value, d.feel, d.tentative}
	if a.Options.Bool("self-check") {
		steps = append(steps, d.check)
	}
	for _, step := range steps {
		ok, err := step(ctx, &out)
		if err != nil {
			return trace.Decision{}, err
		}
		if !ok {
			out = trace.Abstain(len(v.State.Cards), d.invalid)
			break
		}
	}
	out.Usage = d.usage
	return out, nil
}

// recall asks the person's memory, where there is one, for what the page calls for.
func (d *dialogue) recall(ctx context.Context) ([]string, error) {
	if d.view.Recall == nil {
		return d.view.Memory, nil
	}
	var shape object
	shape.add("first", text)
	shape.add("second", text)
	var questions struct{ First, Second string }
	side := d.open(d.view) // the rest of the page does not hear of it
	s := d.prompts.sheet(d.view, d.fields, nil)
	ok, err := side.ask(ctx, d.prompts.text("recall", s), &shape, &questions)
	d.usage.Add(side.usage)
	if err != nil || !ok {
		return d.view.Memory, err
	}
	found, used, err := d.view.Recall(ctx, []string{questions.First, questions.Second})
	d.usage.Add(used)
	return append(found, d.view.Memory...), err
}

// screen decides what is watched.
func (d *dialogue) screen(ctx context.Context, out *trace.Decision) (bool, error) {
	memory, err := d.recall(ctx)
	if err != nil {
		return false, err
	}
	var shape object
	shape.choices(len(out.Cards))
	answer := map[string]card{}
	ok, err := d.ask(ctx, d.prompts.text("screen", d.prompts.sheet(d.view, d.fields, memory)), &shape, &answer)
	if !ok || err != nil {
		return false, err
	}
	for i := range out.Cards {
		ref := page.Reference(i)
		d.choice(&out.Cards[i], ref, card{Decision: answer[ref].Decision})
	}
	return true, nil
}

// value rates what was watched.
func (d *dialogue) value(ctx context.Context, out *trace.Decision) (bool, error) {
	var shape object
	if shape.values(d.view, out); len(shape.names) == 0 {
		return true, nil
	}
	values := d.view.State.Scale.Values()
	answer := map[string]struct{ Value json.RawMessage }{}
	s := sheet{Lowest: page.Number(values[0]), Highest: page.Number(values[len(values)-1]), Watched: strings.Join(shape.names, ", ")}
	ok, err := d.ask(ctx, d.prompts.text("value", s), &shape, &answer)
	if !ok || err != nil {
		return false, err
	}
	for i := range out.Cards {
		if c := &out.Cards[i]; c.Watch {
			ref := page.Reference(i)
			c.Value, c.Expected = given(answer[ref].Value), d.expected(ref+".value")
		}
	}
	return true, nil
}

// feel asks for the state of the person.
func (d *dialogue) feel(ctx context.Context, out *trace.Decision) (bool, error) {
	var shape object
	shape.add("satisfaction", between(1, 5))
	shape.add("fatigue", between(1, 5))
	out.Feeling = &trace.Feeling{}
	return d.ask(ctx, d.prompts.text("feel", sheet{Sofar: sofar(out)}), &shape, out.Feeling)
}

// tentative asks for the action.
func (d *dialogue) tentative(ctx context.Context, out *trace.Decision) (bool, error) {
	var shape object
	shape.add("action", oneOf(d.view.State.Actions))
	shape.add("reason", text)
	var answer struct{ Action, Reason string }
	s := sheet{Sofar: sofar(out), Actions: strings.Join(d.view.State.Actions, ", ")}
	ok, err := d.ask(ctx, d.prompts.text("act", s), &shape, &answer)
	if !ok || err != nil {
		return false, err
	}
	d.act(out, answer.Action)
	out.Reason = answer.Reason
	return true, nil
}

// check puts questions to itself, keeps the choice or makes it anew.
func (d *dialogue) check(ctx context.Context, out *trace.Decision) (bool, error) {
	var shape object
	shape.add("questions", `{"type":"array","items":`+text+`,"minItems":2,"maxItems":4}`)
	shape.add("answers", `{"type":"array","items":`+text+`,"minItems":2,"maxItems":4}`)
	shape.add("verdict", oneOf([]string{"KEEP", "CHANGE"}))
	var answer struct{ Verdict string }
	word := string(out.Action)
	if out.Action == trace.Click {
		word = page.Open(out.Clicked)
	}
	ok, err := d.ask(ctx, d.prompts.text("check", sheet{Tentative: word}), &shape, &answer)
	if !ok || err != nil || answer.Verdict == "KEEP" {
		return ok, err
	}
	return d.tentative(ctx, out)
}
