package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/spec"
)

// newAlignBuildCommand makes training files.
func newAlignBuildCommand(a *app) *cobra.Command {
	var flags alignFlags
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "build <suite.toml>",
		Short: "Make the training files of aligned agents from what people did",
		Long: `build writes what each aligned agent of a suite is to learn: what people decided
(policy.jsonl), what followed (world.jsonl), what they did not do (pairs.jsonl), why
(reflection.jsonl), the lessons, and a manifest. Lines are of the chat fine-tuning format,
so that any trainer can use them. They are kept in the cache folder, and made only once.

Where the backend is a language model it is asked for reflections, which may cost; where
it is none, lessons are put together from the numbers on the page.`,
		Example: "  alignuser align build benchmarks/alignment-planted.toml\n" +
			"  alignuser align build benchmarks/alignment-planted.toml --agent aligned --out lessons",
		Args:              exactly("a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			return a.alignBuild(c.Context(), args[0], flags, out, asJSON)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&out, "out", "", "also write them to this new or empty `folder`; those of several agents to a folder each in it")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// built is what align build says of an agent.
type built struct {
	Agent    string          `json:"agent"`
	Dir      string          `json:"dir"`
	Manifest *align.Manifest `json:"manifest"`
}

func (a *app) alignBuild(ctx context.Context, path string, flags alignFlags, out string, asJSON bool) error {
	_, soft, release := signals(ctx, a)
	defer release()
	l, err := a.openAlignment(soft, "align build", path, flags, a.getenv)
	if err != nil {
		return stopped(soft, err, "interrupted: the same command starts over")
	}
	defer l.close()
	all := []built{}
	for _, g := range l.agents {
		to := out
		if out != "" && len(l.agents) > 1 {
			to = filepath.Join(out, g.Name)
		}
		b, err := a.build(soft, l, g, to)
		if err != nil {
			return stopped(soft, suiteError(err), "interrupted: the same command builds again; answers that were paid for are kept")
		}
		all = append(all, b)
	}
	if asJSON {
		return writeJSON(a, all)
	}
	for i, b := range all {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		a.printBuilt(b, path)
	}
	return nil
}

// build makes the files of one agent, and a copy where one is wanted.
func (a *app) build(ctx context.Context, l *alignment, g spec.Agent, to string) (b built, err error) {
	w, err := l.plan.Workshop(g)
	if err != nil {
		return b, err
	}
	w.Say = func(line string) { a.notef("%s: %s", g.Name, line) }
	end := l.plan.Reflect(w, g)
	defer func() { err = errors.Join(err, end()) }()
	b = built{Agent: g.Name, Dir: w.Dir}
	if to == "" {
		b.Manifest, err = w.Build(ctx)
		return b, err
	}
	b.Dir = to
	b.Manifest, err = w.Export(ctx, to)
	return b, err
}

func (a *app) printBuilt(b built, suite string) {
	m := b.Manifest
	n := report.Count
	times := "times unknown"
	if m.First != "" {
		times = m.First + " to " + m.Last
	}
	files := make([]string, len(m.Files))
	for i, f := range m.Files {
		files[i] = fmt.Sprintf("%s (%s)", f.Name, n(f.Lines))
	}
	reflections := "none"
	if m.Reflections > 0 {
		reflections = fmt.Sprintf("%s (%s)", n(m.Reflections), m.Reflecting)
		if m.Invalid > 0 {
			reflections += fmt.Sprintf("; %s could not be used", n(m.Invalid))
		}
	}
	a.facts(
		[2]string{"agent", b.Agent},
		[2]string{"folder", b.Dir},
		[2]string{"files (lines)", strings.Join(append(files, align.ManifestFile), ", ")},
		[2]string{"people", fmt.Sprintf("%s users, %s items, %s", n(m.Users), n(m.Items), times)},
		[2]string{"pages", fmt.Sprintf("%s, %s of them reconstructed; after %s the person left", n(m.Pages), n(m.Reconstructed), n(m.Left))},
		[2]string{"cards", fmt.Sprintf("%s, %s of them watched, %s given a value", n(m.Cards), n(m.Watched), n(m.Valued))},
		[2]string{"alternatives", fmt.Sprintf("%s, %s of them contradicted by the log", n(m.Alternatives), n(m.Rejected))},
		[2]string{"reflections", reflections},
		[2]string{"signature", m.Signature},
		[2]string{"next", fmt.Sprintf("alignuser align inspect %s --agent %s", quoted(suite), b.Agent)},
	)
}
