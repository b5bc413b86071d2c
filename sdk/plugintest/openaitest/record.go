package openaitest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// Request is one that reached the server.
type Request struct {
	N         int // from 1, in order of arrival
	Method    string
	Path      string // without Azure's prefix or /v1: "/chat/completions"
	Query     string
	Model     string // Azure: the deployment
	Header    http.Header
	Body      []byte
	Canonical string // hash of path and of the body with its keys in order
	Chat      *Chat  // of a chat completion that could be read
	Status    int    // of the answer; 0: none was begun
	Delivered bool   // the answer was written to its end
	Left      bool   // no longer in flight
}

// begin records a request.
func (s *Server) begin(r *http.Request, body []byte) *Request {
	path, deployment := strip(r.URL.Path)
	record := &Request{Method: r.Method, Path: path, Query: r.URL.RawQuery, Model: deployment, Header: r.Header.Clone(), Body: body}
	if path == chatPath {
		if c, err := readChat(body); err == nil {
			record.Chat = c
		}
	}
	if record.Model == "" {
		record.Model = modelOf(body)
	}
	sum := sha256.Sum256(append([]byte(r.Method+" "+r.URL.Path+"\n"), canonical(body)...))
	record.Canonical = hex.EncodeToString(sum[:8])
	s.mu.Lock()
	defer s.mu.Unlock()
	record.N = len(s.requests) + 1
	s.requests = append(s.requests, record)
	s.inFlight++
	s.most = max(s.most, s.inFlight)
	return record
}

// end takes a request out of flight, once.
func (s *Server) end(r *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.Left {
		r.Left = true
		s.inFlight--
	}
}

func (s *Server) mark(r *Request, status int, delivered bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Status, r.Delivered = status, delivered
}

// Requests gives all that came so far, in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Request, len(s.requests))
	for i, r := range s.requests {
		out[i] = *r
	}
	return out
}

// Count counts the chat completions that came, whatever became of them.
func (s *Server) Count() int {
	n := 0
	for _, r := range s.Requests() {
		if r.Path == chatPath {
			n++
		}
	}
	return n
}

// Paid counts, by canonical request, the chat completions whose answer was
// written to its end with status 200: those a provider charges for. An answer
// that the client did not live to read is among them.
func (s *Server) Paid() map[string]int {
	out := map[string]int{}
	for _, r := range s.Requests() {
		if r.Path == chatPath && r.Status == http.StatusOK && r.Delivered {
			out[r.Canonical]++
		}
	}
	return out
}

// PaidTwice lists the canonical requests of Paid that count more than one.
func (s *Server) PaidTwice() []string {
	var out []string
	for key, n := range s.Paid() {
		if n > 1 {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return out
}

// MostInFlight is the largest number of requests at work at one time.
func (s *Server) MostInFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

// InFlight is the number of requests at work now.
func (s *Server) InFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inFlight
}

// Reset forgets requests and rules. Files and jobs stay.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests, s.rules, s.most = nil, nil, s.inFlight
}

// canonical gives a JSON body with the keys of every object in order; any
// other body as it is.
func canonical(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body
	}
	out, err := json.Marshal(v)
	if err != nil {
		return body
	}
	return out
}

// strip takes the prefixes off a path; a deployment is Azure's model.
func strip(path string) (rest, deployment string) {
	if rest, ok := strings.CutPrefix(path, "/v1"); ok {
		return rest, ""
	}
	rest, ok := strings.CutPrefix(path, "/openai")
	if !ok {
		return path, ""
	}
	if name, ok := strings.CutPrefix(rest, "/deployments/"); ok {
		deployment, rest, _ = strings.Cut(name, "/")
		rest = "/" + rest
	}
	return rest, deployment
}

func modelOf(body []byte) string {
	var named struct {
		Model string `json:"model"`
	}
	_ = json.Unmarshal(body, &named) // a body without a model is refused later
	return named.Model
}
