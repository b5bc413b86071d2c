package main

import (
	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/compare"
	"github.com/alignuser/alignuser/harness/report"
)

// newRankCommand says how sure the order of a leaderboard is.
func newRankCommand(a *app) *cobra.Command {
	var flags findingsFlags
	c := &cobra.Command{
		Use:   "rank <run folder | suite.toml>",
		Short: "Say how sure the ranks of a run are: intervals, tie groups, other ways to rank",
		Long: `rank reads the evidence of a finished run and ranks its arms. Rows that share a
letter are tied: paired differences over users do not tell them from the best of
their group. docs/statistics.md has the formulas.`,
		Example: "  alignuser rank benchmarks/quickstart.toml\n" +
			"  alignuser rank benchmarks/quickstart.toml --metric recall@10 --svg ranks.svg",
		Args:              exactly("a run folder or a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			r, err := a.loadRun(args[0], flags.runs)
			if err != nil {
				return err
			}
			studies, err := flags.studies(r.Tables)
			if err != nil {
				return err
			}
			f := findings("Ranks of "+r.Manifest.Suite.Name, []*compare.Run{r}, []string{r.Manifest.ID})
			for _, s := range studies {
				f.Standings = append(f.Standings, s.Rank()...)
			}
			if len(f.Standings) == 0 {
				return usagef("rank: nothing to rank: no arm has a value in a metric of which more or less is better")
			}
			f.Notes = append(f.Notes, wholes(studies, flags.metrics)...)
			return a.show(&flags, f, report.DiagramsOf(f.Standings))
		},
	}
	flags.add(c)
	return c
}
