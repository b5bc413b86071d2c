package main

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// longestWait is what any wait is cut to: headers are not to be trusted.
const longestWait = 24 * time.Hour

// retryAfter reads how long the server wants us to wait: retry-after-ms, or
// Retry-After as seconds, with a fraction or without, or as a date, taken
// relative to the server's own clock where it tells the time. 0: not said.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(strings.TrimSpace(h.Get("Retry-After-Ms")), 64); err == nil {
		return seconds(ms / 1000)
	}
	text := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(text, 64); err == nil {
		return seconds(s)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return min(max(0, at.Sub(now)), longestWait)
}

// seconds makes a wait of a number that may be anything.
func seconds(s float64) time.Duration {
	if !(s > 0) { // NaN, too
		return 0
	}
	return time.Duration(min(s, longestWait.Seconds()) * float64(time.Second))
}

// rateLimits reads the x-ratelimit-* headers of OpenAI and those who follow
// it, and Anthropic's; nil where there are none.
func rateLimits(h http.Header, now time.Time) *sdk.RateLimits {
	l := sdk.RateLimits{RequestsLimit: -1, RequestsRemaining: -1, TokensLimit: -1, TokensRemaining: -1}
	l.RequestsLimit, l.RequestsRemaining, l.RequestsReset = limit(h, "requests", now)
	l.TokensLimit, l.TokensRemaining, l.TokensReset = limit(h, "tokens", now)
	if l.RequestsLimit < 0 && l.RequestsRemaining < 0 && l.TokensLimit < 0 && l.TokensRemaining < 0 {
		return nil
	}
	return &l
}

func limit(h http.Header, what string, now time.Time) (most, remaining int64, reset time.Duration) {
	count := func(part string) int64 {
		for _, key := range []string{"X-Ratelimit-" + part + "-" + what, "Anthropic-Ratelimit-" + what + "-" + part} {
			if n, err := strconv.ParseFloat(strings.TrimSpace(h.Get(key)), 64); err == nil && n >= 0 && n < math.MaxInt64 {
				return int64(n)
			}
		}
		return -1
	}
	text := h.Get("X-Ratelimit-Reset-" + what)
	if text == "" {
		text = h.Get("Anthropic-Ratelimit-" + what + "-Reset")
	}
	return count("limit"), count("remaining"), resetIn(strings.TrimSpace(text), now)
}

// resetIn reads "6m0s", "20ms", "1.5" (seconds), a Unix time or an RFC 3339
// time.
func resetIn(text string, now time.Time) time.Duration {
	if d, err := time.ParseDuration(text); err == nil {
		return min(max(0, d), longestWait)
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return min(max(0, at.Sub(now)), longestWait)
	}
	s, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return 0
	case s > 1e12: // a Unix time in milliseconds
		return seconds(s/1e3 - float64(now.Unix()))
	case s > 1e9: // a Unix time
		return seconds(s - float64(now.Unix()))
	}
	return seconds(s)
}
