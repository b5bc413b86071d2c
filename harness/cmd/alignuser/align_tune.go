package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// newAlignTuneCommand drives a backend's tuning.
func newAlignTuneCommand(a *app) *cobra.Command {
	var flags alignFlags
	var lock, asJSON bool
	c := &cobra.Command{
		Use:   "tune <suite.toml>",
		Short: "Tune the backend of aligned agents on what people did",
		Long: `tune builds the training files of each aligned agent of a suite, where they are not there,
and has its backend learn from them. A provider is paid for that; the embedded backend is
free. What came of it is kept in the cache folder, where a run finds it: a second tune
does nothing.

However it is stopped, the same command goes on. Ctrl-C leaves a job at a provider
running. A job that failed or vanished is begun anew by the next attempt.

--lock pins the model in alignuser.lock beside the suite: commit it, and a run that would
use another model for this agent ends before it begins.`,
		Example: "  alignuser align tune benchmarks/alignment-planted.toml\n" +
			"  alignuser align tune benchmarks/alignment-planted.toml --agent aligned --lock",
		Args:              exactly("a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			return a.alignTune(c.Context(), args[0], flags, lock, asJSON)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&lock, "lock", false, "pin the model in alignuser.lock beside the suite")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// tuned is what align tune says of an agent.
type tuned struct {
	Agent   string       `json:"agent"`
	Backend string       `json:"backend"`
	Path    string       `json:"path"` // what the backend's option model is set to
	Model   *align.Model `json:"model"`

	suite, recipe string // as a lock names them
}

func (a *app) alignTune(ctx context.Context, path string, flags alignFlags, pin, asJSON bool) error {
	hard, soft, release := signals(ctx, a)
	defer release()
	l, err := a.openAlignment(soft, "align tune", path, flags, a.getenv)
	if err != nil {
		return stopped(soft, err, "interrupted: the same command starts over")
	}
	defer l.close()
	agents, err := a.tunable(soft, l)
	if err != nil {
		return err
	}
	all := []tuned{}
	for i, g := range agents {
		m, err := a.tune(hard, soft, l, g)
		if err != nil {
			return machineError(err)
		}
		all = append(all, m)
		if !asJSON {
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			a.printTuned(m)
		}
		if err := a.pinModel(path, m, pin); err != nil {
			return err
		}
	}
	if asJSON {
		return writeJSON(a, all)
	}
	if pin {
		a.facts([2]string{"wrote", filepath.Join(filepath.Dir(path), lockName)})
	}
	a.facts([2]string{"next", "alignuser run " + quoted(path)})
	return nil
}

// tunable lists the agents whose backends are to be tuned, and refuses where one cannot.
func (a *app) tunable(ctx context.Context, l *alignment) (agents []spec.Agent, err error) {
	for _, g := range l.agents {
		if agent.Text(g.Options, "learning") == agent.LearnLessons {
			a.notef("%s: its lessons go into the prompt: nothing is tuned for it", g.Name)
			continue
		}
		c, err := l.backend(ctx, g)
		if err != nil {
			return nil, err
		}
		if !c.Has(sdk.FeatureTune) {
			return nil, usagef("align tune: agent %s: backend %s (%s) cannot be tuned: set options.learning = %q of the agent, so that lessons go into the prompt, or choose another backend", g.Name, g.Backend, c.Name, agent.LearnLessons)
		}
		agents = append(agents, g)
	}
	if len(agents) == 0 {
		return nil, usagef("align tune: %s: nothing to tune: alignuser align build makes the lessons", l.path)
	}
	return agents, nil
}

// tune tunes for one agent.
func (a *app) tune(hard, soft context.Context, l *alignment, g spec.Agent) (out tuned, err error) {
	w, err := l.plan.Workshop(g)
	if err != nil {
		return out, err
	}
	w.Say = func(line string) { a.notef("%s: %s", g.Name, line) }
	end := l.plan.Reflect(w, g)
	defer func() { err = errors.Join(err, end()) }()
	m, err := w.Tune(hard, soft)
	if err != nil {
		return out, stopped(soft, fmt.Errorf("agent %s: %w", g.Name, err), a.goOn(hard, l, g, w))
	}
	return tuned{Agent: g.Name, Backend: g.Backend, Path: m.Path(w.Dir), Model: m, suite: l.suite.Name, recipe: w.Pin}, nil
}

// goOn says how an interrupted tuning goes on.
func (a *app) goOn(ctx context.Context, l *alignment, g spec.Agent, w *align.Workshop) string {
	text := fmt.Sprintf("agent %s: interrupted: the same command goes on from here", g.Name)
	jobs, err := w.Jobs()
	c, cerr := l.backend(ctx, g)
	if err != nil || cerr != nil || len(jobs) == 0 || c.Needs.Network == "" || c.Needs.Network == "none" {
		return text
	}
	names := slices.Sorted(maps.Values(jobs))
	return fmt.Sprintf("agent %s: interrupted: job %s goes on at the provider, and the same command goes on watching it", g.Name, strings.Join(names, ", "))
}

func (a *app) printTuned(t tuned) {
	m := t.Model
	var metrics []string
	for _, name := range slices.Sorted(maps.Keys(m.Metrics)) {
		metrics = append(metrics, fmt.Sprintf("%s %.6g", name, m.Metrics[name]))
	}
	a.facts(
		[2]string{"agent", t.Agent},
		[2]string{"backend", t.Backend},
		[2]string{"objective", m.Objective},
		[2]string{"metrics", strings.Join(metrics, ", ")},
		[2]string{"jobs", strings.Join(m.Jobs, ", ")},
		[2]string{"model", t.Path},
		[2]string{"sha256", m.SHA256},
	)
}

// pinModel writes the model into the lock, or compares it with what is there.
func (a *app) pinModel(suite string, t tuned, pin bool) error {
	lock, err := host.LoadLock(filepath.Join(filepath.Dir(suite), lockName)) // somebody may have written it since
	if err != nil {
		return err
	}
	now := host.LockModel{Suite: t.suite, Name: t.Agent, Recipe: t.recipe, Model: filepath.ToSlash(t.Model.Name), SHA256: t.Model.SHA256}
	old, there := lock.Model(now.Suite, now.Name, now.Recipe)
	if there && old.SHA256 != now.SHA256 {
		a.notef("warning: %s pins another model for this recipe: %s, sha256 %s", lock.Path, old.Model, old.SHA256)
	}
	if !pin {
		return nil
	}
	lock.SetModel(now)
	return host.WriteLock(lock)
}
