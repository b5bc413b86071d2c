package openaitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Behaviour is one way to answer. The zero value is the normal one.
type Behaviour struct {
	Latency time.Duration // before the answer; 0: the server's

	Hang bool // no answer until the client goes
	Drop bool // the connection ends before the first byte
	Cut  bool // the connection ends in the middle of the body

	Status  int // not 0: an error of this status instead of an answer
	Type    string
	Code    string
	Param   string
	Message string
	Header  http.Header // added to whatever is answered
	Body    string      // instead of the body, verbatim

	Content string // of the answer, instead of a generated one
	Finish  string // "length" also cuts the content in half
	Refusal string // the model declines in these words
	Usage   json.RawMessage
	NoUsage bool
}

// Rule brings a behaviour about.
type Rule struct {
	Path  string              // "": /chat/completions; "*": any
	Match func(*Request) bool // nil: any; it must not call the server
	From  int                 // the first of the matching requests, from 1; 0: 1
	Times int                 // how many of them; 0: all
	Every int                 // only every so many of them; 0: each
	Do    Behaviour
}

// rule counts its matches.
type rule struct {
	Rule
	seen, done int
}

// Rule adds rules; the first that applies to a request wins.
func (s *Server) Rule(rs ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rs {
		s.rules = append(s.rules, &rule{Rule: r})
	}
}

// plan finds the behaviour of a request.
func (s *Server) plan(r *Request) Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := Behaviour{}
	for _, x := range s.rules {
		if x.applies(r) {
			b = x.Do
			break
		}
	}
	if b.Latency == 0 {
		b.Latency = s.options.Latency
	}
	return b
}

func (x *rule) applies(r *Request) bool {
	path := x.Path
	if path == "" {
		path = chatPath
	}
	if path != "*" && path != r.Path || x.Match != nil && !x.Match(r) {
		return false
	}
	x.seen++
	at := x.seen - max(1, x.From)
	if at < 0 || x.Every > 1 && at%x.Every != 0 || x.Times > 0 && x.done >= x.Times {
		return false
	}
	x.done++
	return true
}

// Slow answers normally, later.
func Slow(d time.Duration) Behaviour { return Behaviour{Latency: d} }

// Failing answers an error such as 500, 502, 503 or 529.
func Failing(status int) Behaviour {
	return Behaviour{Status: status, Type: "server_error", Message: "The server had an error while processing your request."}
}

// Limited answers 429. Header holds key and value in turn, such as
// "Retry-After", "2"; none: the client is not told how long to wait.
func Limited(header ...string) Behaviour {
	b := Behaviour{Status: http.StatusTooManyRequests, Type: "requests", Code: "rate_limit_exceeded", Message: "Rate limit reached.", Header: http.Header{}}
	for i := 0; i+1 < len(header); i += 2 {
		b.Header.Set(header[i], header[i+1])
	}
	return b
}

// Hung never answers.
func Hung() Behaviour { return Behaviour{Hang: true} }

// Dropped closes the connection before the answer.
func Dropped() Behaviour { return Behaviour{Drop: true} }

// Cut closes the connection in the middle of the answer.
func Cut() Behaviour { return Behaviour{Cut: true} }

// Malformed answers 200 with a body that is no JSON.
func Malformed() Behaviour { return Behaviour{Body: `{"id":"chatcmpl-1","choices":[{"message":`} }

// Violating answers JSON that no schema with required properties allows.
func Violating() Behaviour { return Behaviour{Content: `{"unexpected":[1,2,3]}`} }

// Truncated answers half of what it should, at the limit of tokens.
func Truncated() Behaviour { return Behaviour{Finish: "length"} }

// Filtered answers nothing: a filter took it away.
func Filtered() Behaviour { return Behaviour{Finish: "content_filter"} }

// Refused answers with a refusal.
func Refused() Behaviour { return Behaviour{Refusal: "I cannot help with that."} }

// Redirected sends the client to another address.
func Redirected(to string) Behaviour {
	return Behaviour{Status: http.StatusTemporaryRedirect, Header: http.Header{"Location": {to}}}
}

// WrongUsage answers with numbers of tokens that cannot be.
func WrongUsage() Behaviour {
	return Behaviour{Usage: json.RawMessage(`{"prompt_tokens":-5,"completion_tokens":9000000000000,"total_tokens":1,"prompt_tokens_details":{"cached_tokens":77},"completion_tokens_details":{"reasoning_tokens":-1}}`)}
}

// errorBody is an error as OpenAI words it.
func errorBody(b Behaviour) string {
	null := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	kind := b.Type
	if kind == "" {
		kind = "invalid_request_error"
	}
	out, err := json.Marshal(map[string]any{"error": map[string]any{"message": b.Message, "type": kind, "param": null(b.Param), "code": null(b.Code)}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(out)
}

// wrong is a 400.
func wrong(param, code, format string, args ...any) *Behaviour {
	return &Behaviour{Status: http.StatusBadRequest, Param: param, Code: code, Message: fmt.Sprintf(format, args...)}
}

// merged gives both headers; what was planned wins.
func merged(a, b http.Header) http.Header {
	out := a.Clone()
	for k, v := range b {
		out[k] = v
	}
	return out
}
