package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// TestWire: what the body holds, above all the zeros.
func TestWire(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{CachedTokens: 5, ReasoningTokens: 4})
	l, _ := backend(t, options(s,
		"reasoning-effort", "low", "verbosity", "low", "service-tier", "flex", "organization", "org-1", "project", "proj-1",
		"chat-template", map[string]any{"enable_thinking": false}, "extra", map[string]any{"top_k": int64(40)},
	), theKey)
	q := question1("a")
	q.Stop, q.Logprobs = []string{"STOP"}, 3
	r := one(t, l, q)
	if r.Usage.CachedTokens != 5 || r.Usage.ReasoningTokens != 4 || r.Usage.Requests != 1 || r.Model != "m" || r.Fingerprint != "fp_openaitest structured=schema" {
		t.Errorf("%+v", r)
	}
	if len(r.Tokens) == 0 || int64(len(r.Tokens)) > r.Usage.CompletionTokens {
		t.Errorf("%d tokens, usage %+v", len(r.Tokens), r.Usage)
	}
	sent := s.Requests()[0]
	for k, want := range map[string]string{"Authorization": "Bearer " + theKey, "OpenAI-Organization": "org-1", "OpenAI-Project": "proj-1"} {
		if have := sent.Header.Get(k); have != want {
			t.Errorf("header %s: %q, want %q", k, have, want)
		}
	}
	var body map[string]json.RawMessage
	if err := json.Unmarshal(sent.Body, &body); err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{
		"model": `"m"`, "temperature": "0", "top_p": "0", "seed": "7", "max_tokens": "256", "stop": `["STOP"]`, "logprobs": "true", "top_logprobs": "3",
		"reasoning_effort": `"low"`, "verbosity": `"low"`, "service_tier": `"flex"`, "chat_template_kwargs": `{"enable_thinking":false}`, "top_k": "40",
		"messages":        `[{"role":"system","content":"You are a person."},{"role":"user","content":"Decide on ITEM_1: a"}]`,
		"response_format": `{"type":"json_schema","json_schema":{"name":"answer","schema":` + cards + `,"strict":true}}`,
	} {
		if have := string(body[k]); have != want {
			t.Errorf("%s: %s, want %s", k, have, want)
		}
	}
}

// TestAbsent: what the host does not give is not sent.
func TestAbsent(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s), "")
	one(t, l, sdk.ChatRequest{ID: "a", Messages: []sdk.Message{{Role: sdk.RoleUser, Content: "Hello."}}})
	sent := s.Requests()[0]
	if have := string(sent.Body); have != `{"messages":[{"role":"user","content":"Hello."}],"model":"m","stream":false}` {
		t.Errorf("body %s", have)
	}
	if sent.Header.Get("Authorization") != "" {
		t.Error("without a key there is no such header")
	}
}

// TestReasoningModels: the library refuses parameters by a model's name; the
// server is the one to judge, and its judgement names the remedy.
func TestReasoningModels(t *testing.T) {
	for _, model := range []string{"o1-mini", "o3-mini", "gpt-5-mini", "text-davinci-003"} {
		s := openaitest.Start(t, openaitest.Options{})
		l, _ := backend(t, options(s, "model", model), "")
		q := question1("a")
		q.Logprobs = 1
		if r := one(t, l, q); r.Failure != nil || r.Model != model {
			t.Errorf("%s: %+v", model, r.Failure)
		}
	}
	s := openaitest.Start(t, openaitest.Options{Reasoning: true})
	l, _ := backend(t, options(s, "model", "gpt-5-mini", "max-tokens-field", "max_completion_tokens"), "")
	if r := one(t, l, question1("a")); r.Failure == nil || !strings.Contains(r.Failure.Message, `to leave it out: omit = ["temperature"]`) {
		t.Errorf("temperature 0: %+v", r.Failure)
	}
	l, _ = backend(t, options(s, "model", "gpt-5-mini", "max-tokens-field", "max_completion_tokens", "omit", []any{"temperature", "top_p"}), "")
	if r := one(t, l, question1("a")); r.Failure != nil || r.JSON == nil {
		t.Errorf("without temperature: %+v", r.Failure)
	}
}

// TestAzure: deployment in the path, key in its own header.
func TestAzure(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{Key: theKey, Models: []string{"mine", "vectors"}})
	o := sdk.Options{"base-url": s.AzureURL(), "api-version": "2024-10-21", "deployment": "mine", "embedding-model": "vectors"}
	l, _ := backend(t, o, theKey)
	if r := one(t, l, question1("a")); r.Failure != nil {
		t.Errorf("%+v", r.Failure)
	}
	if _, err := l.Embed(t.Context(), []string{"a"}); err != nil {
		t.Error(err)
	}
	sent := s.Requests()
	if q := sent[0]; q.Path != "/chat/completions" || q.Model != "mine" || q.Query != "api-version=2024-10-21" || q.Header.Get("Authorization") != "" || !strings.Contains(string(q.Body), "max_completion_tokens") {
		t.Errorf("%s %s %s %v", q.Path, q.Model, q.Query, q.Header)
	}
	if sent[1].Model != "vectors" {
		t.Errorf("embeddings of %s", sent[1].Model)
	}
}

// TestRedirectKeepsTheKey: nothing at all is sent to where a redirect leads,
// be it one that repeats the request or one that turns it into a GET.
func TestRedirectKeepsTheKey(t *testing.T) {
	thief := openaitest.Start(t, openaitest.Options{})
	for _, status := range []int{302, 307} {
		for _, azure := range []string{"", "2024-10-21"} {
			s := openaitest.Start(t, openaitest.Options{})
			do := openaitest.Redirected(thief.URL() + "/chat/completions")
			do.Status = status
			s.Rule(openaitest.Rule{Path: "*", Do: do})
			base := s.URL()
			if azure != "" {
				base = s.AzureURL()
			}
			l, _ := backend(t, sdk.Options{"base-url": base, "api-version": azure}, theKey)
			if r := one(t, l, question1("a")); r.Failure == nil || r.Failure.Status != status {
				t.Errorf("%+v", r.Failure)
			}
			if _, err := l.Embed(t.Context(), []string{"a"}); err == nil {
				t.Error("embeddings follow a redirect")
			}
			if _, err := l.WatchTune(t.Context(), "job", 0, nil); err == nil {
				t.Error("a watch follows a redirect")
			}
		}
	}
	if n := len(thief.Requests()); n != 0 {
		t.Errorf("%d requests followed the redirect", n)
	}
}
