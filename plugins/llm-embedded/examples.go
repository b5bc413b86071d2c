package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/alignuser/alignuser/sdk"
)

// message is a turn of the chat fine-tuning format.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// example is a line of a training file: a chat whose last turn is the answer, or a
// prompt with a chosen and a rejected answer. The schema of the answer may stand
// beside it, as providers take it in requests.
type example struct {
	Messages []message `json:"messages"`
	Prompt   []message `json:"prompt"`
	Chosen   []message `json:"chosen"`
	Rejected []message `json:"rejected"`
	Weight   *float64  `json:"weight"`
	Format   struct {
		Schema struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
}

// maxLine bounds one example, and maxExamples a file.
const (
	maxLine     = 4 << 20
	maxExamples = 2_000_000
)

// read gives the examples of a file; errors name the line.
func readExamples(ctx context.Context, path, format string, each func(n int, e example) error) error {
	f, err := os.Open(path)
	if err != nil {
		return sdk.Invalidf("", "training file: %v", err)
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 1<<16), maxLine)
	n, found := 0, 0
	for in.Scan() {
		n++
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		if found++; found > maxExamples {
			return sdk.Invalidf("", "%s: more than %d examples", path, maxExamples)
		}
		var e example
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			return sdk.Invalidf("", "%s:%d: want a line of JSON: %v", path, n, err)
		}
		if err := e.check(format); err != nil {
			return sdk.Invalidf("", "%s:%d: %v", path, n, err)
		}
		if err := each(n, e); err != nil {
			return sdk.Invalidf("", "%s:%d: %v", path, n, err)
		}
	}
	if err := in.Err(); err != nil {
		return sdk.Invalidf("", "%s:%d: %v", path, n+1, err)
	}
	if found == 0 {
		return sdk.Invalidf("", "%s: no examples", path)
	}
	return nil
}

func (e example) check(format string) error {
	switch {
	case e.Weight != nil && !(*e.Weight >= 0 && *e.Weight < 1e6):
		return fmt.Errorf("weight %v: want at least 0", *e.Weight)
	case format == "chat" && (len(e.Messages) < 2 || e.Messages[len(e.Messages)-1].Role != "assistant"):
		return errors.New("want messages that end with one of role assistant")
	case format == "pairs" && (len(e.Prompt) == 0 || len(e.Chosen) != 1 || len(e.Rejected) != 1):
		return errors.New("want prompt, chosen and rejected, the last two of one message each")
	}
	return nil
}

// leaf is one choice of an answer.
type leaf struct {
	path, word string
}

// leaves lists the scalars of a JSON answer in the order in which they stand.
func leaves(answer string) ([]leaf, error) {
	d := json.NewDecoder(bytes.NewReader([]byte(answer)))
	d.UseNumber()
	var out []leaf
	if err := walk(d, "", &out, 0); err != nil {
		return nil, fmt.Errorf("the answer is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the answer is more than one JSON value")
	}
	return out, nil
}

func walk(d *json.Decoder, path string, out *[]leaf, depth int) error {
	if depth > maxDepth || len(*out) > maxChoices {
		return errors.New("too large")
	}
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		for i := 0; d.More(); i++ {
			name := strconv.Itoa(i)
			if t == '{' {
				key, err := d.Token()
				if err != nil {
					return err
				}
				name, _ = key.(string)
			}
			if err := walk(d, join(path, name), out, depth+1); err != nil {
				return err
			}
		}
		_, err := d.Token() // the closing one
		return err
	case string:
		*out = append(*out, leaf{path, t})
	case json.Number:
		*out = append(*out, leaf{path, t.String()})
	case bool:
		*out = append(*out, leaf{path, strconv.FormatBool(t)})
	case nil:
		*out = append(*out, leaf{path, "null"})
	}
	return nil
}

// maxSeen is how many different words a field may have in a training file and still
// be a choice; beyond it is free text.
const maxSeen = 64

// vocabulary is the values of each field, as the file shows them.
type vocabulary map[string][]string

// learn adds the answer's values.
func (v vocabulary) learn(answer string) error {
	all, err := leaves(answer)
	if err != nil {
		return err
	}
	for _, l := range all {
		field, _, _ := fieldOf(l.path)
		if seen := v[field]; len(seen) <= maxSeen && !slices.Contains(seen, l.word) {
			v[field] = append(seen, l.word)
		}
	}
	return nil
}

// close sorts the values, so that their order does not depend on the file's, fills
// the gaps of small whole numbers, and drops fields of free text.
func (v vocabulary) close() {
	for field, seen := range v {
		lo, hi, whole := math.MaxInt, math.MinInt, true
		for _, w := range seen {
			n, err := strconv.Atoi(w)
			whole = whole && err == nil
			lo, hi = min(lo, n), max(hi, n)
		}
		if whole && hi-lo < maxSeen {
			v[field] = nil
			for n := lo; n <= hi; n++ {
				v[field] = append(v[field], strconv.Itoa(n))
			}
			continue
		}
		if len(seen) > maxSeen {
			delete(v, field)
			continue
		}
		slices.Sort(seen)
	}
}
