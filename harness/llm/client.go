package llm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// Config says what a client talks to and how.
type Config struct {
	Name string // of the backend in the suite: in messages and usage
	// Identity is a digest of all that makes the backend answer as it does:
	// plugin, component, options, model. Part of every key.
	Identity string
	// Backend gives the configured backend. It is called on the first question
	// that no journal or layer answers, and again only where it failed because
	// its context ended. Whoever starts a process there ends it after Close.
	Backend func(context.Context) (sdk.LLM, error)
	// Batch: the backend is local. Questions that wait together go out in one
	// Generate, and nothing is paced. Otherwise one request a Generate.
	Batch       bool
	Concurrency int // most calls (Batch: questions) in flight, at most 256; 0: 64 (Batch: 256)
	// MaxRetries is how often an invalid answer is asked for again; 0: 2,
	// negative: never.
	MaxRetries int
	// TransportRetries is how often a failed call is made again; 0: 6,
	// negative: never.
	TransportRetries int
	// Patience is the longest single wait that a provider may ask for; 0: five
	// minutes. Beyond it the backend counts as out of reach.
	Patience time.Duration
	// Timeout ends a call without an answer, which is then made again; 0: none
	// but the host's own.
	Timeout    time.Duration
	Price      *Price   // nil: what the backend itself reports, else free
	Ledger     *Ledger  // nil: its own, without ceilings
	Journal    *Journal // nil: answers are not journalled
	Layers     []Store  // read only, asked in order
	ReplayOnly bool     // a question without an answer is a *MissError, never a call
	// Notice is told, in a line, what the user may want to know: waits,
	// retries and why. Nil: nobody is. It is called from many goroutines.
	Notice func(line string)
}

// The largest and the usual number of calls in flight, and how often and how
// long to try, where a Config does not say.
const (
	mostConcurrency    = 256
	defaultConcurrency = 64
	defaultRetries     = 2
	defaultTransport   = 6
	defaultPatience    = 5 * time.Minute
)

// Client asks one backend. Its methods may be called from many goroutines.
type Client struct {
	cfg     Config
	packer  *packer
	gate    *gate
	batch   batcher
	answers atomic.Uint64 // got from the backend, to tell a bad time from a dead backend
	learned estimator
	// unsaved bounds the calls in flight and the answers not yet written down,
	// which is what a kill can cost, to twice the calls in flight: a free slot
	// need not wait for the disk, and a slow disk stops the calls.
	unsaved chan struct{}

	mu      sync.Mutex
	flights map[Key]chan struct{} // questions under way; closed at the end
	backend sdk.LLM
	start   chan struct{} // closed when a start under way has ended
	dead    *BackendError
	closed  bool
	asking  sync.WaitGroup
}

// Open checks a configuration. The backend is not started.
func Open(cfg Config) (*Client, error) {
	fail := func(format string, args ...any) (*Client, error) {
		return nil, fmt.Errorf("%s: %w", cfg.Name, fmt.Errorf(format, args...))
	}
	if cfg.Backend == nil && !cfg.ReplayOnly {
		return fail("no backend to ask")
	}
	if cfg.Identity == "" && (cfg.Journal != nil || len(cfg.Layers) > 0) {
		return fail("answers cannot be kept apart without the backend's identity")
	}
	if cfg.Concurrency < 0 || cfg.Concurrency > mostConcurrency {
		return fail("concurrency: want 1 to %d, got %d", mostConcurrency, cfg.Concurrency)
	}
	if cfg.Price != nil {
		if err := cfg.Price.Check(); err != nil {
			return fail("%w", err)
		}
	}
	cfg = cfg.withDefaults()
	if cfg.Ledger == nil {
		l, err := NewLedger(cfg.Journal, Budget{}, Budget{})
		if err != nil {
			return nil, err
		}
		cfg.Ledger = l
	}
	if err := cfg.Ledger.adopt(cfg.Name, cfg.Price); err != nil {
		return nil, err
	}
	p, err := newPacker()
	if err != nil {
		return nil, err
	}
	return &Client{cfg: cfg, packer: p, gate: newGate(cfg.Concurrency, !cfg.Batch), flights: map[Key]chan struct{}{}, unsaved: make(chan struct{}, 2*cfg.Concurrency)}, nil
}

func (cfg Config) withDefaults() Config {
	set := func(v *int, usual int) {
		switch {
		case *v == 0:
			*v = usual
		case *v < 0:
			*v = 0
		}
	}
	usual := defaultConcurrency
	if cfg.Batch {
		usual = mostConcurrency // nothing is paced, and full batches are fast
	}
	set(&cfg.Concurrency, usual)
	set(&cfg.MaxRetries, defaultRetries)
	set(&cfg.TransportRetries, defaultTransport)
	if cfg.Patience <= 0 {
		cfg.Patience = defaultPatience
	}
	return cfg
}

var errClosed = errors.New("the client is closed")

// begin counts a caller in; end must follow.
func (c *Client) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("%s: %w", c.cfg.Name, errClosed)
	}
	c.asking.Add(1)
	return nil
}

// Usage gives the rows of this backend, sorted by cell and role.
func (c *Client) Usage() (rows []Usage) {
	for _, r := range c.cfg.Ledger.Usage() {
		if r.Backend == c.cfg.Name {
			rows = append(rows, r)
		}
	}
	return rows
}

// Charge counts what was used by something other than Ask and Embed, such as a
// tuning job. It is not held to a ceiling: the money is gone.
func (c *Client) Charge(cell string, role Role, u sdk.Usage) error {
	use := Usage{Backend: c.cfg.Name, Cell: cell, Role: role}
	use.take(c.priced(u))
	if c.cfg.Journal != nil {
		if err := c.cfg.Journal.put(&write{use: use}); err != nil {
			return err
		}
	}
	c.cfg.Ledger.add(use)
	return nil
}

// Load is a look at what a client is doing, for progress lines.
type Load struct {
	InFlight, Limit, Waiting int
	PausedFor                time.Duration // 0: not paused
}

// Load looks.
func (c *Client) Load() Load { return c.gate.load() }

// Close waits for callers and calls in flight. The journal and the backend stay
// open: they belong to the caller.
func (c *Client) Close() error {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	c.mu.Unlock()
	c.asking.Wait()
	c.batch.running.Wait()
	if first {
		c.packer.close()
	}
	return nil
}

func (c *Client) notice(format string, args ...any) {
	if c.cfg.Notice != nil {
		c.cfg.Notice(c.cfg.Name + ": " + fmt.Sprintf(format, args...))
	}
}

// started gives the backend, starting it where it is not. One caller starts,
// the others wait.
func (c *Client) started(ctx context.Context) (sdk.LLM, error) {
	for {
		c.mu.Lock()
		if c.dead != nil {
			defer c.mu.Unlock()
			return nil, c.dead
		}
		if c.backend != nil {
			defer c.mu.Unlock()
			return c.backend, nil
		}
		if wait := c.start; wait != nil {
			c.mu.Unlock()
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		mine := make(chan struct{})
		c.start = mine
		c.mu.Unlock()

		backend, err := c.cfg.Backend(ctx)
		c.mu.Lock()
		c.backend, c.start = backend, nil
		c.mu.Unlock()
		close(mine)
		switch {
		case err == nil:
			return backend, nil
		case ctx.Err() != nil:
			return nil, ctx.Err() // somebody else may start it
		}
		t := judgeError(err)
		return nil, c.condemn(t)
	}
}

// condemn makes the backend answer nobody any more.
func (c *Client) condemn(t *trouble) error {
	c.mu.Lock()
	first := c.dead == nil
	if first {
		c.dead = &BackendError{Backend: c.cfg.Name, Reason: t.text(), Err: t.kind}
	}
	dead := c.dead
	c.mu.Unlock()
	if first {
		c.gate.shut(dead)
		c.notice("gives up: %s", dead.Reason)
	}
	return dead
}
