package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
	"github.com/alignuser/alignuser/sdk"
)

// defaultOut is where runs are kept and looked for.
const defaultOut = "runs"

// newRunCommand carries a suite out, or goes on with it.
func newRunCommand(a *app) *cobra.Command {
	var flags suiteFlags
	var out, replay string
	var workers int
	c := &cobra.Command{
		Use:   "run <suite.toml>",
		Short: "Run a suite, or go on where it was stopped",
		Long: `run carries a suite out and prints its leaderboard. What it finds is kept in
runs/<suite>/<id>/, where id depends on the suite, the data, the plugins and the
seed: the same command goes on where an earlier one ended, however it ended.

--replay takes the answers of language-model backends from a cassette that
alignuser llm export wrote: nothing is asked, and what is not in it is an error.

The first Ctrl-C lets calls in flight finish (ten seconds at most), the second
ends at once; neither loses what was finished.

Exit status: 0 good, 1 some cells failed or the machine did, 2 the suite or the
command line is wrong, 130 interrupted.`,
		Example: "  alignuser run benchmarks/quickstart.toml\n" +
			"  alignuser run benchmarks/movielens-100k.toml --set dataset.options.path=ml-100k\n" +
			"  alignuser run benchmarks/backends.toml --replay backends.cassette --out replayed",
		Args:              atMostOne,
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return noSuite()
			}
			if workers < 0 {
				return usagef("run: --workers %d: want 0 or more", workers)
			}
			s, err := spec.Load(args[0], flags.sets)
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			if workers > 0 {
				s.Limits.Workers = workers
			}
			if out == "" {
				return usagef("run: --out: want a folder, have nothing: leave the flag out for %s", defaultOut)
			}
			return a.runSuite(c.Context(), s, args[0], out, replay, flags.sets)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&out, "out", defaultOut, "`folder` of run folders")
	c.Flags().StringVar(&replay, "replay", "", "`cassette` that answers for the backends")
	c.Flags().IntVar(&workers, "workers", 0, "arms fitted at once; results do not depend on it (default: limits.workers of the suite)")
	return c
}

// atMostOne leaves a missing suite to the verb, which knows what there is.
func atMostOne(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return exactly("a suite")(c, args)
}

// noSuite says which suites could have been meant.
func noSuite() error {
	suites, err := findSuites(nil)
	if err != nil || len(suites) == 0 {
		return usagef("run: a suite is missing: alignuser init my.toml writes one")
	}
	var b strings.Builder
	for _, s := range suites {
		b.WriteString("\n  alignuser run " + s.Path)
	}
	return usagef("run: a suite is missing: one of these?%s", b.String())
}

func (a *app) runSuite(ctx context.Context, s *spec.Suite, path, out, replay string, sets []string) error {
	ctx, soft, release := signals(ctx, a)
	defer release()
	config, err := a.hostConfig(path)
	if err != nil {
		return err
	}
	config.Timing.Call = s.Limits.CallTimeout
	h, err := host.New(config)
	if err != nil {
		return err
	}
	defer h.Close()
	progress := newProgress(a)
	defer progress.Close()
	plan, err := run.Prepare(soft, run.Config{
		Suite: s, Host: h, Tasks: all.Tasks(), Root: out, CacheDir: a.cacheDir(), Offline: a.offline(),
		Version: version(), Command: command(path, sets, s), Events: progress.Event, Replay: replay, Getenv: a.getenv,
	})
	if err != nil && soft.Err() != nil {
		return &exitError{code: exitInterrupted, err: errors.New("interrupted before any cell was begun: the same command starts over")}
	}
	if err != nil {
		return suiteError(err)
	}
	defer plan.Close()
	for _, w := range s.Warnings {
		a.notef("warning: %v", w)
	}
	res, err := plan.Execute(ctx, soft.Done())
	progress.Close()
	if spent := (*llm.BudgetError)(nil); errors.As(err, &spent) {
		return fmt.Errorf("%s: stopped with %d of %d cells done: %w", res.Dir, res.Done, res.Cells, err)
	}
	if err != nil {
		return machineError(err)
	}
	if res.Interrupted {
		return &exitError{code: exitInterrupted, err: fmt.Errorf("%s: interrupted with %d of %d cells done: the same command goes on from here", res.Dir, res.Done, res.Cells)}
	}
	table := path // what report is to be asked for
	if out != defaultOut {
		table = res.Dir
	}
	return a.showRun(res, table)
}

// showRun ends a run: the table, how to read it, where the files are, what to
// type next.
func (a *app) showRun(res run.Result, table string) error {
	if err := report.WriteAll(res.Dir); err != nil {
		return machineError(err)
	}
	board, err := report.Load(res.Dir)
	if err != nil {
		return err
	}
	if err := report.Terminal(a.stdout, board, a.terminalOptions()); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\nfiles  %s (leaderboard.html, .md, .tex, .csv, .json; cost.html; cells.csv; evidence/)\n", res.Dir)
	if cells := report.SessionCells(board); len(cells) > 0 {
		fmt.Fprintf(a.stdout, "look   %s (sessions of a few users; cost.html leads there from every row)\n       alignuser show %s\n", filepath.Join(res.Dir, report.SessionsFile), table)
	}
	fmt.Fprintf(a.stdout, "next   alignuser report %s --format markdown\n", table)
	if n := len(res.Failures); n > 0 {
		return &exitError{code: exitFailed, err: fmt.Errorf("%s: %d of %d cells failed, see failures.csv; the same command tries them again", res.Dir, n, res.Cells)}
	}
	return nil
}

// suiteError gives an error found before anything ran its exit status: what is
// wrong with the suite or the data is the user's to mend.
func suiteError(err error) error {
	var wrong spec.Errors
	if errors.Is(err, syscall.ENOSPC) { // met while plugins were asked about the suite
		return machineError(err)
	}
	if errors.As(err, &wrong) || errors.Is(err, sdk.ErrInvalid) {
		return &exitError{code: exitUsage, err: err}
	}
	return machineError(err)
}

// machineError adds the remedy to what the machine lacks.
func machineError(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		first, _, _ := strings.Cut(err.Error(), "\n") // what was tried after it says no more
		return fmt.Errorf("%s: free some space and repeat the command; finished work is kept", first)
	}
	return err
}

// command gives the line that makes the run again. Values of neutral options,
// such as paths of this machine, are left to the reader.
func command(path string, sets []string, s *spec.Suite) string {
	if filepath.IsAbs(path) {
		path = filepath.Base(path)
	}
	line := []string{"alignuser", "run", filepath.ToSlash(path)}
	for _, set := range sets {
		key, _, _ := strings.Cut(set, "=")
		if strings.HasPrefix(key, "limits.") {
			continue
		}
		set = quoted(set)
		if strings.HasSuffix(key, "path") {
			set = key + "=<path>" // to be filled in by hand
		}
		line = append(line, "--set", set)
	}
	return strings.Join(line, " ")
}

// quoted makes one word for a shell.
func quoted(word string) string {
	if !strings.ContainsAny(word, " \t\n\"'`$&|;<>()*?[]#~!\\{}") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// signals makes the two stages of ending: the first signal ends soft, the
// second hard.
func signals(ctx context.Context, a *app) (hard, soft context.Context, release func()) {
	hard, cancel := context.WithCancel(ctx)
	soft, stop := context.WithCancel(hard)
	got := make(chan os.Signal, 2)
	signal.Notify(got, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-got:
				if n == 0 {
					a.notef("stopping: calls in flight may finish (10 s at most); once more ends at once")
					stop()
				} else {
					cancel()
				}
			}
		}
	}()
	return hard, soft, func() { signal.Stop(got); close(done); stop(); cancel() }
}
