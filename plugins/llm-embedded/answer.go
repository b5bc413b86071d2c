package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/alignuser/alignuser/sdk"
)

// writer fills a shape, place by place in the order of the schema.
type writer struct {
	weights *weights
	prompt  *prompt
	seed    uint64
	heat    float64 // temperature; 0: the likeliest
	choices []sdk.ChoiceProbabilities
	before  []taken
	reason  string // for the last choice
}

// fill writes the JSON of a shape.
func (w *writer) fill(out *bytes.Buffer, path string, s *shape) error {
	switch s.kind {
	case "choice":
		text, err := json.Marshal(s.values[w.choose(path, s)])
		if err != nil {
			return err
		}
		out.Write(text)
	case "text":
		text, err := json.Marshal(w.said())
		if err != nil {
			return err
		}
		out.Write(text)
	case "array":
		out.WriteByte('[')
		for i, item := range s.items {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := w.fill(out, join(path, strconv.Itoa(i)), item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case "object":
		out.WriteByte('{')
		for i, f := range s.fields {
			if i > 0 {
				out.WriteByte(',')
			}
			name, err := json.Marshal(f.name)
			if err != nil {
				return err
			}
			out.Write(name)
			out.WriteByte(':')
			if err := w.fill(out, join(path, f.name), f.shape); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	}
	return nil
}

// said is the reason of the last choice in a sentence.
func (w *writer) said() string {
	if w.reason == "" {
		return "Nothing in the text speaks for or against it."
	}
	return w.reason
}

// choose draws one of the values and keeps the probabilities, which are those of
// temperature 1 whatever the request's.
func (w *writer) choose(path string, s *shape) int {
	q := w.prompt.ask(path, s, w.before, w.weights.table != nil)
	scores := w.weights.scores(&q)
	p := softmax(scores)
	c := sdk.ChoiceProbabilities{Path: path, Values: s.words, Probabilities: make([]float32, len(p))}
	for i, v := range p {
		c.Probabilities[i] = float32(v)
	}
	w.choices = append(w.choices, c)
	at := 0
	if w.heat <= 0 {
		for i, v := range scores {
			if v > scores[at] {
				at = i
			}
		}
	} else {
		if w.heat != 1 {
			hot := make([]float64, len(scores))
			for i, v := range scores {
				hot[i] = v / w.heat
			}
			p = softmax(hot)
		}
		u := float64(combine(w.seed, hash(basis, path))>>11) / (1 << 53) // uniform in [0, 1)
		for at = 0; at < len(p)-1 && u >= p[at]; at++ {
			u -= p[at]
		}
	}
	field, _, _ := fieldOf(path)
	w.before = append(w.before, taken{field, s.words[at]})
	w.reason = w.weights.why(&q, at)
	return at
}

// why names the feature that weighed most for a value.
func (w *weights) why(q *question, at int) string {
	best, most := "", 0.0
	consider := func(f feature, weight float64) {
		if v := float64(weight * w.standard(f)); f.kind != "" && v > most {
			best, most = fmt.Sprintf("%s: %s %s.", q.words[at], f.kind, f.of), v
		}
	}
	for _, f := range q.own[at] {
		consider(f, f.prior+w.of(combine(q.field, f.hash)))
	}
	under := combine(q.field, q.values[at])
	for _, f := range q.common {
		consider(f, w.of(combine(under, f.hash)))
	}
	if best == "" && q.lean[at] > 0 {
		best = q.words[at] + ": what stands there speaks for it."
	}
	return best
}
