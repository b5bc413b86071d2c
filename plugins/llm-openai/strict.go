package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Strict schemas are the subset that hosted providers enforce: every property
// is required, none is allowed beside those named. What a schema of the host
// says beyond that is turned into the subset where that loses nothing, said in
// words where it only narrows a value, and else refused by name.

// deepest is how deep a schema may nest.
const deepest = 64

// What becomes of keywords.
var (
	kept    = [...]string{"type", "enum", "const", "title", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "pattern", "format", "minItems", "maxItems", "$ref"}
	dropped = [...]string{"$schema", "$id", "$comment", "$anchor", "default", "examples", "deprecated", "readOnly", "writeOnly"}
	spoken  = [...]string{"minLength", "maxLength", "uniqueItems"} // put into the description
	maps    = [...]string{"properties", "$defs", "definitions"}
)

// unstrict is a schema that has no strict form.
type unstrict struct{ path, keyword, why string }

func (u *unstrict) Error() string {
	return fmt.Sprintf("schema%s: %s: %s", u.path, u.keyword, u.why)
}

// toStrict gives the strict form of a schema. Every answer that is valid by
// it is valid by the schema, once [prune] has taken out the nulls that stand
// for absent properties; but for the bounds that are only said in words.
func toStrict(raw json.RawMessage) (json.RawMessage, error) {
	o, err := readObject(raw)
	if err != nil {
		return nil, &unstrict{"", "schema", "not an object"}
	}
	if !slices.Equal(words(o.get("type")), []string{"object"}) {
		return nil, &unstrict{"", "type", "the root of a strict schema is an object"}
	}
	return strict("", raw, 0)
}

func strict(path string, raw json.RawMessage, depth int) (json.RawMessage, error) {
	in, err := readObject(raw)
	switch {
	case depth > deepest:
		return nil, &unstrict{path, "schema", "nested too deeply"}
	case err != nil:
		return nil, &unstrict{path, "schema", "neither true nor false has a strict form"}
	}
	var out object
	var notes []string
	for _, m := range in {
		value := m.value
		switch {
		case slices.Contains(dropped[:], m.name):
			continue
		case slices.Contains(spoken[:], m.name):
			notes = append(notes, m.name+" "+string(m.value))
			continue
		case m.name == "description" || m.name == "required" || m.name == "additionalProperties":
			continue // below
		case slices.Contains(maps[:], m.name):
			value, err = strictMap(path, m.name, in, depth)
		case m.name == "items":
			value, err = strict(path+".items", m.value, depth+1)
		case m.name == "anyOf":
			value, err = strictAny(path, m.value, depth)
		case !slices.Contains(kept[:], m.name):
			err = &unstrict{path, m.name, "strict mode has no such keyword"}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, member{m.name, value})
	}
	if slices.Contains(words(in.get("type")), "array") && in.get("items") == nil {
		return nil, &unstrict{path, "items", "a list needs a schema of its elements in strict mode"}
	}
	if out, err = closed(path, in, out); err != nil {
		return nil, err
	}
	return typed(described(out, in, notes)).raw(), nil
}

// closed makes every property of an object required and allows no others.
func closed(path string, in, out object) (object, error) {
	properties, _ := readObject(in.get("properties"))
	if len(properties) == 0 {
		if !slices.Contains(words(in.get("type")), "object") {
			return out, nil
		}
		if !bytes.Equal(in.get("additionalProperties"), []byte("false")) {
			return nil, &unstrict{path, "additionalProperties", "an object needs named properties in strict mode"}
		}
		out = out.with("properties", []byte("{}"))
	}
	names := make([]json.RawMessage, len(properties))
	for i, p := range properties {
		names[i] = text(p.name)
	}
	for _, name := range words(in.get("required")) {
		if properties.get(name) == nil {
			return nil, &unstrict{path, "required", fmt.Sprintf("%q has no schema", name)}
		}
	}
	return out.with("required", list(names)).with("additionalProperties", []byte("false")), nil
}

// described puts bounds without a strict keyword into the description.
func described(out, in object, notes []string) object {
	var all []string
	if d := words(in.get("description")); len(d) == 1 {
		all = append(all, d[0])
	}
	if len(notes) > 0 {
		all = append(all, "("+strings.Join(notes, ", ")+")")
	}
	if len(all) == 0 {
		return out
	}
	return out.with("description", text(strings.Join(all, " ")))
}

// typed gives an enum, const or object the type that providers want to see.
func typed(o object) object {
	if o.get("type") == nil && o.get("properties") != nil {
		return o.with("type", text("object"))
	}
	values := elements(o.get("enum"))
	if c := o.get("const"); c != nil {
		values = []json.RawMessage{c}
	}
	if len(values) == 0 || o.get("type") != nil {
		return o
	}
	var types []json.RawMessage
	for _, v := range values {
		if t := text(typeOf(v)); !slices.ContainsFunc(types, func(x json.RawMessage) bool { return bytes.Equal(x, t) }) {
			types = append(types, t)
		}
	}
	if len(types) == 1 {
		return o.with("type", types[0])
	}
	return o.with("type", list(types))
}

// typeOf names the type of a JSON value.
func typeOf(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// strictMap does each schema of a map; properties that are not required may
// be null instead of absent.
func strictMap(path, keyword string, in object, depth int) (json.RawMessage, error) {
	schemas, err := readObject(in.get(keyword))
	if err != nil {
		return nil, &unstrict{path, keyword, "want an object"}
	}
	needed := words(in.get("required"))
	for i, m := range schemas {
		s, err := strict(path+"."+m.name, m.value, depth+1)
		if err != nil {
			return nil, err
		}
		if keyword == "properties" && !slices.Contains(needed, m.name) {
			s = nullable(s)
		}
		schemas[i].value = s
	}
	return schemas.raw(), nil
}

func strictAny(path string, raw json.RawMessage, depth int) (json.RawMessage, error) {
	schemas := elements(raw)
	if len(schemas) == 0 {
		return nil, &unstrict{path, "anyOf", "want a list of schemas"}
	}
	for i, s := range schemas {
		var err error
		if schemas[i], err = strict(fmt.Sprintf("%s.anyOf.%d", path, i), s, depth+1); err != nil {
			return nil, err
		}
	}
	return list(schemas), nil
}

// nullable allows null beside what a schema allows.
func nullable(raw json.RawMessage) json.RawMessage {
	o, err := readObject(raw)
	types := words(o.get("type"))
	if err != nil || len(types) == 0 || o.get("const") != nil || o.get("anyOf") != nil {
		return object{{"anyOf", list([]json.RawMessage{raw, []byte(`{"type":"null"}`)})}}.raw()
	}
	if slices.Contains(types, "null") {
		return raw
	}
	var all []json.RawMessage
	for _, t := range append(types, "null") {
		all = append(all, text(t))
	}
	o = o.with("type", list(all))
	if values := elements(o.get("enum")); len(values) > 0 {
		o = o.with("enum", list(append(values, []byte("null"))))
	}
	return o.raw()
}
