package agent

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/harness/trace"
)

// fitted is an arm that decides by a model.
type fitted struct{ *Model }

// Leaves says where the model's leaving comes from.
func (m *Model) Leaves() string { return m.leaving.Source }

// Decide asks the model.
func (f fitted) Decide(ctx context.Context, views []View) ([]trace.Decision, error) {
	out := make([]trace.Decision, len(views))
	var row []float64
	for n := range views {
		out[n], row = f.decide(&views[n], row)
	}
	return out, ctx.Err()
}

func (f fitted) decide(v *View, row []float64) (trace.Decision, []float64) {
	d := trace.Decision{Cards: make([]trace.Choice, len(v.State.Cards))}
	for i := range v.State.Cards {
		it := item(v.State.Cards[i].Item)
		row = vector(append(row[:0], 1), v, i, f.Names)
		for k := range row {
			row[k] = (row[k] - f.center[k]) / f.spread[k]
		}
		p := sigmoid(dot(f.watch, row))
		c := &d.Cards[i]
		if v.Did == nil {
			c.P = &p
			c.Watch = unit(v.Seed, streamWatch, it) < p
		} else {
			c.Watch = v.Did.Cards[i].Watch
		}
		if len(f.value) == 0 {
			continue
		}
		values := v.State.Scale.Values()
		mean := dot(f.value, row)
		expected := f.expected(values, mean)
		c.Expected = &expected
		if c.Watch {
			given := Nearest(values, mean+f.noise*normal(v.Seed, streamValue, it))
			c.Value = &given
		}
	}
	p := f.leaving.after(v.State.Page)
	if len(f.leave) > 0 {
		done := &d
		if v.Question == AskAct {
			done = v.Did // with the values that were truly given
		}
		p = sigmoid(dot(f.leave, departure(v, done)))
	}
	leave(&d, v, p)
	return d, row
}

// expected is Σ value·p(value) of a normal around mean, cut half-way between values.
func (f fitted) expected(values []float64, mean float64) float64 {
	if f.noise <= 0 {
		return Nearest(values, mean)
	}
	sum, below := 0.0, 0.0
	for i, v := range values {
		upto := 1.0
		if i+1 < len(values) {
			upto = 0.5 * math.Erfc(-((v+values[i+1])/2-mean)/(f.noise*math.Sqrt2))
		}
		sum += v * (upto - below)
		below = upto
	}
	return sum
}

// Interview has nothing to say.
func (fitted) Interview(context.Context, []Closing) ([]*trace.Interview, error) { return nil, nil }

// normal is standard normal by inversion. The ends of the unit interval are out of
// reach.
func normal(seed uint64, parts ...uint64) float64 {
	u := unit(seed, parts...) + 1.0/(1<<54)
	return math.Sqrt2 * math.Erfinv(2*u-1)
}
