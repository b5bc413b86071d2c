package llm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// Waits between attempts double from backoffFirst to backoffMost; a wait is a
// half to the whole of that, drawn from the question's key.
const (
	backoffFirst = 500 * time.Millisecond
	backoffMost  = 30 * time.Second
)

// fetch gets an answer from the backend, within the ceilings, and writes it
// down with what it cost.
func (c *Client) fetch(ctx context.Context, r *Request, messages []sdk.Message, key Key) (*entry, error) {
	may := c.need(r, messages)
	if err := c.cfg.Ledger.reserve(ctx, r.Cell, may.amounts); err != nil {
		return nil, err
	}
	use := Usage{Backend: c.cfg.Name, Cell: r.Cell, Role: r.Role}
	defer func() { c.cfg.Ledger.settle(r.Cell, may.amounts, use) }()

	e, err := c.attempts(ctx, key, &use, may, func(ctx context.Context, backend sdk.LLM, alone bool) (*entry, *sdk.RateLimits, *trouble) {
		return c.generate(ctx, backend, r, messages, alone)
	})
	if err != nil {
		return nil, c.lost(use, err)
	}
	defer c.saved()
	e.Usage = c.priced(e.Usage)
	use.take(e.Usage)
	if verdictOn(r, e).reason != "" {
		use.Invalid++
	}
	c.learned.see(messages, e.Usage)
	if err := c.keep(key, e, use); err != nil {
		return nil, err
	}
	return e, nil
}

// lost writes down what a question cost that got no answer, and says whose it was.
func (c *Client) lost(use Usage, err error) error {
	var lost *RequestError
	if errors.As(err, &lost) {
		lost.Cell, lost.Role = use.Cell, use.Role
	}
	if use.Charged > 0 || use.Retries > 0 {
		if e := c.keep(Key{}, nil, use); e != nil {
			return errors.Join(err, e)
		}
	}
	return err
}

// attempt is one call.
type attempt func(ctx context.Context, backend sdk.LLM, alone bool) (*entry, *sdk.RateLimits, *trouble)

// attempts calls until there is an answer, or none to be had. Use collects
// retries and what failures may have cost. After an answer saved must be
// called, once it is written down.
func (c *Client) attempts(ctx context.Context, key Key, use *Usage, may need, call attempt) (*entry, error) {
	before := c.answers.Load()
	random := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])))
	alone := false
	for n := 1; ; n++ {
		e, t, err := c.once(ctx, may, alone, call)
		if err != nil {
			if t != nil && t.charged {
				c.charge(use, may)
			}
			return nil, err
		}
		if t == nil {
			c.answers.Add(1)
			return e, nil
		}
		if t.charged {
			c.charge(use, may)
		}
		t.attempts = n
		if t.fate == again && t.wait > c.cfg.Patience {
			t.fate = condemned
			t.remedy = fmt.Sprintf("the provider asks to wait %s: give the same command later, answers already paid for are kept", t.wait.Round(time.Second))
		}
		switch {
		case t.fate == condemned:
			return nil, c.condemn(t)
		case t.fate == hopeless:
			return nil, &RequestError{Backend: c.cfg.Name, Reason: t.text(), Err: t.kind}
		case n > c.cfg.TransportRetries && c.answers.Load() == before:
			// Nobody got an answer while this question was tried.
			t.remedy = "is the backend up? give the same command later: answers already paid for are kept"
			return nil, c.condemn(t)
		case n > c.cfg.TransportRetries:
			return nil, &RequestError{Backend: c.cfg.Name, Reason: t.text(), Err: t.kind}
		}
		use.Retries++
		alone = alone || t.crashed
		wait := max(t.wait, backoff(n, random))
		c.notice("attempt %d: %s: again in %s", n, t.reason, wait.Round(10*time.Millisecond))
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// once makes one call when the gate lets it. A trouble is the call's, an error
// is the caller's or everybody's.
func (c *Client) once(ctx context.Context, may need, alone bool, call attempt) (*entry, *trouble, error) {
	backend, err := c.started(ctx)
	if err != nil {
		return nil, nil, err
	}
	select {
	case c.unsaved <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	ticket, err := c.gate.enter(ctx, float64(may.amounts[1]))
	if err != nil {
		c.saved()
		return nil, nil, err
	}
	out := outcome{}
	defer func() {
		c.gate.leave(ticket, out)
		if !out.answered {
			c.saved()
		}
	}()
	timed, expired, stop := c.limited(ctx)
	defer stop()
	e, limits, t := call(timed, backend, alone)
	out.limits = limits
	switch {
	case t == nil:
		out.answered = true
	case ctx.Err() != nil:
		return nil, t, ctx.Err()
	case expired():
		t = &trouble{reason: fmt.Sprintf("no answer within %s", c.cfg.Timeout), charged: true}
		out.strained = true
	default:
		out.refused, out.strained = t.refused, t.fate == again && !t.refused
		if t.fate == again && t.wait <= c.cfg.Patience {
			out.wait = t.wait
		}
	}
	return e, t, nil
}

// saved says that an answer is written down.
func (c *Client) saved() { <-c.unsaved }

// limited ends a call after the configured time. It cancels instead of setting
// a deadline: a host takes a deadline that passed for a plugin that hangs, and
// would end it with all its other calls.
func (c *Client) limited(ctx context.Context) (timed context.Context, expired func() bool, stop func()) {
	if c.cfg.Timeout <= 0 {
		return ctx, func() bool { return false }, func() {}
	}
	timed, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(c.cfg.Timeout, func() { cancel(errExpired) })
	return timed, func() bool { return errors.Is(context.Cause(timed), errExpired) }, func() { timer.Stop(); cancel(nil) }
}

var errExpired = errors.New("no answer in time")

// generate asks one question once.
func (c *Client) generate(ctx context.Context, backend sdk.LLM, r *Request, messages []sdk.Message, alone bool) (*entry, *sdk.RateLimits, *trouble) {
	a := &asked{ctx: ctx, backend: backend, alone: alone, request: sdk.ChatRequest{
		Messages: messages, MaxTokens: r.MaxTokens, Temperature: r.Temperature, TopP: r.TopP,
		Stop: r.Stop, Seed: r.Seed, Logprobs: r.Logprobs,
	}}
	if r.Schema != nil {
		a.request.JSONSchema = r.Schema.Bytes()
	}
	var out sdk.GenerateResult
	var err error
	if c.cfg.Batch {
		out, err = c.batch.ask(a)
	} else {
		a.done = make(chan struct{})
		generate([]*asked{a})
		out, err = a.result, a.err
	}
	if err != nil {
		return nil, nil, judgeError(err)
	}
	if out.Failure != nil {
		return nil, out.RateLimits, judge(out.Failure)
	}
	e := &entry{
		Text: out.Text, Finish: out.Finish, Choices: out.Choices, Tokens: out.Tokens,
		Usage: sane(out.Usage), Model: out.Model, Fingerprint: out.Fingerprint,
	}
	if len(out.JSON) > 0 {
		e.JSON = compactJSON(out.JSON)
	}
	return e, out.RateLimits, nil
}

// charge counts a failure that may have cost its prompt.
func (c *Client) charge(use *Usage, may need) {
	u := sdk.Usage{Requests: 1, PromptTokens: may.prompt}
	u = c.priced(u)
	use.take(u)
	use.Charged++
}

// priced gives usage with its cost by the price table, where there is one.
func (c *Client) priced(u sdk.Usage) sdk.Usage {
	if c.cfg.Price != nil {
		u.CostMicros, u.Currency = c.cfg.Price.Cost(u), c.cfg.Price.Currency
	}
	return u
}

// sane makes usage of what a backend reported: an answer is one request, and
// parts are not more than the whole.
func sane(u sdk.Usage) sdk.Usage {
	u.Requests = max(1, u.Requests)
	u.PromptTokens = max(0, u.PromptTokens)
	u.CompletionTokens = max(0, u.CompletionTokens)
	u.CachedTokens = min(max(0, u.CachedTokens), u.PromptTokens)
	u.ReasoningTokens = min(max(0, u.ReasoningTokens), u.CompletionTokens)
	u.CostMicros = max(0, u.CostMicros)
	return u
}

func backoff(n int, random *rand.Rand) time.Duration {
	d := backoffMost
	if n < 16 {
		d = min(d, backoffFirst<<(n-1))
	}
	return d/2 + time.Duration(random.Int64N(int64(d/2)+1))
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
