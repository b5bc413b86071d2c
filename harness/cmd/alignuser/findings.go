package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/compare"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/all"
)

// exitIncomparable says that runs were measured by different protocols.
const exitIncomparable = 5

// findingsFlags are what compare and rank have in common.
type findingsFlags struct {
	verb           string
	metrics, tasks []string
	format, out    string
	svg, runs      string
	asJSON         bool
}

func (f *findingsFlags) add(c *cobra.Command) {
	f.verb = c.Name()
	c.Flags().StringSliceVar(&f.metrics, "metric", nil, "this `metric` instead of the primary one; may be repeated; all for every one")
	c.Flags().StringSliceVar(&f.tasks, "task", nil, "only this `task`; may be repeated")
	c.Flags().StringVar(&f.format, "format", "terminal", "terminal, markdown, csv or json")
	c.Flags().BoolVar(&f.asJSON, "json", false, "the same as --format json")
	c.Flags().StringVar(&f.out, "out", "", "write to this `file` instead of standard output")
	c.Flags().StringVar(&f.svg, "svg", "", "draw the critical-difference diagram into this `file`")
	c.Flags().StringVar(&f.runs, "runs", defaultOut, "`folder` of run folders")
	_ = c.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return f.formats(), cobra.ShellCompDirectiveNoFileComp
	})
}

func (f *findingsFlags) formats() []string {
	return slices.Sorted(maps.Keys(maps.Collect(func(yield func(string, bool) bool) {
		yield("terminal", true)
		for name := range report.FindingsFormats() {
			if !yield(name, true) {
				return
			}
		}
	})))
}

// check refuses a format before anything is read.
func (f *findingsFlags) check() error {
	if f.asJSON {
		f.format = "json"
	}
	if !slices.Contains(f.formats(), f.format) {
		return usagef("%s: --format %s: unknown format (one of %s)", f.verb, f.format, strings.Join(f.formats(), ", "))
	}
	return nil
}

// loadRun reads a finished run that the user named and that has numbers.
func (a *app) loadRun(arg, runs string) (*compare.Run, error) {
	r, err := a.loadFinished(arg, runs)
	if err != nil {
		return nil, err
	}
	if len(r.Tables) == 0 {
		return nil, usagef("%s: every cell of this run failed: there is nothing to compare", r.Dir)
	}
	return r, nil
}

// loadFinished reads a finished run that the user named.
func (a *app) loadFinished(arg, runs string) (*compare.Run, error) {
	dir, err := a.findRun(arg, runs)
	if err != nil {
		return nil, err
	}
	r, err := compare.Load(dir, func(m record.Manifest) (map[string]score.Scorer, error) { return task.Scorers(m, all.Tasks()) })
	if errors.Is(err, compare.ErrUnfinished) {
		return nil, &exitError{code: exitUsage, err: err}
	}
	return r, err
}

// studies draws for the wanted metrics of the wanted tasks.
func (f *findingsFlags) studies(tables []compare.Table) ([]*compare.Study, error) {
	var known []string
	var out []*compare.Study
	wanted := map[string]bool{}
	for i := range tables {
		t := &tables[i]
		known = append(known, t.Task)
		if len(f.tasks) > 0 && !slices.Contains(f.tasks, t.Task) {
			continue
		}
		wanted[t.Task] = true
		metrics := f.metrics
		switch {
		case slices.Contains(metrics, "all"):
			metrics = nil
		case len(metrics) == 0 && t.MetricIndex(t.Primary) >= 0:
			metrics = []string{t.Primary}
		}
		s, err := t.Study(metrics...)
		if err != nil {
			return nil, usagef("%s: %w", f.verb, err)
		}
		out = append(out, s)
	}
	for _, name := range f.tasks {
		if !wanted[name] {
			return nil, usagef("%s: --task %s: unknown task (there is %s)", f.verb, name, strings.Join(known, ", "))
		}
	}
	return out, nil
}

// findings starts what is shown with what is true of the runs as a whole.
func findings(title string, runs []*compare.Run, labels []string) report.Findings {
	f := report.Findings{Title: title, Signature: runs[0].Manifest.Signature, Judges: map[string]string{}}
	for i, r := range runs {
		name := r.Manifest.ID
		if len(runs) > 1 && r.Manifest.ID != labels[i] {
			name = labels[i] + " = " + name
		}
		f.Runs = append(f.Runs, name+" ("+r.Manifest.Suite.Name+")")
		for _, t := range r.Manifest.Tasks {
			f.Judges[t.Kind] = t.Judges
			if t.Invalid != "" {
				f.Stamps = append(f.Stamps, fmt.Sprintf("INVALID: run %s, %s: %s. No number of it may be used.", r.Manifest.ID, t.Kind, t.Invalid))
			}
			for _, agent := range slices.Sorted(maps.Keys(t.Agents)) {
				if why := t.Agents[agent].Invalid; why != "" {
					f.Stamps = append(f.Stamps, fmt.Sprintf("INVALID: run %s, %s: %s. No number of this agent may be used.", r.Manifest.ID, t.Kind, why))
				}
			}
		}
	}
	if runs[0].Manifest.Data.Planted {
		f.Notes = append(f.Notes, "planted data: generated from a model, the numbers say nothing of real users")
	}
	return f
}

// wholes notes the metrics that no test can judge.
func wholes(studies []*compare.Study, metrics []string) (notes []string) {
	for _, s := range studies {
		for _, w := range s.Wholes {
			if slices.Contains(metrics, "all") {
				notes = append(notes, fmt.Sprintf("%s: %s: n/a: it has no value per user (%s)", s.Task, w.ID, w.Why))
			}
		}
	}
	return notes
}

// show writes findings, and the diagram where one is asked for.
func (a *app) show(flags *findingsFlags, f report.Findings, diagrams []report.Diagram) error {
	if flags.svg != "" {
		switch len(diagrams) {
		case 0:
			return usagef("%s: --svg %s: nothing to draw: a diagram needs two arms and two users with a value in both", flags.verb, flags.svg)
		case 1:
		default:
			return usagef("%s: --svg %s: %d diagrams: choose one with --task and --metric", flags.verb, flags.svg, len(diagrams))
		}
		if err := record.WriteFile(flags.svg, diagrams[0].SVG); err != nil {
			return err
		}
	}
	write := report.FindingsFormats()[flags.format]
	if write == nil {
		options := a.terminalOptions()
		options.Color = options.Color && flags.out == ""
		write = func(w io.Writer, f report.Findings) error { return report.FindingsTerminal(w, f, options) }
	}
	if flags.out != "" {
		return record.WriteFile(flags.out, func(w io.Writer) error { return write(w, f) })
	}
	return write(a.stdout, f)
}
