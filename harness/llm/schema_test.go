package llm

import "testing"

func TestSchemaSaysWhatIsWrong(t *testing.T) {
	s := schema(t, `{
		"type": "object",
		"properties": {
			"reason": {"type": "string", "minLength": 3, "maxLength": 9},
			"ITEM_3": {"type": "object", "properties": {"decision": {"enum": ["watch", "skip"]}, "rating": {"type": "integer", "minimum": 1, "maximum": 5}}, "required": ["decision"], "additionalProperties": false},
			"list": {"type": "array", "items": {"type": ["integer", "null"]}, "maxItems": 2},
			"either": {"anyOf": [{"type": "string"}, {"type": "integer"}]}
		},
		"required": ["ITEM_3"],
		"additionalProperties": false
	}`)
	for _, x := range []struct{ answer, want string }{
		{`{"ITEM_3":{"decision":"watch","rating":5}}`, ""},
		{`{"ITEM_3":{"decision":"watch"},"list":[1,null]}`, ""},
		{`{"ITEM_3":{"decision":"Watch"}}`, `ITEM_3.decision: want one of "watch", "skip", got "Watch"`},
		{`{"ITEM_3":{"decision":"skip","rating":6}}`, `ITEM_3.rating: want 5 or less, got 6`},
		{`{"ITEM_3":{"decision":"skip","rating":1.5}}`, `ITEM_3.rating: want integer, got 1.5`},
		{`{"ITEM_3":{}}`, `ITEM_3.decision: missing`},
		{`{"ITEM_3":{"decision":"skip"},"more":1}`, `more: unknown field`},
		{`{"ITEM_3":{"decision":"skip"},"list":[1,"a"]}`, `list[1]: want integer or null, got "a"`},
		{`{"ITEM_3":{"decision":"skip"},"list":[1,2,3]}`, `list: want at most 2 values, got 3`},
		{`{"ITEM_3":{"decision":"skip"},"reason":"ä"}`, `reason: want at least 3 characters, got 1`},
		{`[]`, `the answer: want object, got []`},
		{`{"ITEM_3"`, `not JSON: unexpected end of JSON input`},
	} {
		got := ""
		if err := s.Validate([]byte(x.answer)); err != nil {
			got = err.Error()
		}
		if got != x.want {
			t.Errorf("%s:\n%s, want\n%s", x.answer, got, x.want)
		}
	}
	if err := s.Validate([]byte(`{"ITEM_3":{"decision":"skip"},"either":[]}`)); err == nil {
		t.Error("what only the library can tell passed")
	}
}

func TestSchemasKeepTheirOrder(t *testing.T) {
	a, b := schema(t, `{"type": "object", "properties": {"b": {}, "a": {}}}`), schema(t, `{"type":"object","properties":{"a":{},"b":{}}}`)
	if string(a.Bytes()) != `{"type":"object","properties":{"b":{},"a":{}}}` {
		t.Errorf("%s", a.Bytes())
	}
	r, q := question("x"), question("x")
	r.Schema, q.Schema = a, b
	if keyOf("id", &r, r.Messages, 0) == keyOf("id", &q, q.Messages, 0) {
		t.Error("an answer's fields come in another order, and the question is the same")
	}
	for _, bad := range []string{``, `[]`, `{"type":"object"`, `{"type":7}`, `{"$ref":"https://example.org/x"}`} {
		_, err := NewSchema([]byte(bad))
		t.Log(err)
		mustSay(t, err, "schema: ")
	}
}

func TestEverythingAnAnswerDependsOnIsInTheKey(t *testing.T) {
	base := question("a")
	seen := map[Key]string{}
	check := func(name string, identity string, try int, change func(*Request)) {
		r := base
		change(&r)
		k := keyOf(identity, &r, r.Messages, try)
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s share a key", name, other)
		}
		seen[k] = name
	}
	half, zero, seed, seed0 := 0.5, 0.0, uint64(7), uint64(0)
	check("base", "id", 0, func(*Request) {})
	check("identity", "other", 0, func(*Request) {})
	check("try", "id", 1, func(*Request) {})
	check("repeat", "id", 0, func(r *Request) { r.Repeat = 1 })
	check("text", "id", 0, func(r *Request) { r.Messages = question("b").Messages })
	check("schema", "id", 0, func(r *Request) { r.Schema = schema(t, `{}`) })
	check("max tokens", "id", 0, func(r *Request) { r.MaxTokens = 1 })
	check("temperature 0", "id", 0, func(r *Request) { r.Temperature = &zero })
	check("temperature", "id", 0, func(r *Request) { r.Temperature = &half })
	check("top p", "id", 0, func(r *Request) { r.TopP = &half })
	check("seed 0", "id", 0, func(r *Request) { r.Seed = &seed0 })
	check("seed", "id", 0, func(r *Request) { r.Seed = &seed })
	check("logprobs", "id", 0, func(r *Request) { r.Logprobs = 5 })
	check("stop", "id", 0, func(r *Request) { r.Stop = []string{"ab"} })
	check("stops", "id", 0, func(r *Request) { r.Stop = []string{"a", "b"} })
	r := base
	r.Cell, r.Role = "other", RoleJudge
	if seen[keyOf("id", &r, r.Messages, 0)] != "base" {
		t.Error("who asks changes the answer")
	}
}
