package main

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/gate"
	"github.com/alignuser/alignuser/harness/record"
)

// gateFlags say what is judged by what, and where the verdict goes.
type gateFlags struct {
	baseline, margins     string
	junit, markdown, runs string
	asJSON                bool
}

// newGateCommand decides whether a run is worse than the one that was blessed.
func newGateCommand(a *app) *cobra.Command {
	var flags gateFlags
	c := &cobra.Command{
		Use:   "gate <run folder | suite.toml>",
		Short: "Is a run worse than its baseline? For CI",
		Long: `gate holds a finished run to a baseline that bless made, user by user. A metric may lose
its margin and no more; without --margins the primary metric of each task may lose 2 %.

Exit status: 0 pass: no worse, beyond doubt; 3 regression: worse than the margin, beyond
doubt; 4 inconclusive: these users cannot tell, and it says how many would; 5 incomparable:
data, split or task are not those of the baseline; 6 invalid: a control failed or numbers are
missing; 2 the command line or a file is wrong; 1 anything else, such as no run at all.

A margins file has one [[margin]] per rule:

  alpha = 0.05             # how often a verdict may be wrong
  [[margin]]
  metric = "ndcg@10"       # without: the primary one of each task
  relative = 0.02          # of the baseline's mean; or: absolute = 0.005
  [[margin]]
  recommender = "itemknn"  # without: every one of the baseline
  metric = "recall@10"
  segment = "activity"     # each group of these users by itself; the worst decides
  absolute = 0.01`,
		Example: "  alignuser gate benchmarks/quickstart.toml --baseline quickstart.baseline.json\n" +
			"  alignuser gate benchmarks/quickstart.toml --baseline quickstart.baseline.json --margins gate.toml --junit gate.xml --markdown gate.md",
		Args:              exactly("a run folder or a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(_ *cobra.Command, args []string) error {
			return a.gate(&flags, args[0])
		},
	}
	c.Flags().StringVar(&flags.baseline, "baseline", "", "`file` that bless wrote (required)")
	c.Flags().StringVar(&flags.margins, "margins", "", "`file` that says what a metric may lose")
	c.Flags().StringVar(&flags.junit, "junit", "", "write the verdict as JUnit XML to this `file`")
	c.Flags().StringVar(&flags.markdown, "markdown", "", "write the verdict as Markdown to this `file`")
	c.Flags().BoolVar(&flags.asJSON, "json", false, "print the verdict as JSON")
	c.Flags().StringVar(&flags.runs, "runs", defaultOut, "`folder` of run folders")
	return c
}

func (a *app) gate(flags *gateFlags, arg string) error {
	if flags.baseline == "" {
		return usagef("gate: --baseline is missing: make one of a good run: alignuser bless %s", quoted(arg))
	}
	b, err := gate.ReadBaseline(flags.baseline)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usagef("gate: --baseline %s: %w: make one of a good run: alignuser bless %s", flags.baseline, withoutPath(err), quoted(arg))
	case err != nil && isFolder(flags.baseline):
		return usagef("gate: --baseline %s: is a folder: make a file of a good run: alignuser bless %s", flags.baseline, quoted(arg))
	case err != nil:
		return usagef("gate: --baseline %w", err)
	}
	margins := gate.Default()
	if flags.margins != "" {
		margins, err = gate.ReadMargins(flags.margins)
		var path *fs.PathError
		switch {
		case errors.As(err, &path):
			return usagef("gate: --margins %s: %w: write one, or leave --margins out (see alignuser gate --help)", flags.margins, path.Err)
		case err != nil:
			return &exitError{exitUsage, err}
		}
	}
	current, err := a.currentRun(arg, flags.runs)
	if err != nil {
		return err
	}
	report, err := gate.Judge(b, current, margins, gate.Resampling{})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	for path, write := range map[string]func(io.Writer) error{flags.junit: report.JUnit, flags.markdown: report.Markdown} {
		if path == "" {
			continue
		}
		if err := record.WriteFile(path, write); err != nil {
			return err
		}
	}
	write := report.Text
	if flags.asJSON {
		write = report.JSON
	}
	if err := write(a.stdout); err != nil {
		return err
	}
	if status := report.Verdict.ExitStatus(); status != 0 {
		return &exitError{code: status}
	}
	return nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
