package openaitest

import (
	"math"
	"regexp"
	"slices"
	"strings"
)

// token is a piece of an answer with its probability and what could have stood
// in its place.
type token struct {
	text        string
	probability float64
	others      []token // most probable first, without the token itself
}

// choice is one of some values that a schema leaves open, as JSON.
type choice struct {
	values        []string
	probabilities []float64
	chosen        int
}

// tokens spells the chosen value. What lies between its quotes is one token,
// with the other values as its alternatives.
func (c *choice) tokens() []token {
	bare := func(i int) string { return strings.Trim(c.values[i], `"`) }
	t := token{text: bare(c.chosen), probability: c.probabilities[c.chosen]}
	for i, p := range c.probabilities {
		if i != c.chosen {
			t.others = append(t.others, token{text: bare(i), probability: p})
		}
	}
	slices.SortStableFunc(t.others, func(a, b token) int {
		switch {
		case a.probability > b.probability:
			return -1
		case a.probability < b.probability:
			return 1
		}
		return 0
	})
	if !strings.HasPrefix(c.values[c.chosen], `"`) {
		return []token{t}
	}
	quote := token{text: `"`, probability: 1}
	if t.text == "" {
		return []token{quote, quote}
	}
	return []token{quote, t, quote}
}

// pieces cuts text into tokens: words with the space before them, digits by
// threes, everything else byte by byte of a rune's worth.
var pieces = regexp.MustCompile(`(?s) ?[A-Za-z]+|\d{1,3}|.`)

func split(text string) []token {
	var out []token
	for _, p := range pieces.FindAllString(text, -1) {
		out = append(out, token{text: p, probability: 0.99})
	}
	return out
}

func join(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.text)
	}
	return b.String()
}

// countPrompt counts a token per four bytes and four per message.
func countPrompt(messages []Message) int {
	n := 3
	for _, m := range messages {
		n += 4 + (len(m.Content)+3)/4
	}
	return n
}

// logprobs words tokens as the protocol does, with the top most probable ones.
func logprobs(tokens []token, top int) []any {
	word := func(t token) map[string]any {
		return map[string]any{"token": t.text, "logprob": math.Log(t.probability), "bytes": []int(nil)}
	}
	out := []any{}
	for _, t := range tokens {
		all := append([]token{{text: t.text, probability: t.probability}}, t.others...)
		slices.SortStableFunc(all, func(a, b token) int {
			switch {
			case a.probability > b.probability:
				return -1
			case a.probability < b.probability:
				return 1
			}
			return 0
		})
		best := []any{}
		for _, x := range all[:min(top, len(all))] {
			best = append(best, word(x))
		}
		w := word(t)
		w["top_logprobs"] = best
		out = append(out, w)
	}
	return out
}
