package world

import (
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// Metrics lists the ids, the primary first.
func (Task) Metrics(sdk.Options) []string {
	var ids []string
	for _, h := range metric.Worlds() {
		ids = append(ids, h.ID)
	}
	return ids
}

// Scorer reads rows and compares what was foreseen with what came.
func (Task) Scorer(sdk.Options) score.Scorer {
	return score.Rows(sheet)
}

// part is right of so many things.
type part struct{ right, of float64 }

func one(right bool) part { return part{metric.Share(right), 1} }

// value is the field of a card: there is one where the person gave a value.
func (r row) value() part {
	if r.Value == nil {
		return part{}
	}
	return one(!r.Invalid && r.Foreseen != nil && *r.Foreseen == *r.Value)
}

// leave is the field of a page. A probability other than one half decides.
func (r row) leave() part {
	leaves := r.Leave
	if r.PLeave != nil && *r.PLeave != 0.5 {
		leaves = *r.PLeave > 0.5
	}
	return one(!r.Invalid && leaves == r.Left)
}

// mechanical is right where the state follows by the rules from the answer's own
// action. Who states none leaves it to the rules.
func (r row) mechanical() part {
	stated := r.View != ""
	return one(!r.Invalid && (!stated || r.View == r.RuleView && r.Next == r.RuleNext))
}

// sheet computes every metric.
func sheet(rows []row) score.Sheet {
	values := func(r row, _ bool) part { return r.value() }
	page := func(of func(r row) part) func(r row, first bool) part {
		return func(r row, first bool) part {
			if !first {
				return part{}
			}
			return of(r)
		}
	}
	return score.Sheet{Columns: []score.Column{
		perUser(rows, metric.WorldResponse, func(r row, first bool) part {
			p := r.value()
			if first {
				leave := r.leave()
				p.right, p.of = p.right+leave.right, p.of+leave.of
			}
			return p
		}),
		perUser(rows, metric.WorldValue, values),
		perUser(rows, metric.WorldLeave, page(row.leave)),
		perUser(rows, metric.WorldMechanical, page(row.mechanical)),
		perUser(rows, metric.WorldInvalid, page(func(r row) part { return one(r.Invalid) })),
	}}
}

// perUser averages inside users. first says which card is the first of a page.
func perUser(rows []row, id string, of func(r row, first bool) part) score.Column {
	h, _ := metric.Describe(id)
	c := score.Column{Metric: id, Version: h.Version, Why: "undefined for every user"}
	for own := range score.ByUser(rows, func(r row) int32 { return r.User }) {
		sum := part{}
		for i, r := range own {
			first := i == 0 || r.Visit != own[i-1].Visit || r.Page != own[i-1].Page
			p := of(r, first)
			sum.right, sum.of = sum.right+p.right, sum.of+p.of
		}
		c.Users, c.Values = append(c.Users, own[0].User), append(c.Values, sum.right/sum.of) // 0/0 is NaN
	}
	return c
}
