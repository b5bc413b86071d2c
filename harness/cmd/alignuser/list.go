package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
)

// suiteDir is where list looks for suites when it is told nothing else.
const suiteDir = "benchmarks"

// listing is what list found.
type listing struct {
	Suites []suiteEntry `json:"suites"`
	Runs   []runEntry   `json:"runs"`
}

type suiteEntry struct {
	Path         string   `json:"path"`
	Name         string   `json:"name,omitempty"`
	Title        string   `json:"title,omitempty"`
	Dataset      string   `json:"dataset,omitempty"`
	Recommenders []string `json:"recommenders,omitempty"`
	Backends     []string `json:"backends,omitempty"`
	Tasks        []string `json:"tasks,omitempty"`
	Error        string   `json:"error,omitempty"`
}

type runEntry struct {
	Path     string    `json:"path"`
	Suite    string    `json:"suite"`
	ID       string    `json:"id"`
	Status   string    `json:"status"` // finished, failed cells, unfinished, unreadable
	Failed   int       `json:"failed"`
	Command  string    `json:"command,omitempty"` // what makes it
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Error    string    `json:"error,omitempty"`
}

// newListCommand shows the suites that can be run and the runs there are.
func newListCommand(a *app) *cobra.Command {
	var runs string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list [folder or suite ...]",
		Short: "Show suites and runs",
		Long: `list shows the suites in ./benchmarks and in this folder, or in the folders and files
named, and the runs below ./runs with the commands that make them. A suite that cannot
be read is shown with what is wrong with it.`,
		Example: "  alignuser list\n  alignuser list my-suites --json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			var l listing
			var err error
			if l.Suites, err = findSuites(args); err != nil {
				return err
			}
			if l.Runs, err = findRuns(runs); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a, l)
			}
			a.printListing(l, runs)
			for _, s := range l.Suites {
				if s.Error != "" {
					return &exitError{code: exitUsage} // printed above
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&runs, "runs", defaultOut, "`folder` of run folders")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// findSuites reads the suites in folders and files; without any, those in
// ./benchmarks, which need not exist, and in this folder.
func findSuites(args []string) ([]suiteEntry, error) {
	given := len(args) > 0
	if !given {
		args = []string{suiteDir, "."}
	}
	suites := []suiteEntry{}
	for _, arg := range args {
		info, err := os.Stat(arg)
		if errors.Is(err, fs.ErrNotExist) && !given {
			continue
		}
		if err != nil {
			return nil, usagef("list: %s: %w", arg, withoutPath(err))
		}
		paths := []string{arg}
		if info.IsDir() {
			if paths, err = filepath.Glob(filepath.Join(arg, "*.toml")); err != nil {
				return nil, usagef("list: %s: %w", arg, err)
			}
		}
		for _, path := range paths {
			if b, err := os.ReadFile(path); err == nil && info.IsDir() && !looksLikeSuite(b) {
				continue // published.toml and the like
			}
			suites = append(suites, readSuite(path))
		}
	}
	return suites, nil
}

// looksLikeSuite tells suites from other TOML files in the same folder: only a
// suite has recommenders.
func looksLikeSuite(src []byte) bool {
	return strings.Contains(string(src), "[[recommender]]") || strings.Contains(string(src), "[dataset]")
}

func readSuite(path string) suiteEntry {
	s, err := spec.Load(path, nil)
	if err != nil {
		return suiteEntry{Path: path, Error: err.Error()}
	}
	e := suiteEntry{Path: path, Name: s.Name, Title: s.Title, Dataset: component(s.Dataset)}
	for _, r := range s.Recommenders {
		e.Recommenders = append(e.Recommenders, r.Name)
	}
	for _, b := range s.Backends {
		e.Backends = append(e.Backends, b.Name)
	}
	for _, t := range s.Tasks {
		e.Tasks = append(e.Tasks, t.Kind)
	}
	return e
}

func component(c spec.Component) string {
	if c.Component == "" || c.Component == c.Plugin {
		return c.Plugin
	}
	return c.Plugin + "/" + c.Component
}

// findRuns looks at every runs/<suite>/<id>.
func findRuns(root string) ([]runEntry, error) {
	suites, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return []runEntry{}, nil
	}
	if err != nil {
		return nil, err
	}
	all := []runEntry{}
	for _, s := range suites {
		if !s.IsDir() {
			continue
		}
		found, err := runsBelow(filepath.Join(root, s.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// runsBelow lists the run folders in the folder of one suite.
func runsBelow(dir string) ([]runEntry, error) {
	found, err := filepath.Glob(filepath.Join(dir, "*", "identity.json"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	slices.Sort(found)
	var runs []runEntry
	for _, identity := range found {
		runs = append(runs, readRun(filepath.Dir(identity)))
	}
	return runs, nil
}

// readRun tells a run's state from its files.
func readRun(dir string) runEntry {
	r := runEntry{Path: dir, ID: filepath.Base(dir), Suite: filepath.Base(filepath.Dir(dir)), Status: "unfinished"}
	m, err := record.ReadManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return r
	}
	if err != nil {
		r.Status, r.Error = "unreadable", err.Error()
		return r
	}
	r.Started, r.Finished, r.Command = m.Started, m.Finished, m.Command
	failures, err := record.ReadFailures(filepath.Join(dir, record.FailuresFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Status, r.Error = "unreadable", err.Error()
		return r
	}
	r.Failed = len(failures)
	switch {
	case m.Finished.IsZero():
	case r.Failed > 0:
		r.Status = "failed cells"
	default:
		r.Status = "finished"
	}
	return r
}

func (a *app) printListing(l listing, runs string) {
	fmt.Fprintln(a.stdout, "suites")
	for _, s := range l.Suites {
		if s.Error != "" {
			fmt.Fprintf(a.stdout, "  %s\n", s.Path)
			for line := range strings.Lines(s.Error) {
				fmt.Fprintf(a.stdout, "    broken: %s\n", strings.TrimSpace(line))
			}
			continue
		}
		fmt.Fprintln(a.stdout, strings.TrimRight(fmt.Sprintf("  %-34s  %s", s.Path, s.Title), " "))
		fmt.Fprintf(a.stdout, "    %s · %s · %s\n", s.Dataset, strings.Join(slices.Concat(s.Recommenders, s.Backends), ", "), strings.Join(s.Tasks, ", "))
	}
	if len(l.Suites) == 0 {
		fmt.Fprintf(a.stdout, "  none here: alignuser init my.toml writes one\n")
	}
	fmt.Fprintf(a.stdout, "\nruns (%s)\n", runs)
	for _, r := range l.Runs {
		status := r.Status
		if r.Failed > 0 {
			status = fmt.Sprintf("%d failed cells", r.Failed)
		}
		if !r.Finished.IsZero() {
			status += ", " + r.Finished.Format("2006-01-02 15:04 UTC")
		}
		if r.Error != "" {
			status += ": " + r.Error
		}
		fmt.Fprintf(a.stdout, "  %-34s  %s\n", r.Path, status)
		if r.Command != "" {
			fmt.Fprintf(a.stdout, "    %s\n", r.Command)
		}
	}
	if len(l.Runs) == 0 {
		fmt.Fprintln(a.stdout, "  none yet")
	}
	if next := nextSuite(l.Suites); next != "" {
		fmt.Fprintf(a.stdout, "\nnext: alignuser run %s\n", quoted(next))
	}
}

// nextSuite is the suite to try first: the quickstart, or else the first good one.
func nextSuite(suites []suiteEntry) string {
	next := ""
	for _, s := range suites {
		if s.Error == "" && (next == "" || s.Name == "quickstart") {
			next = s.Path
		}
	}
	return next
}

// writeJSON prints a value for programs.
func writeJSON(a *app, v any) error {
	out := json.NewEncoder(a.stdout)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}
