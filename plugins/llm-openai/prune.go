package main

import (
	"bytes"
	"encoding/json"
	"slices"
)

// prune takes the nulls out of an answer that stand for absent properties:
// those of properties that the schema does not require and does not let be
// null. Anything else stays as it is, in its own order.
func prune(schema, answer json.RawMessage) json.RawMessage {
	p := &pruner{root: schema, steps: pruneSteps}
	return p.value(schema, answer)
}

// pruneSteps bounds the work: a schema of alternatives that refer to each
// other would otherwise take for ever. What is left over stays as it is.
const pruneSteps = 4_000

type pruner struct {
	root  json.RawMessage
	steps int
}

// read gives a schema with its reference followed; nil where there is none or
// the work is done.
func (p *pruner) read(schema json.RawMessage) object {
	for range deepest {
		p.steps--
		s, err := readObject(schema)
		if err != nil || p.steps < 0 {
			return nil
		}
		ref := words(s.get("$ref"))
		if len(ref) != 1 {
			return s
		}
		if schema, err = follow(p.root, ref[0]); err != nil {
			return nil
		}
	}
	return nil
}

func (p *pruner) value(schema, answer json.RawMessage) json.RawMessage {
	s := p.read(schema)
	answer = bytes.TrimSpace(answer)
	if s == nil || len(answer) == 0 {
		return answer
	}
	for _, option := range elements(s.get("anyOf")) {
		answer = p.value(option, answer)
	}
	switch {
	case answer[0] == '[' && s.get("items") != nil:
		values := elements(answer)
		for i, v := range values {
			values[i] = p.value(s.get("items"), v)
		}
		return list(values)
	case answer[0] == '{':
		return p.object(s, answer)
	}
	return answer
}

func (p *pruner) object(s object, answer json.RawMessage) json.RawMessage {
	properties, err1 := readObject(s.get("properties"))
	in, err2 := readObject(answer)
	if err1 != nil || err2 != nil {
		return answer
	}
	needed := words(s.get("required"))
	var out object
	for _, m := range in {
		schema := properties.get(m.name)
		switch {
		case schema == nil:
		case string(m.value) != "null":
			m.value = p.value(schema, m.value)
		case !slices.Contains(needed, m.name) && !p.nullable(schema):
			continue
		}
		out = append(out, m)
	}
	return out.raw()
}

// nullable tells whether a schema allows null.
func (p *pruner) nullable(schema json.RawMessage) bool {
	s := p.read(schema)
	if s == nil {
		return true // nothing is known against it
	}
	if options := elements(s.get("anyOf")); len(options) > 0 {
		return slices.ContainsFunc(options, p.nullable)
	}
	if values := elements(s.get("enum")); len(values) > 0 {
		return slices.ContainsFunc(values, func(v json.RawMessage) bool { return string(v) == "null" })
	}
	if c := s.get("const"); c != nil {
		return string(c) == "null"
	}
	types := words(s.get("type"))
	return len(types) == 0 || slices.Contains(types, "null")
}
