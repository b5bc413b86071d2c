package main

import (
	"encoding/json"
	"strings"
)

// Most tries and values when an answer is looked for in a text: a text full
// of brackets must not cost the square of its length.
const (
	extractTries  = 200
	extractValues = 50
)

// span is a part of a text.
type span struct{ from, to int }

// extract finds the answer in a text that may hold other words: thoughts
// before it, a fence around it, a farewell after it. The last value that good
// accepts is taken, since models correct themselves; else the last object,
// else the last list. A text that is JSON as a whole is taken as it is.
func extract(text string, good func(json.RawMessage) bool) (span, bool) {
	from := 0
	if i := strings.LastIndex(text, "</think>"); i >= 0 {
		from = i + len("</think>")
	}
	if s, ok := whole(text, from); ok {
		return s, true
	}
	var best span
	rank := 0
	for tries, values := 0, 0; tries < extractTries && values < extractValues; tries++ {
		i := strings.IndexAny(text[from:], "{[")
		if i < 0 {
			break
		}
		from += i
		d := json.NewDecoder(strings.NewReader(text[from:]))
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			from++
			continue
		}
		values++
		at := span{from, from + int(d.InputOffset())}
		r := 1
		if raw[0] == '{' {
			r = 2
		}
		if good(raw) {
			r = 3
		}
		if r >= rank {
			best, rank = at, r
		}
		from = at.to
	}
	return best, rank > 0
}

// whole takes a text that is one JSON value but for space and a fence.
func whole(text string, from int) (span, bool) {
	s := trimmed(text, span{from, len(text)})
	if body := text[s.from:s.to]; strings.HasPrefix(body, "```") && strings.HasSuffix(body, "```") && len(body) > 6 {
		line := strings.IndexByte(body, '\n')
		if line < 0 || line > len(body)-3 {
			return span{}, false
		}
		s = trimmed(text, span{s.from + line, s.to - 3})
	}
	return s, s.from < s.to && json.Valid([]byte(text[s.from:s.to]))
}

func trimmed(text string, s span) span {
	const space = " \t\r\n"
	body := text[s.from:s.to]
	s.from += len(body) - len(strings.TrimLeft(body, space))
	s.to = s.from + len(strings.TrimRight(text[s.from:s.to], space))
	return s
}
