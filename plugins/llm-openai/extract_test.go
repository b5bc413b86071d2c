package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestExtract: where the answer is in what a model writes.
func TestExtract(t *testing.T) {
	good := func(v json.RawMessage) bool { return strings.Contains(string(v), `"a"`) }
	for text, want := range map[string]string{
		`{"a":1}`:                 `{"a":1}`,
		"  [1, 2]\n":              `[1, 2]`,
		`7`:                       `7`,
		"```json\n{\"a\":1}\n```": `{"a":1}`,
		"```\n{\"a\":1}\n```\n":   `{"a":1}`,
		"Here:\n```json\n{\"a\":1}\n```\nEnjoy {it}": `{"a":1}`,
		`<think>{"a":0} or [</think>{"a":1}`:         `{"a":1}`,
		`first {"a":1}, no: {"a":2}, see {"b":3}`:    `{"a":2}`,
		`no {"b":1} but [2] here`:                    `{"b":1}`,
		`only [2] here`:                              `[2]`,
		`{{"a":1}}`:                                  `{"a":1}`,
		`nothing`:                                    "",
		`{"a":`:                                      "",
		"":                                           "",
		"``````":                                     "",
		"```json```":                                 "",
	} {
		at, ok := extract(text, good)
		have := ""
		if ok {
			have = text[at.from:at.to]
		}
		if have != want {
			t.Errorf("%q: %q, want %q", text, have, want)
		}
	}
}

func FuzzExtract(f *testing.F) {
	for _, s := range []string{`{"a":1}`, "```json\n[1]\n```", "<think>{</think> {}", strings.Repeat("[", 300), "``` ```", "\u00a0{}\u00a0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, ok := extract(text, func(v json.RawMessage) bool { return len(v)%2 == 0 })
		if ok && !json.Valid([]byte(text[at.from:at.to])) {
			t.Errorf("%q: %q is no JSON", text, text[at.from:at.to])
		}
	})
}
