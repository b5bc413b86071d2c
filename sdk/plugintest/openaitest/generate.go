package openaitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strings"
)

// hash is over all that an answer depends on: messages and seed.
func (c *Chat) hash() uint64 {
	h := fnv.New64a()
	e := json.NewEncoder(h)
	_ = e.Encode(c.Messages) // writing to a hash cannot fail
	_ = e.Encode(c.Seed)
	return h.Sum64()
}

// Generate gives the answer that the server generates to a schema: compact
// JSON, valid by it, drawn by the hash.
func Generate(schema []byte, hash uint64) (string, error) {
	tokens, err := generate(schema, hash)
	return join(tokens), err
}

// field is a property of an object in the order of the schema, which is the
// order in which providers answer.
type field struct {
	name  string
	value json.RawMessage
}

// node is the part of JSON Schema that answers are asked for in.
type node struct {
	Type       json.RawMessage   `json:"type"`
	Enum       []json.RawMessage `json:"enum"`
	Const      json.RawMessage   `json:"const"`
	Minimum    *float64          `json:"minimum"`
	Maximum    *float64          `json:"maximum"`
	Properties json.RawMessage   `json:"properties"`
	Items      json.RawMessage   `json:"items"`
	MinItems   int               `json:"minItems"`
	MaxLength  *int              `json:"maxLength"`
	AnyOf      []json.RawMessage `json:"anyOf"`
	OneOf      []json.RawMessage `json:"oneOf"`
	Ref        string            `json:"$ref"`
}

// generator draws one value.
type generator struct {
	root json.RawMessage
	hash uint64
	out  []token
}

func generate(schema []byte, hash uint64) ([]token, error) {
	g := &generator{root: schema, hash: hash}
	err := g.value("$", schema, 0)
	return g.out, err
}

// deepest is how deep a schema may nest; recursive ones end there.
const deepest = 24

func (g *generator) value(path string, raw json.RawMessage, depth int) error {
	if depth > deepest {
		return fmt.Errorf("%s: deeper than %d", path, deepest)
	}
	var n node
	if err := json.Unmarshal(raw, &n); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	kind := firstType(n.Type)
	switch {
	case n.Ref != "":
		target, err := g.resolve(n.Ref)
		if err != nil {
			return err
		}
		return g.value(path, target, depth+1)
	case len(n.Const) > 0:
		g.literal(string(n.Const))
	case len(n.Enum) > 0:
		g.choose(path, n.Enum)
	case len(n.AnyOf) > 0:
		return g.value(path, n.AnyOf[0], depth+1)
	case len(n.OneOf) > 0:
		return g.value(path, n.OneOf[0], depth+1)
	case kind == "boolean":
		g.choose(path, []json.RawMessage{[]byte("true"), []byte("false")})
	case kind == "integer":
		g.choose(path, integers(n))
	case kind == "number":
		low, high := bounds(n)
		g.literal(fmt.Sprintf("%.3f", low+(high-low)*g.uniform(path)))
	case kind == "string":
		words := fmt.Sprintf("because of %04x", g.draw(path)&0xffff)
		if n.MaxLength != nil && len(words) > max(0, *n.MaxLength) {
			words = words[:max(0, *n.MaxLength)]
		}
		g.literal(`"` + words + `"`)
	case kind == "null":
		g.literal("null")
	case kind == "array":
		return g.array(path, n, depth)
	case kind == "object" || len(n.Properties) > 0:
		return g.object(path, n, depth)
	default:
		return fmt.Errorf("%s: no type", path)
	}
	return nil
}

func (g *generator) array(path string, n node, depth int) error {
	g.literal("[")
	for i := range min(max(0, n.MinItems), 1000) {
		if i > 0 {
			g.literal(",")
		}
		if err := g.value(fmt.Sprintf("%s.%d", path, i), n.Items, depth+1); err != nil {
			return err
		}
	}
	g.literal("]")
	return nil
}

func (g *generator) object(path string, n node, depth int) error {
	fields, err := fieldsOf(n.Properties)
	if err != nil {
		return fmt.Errorf("%s.properties: %w", path, err)
	}
	g.literal("{")
	for i, f := range fields {
		if i > 0 {
			g.literal(",")
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return err
		}
		g.literal(string(name) + ":")
		if err := g.value(path+"."+f.name, f.value, depth+1); err != nil {
			return err
		}
	}
	g.literal("}")
	return nil
}

// resolve finds a reference into the same schema, such as #/$defs/card.
func (g *generator) resolve(ref string) (json.RawMessage, error) {
	rest, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, fmt.Errorf("$ref %q: want one into the same schema", ref)
	}
	at := g.root
	for _, name := range strings.FieldsFunc(rest, func(r rune) bool { return r == '/' }) {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(at, &m); err != nil {
			return nil, fmt.Errorf("$ref %q: %w", ref, err)
		}
		if at, ok = m[name]; !ok {
			return nil, fmt.Errorf("$ref %q: no %q", ref, name)
		}
	}
	return at, nil
}

// choose draws one of some values with probabilities of its own.
func (g *generator) choose(path string, values []json.RawMessage) {
	c := &choice{}
	sum := 0.0
	for _, v := range values {
		weight := math.Exp(3 * g.uniform(path+"="+string(v)))
		sum += weight
		c.values, c.probabilities = append(c.values, string(v)), append(c.probabilities, weight)
	}
	at := g.uniform(path)
	for i := range c.probabilities {
		c.probabilities[i] /= sum
		if at >= 0 && at < c.probabilities[i] || i == len(values)-1 && at >= 0 {
			c.chosen, at = i, -1
		} else if at >= 0 {
			at -= c.probabilities[i]
		}
	}
	g.out = append(g.out, c.tokens()...)
}

func (g *generator) literal(text string) { g.out = append(g.out, split(text)...) }

func (g *generator) draw(path string) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", g.hash, path)
	z := h.Sum64() // the low bits of FNV are good, the high ones are not
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

func (g *generator) uniform(path string) float64 { return float64(g.draw(path)>>11) / (1 << 53) }

func bounds(n node) (low, high float64) {
	switch {
	case n.Minimum != nil && n.Maximum != nil:
		return *n.Minimum, max(*n.Minimum, *n.Maximum)
	case n.Minimum != nil:
		return *n.Minimum, *n.Minimum + 9
	case n.Maximum != nil:
		return *n.Maximum - 9, *n.Maximum
	}
	return 0, 9
}

// integers lists those within bounds, at most a thousand.
func integers(n node) []json.RawMessage {
	low, high := bounds(n)
	var out []json.RawMessage
	for v := math.Ceil(low); v <= high && len(out) < 1000; v++ {
		out = append(out, fmt.Appendf(nil, "%.0f", v))
	}
	if out == nil {
		out = append(out, []byte("0"))
	}
	return out
}

// firstType reads "string" or ["string","null"].
func firstType(raw json.RawMessage) string {
	var one string
	var list []string
	if json.Unmarshal(raw, &one) != nil && json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		one = list[0]
	}
	return one
}

// fieldsOf reads an object in its own order.
func fieldsOf(raw json.RawMessage) ([]field, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("want an object")
	}
	var out []field
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		f := field{name: fmt.Sprint(name)}
		if err := d.Decode(&f.value); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
