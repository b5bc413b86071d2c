package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/compare"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/sdk"
)

// compareFlags say what is compared with what.
type compareFlags struct {
	findingsFlags
	against                   string
	segments                  []string
	allPairs, union, override bool
}

// newCompareCommand says which differences are real.
func newCompareCommand(a *app) *cobra.Command {
	var flags compareFlags
	c := &cobra.Command{
		Use:   "compare <run> [run...]",
		Short: "Say which differences are real: paired over users, with intervals and tests",
		Long: `compare reads the evidence of finished runs. A run is a run folder, or a suite,
which stands for its run that finished last. Given one run, it compares its arms with the
best one, with --against, or with each other. Given several, it compares each arm with that
of the same name in the first run; --union puts all arms into one table instead.

With --segment it compares inside each group of users: segments.csv of the run says who is in
which. Best stays who is best among all users. Several groups are several questions, and
Holm's correction is over all of them.

Runs of different protocols are refused with status 5, and the part that differs is named.
docs/statistics.md has the formulas.`,
		Example: "  alignuser compare benchmarks/quickstart.toml\n" +
			"  alignuser compare benchmarks/quickstart.toml --segment activity --segment taste\n" +
			"  alignuser compare benchmarks/quickstart.toml --against popular --metric all\n" +
			"  alignuser compare runs/quickstart/0123456789ab runs/quickstart/ba9876543210",
		Args:              atLeastOne("a run folder or a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("against") && flags.allPairs {
				return usagef("compare: --against and --all-pairs: say one of them: all pairs are against everybody")
			}
			return a.compare(&flags, args)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&flags.against, "against", "best", "compare with this `arm`; best: with the best one of each metric")
	c.Flags().BoolVar(&flags.allPairs, "all-pairs", false, "compare every two arms")
	c.Flags().StringSliceVar(&flags.segments, "segment", nil, "inside each group of this `segment` of users; may be repeated; all for every one")
	c.Flags().BoolVar(&flags.union, "union", false, "several runs: put all arms into one table")
	c.Flags().BoolVar(&flags.override, "override-signature", false, "compare runs of different protocols on the same data, and stamp the output")
	return c
}

func (a *app) compare(flags *compareFlags, args []string) error {
	if err := flags.check(); err != nil {
		return err
	}
	var runs []*compare.Run
	for _, arg := range args {
		r, err := a.loadRun(arg, flags.runs)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	labels, err := compare.Labels(runs)
	if err != nil {
		return usagef("compare: %w", err)
	}
	f := findings(title(runs), runs, labels)
	stamp, err := flags.comparable(runs)
	if err != nil {
		return err
	}
	f.Stamps = append(stamp, f.Stamps...)
	tables := runs[0].Tables
	if len(runs) > 1 {
		var notes []string
		tables, notes = compare.Union(runs, labels)
		f.Notes = append(f.Notes, notes...)
	}
	studies, err := flags.studies(tables)
	if err != nil {
		return err
	}
	asked, notes, err := flags.divide(studies, runs)
	if err != nil {
		return err
	}
	f.Notes = append(f.Notes, notes...)
	if err := flags.fill(&f, asked, studies, runs, labels); err != nil {
		return err
	}
	f.Notes = append(f.Notes, wholes(studies, flags.metrics)...)
	var diagrams []report.Diagram
	if flags.svg != "" {
		for _, s := range studies {
			diagrams = append(diagrams, report.DiagramsOf(s.Rank())...)
		}
	}
	return a.show(&flags.findingsFlags, f, diagrams)
}

func title(runs []*compare.Run) string {
	names := []string{}
	for _, r := range runs {
		if !slices.Contains(names, r.Manifest.Suite.Name) {
			names = append(names, r.Manifest.Suite.Name)
		}
	}
	if len(runs) == 1 {
		return "Differences in " + names[0]
	}
	return fmt.Sprintf("Differences between %d runs of %s", len(runs), strings.Join(names, ", "))
}

// comparable refuses runs of different protocols, or stamps what was overridden.
func (f *compareFlags) comparable(runs []*compare.Run) (stamps []string, err error) {
	err = compare.Comparable(runs)
	var differ *compare.IncomparableError
	switch {
	case err == nil:
		return nil, nil
	case errors.As(err, &differ) && f.override && !differ.Data:
		return []string{"SIGNATURES OVERRIDDEN: " + err.Error() + ". Differences may come from the protocol, not from the arms."}, nil
	case errors.As(err, &differ) && differ.Data:
		return nil, &exitError{exitIncomparable, fmt.Errorf("compare: %w: the data differ, so no user is the same person in both", err)}
	}
	return nil, &exitError{exitIncomparable, fmt.Errorf("compare: %w: run both with one suite, or say --override-signature", err)}
}

// comparer is a study of all users, or of groups of them.
type comparer interface {
	Named(name string) []record.Arm
	Against(to *record.Arm) []record.Comparison
	AllPairs() []record.Comparison
	Across(runs []*compare.Run, labels []string) []record.Comparison
}

// divide makes studies of the groups that were asked for. Tasks whose rows are no users have none.
func (f *compareFlags) divide(studies []*compare.Study, runs []*compare.Run) (out []comparer, notes []string, err error) {
	if len(f.segments) == 0 {
		for _, s := range studies {
			out = append(out, s)
		}
		return out, nil, nil
	}
	if f.svg != "" {
		return nil, nil, usagef("compare: --segment and --svg: say one of them: the diagram is of all users")
	}
	segments, err := f.named(runs[0])
	if err != nil {
		return nil, nil, err
	}
	var why error
	for _, s := range studies {
		d, err := s.In(segments)
		if err != nil {
			why, notes = err, append(notes, "not shown: "+err.Error())
			continue
		}
		out = append(out, d)
	}
	if len(out) == 0 {
		return nil, nil, usagef("compare: --segment: %w", why)
	}
	if len(runs) > 1 {
		notes = append(notes, "users are divided as in run "+runs[0].Manifest.ID)
	}
	return out, notes, nil
}

// named reads the segments that were asked for.
func (f *compareFlags) named(r *compare.Run) ([]record.Segment, error) {
	known, err := record.ReadSegments(filepath.Join(r.Dir, record.SegmentsFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usagef("compare: --segment: %s has no %s: run the suite again: %s", r.Dir, record.SegmentsFile, r.Manifest.Command)
	case err != nil:
		return nil, err
	}
	if slices.Contains(f.segments, "all") {
		return known, nil
	}
	names := make([]string, len(known))
	for i, s := range known {
		names[i] = s.Name
	}
	var out []record.Segment
	for _, name := range f.segments {
		at := slices.Index(names, name)
		if at < 0 {
			hint := "there is " + strings.Join(names, ", ")
			if near := sdk.Nearest(name, names); near != "" {
				hint = "did you mean " + near + "?"
			}
			return nil, usagef("compare: --segment %s: unknown segment (%s)", name, hint)
		}
		if len(known[at].Groups) == 0 {
			return nil, usagef("compare: --segment %s: no user of this run is in any group of it", name)
		}
		if !slices.ContainsFunc(out, func(s record.Segment) bool { return s.Name == name }) {
			out = append(out, known[at])
		}
	}
	return out, nil
}

// fill makes the comparisons that were asked for.
func (f *compareFlags) fill(out *report.Findings, asked []comparer, studies []*compare.Study, runs []*compare.Run, labels []string) error {
	across := len(runs) > 1 && !f.union && !f.allPairs && f.against == "best"
	found := false
	for _, s := range asked {
		switch {
		case across:
			out.Comparisons = append(out.Comparisons, s.Across(runs, labels)...)
		case f.allPairs:
			out.Comparisons = append(out.Comparisons, s.AllPairs()...)
		case f.against == "best":
			out.Comparisons = append(out.Comparisons, s.Against(nil)...)
		default:
			for _, arm := range s.Named(f.against) {
				found = true
				out.Comparisons = append(out.Comparisons, s.Against(&arm)...)
			}
		}
	}
	if f.against != "best" && !found {
		return usagef("compare: --against %s: unknown arm (%s)", f.against, hint(f.against, studies))
	}
	switch {
	case len(out.Comparisons) > 0:
		return nil
	case across:
		return usagef("compare: the runs have no arm in common: add --union to compare all arms with each other")
	}
	return usagef("compare: nothing to compare: %s: it takes two arms, controls aside, and a metric of which more or less is better", arms(studies))
}

func hint(name string, studies []*compare.Study) string {
	var known []string
	for _, s := range studies {
		for _, a := range s.Arms {
			if !slices.Contains(known, a.String()) {
				known = append(known, a.String())
			}
		}
	}
	if near := sdk.Nearest(name, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "there is " + strings.Join(known, ", ")
}

// arms names the rivals that there are.
func arms(studies []*compare.Study) string {
	var known []record.Arm
	for _, s := range studies {
		for _, a := range s.Arms {
			if !a.Control && !slices.Contains(known, a.Arm) {
				known = append(known, a.Arm)
			}
		}
	}
	names := make([]string, len(known))
	for i, a := range known {
		names[i] = a.String()
	}
	return fmt.Sprintf("%d arm(s): %s", len(names), strings.Join(names, ", "))
}
