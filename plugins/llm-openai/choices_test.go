package main

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// tok makes a token of probability p with alternatives "text", p in turn.
func tok(text string, p float64, others ...any) sdk.TokenLogprob {
	t := sdk.TokenLogprob{Token: text, Logprob: float32(math.Log(p))}
	for i := 0; i+1 < len(others); i += 2 {
		t.Alternatives = append(t.Alternatives, sdk.TokenLogprob{Token: others[i].(string), Logprob: float32(math.Log(others[i+1].(float64)))})
	}
	return t
}

func TestChoices(t *testing.T) {
	decision := `{"type":"object","properties":{"d":{"enum":["WATCH","WAIT","SKIP"]}}}`
	rating := `{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":12}}}`
	for name, c := range map[string]struct {
		schema string
		tokens []sdk.TokenLogprob
		want   map[string]float64 // nil: nothing is said
	}{
		// One token a value.
		"whole": {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("WATCH", 0.6, "WATCH", 0.6, "SKIP", 0.3, "WAIT", 0.1), tok(`"}`, 1)}, map[string]float64{"WATCH": 0.6, "SKIP": 0.3, "WAIT": 0.1}},
		// WA is the beginning of two; the next token tells them apart:
		// WATCH 0.8·0.75 = 0.6, WAIT 0.8·0.25 = 0.2, SKIP 0.2.
		"in two steps": {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("WA", 0.8, "SK", 0.2), tok("TCH", 0.75, "IT", 0.25), tok(`"}`, 1)}, map[string]float64{"WATCH": 0.6, "WAIT": 0.2, "SKIP": 0.2}},
		// The quote before the value is part of its token, as often.
		"with its quote": {decision, []sdk.TokenLogprob{tok(`{"d":`, 1), tok(` "SKIP`, 0.5, ` "WATCH`, 0.25, ` "WAIT`, 0.25), tok(`"}`, 1)}, map[string]float64{"WATCH": 0.25, "WAIT": 0.25, "SKIP": 0.5}},
		// 0.04 goes to what is no value; the rest, 0.96, is scaled to one.
		"some of it no value": {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("SKIP", 0.72, "WATCH", 0.24, "maybe", 0.04), tok(`"}`, 1)}, map[string]float64{"WATCH": 0.25, "WAIT": 0, "SKIP": 0.75}},
		// 0.2 of WA cannot be told apart: that is more than the 5 % allowed.
		"not to be told apart": {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("SKIP", 0.8, "WA", 0.2), tok(`"}`, 1)}, nil},
		"no alternatives":      {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("SKIP", 0.8), tok(`"}`, 1)}, nil},
		"certain":              {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("SKIP", 1), tok(`"}`, 1)}, map[string]float64{"WATCH": 0, "WAIT": 0, "SKIP": 1}},
		"more than one":        {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("SKIP", 0.8, "WATCH", 0.8), tok(`"}`, 1)}, nil},
		// 1 begins 1, 10, 11 and 12: the token after it decides. 1 alone is
		// 0.5·0.9; 10 is 0.5·0.1; 3 is 0.5.
		"digits":     {rating, []sdk.TokenLogprob{tok(`{"n":`, 1), tok("1", 0.5, "3", 0.5), tok("}", 0.9, "0", 0.1)}, map[string]float64{"1": 0.45, "10": 0.05, "3": 0.5}},
		"other text": {decision, []sdk.TokenLogprob{tok(`{"d":"`, 1), tok("WATCH", 1)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			for _, x := range c.tokens {
				text.WriteString(x.Token)
			}
			answer := text.String()
			if name == "other text" {
				answer = `{"d":"SKIP"}`
			}
			got := choices(answer, span{0, len(answer)}, []byte(c.schema), c.tokens)
			if c.want == nil {
				if got != nil {
					t.Errorf("%+v, want nothing", got)
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%+v, want one choice", got)
			}
			for i, v := range got[0].Values {
				if math.Abs(float64(got[0].Probabilities[i])-c.want[v]) > 1e-6 {
					t.Errorf("%s: %v, want %v", v, got[0].Probabilities[i], c.want[v])
				}
			}
		})
	}
}

// TestLeaves: the open choices of an answer, in its order, by dotted path.
func TestLeaves(t *testing.T) {
	schema := `{"type":"object","properties":{"a":{"type":"array","items":{"$ref":"#/$defs/c"}},"b":{"type":"boolean"},"c":{"type":"string"},"n":{"type":"integer","minimum":1,"maximum":9}},"$defs":{"c":{"type":"object","properties":{"d":{"enum":["x","y"]}}}}}`
	text := `so: { "c" : "x", "a": [{"d":"x"},{"d" : "y"}] , "b":true,"n": 4 }`
	var got []string
	for _, l := range leaves(text, span{4, len(text)}, []byte(schema)) {
		got = append(got, l.path+" "+text[l.from:l.from+3])
	}
	if want := []string{`a.0.d "x"`, `a.1.d "y"`, `b tru`, `n 4 }`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func FuzzChoices(f *testing.F) {
	f.Add(`{"type":"object","properties":{"d":{"enum":["WATCH","SKIP"]}}}`, `{"d":"SKIP"}`, 5, float32(-0.1))
	f.Add(`{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":12}}}`, `{"n":1}`, 1, float32(-3))
	f.Fuzz(func(t *testing.T, schema, text string, cut int, logprob float32) {
		at, ok := extract(text, func(json.RawMessage) bool { return true })
		if !ok || len(text) > 2000 {
			return
		}
		var tokens []sdk.TokenLogprob
		for rest := text; rest != ""; {
			n := min(len(rest), max(1, cut))
			tokens = append(tokens, sdk.TokenLogprob{Token: rest[:n], Logprob: logprob, Alternatives: []sdk.TokenLogprob{{Token: rest[n:], Logprob: logprob}}})
			rest = rest[n:]
		}
		for _, c := range choices(text, at, []byte(schema), tokens) {
			sum := 0.0
			for _, p := range c.Probabilities {
				sum += float64(p)
			}
			if len(c.Values) != len(c.Probabilities) || math.Abs(sum-1) > 1e-3 {
				t.Errorf("%+v", c)
			}
		}
	})
}
