package openaitest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is one without a pool, so that a connection ends with its test.
func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// ask posts a body and gives status, header and answer.
func ask(t *testing.T, url, body string, header ...string) (int, http.Header, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := client(t).Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(out), err
}

const (
	plain  = `{"model":"m","messages":[{"role":"user","content":"Say hello."}],"seed":7}`
	schema = `{"type":"object","properties":{"decision":{"type":"string","enum":["WATCH","SKIP"]},"rating":{"type":"integer","minimum":1,"maximum":5},"reason":{"type":"string"}},"required":["decision","rating","reason"],"additionalProperties":false}`
	asked  = `{"model":"m","messages":[{"role":"user","content":"Decide."}],"seed":7,"logprobs":true,"top_logprobs":5,"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":` + schema + `}}}`
)

// answer is a completion as far as the tests read it.
type answer struct {
	Model   string
	Choices []struct {
		Message struct {
			Content string
			Refusal string
		}
		Finish   string `json:"finish_reason"`
		Logprobs *struct {
			Content []struct {
				Token   string
				Logprob float64
				Top     []struct {
					Token   string
					Logprob float64
				} `json:"top_logprobs"`
			}
		}
	}
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
	}
	Error struct{ Code, Param, Message string }
}

func parse(t *testing.T, body string) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return a
}

// TestAnswers: valid by the schema, the same for the same question, another
// for another seed, with log-probabilities that spell the content.
func TestAnswers(t *testing.T) {
	s := Start(t, Options{CachedTokens: 2, ReasoningTokens: 3})
	_, _, first, err := ask(t, s.URL()+"/chat/completions", asked)
	if err != nil {
		t.Fatal(err)
	}
	_, _, second, _ := ask(t, s.URL()+"/chat/completions", asked)
	if first != second {
		t.Errorf("equal questions:\n%s\n%s", first, second)
	}
	a := parse(t, first)
	var value struct {
		Decision string
		Rating   int
		Reason   *string
	}
	content := a.Choices[0].Message.Content
	if err := json.Unmarshal([]byte(content), &value); err != nil {
		t.Fatal(err)
	}
	if (value.Decision != "WATCH" && value.Decision != "SKIP") || value.Rating < 1 || value.Rating > 5 || value.Reason == nil {
		t.Errorf("not valid by the schema: %s", content)
	}
	text, open := "", 0
	for _, tok := range a.Choices[0].Logprobs.Content {
		text += tok.Token
		if len(tok.Top) > 1 {
			open++
			sum := 0.0
			for _, x := range tok.Top {
				sum += math.Exp(x.Logprob)
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("%q: probabilities add up to %v", tok.Token, sum)
			}
		}
	}
	if text != content || open != 2 {
		t.Errorf("tokens spell %q with %d open choices, want %q with 2", text, open, content)
	}
	if n := len(a.Choices[0].Logprobs.Content) + 3; a.Usage.Completion != n {
		t.Errorf("usage counts %d completion tokens, want %d with reasoning", a.Usage.Completion, n)
	}
	changed := false
	for seed := range 20 {
		_, _, other, _ := ask(t, s.URL()+"/chat/completions", strings.Replace(asked, `"seed":7`, fmt.Sprintf(`"seed":%d`, seed+100), 1))
		changed = changed || parse(t, other).Choices[0].Message.Content != content
	}
	if !changed {
		t.Error("twenty other seeds gave the same answer")
	}
}

// TestBehaviours goes through what a rule can do to one answer.
func TestBehaviours(t *testing.T) {
	for name, c := range map[string]struct {
		do     Behaviour
		status int
		check  func(answer, http.Header, string, error) bool
	}{
		"failing": {Failing(529), 529, func(a answer, _ http.Header, _ string, _ error) bool { return a.Error.Message != "" }},
		"limited": {Limited("Retry-After", "2"), 429, func(a answer, h http.Header, _ string, _ error) bool {
			return h.Get("Retry-After") == "2" && a.Error.Code == "rate_limit_exceeded"
		}},
		"dropped": {Dropped(), 0, func(_ answer, _ http.Header, _ string, err error) bool { return errors.Is(err, io.EOF) }},
		"cut": {Cut(), 200, func(_ answer, _ http.Header, body string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && body != ""
		}},
		"malformed": {Malformed(), 200, func(_ answer, _ http.Header, body string, _ error) bool { return !json.Valid([]byte(body)) }},
		"violating": {Violating(), 200, func(a answer, _ http.Header, _ string, _ error) bool {
			return strings.Contains(a.Choices[0].Message.Content, "unexpected")
		}},
		"truncated": {Truncated(), 200, func(a answer, _ http.Header, _ string, _ error) bool {
			return a.Choices[0].Finish == "length" && !json.Valid([]byte(a.Choices[0].Message.Content))
		}},
		"filtered": {Filtered(), 200, func(a answer, _ http.Header, _ string, _ error) bool { return a.Choices[0].Finish == "content_filter" }},
		"refused":  {Refused(), 200, func(a answer, _ http.Header, _ string, _ error) bool { return a.Choices[0].Message.Refusal != "" }},
		"no usage": {Behaviour{NoUsage: true}, 200, func(a answer, _ http.Header, _ string, _ error) bool { return a.Usage == nil }},
		"usage":    {WrongUsage(), 200, func(a answer, _ http.Header, _ string, _ error) bool { return a.Usage.Prompt < 0 }},
		"redirect": {Redirected("http://127.0.0.1:1/"), 0, func(_ answer, _ http.Header, _ string, err error) bool { return err != nil }},
	} {
		t.Run(name, func(t *testing.T) {
			s := Start(t, Options{})
			s.Rule(Rule{From: 2, Times: 1, Do: c.do})
			for n := 1; n <= 3; n++ {
				status, header, body, err := ask(t, s.URL()+"/chat/completions", asked)
				if n != 2 {
					if status != 200 || err != nil {
						t.Errorf("request %d: %d, %v: want a normal answer", n, status, err)
					}
					continue
				}
				var a answer
				_ = json.Unmarshal([]byte(body), &a) // some have no body
				if status != c.status || !c.check(a, header, body, err) {
					t.Errorf("%d %v %s %v", status, header, body, err)
				}
			}
		})
	}
}

// TestHung: nothing comes until the client goes, or the server.
func TestHung(t *testing.T) {
	s := Start(t, Options{})
	s.Rule(Rule{Do: Hung()})
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"/chat/completions", strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	c := client(t)
	go func() {
		resp, err := c.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	for s.InFlight() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("have %v, want it cancelled", err)
	}
	go func() {
		resp, err := c.Post(s.URL()+"/chat/completions", "application/json", strings.NewReader(plain))
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	for s.Count() < 2 {
		time.Sleep(time.Millisecond)
	}
	s.Close()
	if err := <-done; err == nil {
		t.Error("a closed server answered")
	}
}

// TestRefusals: what a strict provider does not take.
func TestRefusals(t *testing.T) {
	with := func(field string) string { return strings.Replace(plain, `{`, `{`+field+`,`, 1) }
	optional := strings.Replace(asked, `"required":["decision","rating","reason"]`, `"required":["decision"]`, 1)
	for name, c := range map[string]struct {
		options Options
		body    string
		status  int
		code    string
	}{
		"no key":           {Options{Key: "sk"}, plain, 401, "invalid_api_key"},
		"unknown model":    {Options{Models: []string{"other"}}, plain, 404, "model_not_found"},
		"context":          {Options{Context: 8}, plain, 400, "context_length_exceeded"},
		"optional":         {Options{}, optional, 400, "invalid_json_schema"},
		"no schemas":       {Options{Structured: Objects}, asked, 400, ""},
		"no format":        {Options{Structured: Unknown}, with(`"response_format":{"type":"json_object"}`), 400, ""},
		"without the word": {Options{}, with(`"response_format":{"type":"json_object"}`), 400, ""},
		"temperature":      {Options{}, with(`"temperature":3`), 400, ""},
		"reasoning":        {Options{Reasoning: true}, with(`"max_tokens":5`), 400, "unsupported_parameter"},
		"reasoning 0":      {Options{Reasoning: true}, with(`"temperature":0`), 400, "unsupported_value"},
		"no JSON":          {Options{}, `{"model":`, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := Start(t, c.options)
			status, _, body, err := ask(t, s.URL()+"/chat/completions", c.body)
			if err != nil || status != c.status || parse(t, body).Error.Code != c.code {
				t.Errorf("%d %s %v, want %d %s", status, body, err, c.status, c.code)
			}
			if len(s.Paid()) != 0 {
				t.Error("a refusal counts as paid")
			}
		})
	}
}

// TestBooks: bodies are counted by content, whatever the order of their keys;
// only delivered answers are paid for.
func TestBooks(t *testing.T) {
	s := Start(t, Options{Key: "sk"})
	s.Rule(Rule{From: 4, Do: Failing(500)})
	swapped := `{"seed":7,"messages":[{"content":"Say hello.","role":"user"}],"model":"m"}`
	for _, body := range []string{plain, asked, swapped, swapped} {
		if _, _, _, err := ask(t, s.URL()+"/chat/completions", body, "Authorization", "Bearer sk"); err != nil {
			t.Fatal(err)
		}
	}
	paid, twice := s.Paid(), s.PaidTwice()
	if len(paid) != 2 || len(twice) != 1 || paid[twice[0]] != 2 || s.Count() != 4 {
		t.Errorf("paid %v, twice %v, of %d", paid, twice, s.Count())
	}
	if r := s.Requests()[2]; string(r.Body) != swapped || r.Chat.Model != "m" || !r.Delivered || r.Status != 200 {
		t.Errorf("recorded %+v", r)
	}
	s.Reset()
	if s.Count() != 0 {
		t.Error("Reset left requests")
	}
}

func TestMostInFlight(t *testing.T) {
	s := Start(t, Options{Latency: 20 * time.Millisecond})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { _, _, _, _ = ask(t, s.URL()+"/chat/completions", plain) })
	}
	wg.Wait()
	if n := s.MostInFlight(); n < 1 || n > 4 || s.InFlight() != 0 {
		t.Errorf("at most %d in flight, %d now", n, s.InFlight())
	}
}
