package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/spec"
)

// formatNames maps what --format takes to the extensions of report.Formats.
func formatNames() map[string]string {
	return map[string]string{"terminal": "", "markdown": "md", "csv": "csv", "json": "json", "latex": "tex", "html": "html"}
}

// newReportCommand prints the leaderboard of a run that was made before.
func newReportCommand(a *app) *cobra.Command {
	var format, out, runs string
	var tasks []string
	var all, timings, asJSON bool
	c := &cobra.Command{
		Use:   "report <run folder | suite.toml>",
		Short: "Print a leaderboard again, in any format",
		Long: `report reads the files of a run folder and prints its leaderboard. Given a suite,
it takes the run of that suite which finished last. Nothing is run or scored.

html is one page that needs no other file; latex is tables to \input, which need
the package booktabs. Costs differ with every run: files hold them on request only.`,
		Example: "  alignuser report benchmarks/quickstart.toml\n" +
			"  alignuser report benchmarks/quickstart.toml --out board.html --timings\n" +
			"  alignuser report benchmarks/quickstart.toml --format latex\n" +
			"  alignuser report runs/quickstart/0123456789ab --all --timings",
		Args:              exactly("a run folder or a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(_ *cobra.Command, args []string) error {
			if asJSON {
				format = "json"
			}
			write, err := a.reportFormat(format, out, all, timings)
			if err != nil {
				return err
			}
			dir, err := a.findRun(args[0], runs)
			if err != nil {
				return err
			}
			board, err := report.Load(dir)
			if err != nil {
				return err
			}
			if missing, ok := board.Only(tasks...); !ok {
				return usagef("report: --task %s: this run has no such task (it has %s)", missing, strings.Join(taskNames(board), ", "))
			}
			if out != "" {
				return record.WriteFile(out, func(w io.Writer) error { return write(w, board) })
			}
			return write(a.stdout, board)
		},
	}
	c.Flags().StringVar(&format, "format", "", "terminal, markdown, html, latex, csv or json (default: by the ending of --out, else terminal)")
	c.Flags().StringVar(&out, "out", "", "write to this `file` instead of standard output")
	c.Flags().StringVar(&runs, "runs", defaultOut, "`folder` of run folders")
	c.Flags().StringSliceVar(&tasks, "task", nil, "only this `task`; may be repeated")
	c.Flags().BoolVar(&all, "all", false, "terminal: every cutoff, and what the metrics mean")
	c.Flags().BoolVar(&timings, "timings", false, "terminal and html: what the rows cost, and how good they are for it")
	c.Flags().BoolVar(&asJSON, "json", false, "the same as --format json")
	_ = c.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return slices.Sorted(maps.Keys(formatNames())), cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// terminalOptions says how boards look on this terminal.
func (a *app) terminalOptions() report.TerminalOptions {
	return report.TerminalOptions{Width: a.width, Color: a.color}
}

// reportFormat chooses a writer; an empty format goes by the ending of the file.
func (a *app) reportFormat(format, out string, all, timings bool) (func(io.Writer, *report.Board) error, error) {
	ending := strings.TrimPrefix(filepath.Ext(out), ".")
	if format == "" {
		format = "terminal"
		for name, e := range formatNames() {
			if e != "" && e == ending {
				format = name
			}
		}
	}
	extension, known := formatNames()[format]
	if !known {
		return nil, usagef("report: --format %s: unknown format (one of %s)", format, strings.Join(slices.Sorted(maps.Keys(formatNames())), ", "))
	}
	if format == "html" && timings {
		return report.HTMLWithCost, nil
	}
	if write := report.Formats()[extension]; write != nil {
		return write, nil
	}
	options := a.terminalOptions()
	options.All, options.Timings = all, timings
	if out != "" {
		options.Color = false
	}
	return func(w io.Writer, b *report.Board) error { return report.Terminal(w, b, options) }, nil
}

func taskNames(b *report.Board) []string {
	var names []string
	for _, t := range b.Tables {
		names = append(names, t.Task)
	}
	return names
}

// findRun turns what the user named into a run folder: a run folder itself, or
// the last finished run of a suite.
func (a *app) findRun(arg, runs string) (string, error) {
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return "", usagef("%s: %w: name a run folder or a suite (alignuser list shows both)", arg, withoutPath(err))
	case !info.IsDir():
		s, err := spec.Load(arg, nil)
		if err != nil {
			return "", &exitError{code: exitUsage, err: err}
		}
		return a.lastRun(filepath.Join(runs, s.Name), "make one: alignuser run "+quoted(arg), "go on with it: alignuser run "+quoted(arg))
	}
	for _, name := range []string{record.ManifestFile, "identity.json"} {
		if _, err := os.Stat(filepath.Join(arg, name)); err == nil {
			return arg, nil
		}
	}
	return a.lastRun(arg, "name a run folder or a suite (alignuser list shows both)", "go on with one (alignuser list shows its command)")
}

// withoutPath gives what the system said, for messages that name the path themselves.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// lastRun finds the run below a suite's folder that finished last, and says so
// where there are others. None and unfinished are the remedies without one.
func (a *app) lastRun(dir, none, unfinished string) (string, error) {
	found, err := runsBelow(dir)
	if err != nil {
		return "", err
	}
	best, finished := -1, 0
	for i, r := range found {
		if !r.Finished.IsZero() {
			finished++
		}
		if !r.Finished.IsZero() && (best < 0 || r.Finished.After(found[best].Finished)) {
			best = i
		}
	}
	switch {
	case best >= 0:
		if finished > 1 {
			a.notef("%s: the last of %d finished runs there (alignuser list shows all)", found[best].Path, finished)
		}
		return found[best].Path, nil
	case len(found) > 0:
		return "", fmt.Errorf("%s: no finished run there: %s", dir, unfinished)
	}
	return "", fmt.Errorf("%s: no run there: %s", dir, none)
}
