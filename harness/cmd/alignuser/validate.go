package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
)

// suiteFlags are what every verb that loads a suite takes.
type suiteFlags struct {
	sets []string
}

func (f *suiteFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.sets, "set", nil, "change a value of the suite: `key=value`, for example dataset.options.path=ml-100k or recommender.ease.options.l2=200; may be repeated")
}

// newValidateCommand checks a suite without touching data.
func newValidateCommand(a *app) *cobra.Command {
	var flags suiteFlags
	c := &cobra.Command{
		Use:               "validate <suite.toml>",
		Short:             "Check a suite: keys, types, plugins, options",
		Long:              "validate reads a suite as run would and checks every key against the tasks and plugins\nit names, by having the plugins describe themselves. No data is read and nothing is fitted.",
		Example:           "  alignuser validate benchmarks/movielens-100k.toml --set dataset.options.path=ml-100k",
		Args:              exactly("a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := spec.Load(args[0], flags.sets)
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			h, err := a.openHost(args[0])
			if err != nil {
				return err
			}
			defer h.Close()
			if err := run.Check(s, run.Catalogue{Context: c.Context(), Host: h, Tasks: all.Tasks()}); err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			for _, w := range s.Warnings {
				a.notef("warning: %v", w)
			}
			arms := counted(len(s.Recommenders), "recommender")
			if n := len(s.Backends); n > 0 && len(s.Recommenders) == 0 {
				arms = counted(n, "backend")
			} else if n > 0 {
				arms += ", " + counted(n, "backend")
			}
			fmt.Fprintf(a.stdout, "%s: good: %s, %s, %s\n", args[0], s.Name, arms, counted(s.Repeats, "repeat"))
			return nil
		},
	}
	flags.add(c)
	return c
}

// counted gives a number and what it counts.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "ry"); ok {
		return fmt.Sprintf("%d %sries", n, stem) // tries
	}
	return fmt.Sprintf("%d %ss", n, what)
}
