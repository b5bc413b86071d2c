package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// Validate asks for the canonical form of a component's options. Options are
// nil when a diagnostic is an error.
func (c *Client) Validate(ctx context.Context, component string, o sdk.Options) (sdk.Options, []sdk.Diagnostic, error) {
	options, err := convert.ToOptions(o)
	if err != nil {
		return nil, nil, err
	}
	m, err := c.base.Validate(ctx, &pb.ValidateRequest{Component: component, Options: options})
	if err != nil {
		return nil, nil, convert.FromStatus(ctx, err)
	}
	ds := convert.FromDiagnostics(m.GetDiagnostics())
	if sdk.Failed(ds) {
		return nil, ds, nil
	}
	canonical, err := convert.FromOptions(m.GetCanonical())
	return canonical, ds, fault("validate", err)
}

// Configure chooses the component of this process and configures it, once.
func (c *Client) Configure(ctx context.Context, config sdk.Config) error {
	m, err := convert.ToConfig(config)
	if err != nil {
		return err
	}
	_, err = c.base.Configure(ctx, m)
	return convert.FromStatus(ctx, err)
}

// ReplyError says that a reply broke the contract's shape. It is the plugin's
// doing, so it is none of the sentinels of package sdk and does not look like a
// complaint about the request.
type ReplyError struct {
	Method string
	Err    error
}

// Error gives "method: reply: what is wrong".
func (e *ReplyError) Error() string { return e.Method + ": reply: " + e.Err.Error() }

// Unwrap gives an *sdk.Error without a kind: a fault of the plugin.
func (e *ReplyError) Unwrap() error { return &sdk.Error{Msg: e.Error()} }

// fault names a reply that breaks the contract; nil stays nil.
func fault(method string, err error) error {
	if err == nil {
		return nil
	}
	return &ReplyError{Method: method, Err: err}
}

// need refuses an optional method that the component did not declare.
func need(s sdk.ComponentSpec, feature string) error {
	if s.Has(feature) {
		return nil
	}
	return sdk.Unsupportedf("component %s does not have feature %q", s.Name, feature)
}

// errStalled is the cause of a context that a watch has ended.
var errStalled = errors.New("stalled")

// looks is how often a watch looks during its limit. Silence is counted in looks
// and not in time, because time goes on while this process is stopped (Ctrl-Z, a
// paused container): then one look falls due, and all that arrived meanwhile is
// read before the next.
const looks = 8

// watch ends a stream on which nothing arrives for too long. The time that the
// host needs to deal with a message does not count.
type watch struct {
	ctx    context.Context
	outer  context.Context
	cancel context.CancelCauseFunc
	limit  time.Duration // 0: none

	mu     sync.Mutex
	timer  *time.Timer
	paused bool
	silent int // looks since the last message
}

// watch is for streams with heartbeats.
func (c *Client) watch(ctx context.Context) *watch { return newWatch(ctx, c.config.StallTimeout) }

// newWatch makes a watch; a limit of 0 leaves all to the deadline of ctx.
func newWatch(ctx context.Context, limit time.Duration) *watch {
	w := &watch{outer: ctx, limit: limit}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	if limit > 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.timer = time.AfterFunc(limit/looks, w.look)
	}
	return w
}

// look counts a look that found silence.
func (w *watch) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.paused {
		return
	}
	if w.silent++; w.silent >= looks {
		w.cancel(errStalled)
		return
	}
	w.timer.Reset(w.limit / looks)
}

func (w *watch) stop() {
	w.pause()
	w.cancel(nil)
}

func (w *watch) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watch) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused, w.silent = false, 0
	if w.timer != nil {
		w.timer.Reset(w.limit / looks)
	}
}

// err translates the error of a call on the watched context.
func (w *watch) err(err error) error {
	if errors.Is(context.Cause(w.ctx), errStalled) {
		return &sdk.Error{Kind: sdk.ErrCrashed, Msg: fmt.Sprintf("no event for %v, not even a heartbeat", w.limit)}
	}
	return convert.FromStatus(w.outer, err)
}

// receive hands every message of a stream to take, until the stream ends.
func receive[M any](w *watch, stream interface{ Recv() (M, error) }, take func(M) error) error {
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return w.err(err)
		}
		w.pause()
		if err := take(m); err != nil {
			return err
		}
		w.resume()
	}
}

// collect receives a stream of events that ends with one result.
func collect[M, D any](w *watch, method string, stream interface{ Recv() (M, error) }, event func(M), done func(M) (D, bool)) (D, error) {
	var result D
	ended := false
	err := receive(w, stream, func(m M) error {
		if ended {
			return fault(method, errors.New("a message after the result"))
		}
		if d, ok := done(m); ok {
			result, ended = d, true
			return nil
		}
		event(m)
		return nil
	})
	if err == nil && !ended {
		err = fault(method, errors.New("the stream ended without a result"))
	}
	return result, err
}

// tell emits an event unless it only says that the plugin lives.
func tell(emit sdk.Emit, m *pb.Event) {
	if e := convert.FromEvent(m); e != nil && emit != nil {
		emit(e)
	}
}
