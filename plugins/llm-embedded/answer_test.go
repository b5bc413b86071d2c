package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// page is a prompt of the kind that simulated users get.
const page = `# Persona
A baker of 40 who likes slow westerns.

# Liked before
- "Red River": western, you gave 5
- "High Noon": western, you gave 4

# Disliked before
- "Grease": musical, you gave 1

# Page 1
ITEM_1: "Rio Bravo"; categories: western; mean: 4.4; ratings: 180
ITEM_2: "Cats"; categories: musical; mean: 2.1; ratings: 12

Decide for each card.`

const decisions = `{"type":"object","properties":{` +
	`"ITEM_1":{"type":"object","properties":{"decision":{"enum":["WATCH","SKIP"]},"value":{"type":"integer","minimum":1,"maximum":5}}},` +
	`"ITEM_2":{"type":"object","properties":{"decision":{"enum":["WATCH","SKIP"]},"value":{"type":"integer","minimum":1,"maximum":5}}},` +
	`"reason":{"type":"string"},"next":{"enum":["NEXT_PAGE","EXIT"]}}}`

func ask(text, schema string) sdk.ChatRequest {
	zero, seed := 0.0, uint64(1)
	return sdk.ChatRequest{ID: "q", JSONSchema: []byte(schema), Temperature: &zero, Seed: &seed, Messages: []sdk.Message{{Role: sdk.RoleUser, Content: text}}}
}

// TestUntuned: the prior prefers what the persona's words, the numbers and the
// history speak for, and says so.
func TestUntuned(t *testing.T) {
	r := here(t, 1).answer(ask(page, decisions))
	if r.Failure != nil {
		t.Fatal(r.Failure.Message)
	}
	var got struct {
		One, Two struct {
			Decision string
			Value    int
		}
		Reason, Next string
	}
	text := strings.NewReplacer("ITEM_1", "One", "ITEM_2", "Two").Replace(string(r.JSON))
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if got.One.Decision != "WATCH" || got.Two.Decision != "SKIP" || got.One.Value <= got.Two.Value || got.Reason == "" {
		t.Errorf("%s", r.JSON)
	}
	p := map[string]float32{}
	for _, c := range r.Choices {
		sum := float32(0)
		for i, v := range c.Values {
			sum += c.Probabilities[i]
			if v == "WATCH" {
				p[c.Path] = c.Probabilities[i]
			}
		}
		if math.Abs(float64(sum-1)) > 1e-5 {
			t.Errorf("%s: probabilities add up to %v", c.Path, sum)
		}
	}
	if !(p["ITEM_1.decision"] > 0.5 && p["ITEM_2.decision"] < 0.5) {
		t.Errorf("probabilities %v", p)
	}
}

// TestQuestions: choices that point are answered by what the page says.
func TestQuestions(t *testing.T) {
	cards := "The reader has rated before:\n- \"Old Oak\", value: 4\n\nThe page shows 3 cards:\n" +
		"ITEM_1: \"Far Away\"; categories: \"Drama\"; mean: 3.1; ratings: 50; similar: \"X\", which the reader gave 4\n" +
		"ITEM_2: \"Old Oak\"; categories: \"Comedy\", \"Drama\"; mean: 4.0; ratings: 20; similar: \"Y\", which the reader gave 2\n" +
		"ITEM_3: \"New Moon\"; categories: \"Horror\"; mean: 2.2; ratings: 90; similar: \"Z\", which the reader gave 5\n\nQuestion: "
	refs := `{"enum":["ITEM_1","ITEM_2","ITEM_3"]}`
	for _, c := range []struct{ question, schema, want string }{
		{`Which card is of the category "Horror"?`, refs, "ITEM_3"},
		{"Which card has the highest mean?", refs, "ITEM_2"},
		{"Which card has the lowest mean?", refs, "ITEM_3"},
		{"Which card has the most ratings?", refs, "ITEM_3"},
		{"Which card has the fewest ratings?", refs, "ITEM_2"},
		{"Which card has the reader rated before?", refs, "ITEM_2"},
		{`How many of the cards are of the category "Drama"?`, `{"enum":["0","1","2","3"]}`, "2"},
		{"Which value did the reader give to the item that ITEM_3 is similar to?", `{"enum":["1","2","3","4","5"]}`, "5"},
	} {
		r := here(t, 1).answer(ask(cards+c.question, `{"type":"object","properties":{"answer":`+c.schema+`}}`))
		if got := string(r.JSON); got != `{"answer":"`+c.want+`"}` {
			t.Errorf("%s %s, want %s", c.question, got, c.want)
		}
	}
}

// TestSchemas: what is a finite choice is filled, in the order of the schema; what
// is none is refused with its place.
func TestSchemas(t *testing.T) {
	for schema, want := range map[string]string{
		`{"const":7}`: `7`,
		`{"type":"object","properties":{"b":{"const":1},"a":{"type":"null"}}}`:                  `{"b":1,"a":null}`,
		`{"type":"array","items":{"const":true},"minItems":2,"maxItems":2}`:                     `[true,true]`,
		`{"type":"array","prefixItems":[{"const":"x"},{"const":"y"}]}`:                          `["x","y"]`,
		`{"anyOf":[{"type":"null"},{"const":"x"}]}`:                                             `"x"`,
		`{"$defs":{"d":{"const":"x"}},"type":"object","properties":{"a":{"$ref":"#/$defs/d"}}}`: `{"a":"x"}`,
		`{"type":"integer","minimum":3,"maximum":3}`:                                            `3`,
		`{"type":["string","null"],"enum":["only"]}`:                                            `"only"`,
		`{"type":"array","items":{"type":"string"}}`:                                            `[]`,
	} {
		r := here(t, 1).answer(ask(page, schema))
		if r.Failure != nil || string(r.JSON) != want {
			t.Errorf("%s: %s %+v, want %s", schema, r.JSON, r.Failure, want)
		}
	}
	for schema, want := range map[string]string{
		`{"type":"object","properties":{"a":{"type":"integer"}}}`: "schema: a: integer without minimum and maximum",
		`{"type":"object","properties":{"a":{"type":"number"}}}`:  "schema: a: type number",
		`{"type":"object"}`: "schema: the root: an object without properties",
		`{"type":"object","properties":{"a":{"type":"string","pattern":"^x$"}}}`: "schema: a: a string with pattern",
		`{"$ref":"#/$defs/none"}`:                                 `schema: the root: $ref "#/$defs/none" leads nowhere`,
		`{"$defs":{"d":{"$ref":"#/$defs/d"}},"$ref":"#/$defs/d"}`: "nested deeper than",
		`{"enum":[]}`: "enum of 0 values",
		`{"type":"integer","minimum":1,"maximum":100000}`:      "want at most 1024 numbers",
		`{"allOf":[{"type":"string"},{"const":"x"}]}`:          "allOf of several",
		`{"type":"array","items":{"const":1},"minItems":2000}`: "2000 items",
		`{}`:       "leaves a finite choice",
		`nonsense`: "schema: ",
	} {
		r := here(t, 1).answer(ask(page, schema))
		if r.Failure == nil || r.Failure.Status != 400 || !strings.Contains(r.Failure.Message, want) || r.JSON != nil {
			t.Errorf("%s: %s %+v, want %q", schema, r.JSON, r.Failure, want)
		}
	}
}

// TestTemperature: 0 takes the likeliest; else draws follow the seed, and their
// shares the probabilities.
func TestTemperature(t *testing.T) {
	m := here(t, 1)
	q := ask(page, `{"type":"object","properties":{"ITEM_1":{"type":"object","properties":{"value":{"type":"integer","minimum":1,"maximum":5}}}}}`)
	one := 1.0
	q.Temperature = &one
	counts, draws := map[string]int{}, 4000
	var p []float32
	for i := range draws {
		seed := uint64(i)
		q.Seed = &seed
		r := m.answer(q)
		counts[string(r.JSON)]++
		p = r.Choices[0].Probabilities
		if again := m.answer(q); string(again.JSON) != string(r.JSON) {
			t.Fatal("one seed, two answers")
		}
	}
	for i, v := range p {
		text := `{"ITEM_1":{"value":` + string(rune('1'+i)) + `}}`
		// Six standard errors of a share: at most 6·0.5/√4000 = 0.047.
		if got := float64(counts[text]) / float64(draws); math.Abs(got-float64(v)) > 0.047 {
			t.Errorf("%s: drawn %v, probability %v", text, got, v)
		}
	}
}

// TestMath: the functions of this package against those of package math.
func TestMath(t *testing.T) {
	for x := -30.0; x <= 30; x += 0.37 {
		if got, want := exp(x), math.Exp(x); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
		if y := math.Exp(x); math.Abs(ln(y)-x) > 1e-8 {
			t.Errorf("ln(%v) = %v, want %v", y, ln(y), x)
		}
	}
	// 2x+1 is one more than x: log2(8) = 3 at 7, and 3 at -7 with its sign.
	if magnitude(7) != 3 || magnitude(-7) != -3 || magnitude(0) != 0 || magnitude(2) != 1.5 {
		t.Error(magnitude(7), magnitude(-7), magnitude(0), magnitude(2))
	}
}

// TestEmbed: length 1, alike for what shares words, and none for none.
func TestEmbed(t *testing.T) {
	cosine := func(a, b string) (sum float64) {
		x, y := embed(a), embed(b)
		for i := range x {
			sum += float64(x[i]) * float64(y[i])
		}
		return sum
	}
	near, far := cosine("slow westerns of the fifties", "a western, slow and long"), cosine("slow westerns of the fifties", "musicals about cats")
	if !(near > 0.3 && far < near-0.2) || math.Abs(cosine("a b western", "a b western")-1) > 1e-6 || cosine("", "x") != 0 {
		t.Errorf("near %v, far %v", near, far)
	}
}

// TestScoreText: what the prompt speaks of is likelier than what it does not.
func TestScoreText(t *testing.T) {
	s, err := here(t, 1).ScoreText(t.Context(), []sdk.Continuations{{Prompt: []sdk.Message{{Role: sdk.RoleUser, Content: page}}, Continuations: []string{"western", "opera"}}})
	if err != nil || !(s.Logprobs[0] > s.Logprobs[1]) || math.Abs(math.Exp(float64(s.Logprobs[0]))+math.Exp(float64(s.Logprobs[1]))-1) > 1e-5 {
		t.Errorf("%+v, %v", s, err)
	}
}

// FuzzAnswer: no prompt and no schema does harm, and what is answered is JSON.
func FuzzAnswer(f *testing.F) {
	f.Add(page, decisions)
	f.Add("ITEM_1: x 5 5 5\n\nHow many? \"\" ITEM_1", `{"enum":["ITEM_1","5",null,1.5,{"a":[1]}]}`)
	f.Add("#\n:\n\"\n_1 A_1: -3.5e", `{"type":"object","properties":{"":{"anyOf":[{"type":"boolean"}]},"A_1":{"type":"array","prefixItems":[{"const":[]}]}}}`)
	m := newModel().(*model)
	m.threads = 1
	f.Fuzz(func(t *testing.T, text, schema string) {
		r := m.answer(ask(text, schema))
		if (r.Failure == nil) != json.Valid(r.JSON) {
			t.Fatalf("%+v: %q", r.Failure, r.JSON)
		}
		for _, c := range r.Choices {
			for _, p := range c.Probabilities {
				if !(p >= 0 && p <= 1) {
					t.Fatalf("%s: probability %v", c.Path, p)
				}
			}
		}
		_ = embed(text)
	})
}
