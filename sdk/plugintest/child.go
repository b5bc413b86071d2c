package plugintest

import (
	"bufio"
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

// handshakeLine finds go-plugin's "core|app|network|address|protocol" at the
// end of a line.
var handshakeLine = regexp.MustCompile(`1\|(\d+)\|(unix|tcp)\|([^|]+)\|grpc(?:\|.*)?$`)

// outputGrace is how long children and open pipes of an ended process are awaited.
const outputGrace = time.Second

// child is one operating-system process, in the form that go-plugin wants
// (runner.Runner): in a group of its own, with a standard input that nobody
// writes to, and with its output read to the end. Noise around the handshake is
// kept apart, so that a plugin that prints can still be examined.
type child struct {
	cmd   *exec.Cmd
	extra io.Writer // a copy of stderr; may be nil

	stdin     *os.File
	handshake *io.PipeReader
	toHost    *io.PipeWriter
	started   bool
	left      bool          // something that it had started outlived it
	done      chan struct{} // closed when it is reaped and its output was read

	mu      sync.Mutex
	stderr  tail
	noise   []string // lines on stdout that are not the handshake
	line    string   // the handshake
	version string   // in it, that of the protocol
	network string
	address string
}

func newChild(cmd *exec.Cmd, extra io.Writer) *child {
	c := &child{cmd: cmd, extra: extra, done: make(chan struct{})}
	c.handshake, c.toHost = io.Pipe()
	return c
}

// Start starts the process.
func (c *child) Start(context.Context) error {
	in, stdin, err1 := os.Pipe()
	stdout, out, err2 := os.Pipe()
	stderr, errw, err3 := os.Pipe()
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = in, out, errw
	c.cmd.SysProcAttr = ownGroup()
	err := c.cmd.Start()
	for _, f := range []*os.File{in, out, errw} {
		_ = f.Close()
	}
	if err != nil {
		for _, f := range []*os.File{stdin, stdout, stderr} {
			_ = f.Close()
		}
		return err
	}
	c.stdin, c.started = stdin, true
	var readers sync.WaitGroup
	readers.Go(func() { c.readStdout(stdout) })
	readers.Go(func() { c.readStderr(stderr) })
	go func() {
		_ = c.cmd.Wait()
		c.left = survivors(c.cmd.Process)
		_ = stdin.Close()
		read := make(chan struct{})
		go func() { readers.Wait(); close(read) }()
		late := time.NewTimer(outputGrace)
		select {
		case <-read:
		case <-late.C: // something outside the group holds the pipes
		}
		late.Stop()
		_, _ = stdout.Close(), stderr.Close()
		<-read
		close(c.done)
	}()
	return nil
}

// survivors waits a little for what an ended process has started, ends the rest
// and reports whether there was any.
func survivors(leader *os.Process) bool {
	for range 20 {
		if !groupAlive(leader) {
			return false
		}
		time.Sleep(outputGrace / 20)
	}
	killGroup(leader)
	return true
}

// readStdout hands over the handshake and keeps everything else.
func (c *child) readStdout(r io.Reader) {
	defer func() { _ = c.toHost.Close() }()
	lines := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		if text := strings.TrimRight(line, "\r\n"); text != "" {
			c.takeLine(text)
		}
		if err != nil {
			return
		}
	}
}

func (c *child) takeLine(text string) {
	c.mu.Lock()
	found := handshakeLine.FindStringSubmatch(text)
	if found == nil || c.version != "" {
		if len(c.noise) < 20 {
			c.noise = append(c.noise, text[:min(len(text), 200)])
		}
		c.mu.Unlock()
		return
	}
	if text != found[0] {
		c.noise = append(c.noise, strings.TrimSuffix(text, found[0]))
	}
	c.line, c.version, c.network, c.address = found[0], found[1], found[2], found[3]
	c.mu.Unlock()
	line := found[0]
	if c.network == "unix" { // without TLS, a certificate would upset go-plugin
		line = strings.Join(strings.Split(line, "|")[:5], "|")
	}
	_, _ = io.WriteString(c.toHost, line+"\n")
	_ = c.toHost.Close()
}

func (c *child) readStderr(r io.Reader) {
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		c.mu.Lock()
		_, _ = c.stderr.Write(buf[:n])
		c.mu.Unlock()
		if c.extra != nil && n > 0 {
			_, _ = c.extra.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// end kills the process and its group, and waits for the end.
func (c *child) end() {
	_ = c.handshake.Close() // nobody may wait to hand it over
	if c.started {
		select {
		case <-c.done: // its id may be another's by now
		default:
			killGroup(c.cmd.Process)
			<-c.done
		}
	}
	_ = c.toHost.Close()
}

// ended waits for the process to end by itself, as long as ctx lasts.
func (c *child) ended(ctx context.Context) bool {
	select {
	case <-c.done:
		return true
	case <-ctx.Done():
		return false
	}
}

// how says how an ended process ended.
func (c *child) how() string {
	if ps := c.cmd.ProcessState; ps != nil {
		return ps.String()
	}
	return "not ended"
}

// output gives copies of what the process printed so far.
func (c *child) output() (stderr string, noise []string, version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.TrimSpace(c.stderr.String()), append([]string(nil), c.noise...), c.version
}

// explain adds the last lines of stderr, which usually say more.
func (c *child) explain(err error) error {
	if last := c.lastWords(); last != "" {
		return fmt.Errorf("%w: stderr: %s", err, last)
	}
	return err
}

func (c *child) lastWords() string {
	stderr, _, _ := c.output()
	lines := strings.Split(stderr, "\n")
	return strings.Join(lines[max(0, len(lines)-4):], " | ")
}

// The rest is what go-plugin asks of a runner.

// Wait waits for the end.
func (c *child) Wait(context.Context) error {
	<-c.done
	if !c.cmd.ProcessState.Success() {
		return errors.New(c.how())
	}
	return nil
}

// Kill ends the process.
func (c *child) Kill(context.Context) error { c.end(); return nil }

// Stdout gives the handshake line and then ends.
func (c *child) Stdout() io.ReadCloser { return c.handshake }

// Stderr is empty: the kit reads the real one.
func (c *child) Stderr() io.ReadCloser { return io.NopCloser(strings.NewReader("")) }

// Name is the path of the executable.
func (c *child) Name() string { return c.cmd.Path }

// ID is the process id.
func (c *child) ID() string {
	if c.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(c.cmd.Process.Pid)
}

// Diagnose says how the process ended, if it has, and what it said last.
func (c *child) Diagnose(context.Context) string {
	var notes []string
	select {
	case <-c.done:
		notes = append(notes, "process: "+c.how())
	default:
	}
	if last := c.lastWords(); last != "" {
		notes = append(notes, "stderr: "+last)
	}
	return strings.Join(notes, "\n")
}

// PluginToHost changes nothing.
func (c *child) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin changes nothing.
func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
