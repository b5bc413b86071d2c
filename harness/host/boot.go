package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin/runner"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/launch"
)

// generation is one process of a configured component: a restart makes the next.
type generation struct {
	client *launch.Client
	child  *child
	dir    string

	counted atomic.Bool // as a crash

	mu       sync.Mutex
	calls    int
	givenUp  bool
	finished bool
	idle     chan struct{} // closed when given up and no call is in flight
}

// boot starts a process and has it described. On any error nothing is left of it.
func (h *Host) boot(ctx context.Context, i Instance, label string) (*generation, error) {
	img, err := i.Executable.open()
	if err != nil {
		return nil, err
	}
	dir, seq, err := h.folder("p", "home", "tmp", "scratch")
	if err != nil {
		img.close()
		return nil, err
	}
	file, err := openLog(h.cfg.LogDir, fmt.Sprintf("%s-%d", filepath.Base(i.Executable.Label()), seq))
	if err != nil {
		img.close()
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if i.MemoryLimit == 0 {
		i.MemoryLimit = h.cfg.MemoryLimit
	}
	log := newOutput(h.cfg.Logger.Named(label), redactor(i.Secrets), file)
	c := newChild(label, dir, img, log, h.spawner, i.MemoryLimit)
	g := &generation{child: c, dir: dir, idle: make(chan struct{})}
	if err := h.watch(c); err != nil {
		img.close()
		log.close()
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	limit := h.cfg.Timing.Start
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(h.life, cancel)()
	// launch may wait inside go-plugin where no context reaches; the end of the
	// process ends that wait.
	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			c.condemn(c.lateStart(limit.String()))
		} else {
			c.condemn("start was cancelled")
		}
	})()
	g.client, err = launch.Start(ctx, launch.Config{
		Cmd:    c.command(i.Executable, environment(dir, i.Threads, h.cfg.Env)),
		Runner: c.adopt, RuntimeDir: dir,
		Logger: h.cfg.Logger.Named(label), HostVersion: h.cfg.Version,
		StartTimeout: limit, StallTimeout: h.cfg.Timing.Stall,
	})
	if err != nil {
		return nil, h.startError(g, label, err)
	}
	if err := matches(i.Executable, g.client.Description()); err != nil {
		h.stop(g)
		g.discard()
		return nil, fmt.Errorf("%s: describe: %w", label, err)
	}
	return g, nil
}

// matches checks a plugin's kind against the name it was found under. All
// components of one plugin are of one kind.
func matches(e Executable, d sdk.Description) error {
	if len(d.Components) == 0 {
		return errors.New("it describes no component")
	}
	want := e.Kind
	if want == 0 {
		want = d.Components[0].Kind
	}
	for _, c := range d.Components {
		if c.Kind != want {
			return fmt.Errorf("component %s is a %s, want a %s", c.Name, c.Kind, want)
		}
	}
	return nil
}

// startError says why a start failed: what the process did if it ended by
// itself, else what the host saw.
func (h *Host) startError(g *generation, label string, err error) error {
	c := g.child
	c.condemn("")
	if !c.started() {
		c.image.close()
		c.log.close()
		h.unwatch(c)
		g.discard()
		if c.refused != nil {
			err = c.refused
		}
		return fmt.Errorf("%s: start: %w", label, err)
	}
	<-c.done
	h.unwatch(c)
	g.discard()
	reason, who := c.why()
	switch {
	case who == endedByHost:
		reason = seen(err)
	case who == endedItself && !c.shook.Load():
		reason += " before the handshake"
	case who == endedItself:
		reason += " before it was described"
	}
	return &CrashError{Plugin: label, RPC: "start", Reason: reason, Stderr: c.log.telling(), Err: err}
}

// seen is what launch saw, without the name it gives the process.
func seen(err error) string {
	var e *sdk.Error
	if errors.As(err, &e) {
		return e.Msg
	}
	return err.Error()
}

// lateStart says how far a start came before its deadline.
func (c *child) lateStart(limit string) string {
	if c.shook.Load() {
		return "no answer to describe within " + limit
	}
	return "no handshake within " + limit
}

// command is what to execute.
func (c *child) command(e Executable, env []string) *exec.Cmd {
	argv0 := e.Path
	if info, err := os.Stat(e.Path); err == nil && info.IsDir() {
		argv0 = filepath.Join(e.Path, entryName)
	}
	return &exec.Cmd{Path: c.image.path, Args: []string{argv0}, Dir: filepath.Join(c.dir, "tmp"), Env: env}
}

// adopt is launch's Runner: the command with the variables of the handshake.
func (c *child) adopt(_ hclog.Logger, cmd *exec.Cmd, socketDir string) (runner.Runner, error) {
	c.cmd, c.socketDir = cmd, socketDir
	return c, nil
}

// begin counts a call; false where the process was given up.
func (g *generation) begin() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.givenUp {
		return false
	}
	g.calls++
	return true
}

func (g *generation) end() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls--
	g.settle()
}

// giveUp lets no more calls in. Idle closes when those in flight have ended.
func (g *generation) giveUp() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.givenUp = true
	g.settle()
}

func (g *generation) settle() {
	if g.givenUp && g.calls == 0 && !g.finished {
		g.finished = true
		close(g.idle)
	}
}

// discard removes the private folder.
func (g *generation) discard() { _ = os.RemoveAll(g.dir) }
