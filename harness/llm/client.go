package llm

import (
	"context"
	"errors"
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
	Concurrency int // most calls in flight, at most 256; 0: 64
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

// Client asks one backend. Its methods may be called from many goroutines.
type Client struct{}

// Open checks a configuration. The backend is not started.
func Open(cfg Config) (*Client, error) { return &Client{}, nil }

// Ask gives the answer to a question. Errors: a *BudgetError, a *MissError, a
// *BackendError (the backend is out of reach for every question), a
// *RequestError (this question cannot be answered), the context's, or the
// journal's. An invalid answer is not an error.
func (c *Client) Ask(ctx context.Context, r Request) (Answer, error) { return Answer{}, errUnbuilt }

// Embed gives one vector a text; journalled text by text. It is
// sdk.ErrUnsupported where the backend has no embeddings.
func (c *Client) Embed(ctx context.Context, r EmbedRequest) (sdk.Embeddings, error) {
	return sdk.Embeddings{}, errUnbuilt
}

// Charge counts what was used by something other than Ask and Embed, such as a
// tuning job. It is not held to a ceiling: the money is gone.
func (c *Client) Charge(cell string, role Role, u sdk.Usage) error { return errUnbuilt }

// Usage gives the rows of this backend, sorted by cell and role.
func (c *Client) Usage() []Usage { return nil }

// Load is a look at what a client is doing, for progress lines.
type Load struct {
	InFlight, Limit, Waiting int
	PausedFor                time.Duration // 0: not paused
}

// Load looks.
func (c *Client) Load() Load { return Load{} }

// Close waits for calls in flight. The journal and the backend stay open: they
// belong to the caller.
func (c *Client) Close() error { return nil }

// Estimate says how many tokens a question may take, from its length and the
// most that the answer may have.
func Estimate(r Request) (prompt, completion int64) { return 0, 0 }

// ErrMiss is what a replay says to a question that it has no answer to; the
// error is a *MissError.
var ErrMiss = errors.New("not in the recording")
