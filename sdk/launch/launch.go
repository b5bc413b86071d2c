// Package launch is the host's door to a plugin: it starts the program, asks
// what it holds and gives clients that implement the very interfaces of package
// sdk. Plugins must not import it.
//
// Nothing a plugin sends can make this package panic or wait for ever: replies
// are checked for shape, streams have a stall timer, starting has a time limit,
// and after any failed start the process is dead. What the replies mean, limits
// on a process and the way it is ended belong to the caller, who brings a
// Runner for that.
package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// Config says what to start and how.
type Config struct {
	// Cmd is the program with its arguments, folder and environment. It is
	// read, never started. The plugin sees Cmd.Env and nothing of the host's
	// own environment.
	Cmd *exec.Cmd

	// Runner makes the process out of a command that is complete but for its
	// pipes: Cmd with the variables of the handshake, and no standard input.
	// The last argument is the private folder of the socket. Nil: a plain
	// child process, enough for tests, with nothing that confines it.
	Runner func(hclog.Logger, *exec.Cmd, string) (runner.Runner, error)

	// Logger takes what go-plugin has to say. Nil: nothing.
	Logger hclog.Logger

	// Stderr takes what the plugin writes to its standard error, where Runner
	// is nil. Nil: only the end is kept, for error messages.
	Stderr io.Writer

	// RuntimeDir is where the private folder of the socket is made. Empty: the
	// folder for temporary files. Its path must be short: sockets have names
	// of at most 103 bytes.
	RuntimeDir string

	// StartTimeout bounds the time from start to the answer of Describe. 0: 30 s.
	StartTimeout time.Duration

	// StallTimeout bounds the silence on a stream that has heartbeats (Fit,
	// Prepare, Read, WatchTune). 0: 30 s.
	StallTimeout time.Duration

	// HostVersion is told to the plugin.
	HostVersion string
}

// Client is one running plugin. Its methods may be called from many goroutines.
type Client struct {
	config      Config
	name        string
	plugin      *plugin.Client
	conn        *grpc.ClientConn
	base        pb.PluginServiceClient
	description sdk.Description

	mu        sync.Mutex
	process   runner.Runner // nil until go-plugin asked for it
	abandoned bool          // nothing may be started any more
	socketDir string
}

// Start starts a plugin, makes the handshake and asks it to describe itself.
// On any error the process has been killed. Errors wrap sdk.ErrCrashed and
// carry what the runner's Diagnose said.
func Start(ctx context.Context, c Config) (*Client, error) {
	if c.Cmd == nil {
		return nil, sdk.Invalidf("", "launch: no command")
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	if c.StartTimeout == 0 {
		c.StartTimeout = 30 * time.Second
	}
	if c.StallTimeout == 0 {
		c.StallTimeout = 30 * time.Second
	}
	cl := &Client{config: c, name: filepath.Base(c.Cmd.Path)}
	if err := checkRuntimeDir(c.RuntimeDir); err != nil {
		return nil, fmt.Errorf("start %s: %w", cl.name, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.StartTimeout, fmt.Errorf("not ready after %v", c.StartTimeout))
	defer cancel()
	connected := make(chan error, 1)
	if err := cl.prepare(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cl.name, err)
	}
	go func() { connected <- cl.connect() }()
	var err error
	select {
	case err = <-connected:
		connected <- nil // for abandon
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err == nil {
		err = cl.describe(ctx)
	}
	if err != nil {
		return nil, cl.abandon(ctx, err, connected)
	}
	return cl, nil
}

func (c *Client) describe(ctx context.Context) error {
	m, err := c.base.Describe(ctx, &pb.DescribeRequest{HostVersion: c.config.HostVersion})
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("describe: %w", err)
	}
	if c.description, err = convert.FromDescription(m); err != nil {
		return fmt.Errorf("describe: reply: %w", err)
	}
	return nil
}

// abandon ends a plugin whose start failed, and tells why.
func (c *Client) abandon(ctx context.Context, cause error, connected <-chan error) error {
	c.mu.Lock()
	c.abandoned = true
	p := c.process
	c.mu.Unlock()
	if p != nil {
		_ = p.Kill(context.WithoutCancel(ctx))
	}
	cleaned := make(chan struct{})
	go func() {
		defer close(cleaned)
		if err := <-connected; err != nil { // go-plugin's Kill would wait for the same
			c.config.Logger.Debug("start abandoned", "error", err)
		}
		c.Kill()
	}()
	wait(cleaned)
	msg := cause.Error()
	if p != nil {
		if notes := p.Diagnose(context.WithoutCancel(ctx)); notes != "" {
			msg += "\n" + notes
		}
	}
	crash := &sdk.Error{Kind: sdk.ErrCrashed, Msg: msg}
	if errors.Is(cause, context.Canceled) {
		return fmt.Errorf("start %s: %w: %w", c.name, crash, context.Canceled)
	}
	return fmt.Errorf("start %s: %w", c.name, crash)
}

// wait gives cleaning up a few seconds: a descendant of the plugin may keep a
// pipe open for ever.
func wait(done <-chan struct{}) {
	timer := time.NewTimer(5 * time.Second)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// Description is what the plugin said of itself when it started.
func (c *Client) Description() sdk.Description { return c.description }

// Health asks the plugin's health service and reports any status but serving.
func (c *Client) Health(ctx context.Context) error {
	reply, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	if err != nil {
		return convert.FromStatus(ctx, err)
	}
	if s := reply.GetStatus(); s != grpc_health_v1.HealthCheckResponse_SERVING {
		return &sdk.Error{Kind: sdk.ErrCrashed, Msg: "health: " + s.String()}
	}
	return nil
}

// Shutdown asks the plugin to end by itself and does not wait until it has.
// Ctx must have a deadline.
func (c *Client) Shutdown(ctx context.Context) error {
	err := c.conn.Invoke(ctx, "/plugin.GRPCController/Shutdown", &emptypb.Empty{}, &emptypb.Empty{})
	if status.Code(err) == codes.Unavailable { // it ended before it could answer
		return nil
	}
	return convert.FromStatus(ctx, err)
}

// Kill kills the process, if it still runs, and frees all that belongs to it.
// It must be called for every client, and may be called again.
func (c *Client) Kill() {
	c.mu.Lock()
	p, dir := c.process, c.socketDir
	c.mu.Unlock()
	if p != nil {
		_ = p.Kill(context.Background())
	}
	cleaned := make(chan struct{})
	go func() {
		defer close(cleaned)
		c.plugin.Kill()
	}()
	wait(cleaned)
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
}

// Exited reports whether the process has ended.
func (c *Client) Exited() bool { return c.plugin.Exited() }
