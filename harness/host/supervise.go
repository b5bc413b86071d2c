package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// ask says how a call is to be treated.
type ask struct {
	rpc   string
	limit time.Duration // 0: only a stall ends it
	retry bool          // asked once more after a crash; never true for a Fit
}

// call runs f against a live process. It waits for a slot, replaces a process
// that has ended since the last call, sets the deadline, and tells a crash from
// an answer. An answer that is an error comes back as it is, with the place.
func (p *Process) call(ctx context.Context, a ask, f func(context.Context, *launch.Client) error) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for again := a.retry; ; again = false {
		g, err := p.ready(ctx)
		if err != nil {
			return p.hide(err)
		}
		crash, err := p.try(ctx, g, a, f)
		if crash == nil && errors.Is(err, context.DeadlineExceeded) {
			p.clear(g) // it may still be at work for a caller who has gone
		}
		if crash == nil {
			return p.hide(p.place(a.rpc, err))
		}
		p.crashed(g, crash)
		if !again || p.isClosed() {
			p.clear(g)
			return p.hide(crash)
		}
	}
}

func (p *Process) place(rpc string, err error) error {
	var fault *FaultError
	var shape *launch.ReplyError
	switch {
	case err == nil || errors.As(err, &fault):
		return err
	case errors.As(err, &shape):
		return p.fault(rpc, shape.Err)
	}
	return fmt.Errorf("%s: %s: %w", p.label, rpc, err)
}

// try makes one attempt. It answers a crash, or what the plugin said.
func (p *Process) try(ctx context.Context, g *generation, a ask, f func(context.Context, *launch.Client) error) (*CrashError, error) {
	defer g.end()
	// Whose deadline a call ran into is settled beforehand: the plugin's own
	// server, which knows it too, may answer before the clock here has struck.
	theirs, limited := ctx.Deadline()
	ours := a.limit > 0 && (!limited || time.Until(theirs) > a.limit)
	cctx, cancel := ctx, func() {}
	if ours {
		cctx, cancel = context.WithTimeout(ctx, a.limit)
	}
	err := f(cctx, g.client)
	cancel()
	late := errors.Is(err, context.DeadlineExceeded)
	switch {
	case err == nil:
		return nil, nil
	case p.isClosed():
		return nil, os.ErrClosed
	case ctx.Err() != nil:
		return nil, ctx.Err() // the caller gave up
	case late && limited && !ours:
		return nil, context.DeadlineExceeded
	case late && ours:
		g.giveUp()
		return p.crash(a.rpc, g, fmt.Sprintf("no answer within %v", a.limit.Round(time.Millisecond)), err), nil
	case errors.Is(err, sdk.ErrCrashed) || g.child.exited():
		p.awaitEnd(g)
		return p.crash(a.rpc, g, p.endReason(g, err), err), nil
	}
	return nil, err
}

// endReason says what became of a process whose call broke.
func (p *Process) endReason(g *generation, err error) string {
	if g.child.exited() {
		if reason, who := g.child.why(); who != endedByHost {
			return reason
		}
	}
	return seen(err)
}

func (p *Process) crash(rpc string, g *generation, reason string, err error) *CrashError {
	return &CrashError{Plugin: p.label, RPC: rpc, Reason: reason, Stderr: g.child.log.telling(), Err: err}
}

// crashed counts a crash once per process, however many calls it broke.
func (p *Process) crashed(g *generation, why *CrashError) {
	if g.giveUp(); g.counted.CompareAndSwap(false, true) {
		p.count(why)
	}
}

// count books a crash; after too many the component has failed for good.
func (p *Process) count(why *CrashError) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.crashes++
	p.host.cfg.Logger.Warn("plugin crashed", "plugin", p.label, "rpc", why.RPC, "reason", p.redact(why.Reason), "crashes", p.crashes)
	if p.crashes >= p.host.cfg.Timing.MaxCrashes && p.failed == nil {
		p.failed = &CrashError{
			Plugin: why.Plugin, RPC: why.RPC, Stderr: why.Stderr, Err: why.Err,
			Reason: fmt.Sprintf("failed for good after %d crashes: %s", p.crashes, why.Reason),
		}
	}
}

// ready gives the process to call, with the call counted, after replacing one
// that has ended or was given up.
func (p *Process) ready(ctx context.Context) (*generation, error) {
	for {
		g, err := p.current()
		if err != nil {
			return nil, err
		}
		if g != nil && !g.child.exited() && g.begin() {
			return g, nil
		}
		select {
		case p.turn <- struct{}{}:
		case <-p.stopped:
			return nil, fmt.Errorf("%s: %w", p.label, os.ErrClosed)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		err = p.replace(ctx, g)
		<-p.turn
		if err != nil {
			return nil, err
		}
	}
}

func (p *Process) current() (*generation, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, fmt.Errorf("%s: %w", p.label, os.ErrClosed)
	case p.failed != nil:
		return nil, p.failed
	}
	return p.cur, nil
}

func (p *Process) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// clear ends a process that was given up, so that it burns nothing until the
// next call or Close.
func (p *Process) clear(g *generation) {
	select {
	case p.turn <- struct{}{}:
		p.remove(g)
		<-p.turn
	case <-p.stopped: // Close does it
	}
}

// remove lets the calls in flight end for a while and then ends the process. The
// caller holds the turn.
func (p *Process) remove(g *generation) {
	p.mu.Lock()
	mine := g != nil && p.cur == g
	p.mu.Unlock()
	if !mine {
		return
	}
	g.giveUp()
	grace := time.NewTimer(p.host.cfg.Timing.Grace)
	defer grace.Stop()
	select {
	case <-g.idle:
	case <-grace.C:
	case <-g.child.done:
	case <-p.stopped:
	}
	p.mu.Lock()
	p.cur = nil
	p.mu.Unlock()
	p.retire(g)
}

// replace ends what is left of an old process and starts the next, restored to
// where the old one was. The caller holds the turn.
func (p *Process) replace(ctx context.Context, old *generation) error {
	p.mu.Lock()
	current, restore := p.cur, p.restore
	p.mu.Unlock()
	if current != old { // someone else has done it
		return nil
	}
	if old != nil {
		if old.child.exited() { // counts unless a call has told of it
			p.crashed(old, p.crash("idle", old, p.endReason(old, sdk.ErrCrashed), nil))
		}
		p.remove(old)
	}
	if _, err := p.current(); err != nil {
		return err
	}
	// A restart is bound by the caller's patience, not by the deadline of the
	// call that needs it; and Close ends it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-p.stopped:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := p.backOff(ctx); err != nil {
		return err
	}
	if err := p.start(ctx); err != nil {
		var crash *CrashError
		if errors.As(err, &crash) {
			p.count(crash)
		}
		return err
	}
	p.mu.Lock()
	p.usage.Restarts++
	g := p.cur
	p.mu.Unlock()
	if restore == nil || g == nil {
		return nil
	}
	err := restore(ctx, g.client)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // the caller gave up, half-way
		p.remove(g)
		return ctx.Err()
	}
	return p.restoreFailed(g, err)
}

func (p *Process) backOff(ctx context.Context) error {
	p.mu.Lock()
	crashes := p.crashes
	p.mu.Unlock()
	t := p.host.cfg.Timing
	if crashes == 0 || len(t.Backoff) == 0 {
		return nil
	}
	return t.Sleep(ctx, t.Backoff[min(crashes, len(t.Backoff))-1])
}

// restoreFailed ends a process that cannot be brought to where its predecessor
// was. If it said so itself, another one would say the same.
func (p *Process) restoreFailed(g *generation, err error) error {
	if errors.Is(err, sdk.ErrCrashed) || errors.Is(err, context.DeadlineExceeded) || g.child.exited() {
		p.awaitEnd(g)
		crash := p.crash("restore", g, p.endReason(g, err), err)
		p.crashed(g, crash)
		err = crash
	} else {
		err = p.place("restore", err)
		p.mu.Lock()
		p.failed = err
		p.mu.Unlock()
	}
	p.remove(g)
	return err
}
