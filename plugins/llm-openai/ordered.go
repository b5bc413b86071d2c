package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// object is a JSON object in its own order. Models answer in the order of the
// schema's properties, so that order is part of the question.
type object []member

type member struct {
	name  string
	value json.RawMessage
}

var errNoObject = errors.New("want an object")

// readObject reads an object; a name that occurs twice keeps its last value.
func readObject(raw []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errNoObject
	}
	var o object
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, ok := t.(string)
		if !ok {
			return nil, errNoObject
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		o = o.with(name, value)
	}
	return o, nil
}

func (o object) get(name string) json.RawMessage {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// with gives the object with a value set, in place or at its end.
func (o object) with(name string, value json.RawMessage) object {
	if i := slices.IndexFunc(o, func(m member) bool { return m.name == name }); i >= 0 {
		o[i].value = value
		return o
	}
	return append(o, member{name, value})
}

// raw gives the object as JSON.
func (o object) raw() json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(text(m.name))
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// text gives a string as JSON.
func text(s string) json.RawMessage {
	out, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return out
}

// words reads a string or a list of strings.
func words(raw json.RawMessage) []string {
	var one string
	var list []string
	if len(raw) > 0 && json.Unmarshal(raw, &one) == nil {
		return []string{one}
	}
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// elements reads a list.
func elements(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// list gives values as a JSON list.
func list(values []json.RawMessage) json.RawMessage {
	return append(append([]byte{'['}, bytes.Join(raws(values), []byte{','})...), ']')
}

func raws(values []json.RawMessage) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// follow finds what a reference into the same schema names, such as
// #/$defs/card.
func follow(root json.RawMessage, ref string) (json.RawMessage, error) {
	rest, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, fmt.Errorf("$ref %q: want one into the same schema", ref)
	}
	at := root
	for _, part := range strings.Split(strings.TrimPrefix(rest, "/"), "/") {
		if part == "" {
			continue
		}
		o, err := readObject(at)
		if err != nil {
			return nil, fmt.Errorf("$ref %q: %w", ref, err)
		}
		if at = o.get(strings.NewReplacer("~1", "/", "~0", "~").Replace(part)); at == nil {
			return nil, fmt.Errorf("$ref %q: nothing is there", ref)
		}
	}
	return at, nil
}
