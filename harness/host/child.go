package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// outputGrace is how long output is awaited after a process has ended. Only a
// descendant that left the process group can still hold a pipe then.
const outputGrace = 2 * time.Second

// child is one operating-system process of a plugin, as go-plugin wants it
// (runner.Runner). It owns the pipes and the two readers; go-plugin gets the
// handshake line and nothing else.
type child struct {
	name    string
	dir     string // private folder of the process
	cmd     *exec.Cmd
	image   image
	log     *output
	spawner *spawner
	memory  int64

	socketDir string // where the plugin must listen

	mu      sync.Mutex // group, and killed against Start
	group   *group
	killed  bool
	verdict string // why the host ended it; empty: it ended by itself

	refused   error    // by the system, before there was a process
	stdin     *os.File // closed when the host wants the plugin to end, or dies
	handshake *io.PipeReader
	toPlugin  *io.PipeWriter
	shook     atomic.Bool
	peak      atomic.Int64

	done  chan struct{} // closed when the process is reaped and its output read
	state *os.ProcessState
}

func newChild(name, dir string, image image, log *output, s *spawner, memory int64) *child {
	c := &child{name: name, dir: dir, image: image, log: log, spawner: s, memory: memory, done: make(chan struct{})}
	c.handshake, c.toPlugin = io.Pipe()
	return c
}

// Start starts the process and the goroutines that end with it.
func (c *child) Start(context.Context) error {
	c.refused = c.spawn()
	return c.refused
}

// pipes are the standard streams of a child, the host's ends and the child's.
type pipes struct {
	stdin, stdout, stderr       *os.File
	childIn, childOut, childErr *os.File
}

func newPipes() (p pipes, err error) {
	if p.childIn, p.stdin, err = os.Pipe(); err != nil {
		return p, err
	}
	if p.stdout, p.childOut, err = os.Pipe(); err == nil {
		p.stderr, p.childErr, err = os.Pipe()
	}
	if err != nil {
		p.closeHost()
		p.closeChild()
	}
	return p, err
}

// Closing a file that was never opened answers an error and does nothing.
func (p pipes) closeHost()  { _, _, _ = p.stdin.Close(), p.stdout.Close(), p.stderr.Close() }
func (p pipes) closeChild() { _, _, _ = p.childIn.Close(), p.childOut.Close(), p.childErr.Close() }

func (c *child) spawn() error {
	p, err := newPipes()
	if err != nil {
		return err
	}
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = p.childIn, p.childOut, p.childErr
	c.cmd.SysProcAttr = attributes()
	err = c.spawner.start(c.cmd)
	c.image.close()
	p.closeChild()
	if err != nil {
		p.closeHost()
		var named *os.PathError
		if errors.As(err, &named) { // the path is that of a descriptor
			err = fmt.Errorf("%s: %w", c.cmd.Args[0], named.Err)
		}
		return err
	}
	g, err := newGroup(c.cmd.Process)
	if err == nil {
		err = restrict(c.cmd.Process.Pid, c.memory)
	}
	if err != nil {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
		p.closeHost()
		return err
	}
	c.stdin = p.stdin
	c.mu.Lock()
	c.group = g
	if c.killed {
		g.kill()
	}
	c.mu.Unlock()
	go c.run(p.stdout, p.stderr)
	return nil
}

// run reads the process's output, waits for its end and cleans up after it.
func (c *child) run(stdout, stderr *os.File) {
	var readers sync.WaitGroup
	readers.Go(func() { filterStdout(stdout, c.toPlugin, c.log, func() { c.shook.Store(true) }) })
	readers.Go(func() {
		splitLines(stderr, func(head, _ []byte, size int) { c.log.line("stderr", head, size) })
	})
	reap(c.cmd, c.group)
	c.state = c.cmd.ProcessState
	_ = c.stdin.Close()
	read := make(chan struct{})
	go func() { readers.Wait(); close(read) }()
	late := time.NewTimer(outputGrace)
	select {
	case <-read:
	case <-late.C:
		c.log.line("stderr", []byte("a descendant of the plugin left its process group and holds its output open"), 0)
	}
	late.Stop()
	_, _ = stdout.Close(), stderr.Close()
	<-read
	c.log.close()
	close(c.done)
}

// condemn ends the process and all of its group. The first reason given stays;
// an empty one leaves the reason to how the process ended.
func (c *child) condemn(why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdict == "" {
		c.verdict = why
	}
	c.killed = true
	if c.group != nil {
		c.group.kill()
	}
}

// terminate asks every process of the group to end.
func (c *child) terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group != nil {
		c.group.terminate()
	}
}

// started reports whether there is a process to wait for.
func (c *child) started() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.group != nil
}

// ender says who ended a process.
type ender int

const (
	endedItself ender = iota
	endedByHost       // for no reason of its own: something had failed before
	endedFor          // the reason that condemn was given
)

// why says how the process ended, once it has.
func (c *child) why() (reason string, who ender) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.verdict != "":
		return c.verdict, endedFor
	case c.killed && killedOutright(c.state):
		return endedBy(c.state), endedByHost
	}
	return endedBy(c.state), endedItself
}

// measure takes the process's own peak while it still lives.
func (c *child) measure() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group == nil || c.exited() {
		return
	}
	c.peak.Store(max(c.peak.Load(), highWater(c.cmd.Process.Pid)))
}

// observe takes one sample of resident memory by process group.
func (c *child) observe(resident map[int]int64) {
	c.mu.Lock()
	if c.group == nil {
		c.mu.Unlock()
		return
	}
	now := resident[c.cmd.Process.Pid]
	c.mu.Unlock()
	if now > c.peak.Load() {
		c.peak.Store(now)
	}
	if c.memory > 0 && now > c.memory {
		c.condemn(fmt.Sprintf("over its memory limit: %d MiB of %d", now>>20, c.memory>>20))
	}
}

// exited reports whether the process has ended.
func (c *child) exited() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// Wait is go-plugin's way to learn of the end.
func (c *child) Wait(context.Context) error {
	<-c.done
	if !c.state.Success() {
		return errors.New(endedBy(c.state))
	}
	return nil
}

// Kill ends the process and all of its group.
func (c *child) Kill(context.Context) error {
	c.condemn("")
	if c.started() {
		<-c.done
	}
	return nil
}

// Stdout gives the handshake line and then ends.
func (c *child) Stdout() io.ReadCloser { return c.handshake }

// Stderr is empty: the host reads the real one.
func (c *child) Stderr() io.ReadCloser { return io.NopCloser(eof{}) }

// Name is the plugin's.
func (c *child) Name() string { return c.name }

// ID is the process id.
func (c *child) ID() string {
	if c.cmd == nil || c.cmd.Process == nil {
		return ""
	}
	return strconv.Itoa(c.cmd.Process.Pid)
}

// Diagnose adds nothing: the host makes its own message.
func (c *child) Diagnose(context.Context) string { return "" }

// PluginToHost refuses an address that is not in the plugin's own folder.
func (c *child) PluginToHost(network, address string) (string, string, error) {
	if network == "unix" && filepath.Dir(address) != c.socketDir {
		return "", "", fmt.Errorf("the handshake names a socket outside the plugin's folder: %s", address)
	}
	if network != "unix" && runtime.GOOS != "windows" {
		return "", "", fmt.Errorf("the plugin listens on %s without TLS, want a unix socket in $PLUGIN_UNIX_SOCKET_DIR", network)
	}
	return network, address, nil
}

// HostToPlugin changes nothing.
func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }
