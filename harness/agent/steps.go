package agent

import (
	"context"
	"encoding/json"
	"math"

	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// single answers one step of a page that is asked by itself.
func (a *asking) single(ctx context.Context, v *View) (trace.Decision, error) {
	d := a.open(v)
	out, err := d.step(ctx)
	if err != nil {
		return trace.Decision{}, err
	}
	if d.invalid != "" {
		out = trace.Abstain(len(v.State.Cards), d.invalid)
	}
	out.Usage = d.usage
	return out, nil
}

// step puts the question of the dialogue's view and reads the answer. Where it cannot be
// used, invalid says why.
func (d *dialogue) step(ctx context.Context) (trace.Decision, error) {
	v := d.view
	out := trace.Decision{Cards: make([]trace.Choice, len(v.State.Cards)), Action: trace.Next}
	if v.Did != nil {
		for i, c := range v.Did.Cards {
			out.Cards[i].Watch = c.Watch
		}
	}
	messages, shape, ok := d.Put(v)
	if !ok {
		return out, nil // nothing was watched, or the data has no values
	}
	d.messages = messages[:len(messages)-1]
	d.steps = uint64(v.Question) << 8
	var raw json.RawMessage
	if ok, err := d.put(ctx, messages[len(messages)-1], shape, &raw); !ok || err != nil {
		return out, err
	}
	var rest struct {
		Action, Person, View string
		Page                 int
	}
	cards := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &cards) != nil || json.Unmarshal(raw, &rest) != nil {
		d.invalid = "the answer is no object of cards"
		return out, nil
	}
	for i := range out.Cards {
		ref := page.Reference(i)
		var c card
		_ = json.Unmarshal(cards[ref], &c) // the schema has been checked
		switch {
		case v.Question == AskWatch:
			d.choice(&out.Cards[i], ref, c)
			d.calibrate(&out.Cards[i], v.State.Cards[i].Item)
		case v.Question != AskAct && out.Cards[i].Watch:
			out.Cards[i].Value, out.Cards[i].Expected = given(c.Value), d.expected(ref+".value")
		}
	}
	switch v.Question {
	case AskAct:
		d.act(&out, rest.Action)
	case AskNext:
		out.Leave = d.chance("person", leaves)
		out.Next = &trace.NextState{View: rest.View, Page: rest.Page - 1}
		if rest.Person == leaves {
			out.Action = trace.Exit
		}
	}
	return out, nil
}

// calibrate moves a probability from the rate of watching on the pages that were
// learned from to the declared one (METHOD 4), and decides anew. A backend without
// probabilities keeps its word.
func (d *dialogue) calibrate(c *trace.Choice, item32 int32) {
	if d.Shift == 0 || c.P == nil {
		return
	}
	p := max(1e-12, min(1-1e-12, *c.P))
	p = sigmoid(math.Log(p/(1-p)) + d.Shift)
	c.P = &p
	c.Watch = unit(d.view.Seed, streamWatch, item(item32)) < p
}

// steps asks for a page by the questions that alignment teaches: what is watched, what
// values are given, and what the person does then. Each stands by itself.
func (a *asking) steps(ctx context.Context, v *View) (trace.Decision, error) {
	var used trace.Usage
	ask := func(q Question, did *trace.Decision) (trace.Decision, error) {
		one := *v
		one.Question, one.Did = q, did
		out, err := a.single(ctx, &one)
		used.Add(out.Usage)
		return out, err
	}
	out, err := ask(AskWatch, nil)
	for _, q := range []Question{AskValue, AskAct} {
		if err != nil || out.Invalid != "" {
			break
		}
		if q == AskAct && a.Leaving.Source == ExitPrior { // which nobody taught it
			leave(&out, v, a.Leaving.after(v.State.Page))
			break
		}
		var next trace.Decision
		next, err = ask(q, &out)
		switch {
		case next.Invalid != "":
			out = next
		case q == AskValue:
			for i := range out.Cards {
				out.Cards[i].Value, out.Cards[i].Expected = next.Cards[i].Value, next.Cards[i].Expected
			}
		default:
			out.Action, out.Clicked, out.Leave = next.Action, next.Clicked, next.Leave
		}
	}
	if err == nil && out.Invalid == "" && a.Options.Bool("self-check") {
		err = a.recheck(ctx, v, &out, &used)
	}
	out.Usage = used
	return out, err
}

// recheck has the arm look at its choice once more, keep it or make it anew.
func (a *asking) recheck(ctx context.Context, v *View, out *trace.Decision, used *trace.Usage) error {
	one := *v
	one.Question, one.Did = AskAct, out
	d := a.open(&one)
	messages, _, ok := a.Put(&one)
	if !ok {
		return nil
	}
	answer, _ := a.Answer(&one, out)
	d.messages, d.steps = append(messages, sdk.Message{Role: sdk.RoleAssistant, Content: answer}), 1<<12
	ok, err := d.check(ctx, out)
	used.Add(d.usage)
	if err == nil && !ok {
		*out = trace.Abstain(len(v.State.Cards), d.invalid)
	}
	return err
}
