package main

import (
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// now is Thursday, 1 January 2026, 12:00:00 UTC, Unix time 1767268800.
var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		after, ms, date string
		want            time.Duration
	}{
		{"", "", "", 0},
		{"3", "", "", 3 * time.Second},
		{"0.5", "", "", 500 * time.Millisecond},
		{"9", "250", "", 250 * time.Millisecond},
		{"Thu, 01 Jan 2026 12:00:10 GMT", "", "", 10 * time.Second},
		// The server's clock is five seconds behind ours.
		{"Thu, 01 Jan 2026 12:00:10 GMT", "", "Thu, 01 Jan 2026 11:59:55 GMT", 15 * time.Second},
		{"Thu, 01 Jan 2026 11:00:00 GMT", "", "", 0},
		{"-5", "", "", 0},
		{"NaN", "", "", 0},
		{"Inf", "", "", 24 * time.Hour},
		{"1e300", "", "", 24 * time.Hour},
		{"soon", "later", "", 0},
	} {
		h := http.Header{}
		for k, v := range map[string]string{"Retry-After": c.after, "Retry-After-Ms": c.ms, "Date": c.date} {
			if v != "" {
				h.Set(k, v)
			}
		}
		if have := retryAfter(h, now); have != c.want {
			t.Errorf("%+v: %s", c, have)
		}
	}
}

func TestResetIn(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"6m0s": 6 * time.Minute, "20ms": 20 * time.Millisecond, "2m59.56s": 2*time.Minute + 59*time.Second + 560*time.Millisecond,
		"1.5": 1500 * time.Millisecond, "2026-01-01T12:01:00Z": time.Minute, "1767268830": 30 * time.Second, "1767268800500": 500 * time.Millisecond,
		"": 0, "x": 0, "-1s": 0, "9999h": 24 * time.Hour,
	} {
		if have := resetIn(text, now); have != want {
			t.Errorf("%q: %s, want %s", text, have, want)
		}
	}
}

func TestRateLimits(t *testing.T) {
	h := http.Header{}
	if l := rateLimits(h, now); l != nil {
		t.Errorf("no headers: %+v", l)
	}
	h.Set("x-ratelimit-remaining-requests", "12")
	if l := rateLimits(h, now); l == nil || *l != (sdk.RateLimits{RequestsLimit: -1, RequestsRemaining: 12, TokensLimit: -1, TokensRemaining: -1}) {
		t.Errorf("%+v", l)
	}
	h = http.Header{}
	h.Set("anthropic-ratelimit-tokens-remaining", "80")
	h.Set("anthropic-ratelimit-tokens-reset", "2026-01-01T12:00:05Z")
	h.Set("x-ratelimit-limit-requests", "-3")
	if l := rateLimits(h, now); l == nil || *l != (sdk.RateLimits{RequestsLimit: -1, RequestsRemaining: -1, TokensLimit: -1, TokensRemaining: 80, TokensReset: 5 * time.Second}) {
		t.Errorf("%+v", l)
	}
}

func FuzzHeaders(f *testing.F) {
	for _, s := range []string{"1", "6m0s", "NaN", "Thu, 01 Jan 2026 12:00:10 GMT", "2026-01-01T12:00:05Z", "1767268830", "9e99"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		h := http.Header{}
		h.Set("Retry-After", a)
		h.Set("Retry-After-Ms", b)
		for _, k := range []string{"limit", "remaining", "reset"} {
			h.Set("X-RateLimit-"+k+"-requests", a)
			h.Set("Anthropic-RateLimit-tokens-"+k, b)
		}
		if d := retryAfter(h, now); d < 0 || d > longestWait {
			t.Errorf("wait %s", d)
		}
		if l := rateLimits(h, now); l != nil {
			if l.RequestsReset < 0 || l.RequestsReset > longestWait || l.TokensReset < 0 || l.TokensReset > longestWait || l.RequestsLimit < -1 || l.TokensRemaining < -1 {
				t.Errorf("%+v", l)
			}
		}
	})
}

func TestUsage(t *testing.T) {
	x := &exchange{wait: time.Second}
	details := func(prompt, cached, completion, reasoning, total int) openai.Usage {
		return openai.Usage{
			PromptTokens: prompt, CompletionTokens: completion, TotalTokens: total,
			PromptTokensDetails:     &openai.PromptTokensDetails{CachedTokens: cached},
			CompletionTokensDetails: &openai.CompletionTokensDetails{ReasoningTokens: reasoning},
		}
	}
	for name, c := range map[string]struct {
		in                              openai.Usage
		prompt, cached, done, reasoning int64
		estimated                       bool
	}{
		"plain":                {details(10, 4, 7, 3, 17), 10, 4, 7, 3, false},
		"reasoning beside":     {details(10, 4, 7, 3, 20), 10, 4, 10, 3, false}, // 10 + 7 + 3 = 20
		"missing":              {openai.Usage{}, 25, 0, 10, 0, true},            // 100 and 40 bytes, four to a token
		"negative":             {details(-1, -1, -1, -1, -1), 25, 0, 10, 0, true},
		"beyond measure":       {details(math.MaxInt, 99, math.MaxInt, 5, 0), 25, 25, 10, 5, true},
		"part above the whole": {details(10, 40, 7, 30, 17), 10, 10, 7, 7, false},
	} {
		have, estimated := usage(c.in, x, 100, 40)
		want := sdk.Usage{PromptTokens: c.prompt, CachedTokens: c.cached, CompletionTokens: c.done, ReasoningTokens: c.reasoning, Requests: 1, ProviderWait: time.Second}
		if have != want || estimated != c.estimated {
			t.Errorf("%s: %+v %v, want %+v", name, have, estimated, want)
		}
	}
}

// TestWireSeed: small seeds are themselves, all fit 31 bits, large ones differ.
func TestWireSeed(t *testing.T) {
	seen := map[uint64]bool{}
	for _, s := range []uint64{0, 7, math.MaxInt32, 1 << 31, 1 << 40, 1 << 62, 1 << 63, math.MaxUint64} {
		w := wireSeed(s)
		if w > math.MaxInt32 || s <= math.MaxInt32 && w != s {
			t.Errorf("%d became %d", s, w)
		}
		seen[w] = true
	}
	if len(seen) < 7 {
		t.Errorf("eight seeds became %d", len(seen))
	}
}
