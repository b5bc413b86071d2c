package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// In flight at most. More gains nothing but latency, and grpc-go before 1.85,
// which foreign plugins may link, stalls on unix sockets with many calls.
const (
	inFlight    = 16
	inFlightLLM = 256
)

// Process is one configured component. Its operating-system process may be
// replaced between calls; the Process stays.
type Process struct {
	host    *Host
	inst    Instance
	label   string
	redact  func(string) string
	slots   chan struct{}
	turn    chan struct{} // held by whoever replaces the process
	stopped chan struct{} // closed by Close

	mu      sync.Mutex
	spec    sdk.ComponentSpec
	cur     *generation
	crashes int
	failed  error // after too many crashes
	usage   Usage
	log     *output // of the latest process
	closed  bool
	model   string // folder of the saved model, "" where there is none
	restore func(ctx context.Context, c *launch.Client) error
}

func newProcess(h *Host, i Instance) *Process {
	n := inFlight
	if i.Executable.Kind == sdk.KindLLM {
		n = inFlightLLM
	}
	return &Process{
		host: h, inst: i, label: i.Executable.Label() + "/" + i.Component, redact: redactor(i.Secrets),
		slots: make(chan struct{}, n), turn: make(chan struct{}, 1), stopped: make(chan struct{}),
	}
}

// Spec describes the component.
func (p *Process) Spec() sdk.ComponentSpec {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.spec
}

// Stderr is what is remembered of the latest process's output, at most 64 KiB,
// without secrets.
func (p *Process) Stderr() string {
	p.mu.Lock()
	log := p.log
	p.mu.Unlock()
	if log == nil {
		return ""
	}
	return log.text()
}

// start boots and configures a process and makes it the current one.
func (p *Process) start(ctx context.Context) error {
	g, err := p.host.boot(ctx, p.inst, p.label)
	if err != nil {
		return p.hide(err)
	}
	p.mu.Lock()
	p.log = g.child.log
	p.mu.Unlock()
	if err := p.configure(ctx, g); err != nil {
		err = p.configureError(g, err)
		p.retire(g)
		return p.hide(err)
	}
	p.mu.Lock()
	p.cur = g
	closed := p.closed
	p.mu.Unlock()
	if closed { // while it started; Close did not see it
		p.retire(g)
		return fmt.Errorf("%s: %w", p.label, os.ErrClosed)
	}
	return nil
}

// configure takes a described process to where it can be called.
func (p *Process) configure(ctx context.Context, g *generation) error {
	t := p.host.cfg.Timing
	spec, ok := g.client.Description().Component(p.inst.Component)
	if !ok {
		return p.noComponent(g.client.Description())
	}
	options, err := p.validate(ctx, g)
	if err != nil {
		return err
	}
	cctx, cancel2 := context.WithTimeout(ctx, t.Configure)
	defer cancel2()
	level := "info"
	if p.host.cfg.Logger.IsDebug() {
		level = "debug"
	}
	err = g.client.Configure(cctx, sdk.Config{
		Component: p.inst.Component, Options: options, Seed: p.inst.Seed, Threads: p.inst.Threads,
		ScratchDir: filepath.Join(g.dir, "scratch"), Secrets: p.grant(spec), LogLevel: level,
	})
	if err != nil {
		return fmt.Errorf("%s: configure: %w", p.label, err)
	}
	hctx, cancel3 := context.WithTimeout(ctx, t.Health)
	defer cancel3()
	if err := g.client.Health(hctx); err != nil {
		return fmt.Errorf("%s: health: %w", p.label, err)
	}
	p.mu.Lock()
	p.spec = spec
	p.mu.Unlock()
	return nil
}

// validate has the plugin check its options and gives the canonical ones.
func (p *Process) validate(ctx context.Context, g *generation) (sdk.Options, error) {
	ctx, cancel := context.WithTimeout(ctx, p.host.cfg.Timing.Configure)
	defer cancel()
	options, diagnostics, err := g.client.Validate(ctx, p.inst.Component, p.inst.Options)
	if err != nil {
		return nil, fmt.Errorf("%s: validate: %w", p.label, err)
	}
	return options, p.report(diagnostics)
}

// grant gives the secrets that the component asked for and the user granted.
func (p *Process) grant(spec sdk.ComponentSpec) map[string]string {
	out := map[string]string{}
	for _, name := range spec.Needs.Secrets {
		if v, ok := p.inst.Secrets[name]; ok {
			out[name] = v
		}
	}
	return out
}

func (p *Process) noComponent(d sdk.Description) error {
	names := make([]string, len(d.Components))
	for i, c := range d.Components {
		names[i] = c.Name
	}
	hint := "it has " + strings.Join(names, ", ")
	if near := sdk.Nearest(p.inst.Component, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return fmt.Errorf("%s: %w", p.inst.Executable.Label(), sdk.Invalidf("", "no component %q (%s)", p.inst.Component, hint))
}

// report turns diagnostics into one error or into warnings in the log.
func (p *Process) report(ds []sdk.Diagnostic) error {
	var errs []error
	for _, d := range ds {
		text := d.Summary
		if d.Detail != "" {
			text += ": " + d.Detail
		}
		if d.Severity == sdk.SeverityError {
			errs = append(errs, fmt.Errorf("%s: %w", p.label, sdk.Invalidf(d.Option, "%s", text)))
		} else {
			p.host.cfg.Logger.Warn(text, "plugin", p.label, "option", d.Option)
		}
	}
	return errors.Join(errs...)
}

// configureError prefers what happened to the process over what the call said.
func (p *Process) configureError(g *generation, err error) error {
	if !errors.Is(err, sdk.ErrCrashed) && !errors.Is(err, context.DeadlineExceeded) && !g.child.exited() {
		return err
	}
	p.awaitEnd(g)
	reason, who := "", endedByHost
	if g.child.exited() {
		reason, who = g.child.why()
	}
	if who == endedByHost {
		reason = seen(err)
	}
	return &CrashError{Plugin: p.label, RPC: "start", Reason: reason, Stderr: g.child.log.telling(), Err: err}
}

// awaitEnd gives a process whose connection broke a moment to be reaped.
func (p *Process) awaitEnd(g *generation) {
	timer := time.NewTimer(p.host.cfg.Timing.Terminate)
	defer timer.Stop()
	g.child.endsBefore(timer.C)
}

// retire ends a process for good and books what it cost.
func (p *Process) retire(g *generation) {
	g.giveUp()
	g.child.measure()
	p.host.stop(g)
	g.discard()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.usage.MaxRSS = max(p.usage.MaxRSS, g.child.peak.Load())
	if ps := g.child.state; g.child.exited() && ps != nil {
		p.usage.User += ps.UserTime()
		p.usage.System += ps.SystemTime()
		p.usage.MaxRSS = max(p.usage.MaxRSS, peakResident(ps))
	}
}

// Close ends the process and gives what the component cost. Calls in flight
// fail. Closing twice gives the same answer.
func (p *Process) Close() Usage {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	p.mu.Unlock()
	if first {
		close(p.stopped)
	}
	p.turn <- struct{}{} // a replacement under way ends first
	defer func() { <-p.turn }()
	p.mu.Lock()
	g := p.cur
	p.cur = nil
	p.mu.Unlock()
	if g != nil {
		p.retire(g)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.model != "" {
		_ = os.RemoveAll(p.model)
		p.model = ""
	}
	p.host.forget(p)
	return p.usage
}

// hide keeps secrets out of an error's text.
func (p *Process) hide(err error) error {
	if err == nil || len(p.inst.Secrets) == 0 || p.redact(err.Error()) == err.Error() {
		return err
	}
	return &secretError{err, p.redact}
}

func (p *Process) setRestore(f func(context.Context, *launch.Client) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restore = f
}

// needs refuses an optional method that the component did not declare.
func (p *Process) needs(feature string) error {
	if p.Spec().Has(feature) {
		return nil
	}
	return sdk.Unsupportedf("%s: no feature %q", p.label, feature)
}

// fault names a violation of the contract; nil stays nil.
func (p *Process) fault(rpc string, err error) error {
	if err == nil {
		return nil
	}
	return &FaultError{Plugin: p.label, RPC: rpc, Reason: err.Error()}
}

func (p *Process) configuredOnce() error {
	return fmt.Errorf("%s: configure: done by the host when it started the process", p.label)
}
