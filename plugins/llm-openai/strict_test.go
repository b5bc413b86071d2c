package main

import (
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// TestStrict: what becomes of a schema in strict mode.
func TestStrict(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"as it is":        {cards, cards},
		"closed":          {`{"type":"object","properties":{"a":{"type":"null"}},"required":["a"]}`, `{"type":"object","properties":{"a":{"type":"null"}},"required":["a"],"additionalProperties":false}`},
		"optional enum":   {`{"type":"object","properties":{"a":{"enum":["x","y"]}}}`, `{"type":"object","properties":{"a":{"enum":["x","y",null],"type":["string","null"]}},"required":["a"],"additionalProperties":false}`},
		"optional const":  {`{"type":"object","properties":{"a":{"const":1}}}`, `{"type":"object","properties":{"a":{"anyOf":[{"const":1,"type":"number"},{"type":"null"}]}},"required":["a"],"additionalProperties":false}`},
		"optional ref":    {`{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}`, `{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/$defs/x"},{"type":"null"}]}},"$defs":{"x":{"type":"string"}},"required":["a"],"additionalProperties":false}`},
		"bounds in words": {`{"type":"object","properties":{"a":{"type":"string","description":"why","maxLength":9}},"required":["a"]}`, `{"type":"object","properties":{"a":{"type":"string","description":"why (maxLength 9)"}},"required":["a"],"additionalProperties":false}`},
		"annotations":     {`{"$schema":"x","type":"object","properties":{"a":{"type":"integer","default":1}},"required":["a"]}`, `{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"],"additionalProperties":false}`},
		"lists":           {`{"type":"object","properties":{"a":{"type":"array","items":{"properties":{"b":{"type":"string"}}}}},"required":["a"]}`, `{"type":"object","properties":{"a":{"type":"array","items":{"properties":{"b":{"type":["string","null"]}},"required":["b"],"additionalProperties":false,"type":"object"}}},"required":["a"],"additionalProperties":false}`},
		"empty object":    {`{"type":"object","additionalProperties":false}`, `{"type":"object","properties":{},"required":[],"additionalProperties":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			have, err := toStrict([]byte(c.in))
			if err != nil || string(have) != c.want {
				t.Errorf("%s, %v\nwant %s", have, err, c.want)
			}
		})
	}
}

// TestUnstrict: what has no strict form is refused by place and keyword.
func TestUnstrict(t *testing.T) {
	in := func(s string) string {
		return `{"type":"object","properties":{"a":` + s + `},"required":["a"]}`
	}
	for schema, want := range map[string]string{
		`[]`:                           "schema",
		`{"type":"string"}`:            "type",
		in(`true`):                     "schema",
		in(`{"type":"object"}`):        "additionalProperties",
		in(`{"type":"array"}`):         "items",
		in(`{"allOf":[]}`):             "allOf",
		in(`{"oneOf":[]}`):             "oneOf",
		in(`{"not":{}}`):               "not",
		in(`{"anyOf":[]}`):             "anyOf",
		in(`{"patternProperties":{}}`): "patternProperties",
		`{"type":"object","properties":{"a":{"type":"null"}},"required":["b"]}`: "required",
	} {
		_, err := toStrict([]byte(schema))
		var u *unstrict
		if !errors.As(err, &u) || u.keyword != want {
			t.Errorf("%s: %v, want keyword %q", schema, err, want)
		}
	}
	if _, err := toStrict([]byte(in(`{"type":"object","properties":{"b":{"not":{}}}}`))); err == nil || err.Error() != "schema.a.b: not: strict mode has no such keyword" {
		t.Errorf("%v", err)
	}
}

// TestPruneProperty: whatever is absent from a valid answer may come back as
// null, and is taken out again.
func TestPruneProperty(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["integer","null"]},"c":{"type":"object","properties":{"d":{"enum":[1,2]}}},"l":{"type":"array","items":{"type":"object","properties":{"e":{"$ref":"#/$defs/s"}}}}},"required":["b"],"$defs":{"s":{"type":"string"}}}`)
	rapid.Check(t, func(t *rapid.T) {
		maybe := func(name, value string) (string, string) {
			if rapid.Bool().Draw(t, name) {
				return `,"` + name + `":` + value, `,"` + name + `":` + value
			}
			return "", `,"` + name + `":null`
		}
		a, an := maybe("a", `"x"`)
		d, dn := maybe("d", "1")
		e, en := maybe("e", `"y"`)
		cut := func(s string) string {
			if s == "" {
				return s
			}
			return s[1:]
		}
		want := `{"b":null` + a + `,"c":{` + cut(d) + `},"l":[{` + cut(e) + `}]}`
		full := `{"b":null` + an + `,"c":{` + cut(dn) + `},"l":[{` + cut(en) + `}]}`
		if have := string(prune(schema, json.RawMessage(full))); have != want {
			t.Errorf("%s became %s, want %s", full, have, want)
		}
	})
}

func FuzzStrict(f *testing.F) {
	for _, s := range []string{cards, `{"anyOf":[{"$ref":"#"},{"$ref":"#"}],"properties":{"a":{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}}}`, `{"type":"object","properties":{"a":{"$ref":"#"}}}`, `{"type":"object","properties":{"a":{"anyOf":[{"type":"null"}]}}}`, `[1`} {
		f.Add([]byte(s), []byte(`{"a":null}`))
	}
	f.Fuzz(func(t *testing.T, schema, answer []byte) {
		s, err := newShape(schema)
		if err != nil {
			return
		}
		if s.strict != nil {
			again, err := toStrict(s.strict)
			if err != nil {
				t.Errorf("%s became %s, which has no strict form: %v", schema, s.strict, err)
			}
			if twice, _ := toStrict(again); string(twice) != string(again) {
				t.Errorf("%s and %s: no end", again, twice)
			}
		}
		if json.Valid(answer) {
			if out := prune(schema, answer); !json.Valid(out) {
				t.Errorf("%s became %s", answer, out)
			}
		}
	})
}
