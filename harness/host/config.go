package host

import (
	"context"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/hashicorp/go-hclog"
)

// Config says how a host runs plugins. The zero value runs nothing: it knows no
// built-ins and no lock.
type Config struct {
	// Logger gets the host's own lines and those of plugins; nil: none.
	Logger hclog.Logger
	// Version is the host's module version as in its build info. Built-ins must
	// have the same one.
	Version string
	// BuiltinDir is the folder of the host's executable, links
	// resolved; empty: no built-ins.
	BuiltinDir string
	// Lock pins every other plugin; nil: none is accepted.
	Lock *Lock
	// RuntimeDir is where the private folder of this host is made; it must be
	// short, because sockets lie in it. Empty: the system's temporary folder, or
	// /tmp where that one's path is too long.
	RuntimeDir string
	// MemoryLimit in bytes for the data of one plugin process; 0: none.
	MemoryLimit int64
	// LogDir gets one log file per process; empty: none.
	LogDir string
	// Env is handed to every plugin on top of the fixed list.
	Env map[string]string
	// Timing holds deadlines; zero fields take the defaults.
	Timing Timing
}

// Timing holds every duration that the host waits for anything.
type Timing struct {
	Start     time.Duration // from spawn to the answer of Describe; 30 s
	Configure time.Duration // Validate and Configure each; 60 s
	Health    time.Duration // 2 s
	Call      time.Duration // Recommend, Score, Respond, Update: Call + rows x PerRow; 10 s
	PerRow    time.Duration // 5 ms
	Files     time.Duration // Save and Load; 5 min
	Generate  time.Duration // per request of a batch, and for Embed and ScoreText; 120 s
	Stall     time.Duration // longest silence of a stream; 30 s
	Grace     time.Duration // for other calls in flight once a process is given up; 2 s
	Shutdown  time.Duration // for a polite end; 1 s
	Terminate time.Duration // between SIGTERM and SIGKILL; 0.5 s
	Sample    time.Duration // between looks at resident memory; 0.5 s
	// Backoff is how long to wait before restart 1, 2, …, the last one repeated;
	// 0.2, 1, 5 s.
	Backoff []time.Duration
	// MaxCrashes of one configured component before it has failed; 3.
	MaxCrashes int
	// Sleep waits for a back-off; nil: the clock. Tests put theirs here.
	Sleep func(ctx context.Context, d time.Duration) error
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&t.Start, 30*time.Second)
	set(&t.Configure, 60*time.Second)
	set(&t.Health, 2*time.Second)
	set(&t.Call, 10*time.Second)
	set(&t.PerRow, 5*time.Millisecond)
	set(&t.Files, 5*time.Minute)
	set(&t.Generate, 120*time.Second)
	set(&t.Stall, 30*time.Second)
	set(&t.Grace, 2*time.Second)
	set(&t.Shutdown, time.Second)
	set(&t.Terminate, 500*time.Millisecond)
	set(&t.Sample, 500*time.Millisecond)
	if t.Backoff == nil {
		t.Backoff = []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second}
	}
	if t.MaxCrashes == 0 {
		t.MaxCrashes = 3
	}
	if t.Sleep == nil {
		t.Sleep = sleep
	}
	return t
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// rows is the deadline of a batched call.
func (t Timing) rows(n int) time.Duration { return t.Call + time.Duration(n)*t.PerRow }

// Instance is one component with its options, to be run in a process of its own.
type Instance struct {
	Executable Executable
	Component  string
	Options    sdk.Options // canonical
	Seed       uint64
	Threads    int // 0: the plugin decides
	// Secrets granted by the user. Only those that the component asked for
	// reach it, in Configure and nowhere else, and only language-model
	// backends may have any.
	Secrets     map[string]string
	MemoryLimit int64 // 0: that of the host
}

// Usage is what a configured component cost, over all of its processes.
type Usage struct {
	User, System time.Duration
	MaxRSS       int64 // bytes; the larger of the kernel's peak and the group's sampled one
	Restarts     int
}
