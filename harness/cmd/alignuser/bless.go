package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/gate"
	"github.com/alignuser/alignuser/harness/record"
)

// newBlessCommand makes a run the one that later runs are held against.
func newBlessCommand(a *app) *cobra.Command {
	var to, runs string
	var recommenders []string
	c := &cobra.Command{
		Use:   "bless <run folder | suite.toml>",
		Short: "Make a run the baseline that gate holds later ones to",
		Long: `bless writes a baseline file for the repository of what is gated: the values of each
user and metric, the protocol signature and what it is made of, and no row of the data.
Controls and random lists are left out. A run that is unfinished, whose control failed
or that lacks cells of a blessed recommender is refused.

Given a suite, it takes the run of that suite which finished last.`,
		Example: "  alignuser bless benchmarks/quickstart.toml\n" +
			"  alignuser bless benchmarks/quickstart.toml --recommender itemknn --to quality/itemknn.baseline.json",
		Args:              exactly("a run folder or a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(_ *cobra.Command, args []string) error {
			current, err := a.currentRun(args[0], runs)
			if err != nil {
				return err
			}
			b, err := current.Bless(recommenders, time.Now())
			if err != nil {
				return usagef("bless: %w", err)
			}
			if to == "" {
				to = current.Suite + ".baseline.json"
			}
			if err := record.WriteFile(to, b.Write); err != nil {
				return err
			}
			info, err := os.Stat(to)
			if err != nil {
				return err
			}
			arms, users := make([]string, len(b.Arms)), 0
			for i, arm := range b.Arms {
				arms[i] = arm.Name
			}
			for _, t := range b.Tasks {
				users = max(users, len(t.Users))
			}
			fmt.Fprintf(a.stdout, "%s: run %s, %s, %s; %d kB\nnext       commit it, then: alignuser gate %s --baseline %s\n",
				to, b.Run, counted(users, "user"), printable(strings.Join(arms, ", ")), (info.Size()+999)/1000, quoted(args[0]), quoted(to))
			return nil
		},
	}
	c.Flags().StringVar(&to, "to", "", "write this `file` (default: <suite>.baseline.json)")
	c.Flags().StringSliceVar(&recommenders, "recommender", nil, "only this recommender, by `name`; may be repeated")
	c.Flags().StringVar(&runs, "runs", defaultOut, "`folder` of run folders")
	return c
}

// currentRun reads a finished run as a gate sees it.
func (a *app) currentRun(arg, runs string) (*gate.Current, error) {
	r, err := a.loadFinished(arg, runs)
	if err != nil {
		return nil, err
	}
	return gate.NewCurrent(r)
}
