package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// accounted is the least part of the probability that the alternatives of a
// choice's tokens must account for; with less, nothing is said about it.
const accounted = 0.95

// widest is the largest number of values of a choice.
const widest = 100

// leaf is a choice in an answer: the values that the schema left open, as
// JSON, and where the chosen one stands.
type leaf struct {
	path   string
	values []string
	from   int
	quoted bool
}

// choices works out the distribution over the choices of an answer from the
// alternatives of its tokens.
//
// The tokens of a value are followed from its first byte. An alternative whose
// text is the beginning of exactly one of the values gives its probability to
// that value; so does the chosen token, and there the walk ends. One that is
// the beginning of several cannot be told apart without asking again, and one
// that begins none, or is not listed, is no value: what these take away is at
// most 5 %, or nothing is said. The rest is scaled to one. So the result is
// the distribution under the schema, exact but for the unlisted rest.
func choices(text string, at span, schema json.RawMessage, tokens []sdk.TokenLogprob) []sdk.ChoiceProbabilities {
	var spelled strings.Builder
	for _, t := range tokens {
		spelled.WriteString(t.Token)
	}
	if !strings.HasPrefix(spelled.String(), text) {
		return nil // the tokens are not those of this text
	}
	var out []sdk.ChoiceProbabilities
	for _, l := range leaves(text, at, schema) {
		if p := l.distribution(text, tokens); p != nil {
			out = append(out, *p)
		}
	}
	return out
}

// distribution walks the tokens of one choice; nil where too much is unknown.
func (l leaf) distribution(text string, tokens []sdk.TokenLogprob) *sdk.ChoiceProbabilities {
	resolved := make([]float64, len(l.values))
	alive := make([]int, len(l.values))
	for i := range alive {
		alive[i] = i
	}
	mass, begin := 1.0, 0 // the probability of the tokens so far; where the token begins
	for _, t := range tokens {
		end := begin + len(t.Token)
		if end <= l.from {
			begin = end
			continue
		}
		// The part of the token that lies before the value, and the part of
		// the value that lies before the token.
		before := t.Token[:max(0, l.from-begin)]
		sofar := text[l.from:max(l.from, begin)]
		begins := func(token string) []int {
			rest, ok := strings.CutPrefix(token, before)
			if !ok {
				return nil
			}
			return l.begun(sofar+rest, alive)
		}
		for _, a := range t.Alternatives {
			if a.Token == t.Token {
				continue
			}
			if m := begins(a.Token); len(m) == 1 {
				resolved[m[0]] += mass * math.Exp(float64(a.Logprob))
			}
		}
		mass *= math.Exp(float64(t.Logprob))
		if alive = begins(t.Token); len(alive) == 1 {
			resolved[alive[0]] += mass
			return l.scaled(resolved)
		}
		if len(alive) == 0 {
			return nil
		}
		begin = end
	}
	return nil
}

// begun lists those of some values of which text is the beginning, or which
// are the beginning of text with nothing of the value after them.
func (l leaf) begun(text string, among []int) []int {
	var out []int
	for _, i := range among {
		v := l.values[i]
		rest, ended := strings.CutPrefix(text, v)
		if strings.HasPrefix(v, text) || ended && (l.quoted || strings.ContainsAny(rest[:1], ",]} \t\r\n")) {
			out = append(out, i)
		}
	}
	return out
}

// scaled gives probabilities that add up to one.
func (l leaf) scaled(resolved []float64) *sdk.ChoiceProbabilities {
	sum := 0.0
	for _, p := range resolved {
		sum += p
	}
	if !(sum >= accounted) || sum > 1.01 { // more than one is no distribution
		return nil
	}
	out := sdk.ChoiceProbabilities{Path: l.path}
	for i, v := range l.values {
		if l.quoted {
			v = v[1 : len(v)-1]
		}
		out.Values, out.Probabilities = append(out.Values, v), append(out.Probabilities, float32(resolved[i]/sum))
	}
	return &out
}

// leaves lists the choices of an answer, in its order.
func leaves(text string, at span, schema json.RawMessage) []leaf {
	w := &walker{text: text[:at.to], root: schema, d: json.NewDecoder(strings.NewReader(text[at.from:at.to])), base: at.from}
	w.value("", schema, 0)
	return w.out
}

// walker goes through an answer and its schema side by side.
type walker struct {
	text string
	root json.RawMessage
	d    *json.Decoder
	base int
	out  []leaf
}

// value reads one value; false ends the walk.
func (w *walker) value(path string, schema json.RawMessage, depth int) bool {
	if depth > deepest {
		return false
	}
	from := w.next()
	t, err := w.d.Token()
	if err != nil {
		return false
	}
	s := w.schema(schema)
	switch t {
	case json.Delim('{'):
		properties, _ := readObject(s.get("properties"))
		for w.d.More() {
			name, err := w.d.Token()
			if err != nil {
				return false
			}
			key := fmt.Sprint(name)
			if !w.value(strings.TrimPrefix(path+"."+key, "."), properties.get(key), depth+1) {
				return false
			}
		}
		_, err = w.d.Token()
	case json.Delim('['):
		for i := 0; w.d.More(); i++ {
			if !w.value(strings.TrimPrefix(fmt.Sprintf("%s.%d", path, i), "."), s.get("items"), depth+1) {
				return false
			}
		}
		_, err = w.d.Token()
	default:
		w.leaf(path, s, from, w.base+int(w.d.InputOffset()))
	}
	return err == nil
}

// next is where the next value begins.
func (w *walker) next() int {
	at := w.base + int(w.d.InputOffset())
	return at + len(w.text[at:]) - len(strings.TrimLeft(w.text[at:], " \t\r\n,:"))
}

func (w *walker) schema(raw json.RawMessage) object {
	for range deepest {
		s, err := readObject(raw)
		if err != nil {
			return nil
		}
		ref := words(s.get("$ref"))
		if len(ref) != 1 {
			return s
		}
		if raw, err = follow(w.root, ref[0]); err != nil {
			return nil
		}
	}
	return nil
}

// leaf notes a value if the schema left it open among a few.
func (w *walker) leaf(path string, s object, from, to int) {
	l := leaf{path: path, values: openValues(s), from: from}
	chosen := w.text[from:to]
	if len(l.values) < 2 || len(l.values) > widest || !slices.Contains(l.values, chosen) {
		return
	}
	l.quoted = chosen[0] == '"'
	for _, v := range l.values {
		if (v[0] == '"') != l.quoted || strings.ContainsRune(v, '\\') {
			return // values of several kinds, or written in several ways
		}
	}
	w.out = append(w.out, l)
}

// openValues lists what a schema leaves open, as JSON.
func openValues(s object) []string {
	var out []string
	for _, v := range elements(s.get("enum")) {
		out = append(out, string(v))
	}
	if out != nil {
		return out
	}
	types := words(s.get("type"))
	switch {
	case slices.Equal(types, []string{"boolean"}):
		return []string{"true", "false"}
	case slices.Equal(types, []string{"integer"}):
		low, err1 := strconv.ParseInt(string(s.get("minimum")), 10, 32)
		high, err2 := strconv.ParseInt(string(s.get("maximum")), 10, 32)
		if err1 != nil || err2 != nil || high-low >= widest {
			return nil
		}
		for v := low; v <= high; v++ {
			out = append(out, strconv.FormatInt(v, 10))
		}
	}
	return out
}
