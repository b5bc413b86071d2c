package main

import (
	"bytes"
	"encoding/json"
	"slices"
)

// prune takes the nulls out of an answer that stand for absent properties:
// those of properties that the schema does not require and does not let be
// null. Anything else stays as it is, in its own order.
func prune(root, schema, answer json.RawMessage) json.RawMessage {
	return pruned(root, schema, answer, 0)
}

func pruned(root, schema, answer json.RawMessage, depth int) json.RawMessage {
	s, err := readObject(schema)
	if err != nil || depth > deepest {
		return answer
	}
	if ref := words(s.get("$ref")); len(ref) == 1 {
		target, err := follow(root, ref[0])
		if err != nil {
			return answer
		}
		return pruned(root, target, answer, depth+1)
	}
	for _, option := range elements(s.get("anyOf")) {
		answer = pruned(root, option, answer, depth+1)
	}
	answer = bytes.TrimSpace(answer)
	switch {
	case len(answer) == 0:
	case answer[0] == '[' && s.get("items") != nil:
		values := elements(answer)
		for i, v := range values {
			values[i] = pruned(root, s.get("items"), v, depth+1)
		}
		return list(values)
	case answer[0] == '{':
		return prunedObject(root, s, answer, depth)
	}
	return answer
}

func prunedObject(root json.RawMessage, s object, answer json.RawMessage, depth int) json.RawMessage {
	properties, err1 := readObject(s.get("properties"))
	in, err2 := readObject(answer)
	if err1 != nil || err2 != nil {
		return answer
	}
	needed := words(s.get("required"))
	var out object
	for _, m := range in {
		schema := properties.get(m.name)
		absent := schema != nil && string(m.value) == "null" && !slices.Contains(needed, m.name) && !mayBeNull(root, schema, depth)
		if absent {
			continue
		}
		if schema != nil {
			m.value = pruned(root, schema, m.value, depth+1)
		}
		out = append(out, m)
	}
	return out.raw()
}

// mayBeNull tells whether a schema allows null.
func mayBeNull(root, schema json.RawMessage, depth int) bool {
	s, err := readObject(schema)
	if err != nil || depth > deepest {
		return false
	}
	if ref := words(s.get("$ref")); len(ref) == 1 {
		target, err := follow(root, ref[0])
		return err == nil && mayBeNull(root, target, depth+1)
	}
	if options := elements(s.get("anyOf")); len(options) > 0 {
		return slices.ContainsFunc(options, func(o json.RawMessage) bool { return mayBeNull(root, o, depth+1) })
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
