package world

import (
	"math"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
)

// row is the evidence of one card. What is true of the whole page stands in the row of
// each of its cards.
type row struct {
	User    int32    `parquet:"user" json:"u"`
	Visit   int32    `parquet:"visit" json:"s"` // held-out session of the user, from 0
	Page    int32    `parquet:"page" json:"p"`
	Slot    int32    `parquet:"slot" json:"n"`
	Item    int32    `parquet:"item" json:"i"`
	Watched bool     `parquet:"watched" json:"w"` // by the person, as the agent was told
	Value   *float64 `parquet:"value,optional" json:"v,omitempty"`
	Left    bool     `parquet:"left" json:"l"` // the person, after this page

	Foreseen *float64 `parquet:"foreseen,optional" json:"f,omitempty"` // value, on the scale
	Expected *float64 `parquet:"expected,optional" json:"e,omitempty"` // as stated
	PLeave   *float64 `parquet:"p_leave,optional" json:"q,omitempty"`
	Leave    bool     `parquet:"leave" json:"x"`         // the agent's own answer
	View     string   `parquet:"view" json:"view"`       // foreseen; empty: not stated
	Next     int32    `parquet:"next_page" json:"next"`  // foreseen, from 0
	RuleView string   `parquet:"rule_view" json:"rview"` // after the answer, by the rules
	RuleNext int32    `parquet:"rule_page" json:"rnext"`
	Invalid  bool     `parquet:"invalid" json:"invalid"`
}

// rows are the cards of a page, with what came of it and what was foreseen.
func rows(h *browse.HeldOut, d *trace.Decision) []row {
	st := &h.View.State
	rule := agent.Rules(st, d.Action)
	out := make([]row, len(st.Cards))
	for i, c := range st.Cards {
		did := h.Decision.Cards[i]
		r := row{
			User: h.View.User, Visit: int32(h.View.Exposure), Page: int32(st.Page), Slot: int32(i), Item: c.Item,
			Watched: did.Watch, Value: did.Value, Left: h.Decision.Action == trace.Exit,
			PLeave: d.Leave, Leave: d.Action == trace.Exit, RuleView: rule.View, RuleNext: int32(rule.Page), Invalid: d.Invalid != "",
		}
		if d.Next != nil {
			r.View, r.Next = d.Next.View, int32(d.Next.Page)
		}
		if did.Watch {
			r.Foreseen, r.Expected = foreseen(st.Scale, d.Cards[i]), d.Cards[i].Expected
		}
		out[i] = r
	}
	return out
}

// foreseen is the value that an answer stands for: the step of the scale that is
// nearest to what is expected, or where nothing is, to the value given.
func foreseen(scale page.Scale, c trace.Choice) *float64 {
	v := c.Expected
	if v == nil {
		v = c.Value
	}
	values := scale.Values()
	if v == nil || math.IsNaN(*v) || len(values) == 0 {
		return nil
	}
	best := values[0]
	for _, step := range values {
		if math.Abs(step-*v) <= math.Abs(best-*v) { // half-way cases upwards
			best = step
		}
	}
	return &best
}
