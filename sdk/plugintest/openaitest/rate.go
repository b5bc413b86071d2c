package openaitest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Wait is how a 429 says how long to wait.
type Wait int

// The ways in use.
const (
	NoWait       Wait = iota // it does not say
	WaitSeconds              // Retry-After: whole seconds, rounded up
	WaitDate                 // Retry-After: a date
	WaitMillis               // retry-after-ms
	WaitFraction             // Retry-After: seconds with a fraction
)

// Rate is a limit of requests, kept by a token bucket: Burst may come at once,
// then PerSecond. A refused request costs nothing.
type Rate struct {
	PerSecond float64
	Burst     int
	Headers   bool // x-ratelimit-* on every answer
	Wait      Wait // on a refusal
}

// bucket is a token bucket. The server's lock guards it.
type bucket struct {
	Rate
	tokens float64
	at     time.Time
}

func newBucket(r Rate, now time.Time) *bucket {
	return &bucket{Rate: r, tokens: float64(r.Burst), at: now}
}

// take takes a token, or says how long it is until there is one.
func (b *bucket) take(now time.Time) (wait time.Duration, ok bool) {
	b.tokens = min(float64(b.Burst), b.tokens+now.Sub(b.at).Seconds()*b.PerSecond)
	b.at = now
	if b.tokens >= 1 {
		b.tokens--
		return 0, true
	}
	return time.Duration((1 - b.tokens) / b.PerSecond * float64(time.Second)), false
}

// tell writes the state into headers, the way OpenAI does: limit, remaining,
// and the time until the bucket is full again.
func (b *bucket) tell(h http.Header) {
	if !b.Headers {
		return
	}
	full := time.Duration((float64(b.Burst) - b.tokens) / b.PerSecond * float64(time.Second))
	h.Set("X-Ratelimit-Limit-Requests", strconv.Itoa(b.Burst))
	h.Set("X-Ratelimit-Remaining-Requests", strconv.Itoa(int(b.tokens)))
	h.Set("X-Ratelimit-Reset-Requests", full.Round(time.Millisecond).String())
}

// limited takes a token of the bucket for a request; nil lets it pass.
func (s *Server) limited(h http.Header) *Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bucket == nil {
		return nil
	}
	now := time.Now()
	wait, ok := s.bucket.take(now)
	s.bucket.tell(h)
	if ok {
		return nil
	}
	switch s.bucket.Wait {
	case WaitSeconds:
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	case WaitDate:
		h.Set("Retry-After", now.Add(wait+time.Second).UTC().Format(http.TimeFormat))
	case WaitMillis:
		h.Set("Retry-After-Ms", strconv.Itoa(int(math.Ceil(float64(wait)/float64(time.Millisecond)))))
	case WaitFraction:
		h.Set("Retry-After", fmt.Sprintf("%.3f", wait.Seconds()))
	}
	b := Limited()
	return &b
}
