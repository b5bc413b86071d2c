package launch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// child is a plain child process. It has what go-plugin's own runner lacks: a
// standard input of its own, a reader of standard output that survives long
// lines and noise, and one of standard error that no line can upset.
type child struct {
	cmd    *exec.Cmd
	stdout *io.PipeReader
	filter *handshakeFilter
	stderr *tail
	done   chan struct{}
	err    error // of Wait, once done is closed
}

func newChild(cmd *exec.Cmd, stderr io.Writer) *child {
	r, w := io.Pipe()
	c := &child{cmd: cmd, stdout: r, filter: &handshakeFilter{to: w}, stderr: &tail{also: stderr}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = c.filter, c.stderr
	cmd.WaitDelay = 2 * time.Second // for descendants that keep the pipes
	return c
}

// Start starts the process. Its standard input stays open until it has ended,
// so that it sees EOF exactly when this process dies.
func (c *child) Start(context.Context) error {
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.cmd.Start(); err != nil {
		_ = c.stdout.Close()
		return err
	}
	go func() {
		defer close(c.done)
		c.err = c.cmd.Wait()
		_ = stdin.Close()
		_ = c.filter.to.Close()
	}()
	return nil
}

// Wait waits for the end of the process.
func (c *child) Wait(ctx context.Context) error {
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Kill kills the process.
func (c *child) Kill(context.Context) error {
	if c.cmd.Process == nil {
		return nil
	}
	if err := c.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Diagnose gives the exit status and the end of standard error.
func (c *child) Diagnose(context.Context) string {
	var out []string
	select {
	case <-c.done:
		out = append(out, "process: "+c.cmd.ProcessState.String())
	default:
	}
	if text := c.stderr.String(); text != "" {
		out = append(out, "standard error: "+text)
	}
	return strings.Join(out, "\n")
}

func (c *child) Stdout() io.ReadCloser { return c.stdout }

// Stderr is empty: a line such as {"@message": 42} would end go-plugin's
// reader, and this process with it.
func (c *child) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }
func (c *child) Name() string          { return c.cmd.Path }

// ID is the process id; empty before Start.
func (c *child) ID() string {
	if c.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(c.cmd.Process.Pid)
}

func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// handshakeFilter passes on the first line that looks like a handshake and
// drops everything else, of any length.
type handshakeFilter struct {
	to   *io.PipeWriter
	line []byte
	done bool
}

func (f *handshakeFilter) Write(p []byte) (int, error) {
	for rest := p; !f.done && len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if len(f.line)+len(line) <= 16<<10 {
			f.line = append(f.line, line...)
		}
		if !ended {
			break
		}
		if regexp.MustCompile(`^\d+\|\d+\|[a-z]+\|[^|]+\|`).Match(f.line) {
			f.done = true
			fmt.Fprintf(f.to, "%s\n", f.line)
		}
		f.line, rest = nil, after
	}
	return len(p), nil
}

// tail keeps the last bytes written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
	also io.Writer
}

func (t *tail) Write(p []byte) (int, error) {
	const limit = 8 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - limit; over > 0 {
		t.kept = append([]byte{}, t.kept[over:]...)
	}
	if t.also != nil {
		_, _ = t.also.Write(p)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(strings.TrimSpace(string(t.kept)), "?")
}
