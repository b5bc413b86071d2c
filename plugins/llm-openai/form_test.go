package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// formats lists the types of response_format that were asked for.
func formats(s *openaitest.Server) string {
	var out []string
	for _, r := range s.Requests() {
		out = append(out, strings.TrimPrefix(r.Chat.Format(), "json_"))
	}
	return strings.Join(out, " ")
}

// TestForms: the surest way to ask for JSON that a server takes is found at
// the first question, remembered, and told in fingerprint and log.
func TestForms(t *testing.T) {
	silent := &openaitest.Behaviour{Status: 400, Message: "what is that?"}
	for name, c := range map[string]struct {
		server  openaitest.Options
		option  string
		formats string // of three questions
		form    string
		answers int
	}{
		"schemas":        {openaitest.Options{}, "auto", "schema schema schema", "schema", 3},
		"objects":        {openaitest.Options{Structured: openaitest.Objects}, "auto", "schema object object object", "json", 3},
		"unknown":        {openaitest.Options{Structured: openaitest.Unknown}, "auto", "schema object text text text", "text", 3},
		"silent":         {openaitest.Options{Structured: openaitest.Unknown, Refusal: silent}, "auto", "schema object text text text", "text", 3},
		"unprocessable":  {openaitest.Options{Structured: openaitest.Objects, Refusal: &openaitest.Behaviour{Status: 422, Body: `{"detail":"extra field"}`}}, "auto", "schema object object object", "json", 3},
		"ignored":        {openaitest.Options{Structured: openaitest.Ignored}, "auto", "schema object object", "json", 2},
		"json by option": {openaitest.Options{}, "json", "object object object", "json", 3},
		"text by option": {openaitest.Options{}, "text", "text text text", "text", 3},
		"only schemas":   {openaitest.Options{Structured: openaitest.Objects}, "schema", "schema schema schema", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := openaitest.Start(t, c.server)
			l, log := backend(t, options(s, "structured", c.option), "")
			answers, counted := 0, int64(0)
			for n := range 3 {
				r := one(t, l, question1(fmt.Sprint(n)))
				counted += r.Usage.Requests
				if r.JSON == nil {
					continue
				}
				answers++
				shape, err := newShape([]byte(cards))
				if err != nil || !fits(shape.valid, r.JSON) {
					t.Errorf("%s is not valid by the schema (%v)", r.JSON, err)
				}
				if want := "fp_openaitest structured=" + c.form; r.Fingerprint != want {
					t.Errorf("fingerprint %q, want %q", r.Fingerprint, want)
				}
			}
			if have := formats(s); have != c.formats || answers != c.answers {
				t.Errorf("asked as %q with %d answers, want %q with %d", have, answers, c.formats, c.answers)
			}
			if counted != int64(s.Count()) {
				t.Errorf("usage counts %d requests of %d", counted, s.Count())
			}
			told := strings.Contains(log.String(), `from now on structured = "`+c.form+`"`)
			if want := c.option == "auto" && c.form != "schema"; told != want {
				t.Errorf("log %q: told %v, want %v", log, told, want)
			}
		})
	}
}

// TestNoDescent: errors that are not about the form are not a reason to ask
// again, and what has been proven is kept.
func TestNoDescent(t *testing.T) {
	for name, do := range map[string]openaitest.Behaviour{
		"429":     openaitest.Limited(),
		"500":     openaitest.Failing(500),
		"context": {Status: 400, Code: "context_length_exceeded"},
		"param":   {Status: 400, Param: "temperature"},
		"404":     {Status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			s := openaitest.Start(t, openaitest.Options{})
			s.Rule(openaitest.Rule{From: 1, Times: 1, Do: do})
			l, _ := backend(t, options(s), "")
			one(t, l, question1("a"))
			one(t, l, question1("b"))
			if have := formats(s); have != "schema schema" {
				t.Errorf("asked as %q", have)
			}
		})
	}
	s := openaitest.Start(t, openaitest.Options{})
	s.Rule(openaitest.Rule{From: 2, Times: 1, Do: openaitest.Behaviour{Status: http.StatusBadRequest}})
	s.Rule(openaitest.Rule{From: 3, Times: 1, Do: openaitest.Violating()})
	l, _ := backend(t, options(s), "")
	for n := range 4 {
		one(t, l, question1(fmt.Sprint(n)))
	}
	if have := formats(s); have != "schema schema schema schema" {
		t.Errorf("asked as %q", have)
	}
}

// TestUnfitSchema: a schema without a strict form goes by JSON mode, alone and
// with an option that wants strict mode it is refused by keyword.
func TestUnfitSchema(t *testing.T) {
	loose := question1("loose")
	loose.JSONSchema = []byte(`{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":3}},"required":["n"],"minProperties":1}`)
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s), "")
	for _, q := range []sdk.ChatRequest{question1("a"), loose, question1("b")} {
		if r := one(t, l, q); r.JSON == nil {
			t.Errorf("%+v", r.Failure)
		}
	}
	if have := formats(s); have != "schema object schema" {
		t.Errorf("asked as %q", have)
	}
	l, _ = backend(t, options(s, "structured", "schema"), "")
	want := `schema: minProperties: strict mode has no such keyword (structured = "json" asks without strict mode) (not sent)`
	if r := one(t, l, loose); r.Failure == nil || r.Failure.Message != want {
		t.Errorf("%+v, want %q", r.Failure, want)
	}
	list := question1("list")
	list.JSONSchema = []byte(`{"type":"array","items":{"type":"integer","minimum":1,"maximum":3},"minItems":2}`)
	l, _ = backend(t, options(s), "")
	if r := one(t, l, list); r.Failure != nil || r.JSON == nil || r.JSON[0] != '[' {
		t.Errorf("a list: %+v, %s", r.Failure, r.JSON)
	}
	broken := question1("broken")
	broken.JSONSchema = []byte(`{"type":`)
	if r := one(t, l, broken); r.Failure == nil || r.Failure.Status != 400 || !strings.Contains(r.Failure.Message, "not sent") {
		t.Errorf("a broken schema: %+v", r.Failure)
	}
}

// TestOptional: a property that may be absent is asked for as one that may be
// null, and a null in its place is taken out again.
func TestOptional(t *testing.T) {
	q := question1("a")
	q.JSONSchema = []byte(`{"type":"object","properties":{"why":{"type":"string"},"kept":{"type":["null","integer"]},"n":{"type":"integer"}},"required":["n"]}`)
	s := openaitest.Start(t, openaitest.Options{Answer: func(openaitest.Chat) (string, bool) { return `{"why":null,"kept":null,"n":2}`, true }})
	l, _ := backend(t, options(s), "")
	if r := one(t, l, q); string(r.JSON) != `{"kept":null,"n":2}` {
		t.Errorf("%s %+v", r.JSON, r.Failure)
	}
	var sent struct {
		Format struct {
			JSON struct{ Schema json.RawMessage } `json:"json_schema"`
		} `json:"response_format"`
	}
	if err := json.Unmarshal(s.Requests()[0].Body, &sent); err != nil {
		t.Fatal(err)
	}
	want := `{"type":"object","properties":{"why":{"type":["string","null"]},"kept":{"type":["null","integer"]},"n":{"type":"integer"}},"required":["why","kept","n"],"additionalProperties":false}`
	if have := string(sent.Format.JSON.Schema); have != want {
		t.Errorf("sent %s\nwant %s", have, want)
	}
}

// TestChoicesOnTheWire: with log-probabilities the distribution over each
// choice is that from which the server drew.
func TestChoicesOnTheWire(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s, "logprobs", int64(5)), "")
	r := one(t, l, question1("a"))
	if len(r.Tokens) != 0 {
		t.Error("the host did not ask for tokens")
	}
	if len(r.Choices) != 2 || r.Choices[0].Path != "ITEM_1.decision" || r.Choices[1].Path != "ITEM_1.rating" || len(r.Choices[1].Values) != 5 {
		t.Fatalf("choices %+v", r.Choices)
	}
	for _, c := range r.Choices {
		sum := float32(0)
		for _, p := range c.Probabilities {
			sum += p
		}
		if sum < 0.999 || sum > 1.001 {
			t.Errorf("%s: %v add up to %v", c.Path, c.Probabilities, sum)
		}
	}
	l, _ = backend(t, options(s), "")
	if r := one(t, l, question1("a")); r.Choices != nil {
		t.Errorf("nobody asked for log-probabilities: %+v", r.Choices)
	}
}
