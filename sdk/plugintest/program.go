package plugintest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin/runner"

	"github.com/alignuser/alignuser/sdk/launch"
)

// Program is the plugin under test: how to start it. It starts as a host would
// start it, in private folders and with a short environment.
type Program struct {
	Path   string    // of the executable
	Args   []string  // without the executable
	Env    []string  // "NAME=value", added to the kit's own short list
	Stderr io.Writer // gets what the plugin logs; nil: kept for error messages only
}

// Build compiles the package main in dir and gives its program. The binary goes
// with the test's temporary folder.
func Build(tb testing.TB, dir string) Program {
	tb.Helper()
	abs, err := filepath.Abs(dir)
	if err != nil {
		tb.Fatal(err)
	}
	exe := filepath.Join(tb.TempDir(), filepath.Base(abs)+exeSuffix())
	cmd := exec.Command("go", "build", "-o", exe, ".")
	cmd.Dir = abs
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("go build in %s: %v\n%s", dir, err, out)
	}
	return Program{Path: exe}
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// Process is one running process of the program.
type Process struct {
	*launch.Client
	child *child
	dir   string // holds home, tmp, work and scratch
}

// startTimeout is how long a plugin may take from its start to the answer of
// Describe; the host waits as long.
const startTimeout = 30 * time.Second

// start launches a process with its own folders below dir, which must be short.
func (p Program) start(ctx context.Context, dir string, within time.Duration) (*Process, error) {
	cmd, err := p.command(dir)
	if err != nil {
		return nil, err
	}
	var c *child
	client, err := launch.Start(ctx, launch.Config{
		Cmd: cmd,
		Runner: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			c = newChild(cmd, p.Stderr)
			return c, nil
		},
		RuntimeDir:   filepath.Join(dir, socketFolder),
		StartTimeout: within,
		HostVersion:  "plugintest " + Version,
	})
	if err != nil {
		return nil, err
	}
	return &Process{Client: client, child: c, dir: dir}, nil
}

// command prepares a process: folders, environment, nothing of a handshake.
func (p Program) command(dir string) (*exec.Cmd, error) {
	for _, sub := range []string{"home", "tmp", "work", "scratch", socketFolder} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("plugintest: %w", err)
		}
	}
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Dir = filepath.Join(dir, "work")
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + filepath.Join(dir, "home"),
		"TMPDIR=" + filepath.Join(dir, "tmp"),
		"LANG=C.UTF-8", "TZ=UTC", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1",
	}, p.Env...)
	for _, name := range []string{"SystemRoot", "SystemDrive"} {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd, nil
}

// socketFolder has a short name because the path of a socket is limited.
const socketFolder = "s"

// kill ends the process and everything it started.
func (p *Process) kill() {
	p.Kill()
	p.child.end()
}

// stop asks the process to end and waits for it; what is left is killed.
func (p *Process) stop(ctx context.Context) error {
	defer p.kill()
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	err := p.Shutdown(ctx)
	switch {
	case p.child.ended(ctx):
		return nil
	case err != nil:
		return fmt.Errorf("still running %s after Shutdown: %w", grace, err)
	}
	return fmt.Errorf("still running %s after Shutdown", grace)
}

// folder is one of the process's private folders.
func (p *Process) folder(name string) string { return filepath.Join(p.dir, name) }

// tail keeps the end of what a process writes.
type tail struct {
	bytes.Buffer
}

const tailLimit = 16 << 10

func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	t.Buffer.Write(p)
	if over := t.Len() - tailLimit; over > 0 {
		t.Next(over)
	}
	return n, nil
}
