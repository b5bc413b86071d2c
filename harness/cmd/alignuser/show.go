package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/trace"
)

// showFlags say which session is wanted.
type showFlags struct {
	user, recommender, agent, against, task string
	session                                 int
	runs                                    string
	asJSON                                  bool
}

// newShowCommand prints one session.
func newShowCommand(a *app) *cobra.Command {
	var flags showFlags
	c := &cobra.Command{
		Use:   "show <run folder | suite.toml>",
		Short: "Print a session: who the user is, what was shown, decided and felt",
		Long: `show reads a session of a run and prints it page by page: persona, cards, decisions,
values, reasons, where the user went next, and the interview. With --against the same
user's session with another recommender follows. Without --user it lists what there is.
Few of the sessions stand in sessions.html of the run folder, too.`,
		Example: "  alignuser show benchmarks/quickstart.toml\n" +
			"  alignuser show benchmarks/quickstart.toml --user u0001 --recommender ease --agent prompted\n" +
			"  alignuser show benchmarks/quickstart.toml --user u0001 --recommender ease --against popular",
		Args:              exactly("a run folder or a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.findRun(args[0], flags.runs)
			if err != nil {
				return err
			}
			return a.showSessions(dir, args[0], flags)
		},
	}
	c.Flags().StringVar(&flags.user, "user", "", "the user's `name` in the data set, or number")
	c.Flags().StringVar(&flags.recommender, "recommender", "", "`name` of the recommender")
	c.Flags().StringVar(&flags.agent, "agent", "", "`name` of the agent (default: the first that asks a language model, else the first)")
	c.Flags().StringVar(&flags.against, "against", "", "also the same user's session with this `recommender`")
	c.Flags().StringVar(&flags.task, "task", "", "`kind` of the task (default: the first with sessions)")
	c.Flags().IntVar(&flags.session, "session", 1, "which of the user's sessions, from `1`")
	c.Flags().StringVar(&flags.runs, "runs", defaultOut, "`folder` of run folders")
	c.Flags().BoolVar(&flags.asJSON, "json", false, "the session as it is kept")
	return c
}

// showSessions prints what was asked for, or what there is to ask for.
func (a *app) showSessions(dir, name string, flags showFlags) error {
	board, err := report.Load(dir)
	if err != nil {
		return err
	}
	keys := report.SessionCells(board)
	if len(keys) == 0 {
		return usagef("show: %s has no sessions: a suite with [[task]] kind = \"simulate\" makes some", dir)
	}
	m, err := record.ReadManifest(dir)
	if err != nil {
		return err
	}
	if err := flags.complete(m, keys); err != nil {
		return err
	}
	first, err := flags.file(dir, keys, flags.recommender)
	if err != nil {
		return err
	}
	if flags.user == "" {
		a.listSessions(name, keys, first)
		return nil
	}
	shown := []*report.SessionFile{first}
	if flags.against != "" {
		other, err := flags.file(dir, keys, flags.against)
		if err != nil {
			return err
		}
		shown = append(shown, other)
	}
	var kept []*trace.Session
	for i, f := range shown {
		s := f.Find(flags.user, flags.session-1)
		if s == nil {
			return usagef("show: --user %s --session %d: no such session: users are named as in the data set, such as %s, or numbered from 0", flags.user, flags.session, f.Sessions[0].Name)
		}
		if flags.asJSON {
			kept = append(kept, s)
			continue
		}
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		if err := report.Session(a.stdout, f, s, a.terminalOptions()); err != nil {
			return err
		}
	}
	if flags.asJSON {
		return writeJSON(a, kept)
	}
	return nil
}

// complete fills in what was not said.
func (f *showFlags) complete(m record.Manifest, keys []record.CellKey) error {
	if f.session < 1 {
		return usagef("show: --session %d: sessions count from 1", f.session)
	}
	if f.task == "" {
		f.task = keys[0].Task
	}
	if f.agent == "" {
		for _, g := range m.Agents {
			if g.Asks && f.agent == "" {
				f.agent = g.Name
			}
		}
	}
	has := func(of func(record.CellKey) string, want string) bool {
		return slices.ContainsFunc(keys, func(k record.CellKey) bool { return of(k) == want })
	}
	agent := func(k record.CellKey) string { return k.Agent }
	if f.agent == "" || !has(agent, f.agent) && f.user == "" {
		f.agent = keys[0].Agent
	}
	recommender := func(k record.CellKey) string { return k.Recommender }
	if f.recommender == "" {
		f.recommender = keys[0].Recommender
	}
	for _, c := range []struct {
		flag, name string
		of         func(record.CellKey) string
	}{
		{"task", f.task, func(k record.CellKey) string { return k.Task }},
		{"agent", f.agent, agent},
		{"recommender", f.recommender, recommender},
		{"against", f.against, recommender},
	} {
		if c.name != "" && !has(c.of, c.name) {
			return usagef("show: --%s %s: this run has none of this name with sessions (it has %s)", c.flag, c.name, strings.Join(distinct(keys, c.of), ", "))
		}
	}
	return nil
}

func distinct(keys []record.CellKey, of func(record.CellKey) string) (names []string) {
	for _, k := range keys {
		if !slices.Contains(names, of(k)) {
			names = append(names, of(k))
		}
	}
	return names
}

// file reads the sessions of a recommender.
func (f *showFlags) file(dir string, keys []record.CellKey, recommender string) (*report.SessionFile, error) {
	key := record.CellKey{Task: f.task, Recommender: recommender, Agent: f.agent}
	if !slices.Contains(keys, key) {
		return nil, usagef("show: no sessions of %s in task %s", key.Arm(), f.task)
	}
	file, err := report.LoadSessions(dir, key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usagef("show: %s: this copy of the run has no sessions: they stay where it was made", dir)
	}
	return file, err
}

// listSessions says what can be shown.
func (a *app) listSessions(name string, keys []record.CellKey, f *report.SessionFile) {
	fmt.Fprintf(a.stdout, "%s sessions of %s with each\n", report.Count(len(f.Sessions)), f.Key.Task)
	fmt.Fprintf(a.stdout, "recommenders  %s\n", strings.Join(distinct(keys, func(k record.CellKey) string { return k.Recommender }), ", "))
	fmt.Fprintf(a.stdout, "agents        %s\n", strings.Join(distinct(keys, func(k record.CellKey) string { return k.Agent }), ", "))
	last := f.Sessions[len(f.Sessions)-1]
	fmt.Fprintf(a.stdout, "users         %s to %s\n", f.Sessions[0].Name, last.Name)
	fmt.Fprintf(a.stdout, "next          alignuser show %s --user %s --recommender %s --agent %s\n", quoted(name), f.Sessions[0].Name, f.Key.Recommender, f.Key.Agent)
}
