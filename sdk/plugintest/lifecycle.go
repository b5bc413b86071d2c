package plugintest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/handshake"
)

// cycles is how often lifecycle/cycles starts and stops the plugin.
const cycles = 20

func lifecycleCases() []Case {
	return []Case{
		{ID: "lifecycle/start", Doc: "the program starts, shakes hands and describes itself within 30 s", whole: true, run: startCase},
		{ID: "lifecycle/health", Doc: "the health service says that it is serving", whole: true, run: healthCase},
		{ID: "lifecycle/stdout", Doc: "standard output carries the handshake line and nothing else", whole: true, run: stdoutCase},
		{ID: "lifecycle/handshake", Doc: "the handshake names a socket in the folder that it was given, and no certificate where TLS is off", whole: true, run: handshakeCase},
		{ID: "lifecycle/cookie", Doc: "started by hand, it says that it is a plugin and ends with a status that is not 0", whole: true, run: cookieCase},
		{ID: "lifecycle/negotiation", Doc: "offered only protocol versions that it cannot know, it does not claim to speak one", whole: true, run: negotiationCase},
		{ID: "lifecycle/shutdown", Doc: "Shutdown ends the process within 2 s", whole: true, run: shutdownCase},
		{ID: "lifecycle/stdin", Doc: "the process ends within 2 s of its standard input, so that it cannot outlive a host", whole: true, run: stdinCase},
		{ID: "lifecycle/signal", Doc: "SIGTERM ends the process within 2 s", whole: true, run: signalCase},
		{ID: "lifecycle/cycles", Doc: "it can be started and stopped twenty times", whole: true, run: cyclesCase},
		{ID: "lifecycle/component", Doc: "a component that it does not have is refused", whole: true, run: componentCase},
	}
}

func startCase(ctx context.Context, b *bench) error {
	_, err := b.start(ctx)
	return err
}

func healthCase(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	return p.Health(ctx)
}

func stdoutCase(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	if _, noise, _ := p.child.output(); len(noise) > 0 {
		return fmt.Errorf("%d other lines, the first is %q: log to standard error", len(noise), noise[0])
	}
	return nil
}

func handshakeCase(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	p.child.mu.Lock()
	fields := strings.Split(p.child.line, "|")
	p.child.mu.Unlock()
	if fields[2] != "unix" {
		return nil // go-plugin agrees on TLS there
	}
	if len(fields) > 5 && fields[5] != "" {
		return errors.New("field 6 holds a certificate, but PLUGIN_CLIENT_CERT was not set: leave it empty")
	}
	if rel, err := filepath.Rel(p.folder(socketFolder), fields[3]); err != nil || !filepath.IsLocal(rel) {
		return fmt.Errorf("the socket %s is not in $PLUGIN_UNIX_SOCKET_DIR", fields[3])
	}
	return nil
}

// bare starts the program with a handshake of the kit's making and waits for
// its end or its handshake line.
func (b *bench) bare(ctx context.Context, env ...string) (*child, error) {
	b.count++
	dir := filepath.Join(b.dir, fmt.Sprint(b.count))
	cmd, err := b.kit.program.command(dir)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(append(cmd.Env, "PLUGIN_UNIX_SOCKET_DIR="+filepath.Join(dir, socketFolder)), env...)
	c := newChild(cmd, b.kit.program.Stderr)
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	shook := make(chan struct{})
	go func() {
		defer close(shook)
		_, _ = io.Copy(io.Discard, c.handshake)
	}()
	defer func() { c.end(); <-shook }()
	select {
	case <-c.done:
	case <-shook: // either the line, or the end of its output
		if _, _, version := c.output(); version == "" {
			c.ended(ctx)
		}
	case <-ctx.Done():
		return nil, fmt.Errorf("neither a handshake nor an end within %s", startTimeout)
	}
	return c, nil
}

func cookieCase(ctx context.Context, b *bench) error {
	c, err := b.bare(ctx)
	if err != nil {
		return err
	}
	stderr, noise, version := c.output()
	switch {
	case version != "":
		return errors.New("it serves without the cookie in its environment")
	case c.cmd.ProcessState.Success():
		return errors.New("it ends with status 0")
	case stderr == "" && len(noise) == 0:
		return errors.New("it ends without a word")
	}
	return nil
}

func negotiationCase(ctx context.Context, b *bench) error {
	c, err := b.bare(ctx, handshake.CookieKey+"="+handshake.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=901,902")
	if err != nil {
		return err
	}
	if _, _, version := c.output(); version == "901" || version == "902" {
		return fmt.Errorf("it claims to speak protocol version %s", version)
	}
	return nil
}

func shutdownCase(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	return p.stop(ctx)
}

func stdinCase(ctx context.Context, b *bench) error {
	return endsAfter(ctx, b, "its standard input was closed", func(p *Process) error { return p.child.stdin.Close() })
}

func signalCase(ctx context.Context, b *bench) error {
	if !hasSignals {
		return skipf("there is no such signal on this system")
	}
	return endsAfter(ctx, b, "SIGTERM", func(p *Process) error { return terminate(p.child.cmd.Process) })
}

func endsAfter(ctx context.Context, b *bench, what string, do func(*Process) error) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	if err := do(p); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if !p.child.ended(ctx) {
		return fmt.Errorf("still running %s after %s", grace, what)
	}
	return nil
}

func cyclesCase(ctx context.Context, b *bench) error {
	for i := range cycles {
		p, err := b.start(ctx)
		if err == nil {
			err = p.stop(ctx)
		}
		if err != nil {
			return fmt.Errorf("time %d: %w", i+1, err)
		}
	}
	return nil
}

func componentCase(ctx context.Context, b *bench) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	const absent = "no-such-component-of-the-kit"
	_, ds, err := p.Validate(ctx, absent, nil)
	if err == nil && sdk.Failed(ds) {
		err = sdk.Invalidf("", "%s", diagnostics(ds))
	}
	if err := refused(ctx, p, "Validate of an unknown component", err); err != nil {
		return err
	}
	err = p.Configure(ctx, sdk.Config{Component: absent, ScratchDir: p.folder("scratch")})
	return refused(ctx, p, "Configure of an unknown component", err)
}
