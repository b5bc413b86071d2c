package host

import (
	"context"
	"time"
)

// killGrace bounds the wait for a process after SIGKILL. Only one that hangs in
// the kernel takes longer, and nothing can be done about that.
const killGrace = 10 * time.Second

// stop ends a process by the ladder Shutdown, SIGTERM, SIGKILL, all to the whole
// group, and cleans up behind it. go-plugin's own Kill comes last, because it
// waits without a deadline for a process that is stopped or has left children.
func (h *Host) stop(g *generation) {
	t := h.cfg.Timing
	c := g.child
	polite := time.NewTimer(t.Shutdown)
	defer polite.Stop()
	if !c.exited() {
		ctx, cancel := context.WithTimeout(context.Background(), t.Shutdown)
		_ = g.client.Shutdown(ctx) // a plugin without the service ends by signal
		cancel()
	}
	if !c.endsBefore(polite.C) {
		c.terminate()
		term := time.NewTimer(t.Terminate)
		defer term.Stop()
		if !c.endsBefore(term.C) {
			c.condemn("")
		}
	}
	last := time.NewTimer(killGrace)
	defer last.Stop()
	if c.endsBefore(last.C) {
		g.client.Kill()
	} else {
		h.cfg.Logger.Error("plugin process cannot be ended", "plugin", c.name, "pid", c.ID())
	}
	h.unwatch(c)
}

// endsBefore waits for the end of the process or the timer.
func (c *child) endsBefore(timer <-chan time.Time) bool {
	select {
	case <-c.done:
		return true
	default:
	}
	select {
	case <-c.done:
		return true
	case <-timer:
		return false
	}
}
