package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/gate"
	"github.com/alignuser/alignuser/harness/report"
)

// usersFlags say which difference is to be found, among users like those of which run.
type usersFlags struct {
	baseline, metric         string
	difference, power, alpha float64
}

func (f *usersFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.baseline, "baseline", "", "how many users: judged by this `run`, suite or file that bless wrote")
	c.Flags().Float64Var(&f.difference, "difference", 0, "with --baseline: the mean difference to find, in the metric's own unit")
	c.Flags().StringVar(&f.metric, "metric", "", "with --baseline: in this `metric` (default: the primary one of each task)")
	c.Flags().Float64Var(&f.power, "power", 0.8, "with --baseline: find it with this probability")
	c.Flags().Float64Var(&f.alpha, "alpha", 0.05, "with --baseline: two-sided level of the test")
}

// check refuses flags that do not go together.
func (f *usersFlags) check(c *cobra.Command, args []string) error {
	if f.baseline == "" {
		for _, name := range []string{"difference", "metric", "power", "alpha"} {
			if c.Flags().Changed(name) {
				return usagef("plan: --%s: needs --baseline, whose users say how much people differ", name)
			}
		}
		return exactly("a suite")(c, args)
	}
	if len(args) > 0 {
		return usagef("plan: %s and --baseline: say one of them: a suite is asked what it takes, a baseline how many users", args[0])
	}
	if c.Flags().Changed("set") {
		return usagef("plan: --set and --baseline: say one of them: a baseline is what was measured")
	}
	if !c.Flags().Changed("difference") {
		return usagef("plan: --difference is missing: how large a difference matters, in the metric's own unit: for example --difference 0.01")
	}
	return nil
}

// planUsers prints how many users show a difference.
func (a *app) planUsers(f *usersFlags, runs string, asJSON bool) error {
	b, err := a.plannedBy(f.baseline, runs)
	if err != nil {
		return err
	}
	needs, err := b.Needs(f.metric, f.difference, f.alpha, f.power)
	if err != nil {
		return usagef("plan: --baseline %s: %w", f.baseline, err)
	}
	if asJSON {
		return writeJSON(a, needs)
	}
	fmt.Fprintf(a.stdout, "a mean difference of %g, found with power %g at level %g (two-sided, paired by user) takes, of users like those of run %s:\n", f.difference, f.power, f.alpha, b.Run)
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TASK\tMETRIC\tPAIR\tUSERS\tOF THE RUN\tSHOW\tSD")
	for _, n := range needs {
		users, show, sd := "–", "–", "–"
		if n.N > 1 {
			users, show, sd = report.Count(n.Users), fmt.Sprintf("%.3g", n.Detectable), fmt.Sprintf("%.3g", n.SD)
		}
		if n.N > 1 && n.Users == 0 {
			users = "more than any number"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", printable(n.Task), printable(n.Metric), printable(n.A+" – "+n.B), users, report.Count(n.N), show, sd)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout, "SHOW is the least difference that the users of the run show. Users are those who have a value in both. Several pairs at once\nare corrected for each other: --alpha 0.05 divided by the pairs is enough for any of them.")
	return nil
}

// plannedBy reads a baseline: a file that bless wrote, or a run that could be blessed.
func (a *app) plannedBy(arg, runs string) (*gate.Baseline, error) {
	info, err := os.Stat(arg)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usagef("plan: --baseline %s: %w: name a run folder, a suite that was run or a file that bless wrote", arg, withoutPath(err))
	case err != nil:
		return nil, err
	case !info.IsDir() && !strings.HasSuffix(arg, ".toml"):
		b, err := gate.ReadBaseline(arg)
		if err != nil {
			return nil, usagef("plan: --baseline %w", err)
		}
		return b, nil
	}
	c, err := a.currentRun(arg, runs)
	if err != nil {
		return nil, err
	}
	if len(c.Invalid) > 0 {
		return nil, usagef("plan: --baseline %s: a control of the run failed, so none of its numbers may be used: %s", arg, strings.Join(c.Invalid, "; "))
	}
	return &c.Baseline, nil
}
