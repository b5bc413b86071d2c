package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/host"
)

// What a check can come to. Only a failure changes the exit status.
const (
	checkGood = "ok"
	checkNote = "note"
	checkFail = "FAIL"
)

// check is one line of the doctor's report.
type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

func good(name, format string, args ...any) check {
	return check{Name: name, Status: checkGood, Found: fmt.Sprintf(format, args...)}
}

func failed(name string, err error, remedy string) check {
	return check{Name: name, Status: checkFail, Found: err.Error(), Remedy: remedy}
}

// newDoctorCommand looks whether this machine has what a run needs.
func newDoctorCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check that this machine has all that a run needs",
		Long: `doctor starts every plugin once, writes to every folder that a run writes to, and
looks at disk, memory and what the kernel offers. It changes nothing that stays.

Exit status: 0 all good, 1 something needed is missing; the remedy is printed.`,
		Example: "  alignuser doctor\n  alignuser doctor --json",
		Args:    exactly(),
		RunE: func(c *cobra.Command, _ []string) error {
			checks := a.examine(c.Context())
			bad := 0
			for _, k := range checks {
				if k.Status == checkFail {
					bad++
				}
			}
			if asJSON {
				if err := writeJSON(a, checks); err != nil {
					return err
				}
			} else {
				a.printChecks(checks)
			}
			if bad > 0 {
				return &exitError{code: exitFailed, err: fmt.Errorf("doctor: %d of %d checks failed: see the remedies above", bad, len(checks))}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// examine makes every check, in the order in which a run would meet them.
func (a *app) examine(ctx context.Context) []check {
	checks := []check{good("program", "alignuser %s, %s, %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)}
	if runtime.GOOS != "linux" {
		checks[0].Status, checks[0].Remedy = checkNote, "this platform is compiled but not tested"
	}
	checks = append(checks, a.examinePlugins(ctx)...)
	checks = append(checks, examineFolder("data cache", a.cacheDir(), "set ALIGNUSER_CACHE to a folder that can be written"))
	checks = append(checks, examineFolder("run folder", defaultOut, "change to a folder that can be written, or use --out"))
	checks = append(checks, examineKernel()...)
	network := good("network", "allowed, for plugins that need it")
	if a.offline() {
		network = check{Name: "network", Status: checkNote, Found: "ALIGNUSER_OFFLINE=1: any use is an error", Remedy: "unset ALIGNUSER_OFFLINE to download data"}
	}
	return append(checks, network)
}

// examinePlugins starts every plugin and has it describe itself.
func (a *app) examinePlugins(ctx context.Context) []check {
	h, err := a.openHost("")
	if err != nil {
		return []check{failed("plugin host", err, "set TMPDIR to a short path that can be written, such as /tmp; if it is the lock that is broken, see above")}
	}
	defer h.Close()
	checks := []check{good("plugin host", "private folder and sockets work")}
	plugins := h.List()
	if len(plugins) == 0 {
		folder, _ := ownFolder() // openHost has found it before
		return append(checks, failed("plugins", errors.New("none beside this program"), "go build -o "+folder+" ./plugins/..., or unpack the release again"))
	}
	for _, p := range plugins {
		checks = append(checks, examinePlugin(ctx, h, p))
	}
	return checks
}

func examinePlugin(ctx context.Context, h *host.Host, p host.Executable) check {
	name := "plugin " + p.Label()
	p, err := h.Resolve(p.Kind, p.Name)
	if err != nil {
		return failed(name, err, "see the command in brackets")
	}
	d, err := h.Describe(ctx, p)
	if err != nil {
		return failed(name, err, "build or install it again: "+p.Path)
	}
	var components []string
	for _, c := range d.Components {
		components = append(components, c.Name)
	}
	return good(name, "%s: %s", d.Version, strings.Join(components, ", "))
}

// examineFolder writes, locks and removes a file where a run would write, and
// looks at the space there.
func examineFolder(name, dir, remedy string) check {
	at := existing(dir)
	f, err := os.CreateTemp(at, ".alignuser-doctor-*")
	if err != nil {
		return failed(name, err, remedy)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString("x"); err != nil {
		return failed(name, err, remedy)
	}
	if err := tryLock(f); err != nil {
		return failed(name, fmt.Errorf("%s: files cannot be locked: %w", at, err), "use a folder on a local disk: "+remedy)
	}
	free, known := freeSpace(at)
	switch {
	case !known:
		return good(name, "%s: can be written", dir)
	case free < 100<<20:
		return failed(name, fmt.Errorf("%s: %s free", dir, size(free)), "free some space: a run needs about 100 MB")
	case free < 2<<30:
		return check{Name: name, Status: checkNote, Found: fmt.Sprintf("%s: %s free", dir, size(free)), Remedy: "large suites need more"}
	}
	return good(name, "%s: can be written, %s free", dir, size(free))
}

// existing is the folder itself or the nearest path above it that exists, since
// a run makes what is missing. A file in the way is found by writing into it.
func existing(dir string) string {
	dir = filepath.Clean(dir)
	for {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return dir
		}
		dir = up
	}
}

// size prints bytes for people.
func size(n uint64) string {
	if n >= 10<<30 {
		return fmt.Sprintf("%d GiB", n>>30)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

func (a *app) printChecks(checks []check) {
	width := 0
	for _, k := range checks {
		width = max(width, len(k.Name))
	}
	for _, k := range checks {
		fmt.Fprintf(a.stdout, "%s  %-*s  %s\n", a.paintStatus(k.Status), width, k.Name, k.Found)
		if k.Remedy != "" {
			fmt.Fprintf(a.stdout, "%4s  %-*s  -> %s\n", "", width, "", k.Remedy)
		}
	}
}

func (a *app) paintStatus(status string) string {
	padded := fmt.Sprintf("%-4s", status)
	if !a.color {
		return padded
	}
	code := map[string]string{checkGood: "32", checkNote: "33", checkFail: "31"}[status]
	return "\x1b[" + code + "m" + padded + "\x1b[0m"
}
