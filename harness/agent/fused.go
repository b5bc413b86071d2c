package agent

import (
	"context"
	"encoding/json"

	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
)

// card is an answer about one card.
type card struct {
	Decision string          `json:"decision"`
	Value    json.RawMessage `json:"value"`
}

// whole is the answer to a page in one.
type whole struct {
	Satisfaction int    `json:"satisfaction"`
	Fatigue      int    `json:"fatigue"`
	Action       string `json:"action"`
	Reason       string `json:"reason"`
}

// fused asks for a whole page in one structured answer.
func (a *asking) fused(ctx context.Context, v *View) (trace.Decision, error) {
	d := a.open(v)
	values := v.State.Scale.Values()
	var shape object
	for i := range v.State.Cards {
		var c object
		c.add("decision", oneOf([]string{watch, skip}))
		if values != nil {
			c.add("value", valueShape(values))
		}
		shape.add(page.Reference(i), c.String())
	}
	shape.add("satisfaction", between(1, 5))
	shape.add("fatigue", between(1, 5))
	shape.add("action", oneOf(v.State.Actions))
	shape.add("reason", text)

	var raw json.RawMessage
	question := a.prompts.text("fused", a.prompts.sheet(v, a.fields, v.Memory))
	ok, err := d.ask(ctx, question, &shape, &raw)
	if err != nil {
		return trace.Decision{}, err
	}
	out := trace.Decision{Cards: make([]trace.Choice, len(v.State.Cards))}
	var rest whole
	cards := map[string]json.RawMessage{}
	if ok && (json.Unmarshal(raw, &rest) != nil || json.Unmarshal(raw, &cards) != nil) {
		ok, d.invalid = false, "the answer is no object of cards"
	}
	if !ok {
		out = trace.Abstain(len(v.State.Cards), d.invalid)
		out.Usage = d.usage
		return out, nil
	}
	for i := range out.Cards {
		ref := page.Reference(i)
		var c card
		_ = json.Unmarshal(cards[ref], &c) // the schema has been checked
		d.choice(&out.Cards[i], ref, c)
	}
	out.Feeling, out.Reason = &trace.Feeling{Satisfaction: rest.Satisfaction, Fatigue: rest.Fatigue}, rest.Reason
	d.act(&out, rest.Action)
	out.Usage = d.usage
	return out, nil
}

// choice takes an answer about a card, matched by its reference.
func (d *dialogue) choice(out *trace.Choice, ref string, c card) {
	out.Watch = c.Decision == watch
	out.P = d.chance(ref+".decision", watch)
	out.Expected = d.expected(ref + ".value")
	if out.Watch {
		out.Value = given(c.Value)
	}
}
