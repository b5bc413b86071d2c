package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
	"github.com/alignuser/alignuser/sdk"
)

// newAlignCommand is the parent of the verbs that teach backends with people's decisions.
func newAlignCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "align",
		Short: "Teach a backend with what people did: build its lessons, look at them, tune on them",
		Long: `Aligned agents of a suite learn from the people of its training part. What is made for
them is kept in the cache folder ($ALIGNUSER_CACHE, or the user's cache folder), and a run
finds it there.`,
		Example: "  alignuser align build benchmarks/alignment-planted.toml\n  alignuser align inspect benchmarks/alignment-planted.toml",
		Args:    noSuchVerb,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newAlignBuildCommand(a), newAlignInspectCommand(a), newAlignTuneCommand(a))
	return c
}

// alignFlags say whom of a suite is meant.
type alignFlags struct {
	suiteFlags
	agent string
}

func (f *alignFlags) add(c *cobra.Command) {
	f.suiteFlags.add(c)
	c.Flags().StringVar(&f.agent, "agent", "", "only the aligned agent of this `name` (default: all)")
	_ = c.RegisterFlagCompletionFunc("agent", completeAligned)
}

// completeAligned completes the aligned agents of the suite that stands on the line.
func completeAligned(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if len(args) > 0 {
		if s, err := spec.Load(args[0], nil); err == nil {
			names = alignedNames(s)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func alignedNames(s *spec.Suite) (names []string) {
	for _, g := range s.Agents {
		if k, _ := agent.KindOf(g.Kind); k.Aligns {
			names = append(names, g.Name)
		}
	}
	return names
}

// alignment is a suite whose aligned agents are at hand.
type alignment struct {
	suite  *spec.Suite
	path   string
	host   *host.Host
	plan   *run.Plan
	agents []spec.Agent
}

// openAlignment loads a suite and reads its data. Getenv may be nil where no backend is
// asked. Close it when done.
func (a *app) openAlignment(ctx context.Context, verb, path string, f alignFlags, getenv func(string) string) (*alignment, error) {
	s, err := spec.Load(path, f.sets)
	if err != nil {
		return nil, &exitError{code: exitUsage, err: err}
	}
	names := alignedNames(s)
	switch {
	case len(names) == 0:
		return nil, usagef("%s: %s: the suite has no aligned agent: add [[agent]] with kind = \"aligned\"", verb, path)
	case f.agent != "" && !slices.Contains(names, f.agent):
		return nil, usagef("%s: --agent %s: the suite has no aligned agent of this name (it has %s)", verb, f.agent, strings.Join(names, ", "))
	case f.agent != "":
		names = []string{f.agent}
	}
	config, err := a.hostConfig(path)
	if err != nil {
		return nil, err
	}
	config.Timing.Call = s.Limits.CallTimeout
	out := &alignment{suite: s, path: path}
	if out.host, err = host.New(config); err != nil {
		return nil, err
	}
	progress := newProgress(a)
	out.plan, err = run.Prepare(ctx, run.Config{
		Suite: s, Host: out.host, Tasks: all.Tasks(), Root: a.cacheDir(), CacheDir: a.cacheDir(), Offline: a.offline(),
		Version: version(), Events: progress.Event, Getenv: getenv,
	})
	if err != nil {
		out.close()
		return nil, suiteError(err)
	}
	for _, g := range s.Agents {
		if slices.Contains(names, g.Name) {
			out.agents = append(out.agents, g)
		}
	}
	return out, nil
}

func (l *alignment) close() {
	if l.plan != nil {
		l.plan.Close()
	}
	l.host.Close()
}

// backend describes the language model of an agent.
func (l *alignment) backend(ctx context.Context, g spec.Agent) (sdk.ComponentSpec, error) {
	for _, b := range l.suite.Backends {
		if b.Name == g.Backend {
			return run.Catalogue{Context: ctx, Host: l.host}.Component(sdk.KindLLM, b.Plugin, b.Component.Component)
		}
	}
	return sdk.ComponentSpec{}, fmt.Errorf("%s: the suite has no backend of this name", g.Backend)
}

// stopped words an error after Ctrl-C.
func stopped(ctx context.Context, err error, what string) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return &exitError{code: exitInterrupted, err: errors.New(what)}
}

// facts prints names and what is to be said of them.
func (a *app) facts(pairs ...[2]string) {
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(a.stdout, "%-14s %s\n", p[0], printable(p[1]))
		}
	}
}
