package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest/openaitest"
)

// TestMatrix plays every misbehaviour to one real process of the plugin. Each
// question is sent once, whatever happens, and the next one is answered.
func TestMatrix(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{Key: theKey})
	l, _ := backend(t, options(s), theKey)
	date := time.Now().UTC().Truncate(time.Second)
	limits := []string{
		"X-RateLimit-Limit-Requests", "60", "X-RateLimit-Remaining-Requests", "0", "X-RateLimit-Reset-Requests", "1s",
		"X-RateLimit-Limit-Tokens", "150000", "X-RateLimit-Remaining-Tokens", "149984", "X-RateLimit-Reset-Tokens", "6m0s",
	}
	failure := func(status int, charged bool, after time.Duration, words string) func(sdk.GenerateResult) string {
		return func(r sdk.GenerateResult) string {
			f := r.Failure
			if f == nil || f.Status != status || f.Charged != charged || f.RetryAfter != after || !strings.Contains(f.Message, words) || r.Text != "" || r.JSON != nil {
				return fmt.Sprintf("want status %d, charged %v, after %s, %q", status, charged, after, words)
			}
			return ""
		}
	}
	answered := func(is func(sdk.GenerateResult) bool, want string) func(sdk.GenerateResult) string {
		return func(r sdk.GenerateResult) string {
			if r.Failure != nil || !is(r) {
				return "want " + want
			}
			return ""
		}
	}
	for name, c := range map[string]struct {
		do    openaitest.Behaviour
		check func(sdk.GenerateResult) string
	}{
		"normal":       {openaitest.Behaviour{}, answered(func(r sdk.GenerateResult) bool { return r.JSON != nil && r.Finish == sdk.FinishStop }, "an answer")},
		"slow":         {openaitest.Slow(30 * time.Millisecond), answered(func(r sdk.GenerateResult) bool { return r.Usage.ProviderWait >= 30*time.Millisecond }, "an answer and how long it took")},
		"429":          {openaitest.Limited(), failure(429, false, 0, "Rate limit")},
		"429 seconds":  {openaitest.Limited("Retry-After", "2"), failure(429, false, 2*time.Second, "Rate limit")},
		"429 fraction": {openaitest.Limited("Retry-After", "0.25"), failure(429, false, 250*time.Millisecond, "")},
		"429 ms":       {openaitest.Limited("Retry-After", "9", "Retry-After-Ms", "120"), failure(429, false, 120*time.Millisecond, "")},
		"429 date": {
			openaitest.Limited("Date", date.Format(http.TimeFormat), "Retry-After", date.Add(7*time.Second).Format(http.TimeFormat)),
			failure(429, false, 7*time.Second, ""),
		},
		"429 nonsense": {openaitest.Limited("Retry-After", "soon"), failure(429, false, 0, "")},
		"429 negative": {openaitest.Limited("Retry-After", "-3"), failure(429, false, 0, "")},
		"429 limits": {openaitest.Limited(limits...), func(r sdk.GenerateResult) string {
			want := sdk.RateLimits{
				RequestsLimit: 60, RequestsRemaining: 0, RequestsReset: time.Second,
				TokensLimit: 150000, TokensRemaining: 149984, TokensReset: 6 * time.Minute,
			}
			if r.Failure == nil || r.RateLimits == nil || *r.RateLimits != want {
				return fmt.Sprintf("want limits %+v", want)
			}
			return ""
		}},
		"no credit": {
			openaitest.Behaviour{Status: 429, Code: "insufficient_quota", Message: "You exceeded your quota.", Header: http.Header{"Retry-After": {"1"}}},
			failure(402, false, 0, "You exceeded your quota. [insufficient_quota]"),
		},
		"500":       {openaitest.Failing(500), failure(500, false, 0, "had an error")},
		"502 page":  {openaitest.Behaviour{Status: 502, Body: "<html>\n<h1>Bad  gateway</h1></html>"}, failure(502, false, 0, "<html> <h1>Bad gateway</h1></html>")},
		"503 wait":  {openaitest.Behaviour{Status: 503, Message: "busy", Header: http.Header{"Retry-After": {"1"}}}, failure(503, false, time.Second, "busy")},
		"529":       {openaitest.Failing(529), failure(529, false, 0, "")},
		"detail":    {openaitest.Behaviour{Status: 500, Body: `{"detail":[{"msg":"field required"}]}`}, failure(500, false, 0, "field required")},
		"not UTF-8": {openaitest.Behaviour{Status: 500, Body: "not\xffutf8"}, failure(500, false, 0, "not\uFFFDutf8")},
		"dropped":   {openaitest.Dropped(), failure(0, false, 0, "no answer from")},
		"cut":       {openaitest.Cut(), failure(200, true, 0, "broke off")},
		"malformed": {openaitest.Malformed(), failure(200, true, 0, "cannot be used")},
		"no choices": {
			openaitest.Behaviour{Body: `{"error":{"message":"upstream is down","code":502}}`},
			failure(200, true, 0, "upstream is down"),
		},
		"violation": {openaitest.Violating(), answered(func(r sdk.GenerateResult) bool { return strings.Contains(string(r.JSON), "unexpected") }, "the JSON as it came")},
		"no JSON": {
			openaitest.Behaviour{Content: "I would rather not say."},
			answered(func(r sdk.GenerateResult) bool { return r.JSON == nil && r.Text == "I would rather not say." }, "the text and no JSON"),
		},
		"truncated": {openaitest.Truncated(), answered(func(r sdk.GenerateResult) bool { return r.Finish == sdk.FinishLength && r.JSON == nil && r.Text != "" }, "a cut answer")},
		"truncated behind an object": {
			// Half of this is cut off; the object of ITEM_1 is whole.
			openaitest.Behaviour{Finish: "length", Content: `{"ITEM_1":{"decision":"WATCH","rating":3},"reason":"` + strings.Repeat("on and on ", 20) + `"}`},
			answered(func(r sdk.GenerateResult) bool {
				return r.Finish == sdk.FinishLength && r.JSON == nil && strings.Contains(r.Text, `"rating":3},`)
			}, "no piece of the answer for the whole"),
		},
		"filtered": {openaitest.Filtered(), answered(func(r sdk.GenerateResult) bool { return r.Finish == sdk.FinishFilter && r.JSON == nil }, "a filtered answer")},
		"prompt filtered": {
			openaitest.Behaviour{Status: 400, Code: "content_filter", Message: "The response was filtered."},
			answered(func(r sdk.GenerateResult) bool { return r.Finish == sdk.FinishFilter && r.Model == "m" }, "a filtered answer"),
		},
		"refused": {openaitest.Refused(), answered(func(r sdk.GenerateResult) bool {
			return r.Finish == sdk.FinishRefusal && r.JSON == nil && r.Text != ""
		}, "a refusal in words")},
		"no usage": {openaitest.Behaviour{NoUsage: true}, answered(func(r sdk.GenerateResult) bool {
			return r.Usage.PromptTokens > 0 && r.Usage.CompletionTokens > 0 && strings.Contains(r.Fingerprint, "usage=estimated")
		}, "an estimate that says so")},
		"wrong usage": {openaitest.WrongUsage(), answered(func(r sdk.GenerateResult) bool {
			u := r.Usage
			return u.PromptTokens > 0 && u.CompletionTokens > 0 && u.CompletionTokens < 1000 && u.ReasoningTokens == 0 &&
				u.CachedTokens <= u.PromptTokens && strings.Contains(r.Fingerprint, "usage=estimated")
		}, "an estimate that says so")},
		"redirect": {openaitest.Redirected("http://elsewhere.example/v1?key=1"), failure(307, false, 0, "http://elsewhere.example/v1:")},
		"401":      {openaitest.Behaviour{Status: 401, Code: "invalid_api_key", Message: "Incorrect API key provided: " + theKey}, failure(401, false, 0, "[key]")},
		"404":      {openaitest.Behaviour{Status: 404, Code: "model_not_found", Message: "no such model"}, failure(404, false, 0, `is there a model "m"`)},
		"context": {
			openaitest.Behaviour{Status: 400, Code: "context_length_exceeded", Param: "messages", Message: "too long"},
			failure(400, false, 0, "context_length_exceeded"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.Reset()
			s.Rule(openaitest.Rule{From: 2, Times: 1, Do: c.do})
			for n := 1; n <= 3; n++ {
				r := one(t, l, question1(fmt.Sprint(n)))
				if n != 2 {
					if r.Failure != nil || r.JSON == nil {
						t.Errorf("question %d: %+v %+v: want a normal answer", n, r, r.Failure)
					}
					continue
				}
				if wrong := c.check(r); wrong != "" {
					t.Errorf("%+v, failure %+v: %s", r, r.Failure, wrong)
				}
			}
			if n := s.Count(); n != 3 {
				t.Errorf("%d requests for 3 questions", n)
			}
		})
	}
}

// TestTimeout: a server that hangs costs the timeout and no more, and the
// plugin does not ask again.
func TestTimeout(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	s.Rule(openaitest.Rule{Do: openaitest.Hung()})
	l, _ := backend(t, options(s, "timeout", "60ms"), "")
	r := one(t, l, question1("a"))
	if r.Failure == nil || r.Failure.Status != 0 || !strings.Contains(r.Failure.Message, "no answer within 60ms (option timeout)") {
		t.Errorf("%+v", r.Failure)
	}
	if n := s.Count(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

// TestGone: nobody listens.
func TestGone(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s), "")
	s.Close()
	r := one(t, l, question1("a"))
	if r.Failure == nil || r.Failure.Status != 0 || !strings.Contains(r.Failure.Message, "is the server running?") {
		t.Errorf("%+v", r.Failure)
	}
}

// TestCrashBetween: a connection that died while it was idle is not a reason
// to send a question twice, and the next one finds its way.
func TestCrashBetween(t *testing.T) {
	s := openaitest.Start(t, openaitest.Options{})
	l, _ := backend(t, options(s), "")
	s.Rule(openaitest.Rule{From: 2, Times: 1, Do: openaitest.Dropped()}) // on a connection that was used before
	for i, failed := range []bool{false, true, false} {
		if r := one(t, l, question1(fmt.Sprint(i))); (r.Failure != nil) != failed {
			t.Errorf("question %d: failure %+v", i, r.Failure)
		}
	}
	if n := s.Count(); n != 3 {
		t.Errorf("%d requests for 3 questions", n)
	}
}

// TestErrorsWithRemedy: what a user does wrong, and what helps.
func TestErrorsWithRemedy(t *testing.T) {
	for name, c := range map[string]struct {
		server openaitest.Options
		key    string
		words  string
	}{
		"no key":      {openaitest.Options{Key: theKey}, "", `no key was granted: secrets = { api-key = "NAME_OF_A_VARIABLE" }`},
		"wrong key":   {openaitest.Options{Key: "another"}, theKey, "is the key right, and meant for this base-url?"},
		"model":       {openaitest.Options{Models: []string{"x"}}, "", `is there a model "m"`},
		"context":     {openaitest.Options{Context: 5}, "", "maximum context length is 5 tokens"},
		"limit field": {openaitest.Options{Reasoning: true}, "", "see option max-tokens-field"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openaitest.Start(t, c.server)
			l, _ := backend(t, options(s), c.key)
			if r := one(t, l, question1("a")); r.Failure == nil || !strings.Contains(r.Failure.Message, c.words) {
				t.Errorf("%+v: want %q", r.Failure, c.words)
			}
			if n := s.Count(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}
