package openaitest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Options describe a server. The zero value plays a hosted provider that wants
// no key and knows every model.
type Options struct {
	Address    string     // "": a free port of 127.0.0.1; a given one lets a server come back
	Key        string     // requests without it are answered 401; "": none is wanted
	Models     []string   // those that exist; nil: any
	Structured Structured // what becomes of response_format
	Refusal    *Behaviour // of a response_format that is not known; nil: a 400 that names the parameter
	Reasoning  bool       // the models refuse max_tokens, logprobs and any temperature but 1
	Context    int        // prompt tokens that fit; 0: any number

	Latency time.Duration // of every answer, unless a rule says otherwise
	Rate    *Rate         // nil: no limit

	// Answer supplies the content of an answer; ok false leaves it to the
	// generator. It is called from many goroutines.
	Answer func(Chat) (content string, ok bool)

	CachedTokens    int64 // reported of every prompt, at most its tokens
	ReasoningTokens int64 // reported of, and added to, every completion

	Tuning Tuning
}

// Structured is what a server makes of response_format.
type Structured int

// From the best to the oldest servers.
const (
	Schemas Structured = iota // json_schema and json_object
	Objects                   // json_object; json_schema is refused
	Unknown                   // any response_format but text is refused
	Ignored                   // accepted, and ignored
)

// bodyLimit is more than any request of a test.
const bodyLimit = 64 << 20

// Server is a running server. Its methods may be called from any goroutine.
type Server struct {
	options  Options
	listener net.Listener
	http     *http.Server
	served   chan struct{}  // closed when Serve has returned
	quit     chan struct{}  // closed by Close: hung requests end
	handlers sync.WaitGroup // net/http does not wait for them

	mu       sync.Mutex
	closed   bool
	rules    []*rule
	requests []*Request
	inFlight int
	most     int
	bucket   *bucket
	files    map[string]*file
	jobs     map[string]*job
}

// New starts a server. Whoever starts it closes it.
func New(o Options) (*Server, error) {
	address := o.Address
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("openaitest: %w", err)
	}
	s := &Server{
		options: o, listener: l, served: make(chan struct{}), quit: make(chan struct{}),
		files: map[string]*file{}, jobs: map[string]*job{},
	}
	if o.Rate != nil {
		s.bucket = newBucket(*o.Rate, time.Now())
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	go func() {
		defer close(s.served)
		_ = s.http.Serve(l) // ends by Close
	}()
	return s, nil
}

// Start is New for a test that ends with the server.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// URL is the base URL, with /v1 and no slash at its end.
func (s *Server) URL() string { return "http://" + s.Address() + "/v1" }

// AzureURL is the base URL for clients that speak Azure's dialect.
func (s *Server) AzureURL() string { return "http://" + s.Address() }

// Address is host and port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close ends the server as a crash would: connections break, hung requests
// end. It waits for every goroutine of the server's. A second call does nothing.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.quit)
		_ = s.http.Close()
	}
	<-s.served
	s.handlers.Wait()
}

// serve reads and records a request, finds what to do, and does it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	s.handlers.Add(1)
	s.mu.Unlock()
	defer s.handlers.Done()

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		return // the client went away
	}
	record := s.begin(r, body)
	defer s.end(record)
	reply := s.reply(record)
	if reply.Latency > 0 && !s.sleep(r.Context(), reply.Latency) {
		return
	}
	s.send(w, r, record, reply)
}

// reply decides on an answer: what a rule plans; else what a provider checks
// before it works; else the answer itself.
func (s *Server) reply(r *Request) Behaviour {
	planned := s.plan(r)
	if planned.Hang || planned.Drop || planned.Status != 0 {
		return planned
	}
	header := http.Header{}
	out := s.refuse(r, header)
	if out == nil {
		out = s.route(r, planned)
	}
	if planned.Body != "" && out.Status == http.StatusOK {
		out.Body = planned.Body
	}
	out.Latency, out.Cut, out.Header = planned.Latency, planned.Cut, merged(header, planned.Header)
	return *out
}

// send writes an answer, or breaks off as it was told to.
func (s *Server) send(w http.ResponseWriter, r *http.Request, record *Request, b Behaviour) {
	switch {
	case b.Hang:
		select {
		case <-r.Context().Done():
		case <-s.quit:
		}
		panic(http.ErrAbortHandler)
	case b.Drop:
		panic(http.ErrAbortHandler)
	}
	body := b.Body
	if body == "" && b.Status >= http.StatusBadRequest {
		body = errorBody(b)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	for k, v := range b.Header {
		h[k] = v
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	s.mark(record, b.Status, false)
	w.WriteHeader(b.Status)
	if b.Cut {
		_, _ = io.WriteString(w, body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	// Before the last byte: a client that has it may look into the books, or
	// send the next request.
	s.mark(record, b.Status, true)
	s.end(record)
	_, err := io.WriteString(w, body)
	if err == nil {
		err = http.NewResponseController(w).Flush()
	}
	if err != nil {
		s.mark(record, b.Status, false)
	}
}

// sleep waits, but not for a client that has gone.
func (s *Server) sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.quit:
	}
	return false
}
