package llm

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// provider plays a server in a bubble of fake time: so many slots, an answer
// after a latency, a token bucket.
type provider struct {
	latency   time.Duration
	slots     int     // more than these wait for one; 0: any number
	perSecond float64 // 0: no limit
	burst     float64
	headers   bool
	retry     time.Duration // Retry-After

	mu      sync.Mutex
	free    chan struct{}
	level   float64
	at      time.Time
	began   time.Time
	served  []time.Duration // since it began
	refused []time.Duration
	most    int
	now     int
}

func (p *provider) backend() *scripted {
	p.at, p.began, p.level = time.Now(), time.Now(), p.burst
	if p.slots > 0 {
		p.free = make(chan struct{}, p.slots)
	}
	return &scripted{answer: p.answer}
}

func (p *provider) answer(_ context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
	limits, ok := p.take()
	if !ok {
		time.Sleep(time.Millisecond)
		out := fails(429, "slowly")
		out.Failure.RetryAfter = p.retry
		out.RateLimits = limits
		return out, nil
	}
	if p.free != nil {
		p.free <- struct{}{}
		defer func() { <-p.free }()
	}
	p.mu.Lock()
	p.now++
	p.most = max(p.most, p.now)
	p.mu.Unlock()
	time.Sleep(p.latency)
	p.mu.Lock()
	p.now--
	p.served = append(p.served, time.Since(p.began))
	p.mu.Unlock()
	out, err := echo(context.Background(), n, r)
	out.RateLimits = limits
	return out, err
}

func (p *provider) take() (*sdk.RateLimits, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.perSecond == 0 {
		return nil, true
	}
	now := time.Now()
	p.level = min(p.burst, p.level+now.Sub(p.at).Seconds()*p.perSecond)
	p.at = now
	ok := p.level >= 1
	if ok {
		p.level--
	} else {
		p.refused = append(p.refused, now.Sub(p.began))
	}
	if !p.headers {
		return nil, ok
	}
	return &sdk.RateLimits{
		RequestsLimit: int64(p.burst), RequestsRemaining: int64(p.level),
		RequestsReset: time.Duration((p.burst - p.level) / p.perSecond * 1e9).Round(time.Millisecond),
		TokensLimit:   -1, TokensRemaining: -1,
	}, ok
}

// load asks n questions with so many callers and says how long that took.
func load(t *testing.T, c *Client, callers, n int) time.Duration {
	t.Helper()
	began := time.Now()
	next := make(chan int)
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := range next {
				if _, err := c.Ask(t.Context(), question(fmt.Sprint(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return time.Since(began)
}

func later(all []time.Duration, than time.Duration) (n int) {
	for _, d := range all {
		if d >= than {
			n++
		}
	}
	return n
}

func TestFixedLatencyIsFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{latency: 200 * time.Millisecond}
		took := load(t, open(t, p.backend().config()), 64, 6400)
		// 6400 answers by 64 slots of 0.2 s take 20 s.
		share := 20 / took.Seconds()
		t.Logf("fixed latency: %.1f %% of the ideal, at most %d in flight", 100*share, p.most)
		if share < 0.95 {
			t.Errorf("%.3f of the ideal, want 0.95", share)
		}
	})
}

func TestSlowServerIsNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &provider{latency: 200 * time.Millisecond, slots: 16}
		cfg := p.backend().config()
		cfg.Concurrency = 256
		c := open(t, cfg)
		took := load(t, c, 256, 16000)
		share := 200 / took.Seconds() // 16000 · 0.2 s / 16
		t.Logf("16 slots, 256 allowed: %.1f %% of the ideal, limit %d at the end", 100*share, c.Load().Limit)
		if share < 0.9 || c.Load().Limit > 100 {
			t.Errorf("%.3f of the ideal, limit %d", share, c.Load().Limit)
		}
	})
}

// trials of one case: which of the questions that are due at one moment goes first
// is not fixed even in fake time, so the figure is a median.
const trials = 5

func TestTokenBuckets(t *testing.T) {
	for _, x := range []struct {
		name          string
		headers       bool
		retry         time.Duration
		latency       time.Duration
		share, refuse float64
	}{
		{"headers", true, 0, 20 * time.Millisecond, 0.9, 0.02},
		{"headers, slow answers", true, 0, 400 * time.Millisecond, 0.9, 0.02},
		{"headers and retry-after", true, time.Second, 20 * time.Millisecond, 0.9, 0.02},
		{"no headers", false, 0, 20 * time.Millisecond, 0.8, 1},
		{"no headers, slow answers", false, 0, 400 * time.Millisecond, 0.8, 1},
		{"no headers, retry-after in ms", false, 20 * time.Millisecond, 20 * time.Millisecond, 0.8, 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			var shares, rates []float64
			for range trials {
				synctest.Test(t, func(t *testing.T) {
					p := &provider{latency: x.latency, perSecond: 50, burst: 10, headers: x.headers, retry: x.retry}
					cfg := p.backend().config()
					cfg.TransportRetries = 50
					load(t, open(t, cfg), 64, 1500)
					const warm = 5 * time.Second
					last := p.served[len(p.served)-1]
					served, refused := later(p.served, warm), later(p.refused, warm)
					share := float64(served) / (last - warm).Seconds() / 50
					rate := float64(refused) / float64(refused+served)
					t.Logf("after 5 s: %.1f %% of 50/s, %.2f %% refused; %.1f s in all, %d refused in all", 100*share, 100*rate, last.Seconds(), len(p.refused))
					shares, rates = append(shares, share), append(rates, rate)
				})
			}
			slices.Sort(shares)
			slices.Sort(rates)
			if share, rate := shares[trials/2], rates[trials/2]; share < x.share || rate > x.refuse {
				t.Errorf("medians of %d trials: %.3f of 50/s, want %.2f; %.4f refused, want at most %.2f", trials, share, x.share, rate, x.refuse)
			}
		})
	}
}

func TestRetryAfterPausesEveryone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var early []time.Duration
		var mu sync.Mutex
		s := &scripted{answer: func(ctx context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
			if n == 1 {
				out := fails(503, "a moment")
				out.Failure.RetryAfter = 30 * time.Second
				return out, nil
			}
			mu.Lock()
			early = append(early, time.Since(began))
			mu.Unlock()
			return echo(ctx, n, r)
		}}
		cfg := s.config()
		cfg.Concurrency = 1
		load(t, open(t, cfg), 20, 20)
		for _, d := range early {
			if d < 30*time.Second {
				t.Fatalf("a call after %s, the provider asked for 30 s", d)
			}
		}
	})
}

func TestWhoGoesAwayLeavesTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, false)
		first, err := g.enter(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := g.enter(ctx, 0); err == nil {
				t.Error("let in after it went")
			}
		})
		synctest.Wait()
		cancel()
		all.Wait()
		g.leave(first, outcome{answered: true})
		if l := g.load(); l.InFlight != 0 || l.Waiting != 0 {
			t.Errorf("%+v", l)
		}
	})
}
