package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// shape is a JSON schema as far as a finite choice can fill it.
type shape struct {
	kind   string // object, array, choice, text
	fields []property
	items  []*shape // array: one per element
	values []any    // choice
	words  []string // the values as text
}

type property struct {
	name  string
	shape *shape
}

// Bounds keep a hostile schema from asking for much.
const (
	maxSchema  = 1 << 18
	maxDepth   = 16
	maxValues  = 1024
	maxChoices = 4096
)

// parser reads one schema.
type parser struct {
	defs    map[string]json.RawMessage
	choices int
}

// parseSchema reads a schema. Its error names the place and the keyword.
func parseSchema(raw []byte) (*shape, error) {
	if len(raw) > maxSchema {
		return nil, fmt.Errorf("%d bytes: want at most %d", len(raw), maxSchema)
	}
	var root struct {
		Defs        map[string]json.RawMessage `json:"$defs"`
		Definitions map[string]json.RawMessage `json:"definitions"`
	}
	if err := json.Unmarshal(raw, &root); err != nil {
		return nil, err
	}
	p := &parser{defs: map[string]json.RawMessage{}}
	for name, d := range root.Definitions {
		p.defs["#/definitions/"+name] = d
	}
	for name, d := range root.Defs {
		p.defs["#/$defs/"+name] = d
	}
	return p.shape("", raw, 0)
}

// keywords are those of one schema that matter here.
type keywords struct {
	Ref         string            `json:"$ref"`
	Type        json.RawMessage   `json:"type"`
	Enum        []any             `json:"enum"`
	Const       *any              `json:"const"`
	Minimum     *float64          `json:"minimum"`
	Maximum     *float64          `json:"maximum"`
	Pattern     string            `json:"pattern"`
	Properties  json.RawMessage   `json:"properties"`
	Items       json.RawMessage   `json:"items"`
	PrefixItems []json.RawMessage `json:"prefixItems"`
	MinItems    int               `json:"minItems"`
	MaxItems    *int              `json:"maxItems"`
	AnyOf       []json.RawMessage `json:"anyOf"`
	OneOf       []json.RawMessage `json:"oneOf"`
	AllOf       []json.RawMessage `json:"allOf"`
	MaxLength   *int              `json:"maxLength"`
}

func (p *parser) shape(path string, raw json.RawMessage, depth int) (*shape, error) {
	at := path
	if at == "" {
		at = "the root"
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("%s: nested deeper than %d", at, maxDepth)
	}
	if p.choices++; p.choices > maxChoices {
		return nil, fmt.Errorf("more than %d places", maxChoices)
	}
	var k keywords
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&k); err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	switch {
	case k.Ref != "":
		to, ok := p.defs[k.Ref]
		if !ok {
			return nil, fmt.Errorf("%s: $ref %q leads nowhere in the schema", at, k.Ref)
		}
		return p.shape(path, to, depth+1)
	case k.Const != nil:
		return choiceOf(at, []any{*k.Const})
	case k.Enum != nil:
		return choiceOf(at, k.Enum)
	case len(k.AnyOf)+len(k.OneOf) > 0:
		return p.first(path, append(k.AnyOf, k.OneOf...), depth)
	case len(k.AllOf) == 1:
		return p.shape(path, k.AllOf[0], depth+1)
	case len(k.AllOf) > 1:
		return nil, fmt.Errorf("%s: allOf of several schemas is more than a choice", at)
	}
	switch kind := typeOf(k.Type); {
	case kind == "boolean":
		return choiceOf(at, []any{true, false})
	case kind == "null":
		return choiceOf(at, []any{nil})
	case kind == "integer":
		return p.integers(at, k)
	case kind == "string" && k.Pattern == "" && (k.MaxLength == nil || *k.MaxLength >= minText):
		return &shape{kind: "text"}, nil
	case kind == "string":
		return nil, fmt.Errorf("%s: a string with pattern or a short maxLength is no finite choice: use enum", at)
	case kind == "array":
		return p.array(path, at, k, depth)
	case kind == "object" && k.Properties != nil:
		return p.object(path, at, k.Properties, depth)
	case kind == "object":
		return nil, fmt.Errorf("%s: an object without properties is free in form", at)
	case kind == "number":
		return nil, fmt.Errorf("%s: type number is no finite choice: use integer with minimum and maximum, or enum", at)
	}
	return nil, fmt.Errorf("%s: no type, enum, const or $ref that leaves a finite choice", at)
}

// minText is the length that a sentence of reason needs at most.
const minText = 200

// typeOf gives a type, or the first of several that is not null.
func typeOf(raw json.RawMessage) string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one
	}
	var several []string
	if json.Unmarshal(raw, &several) == nil {
		for _, t := range several {
			if t != "null" {
				return t
			}
		}
	}
	return ""
}

// first takes the first alternative that can be filled and is not null.
func (p *parser) first(path string, of []json.RawMessage, depth int) (*shape, error) {
	var err error
	for _, raw := range of {
		s, e := p.shape(path, raw, depth+1)
		if e == nil && !(len(s.values) == 1 && s.values[0] == nil) {
			return s, nil
		}
		if err == nil {
			err = e
		}
	}
	if err == nil {
		err = fmt.Errorf("%s: no alternative but null", path)
	}
	return nil, err
}

func choiceOf(at string, values []any) (*shape, error) {
	if len(values) == 0 || len(values) > maxValues {
		return nil, fmt.Errorf("%s: enum of %d values: want 1 to %d", at, len(values), maxValues)
	}
	s := &shape{kind: "choice", values: values}
	for _, v := range values {
		switch v := v.(type) {
		case string:
			s.words = append(s.words, v)
		case nil:
			s.words = append(s.words, "null")
		default:
			text, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("%s: enum: %w", at, err)
			}
			s.words = append(s.words, string(text))
		}
	}
	return s, nil
}

func (p *parser) integers(at string, k keywords) (*shape, error) {
	if k.Minimum == nil || k.Maximum == nil {
		return nil, fmt.Errorf("%s: integer without minimum and maximum is no finite choice", at)
	}
	lo, hi := *k.Minimum, *k.Maximum
	if !(lo >= -1e9 && hi <= 1e9 && lo <= hi && hi-lo < maxValues) {
		return nil, fmt.Errorf("%s: minimum %v and maximum %v: want at most %d numbers", at, lo, hi, maxValues)
	}
	var values []any
	for v := int64(lo); v <= int64(hi); v++ {
		if float64(v) >= lo {
			values = append(values, v)
		}
	}
	return choiceOf(at, values)
}

func (p *parser) array(path, at string, k keywords, depth int) (*shape, error) {
	n := max(k.MinItems, len(k.PrefixItems))
	if n > maxValues {
		return nil, fmt.Errorf("%s: %d items: want at most %d", at, n, maxValues)
	}
	if n == 0 && k.MaxItems == nil && k.Items == nil {
		return nil, fmt.Errorf("%s: an array without items is free in form", at)
	}
	out := &shape{kind: "array"}
	for i := range n {
		raw := k.Items
		if i < len(k.PrefixItems) {
			raw = k.PrefixItems[i]
		}
		if raw == nil {
			return nil, fmt.Errorf("%s: items of the array are not described", at)
		}
		s, err := p.shape(join(path, strconv.Itoa(i)), raw, depth+1)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, s)
	}
	return out, nil
}

// object keeps the order in which the schema names its properties: later choices
// may follow from earlier ones.
func (p *parser) object(path, at string, raw json.RawMessage, depth int) (*shape, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, fmt.Errorf("%s: properties is no object", at)
	}
	out := &shape{kind: "object"}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		name, _ := key.(string)
		var sub json.RawMessage
		if err := d.Decode(&sub); err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		s, err := p.shape(join(path, name), sub, depth+1)
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, property{name, s})
	}
	return out, nil
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }
