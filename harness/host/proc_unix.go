//go:build unix

package host

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// systemVariables pass through to plugins where the host has them.
var systemVariables = []string{}

// group is a process and everything it started, as one process group.
type group struct {
	mu     sync.Mutex
	pgid   int
	reaped bool // the id may belong to someone else from now on
}

func newGroup(p *os.Process) (*group, error) { return &group{pgid: p.Pid}, nil }

// terminate asks every process of the group to end.
func (g *group) terminate() { g.signal(unix.SIGTERM) }

// kill ends every process of the group.
func (g *group) kill() { g.signal(unix.SIGKILL) }

func (g *group) signal(sig syscall.Signal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.reaped {
		_ = unix.Kill(-g.pgid, sig)
	}
}

// release ends what is left of the group and forgets it.
func (g *group) release() {
	g.kill()
	g.mu.Lock()
	g.reaped = true
	g.mu.Unlock()
}

// endedBy says how a process ended.
func endedBy(ps *os.ProcessState) string {
	if ps == nil {
		return "ended without a status"
	}
	if ws, ok := ps.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return "killed by " + unix.SignalName(ws.Signal())
	}
	return fmt.Sprintf("exited with status %d", ps.ExitCode())
}

// killedOutright reports whether a process was ended by SIGKILL.
func killedOutright(ps *os.ProcessState) bool {
	ws, ok := ps.Sys().(syscall.WaitStatus)
	return ok && ws.Signaled() && ws.Signal() == unix.SIGKILL
}

// lockFolder takes a lock that lasts as long as the process that took it.
func lockFolder(f *os.File) (bool, error) {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
