package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/handshake"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// checkRuntimeDir makes sure that the socket's name fits: the system's limit is
// 103 bytes on macOS, 107 on Linux, and go-plugin adds two random names.
func checkRuntimeDir(dir string) error {
	if dir == "" {
		dir = os.TempDir()
	}
	const limit = 103 - len("/plugin-dir4294967295/plugin4294967295")
	if len(dir) > limit {
		return sdk.Invalidf("", "runtime folder %s: %d bytes, at most %d fit a socket's name: choose a shorter one", dir, len(dir), limit)
	}
	return nil
}

// prepare makes go-plugin's client, which starts nothing yet.
func (c *Client) prepare() error {
	config := &plugin.ClientConfig{
		HandshakeConfig:  handshake.Config(),
		VersionedPlugins: map[int]plugin.PluginSet{handshake.ProtocolVersion: {}},
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		SkipHostEnv:      true,
		StartTimeout:     c.config.StartTimeout + 10*time.Second, // ours comes first, and says more
		Logger:           c.config.Logger,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: c.config.RuntimeDir},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(handshake.MaxMessage), grpc.MaxCallSendMsgSize(handshake.MaxSend)),
			grpc.WithInitialWindowSize(handshake.StreamWindow),
			grpc.WithInitialConnWindowSize(handshake.ConnWindow),
			grpc.WithReadBufferSize(handshake.IOBuffer),
			grpc.WithWriteBufferSize(handshake.IOBuffer),
		},
	}
	var env []string
	if tcpOnly() {
		identity, certificate, err := newIdentity()
		if err != nil {
			return err
		}
		config.TLSConfig, env = identity, []string{"PLUGIN_CLIENT_CERT=" + certificate}
	}
	config.RunnerFunc = func(l hclog.Logger, handshakeCmd *exec.Cmd, dir string) (runner.Runner, error) {
		return c.newProcess(l, append(handshakeCmd.Env, env...), dir)
	}
	c.plugin = plugin.NewClient(config)
	return nil
}

// newProcess is go-plugin's RunnerFunc. It keeps a hold of the process, since
// go-plugin's own Kill waits for a lock that a hanging start holds.
func (c *Client) newProcess(l hclog.Logger, env []string, dir string) (runner.Runner, error) {
	cmd := &exec.Cmd{
		Path: c.config.Cmd.Path, Args: c.config.Cmd.Args, Dir: c.config.Cmd.Dir,
		Env: append(append([]string{}, c.config.Cmd.Env...), env...), Err: c.config.Cmd.Err,
		SysProcAttr: c.config.Cmd.SysProcAttr, ExtraFiles: c.config.Cmd.ExtraFiles,
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socketDir = dir
	var p runner.Runner
	var err error
	if c.config.Runner != nil {
		p, err = c.config.Runner(l, cmd, dir)
	} else {
		p = newChild(cmd, c.config.Stderr)
	}
	if err != nil {
		return nil, err
	}
	c.process = guarded{Runner: p, client: c}
	return c.process, nil
}

// guarded does not start what has been given up, and refuses an address that
// others could reach unencrypted.
type guarded struct {
	runner.Runner
	client *Client
}

func (g guarded) Start(ctx context.Context) error {
	g.client.mu.Lock()
	defer g.client.mu.Unlock()
	if g.client.abandoned {
		return errors.New("given up before the start")
	}
	return g.Runner.Start(ctx)
}

func (g guarded) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" && !tcpOnly() {
		return "", "", fmt.Errorf("the plugin listens on %s %s; want a unix socket in $PLUGIN_UNIX_SOCKET_DIR", network, address)
	}
	return g.Runner.PluginToHost(network, address)
}

// connect makes the handshake. go-plugin panics on a handshake with a
// certificate that nobody asked for, hence the recover.
func (c *Client) connect() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("handshake: %v", p)
		}
	}()
	protocol, err := c.plugin.Client()
	if err != nil {
		return err
	}
	client, ok := protocol.(*plugin.GRPCClient)
	if !ok {
		return fmt.Errorf("handshake: the plugin does not speak gRPC")
	}
	c.conn = client.Conn
	c.base = pb.NewPluginServiceClient(c.conn)
	return nil
}
