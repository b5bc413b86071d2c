package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
	"github.com/alignuser/alignuser/sdk"
)

// newDataGetCommand has a data set's plugin get its data.
func newDataGetCommand(a *app) *cobra.Command {
	var sets []string
	var from string
	var accept bool
	c := &cobra.Command{
		Use:   "get <plugin> [component]",
		Short: "Get a public data set, once its licence is accepted",
		Long: `get downloads a public release into the cache folder, checks it against the hash
that the plugin pins, and unpacks what is needed of it. Suites that name no path
use it from then on. The licence is shown first, and accepted with a flag; what was
accepted and when is kept beside the data, in get.json.

A download that was cut goes on where it was. Without a network, download the archive
elsewhere and name it with --from: it must be the same file, by its hash.`,
		Example: "  alignuser data get movielens 100k --accept-license\n" +
			"  alignuser data get movielens 1m --accept-license --from ml-1m.zip\n" +
			"  alignuser data get movielens latest --accept-license --set release=25m",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 {
				return exactly("a data set")(c, args)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var under []string
			for _, s := range sets {
				under = append(under, "dataset.options."+s)
			}
			if from != "" {
				under = append(under, "dataset.options.archive="+from)
			}
			s, path, named, err := dataSuite(args, under)
			if err != nil {
				return err
			}
			if !named {
				return usagef("data get: %s is a suite: name a data set, as alignuser data list does", args[0])
			}
			return a.getData(c.Context(), s, path, strings.Join(args, " "), accept)
		},
	}
	c.Flags().StringArrayVar(&sets, "set", nil, "an option of the data set: `name=value`; may be repeated")
	c.Flags().StringVar(&from, "from", "", "take this archive instead of downloading it")
	c.Flags().BoolVar(&accept, "accept-license", false, "accept the licence that is shown without this flag")
	return c
}

// getData prepares a data set. A first try without acceptance finds out whether
// there is anything to get.
func (a *app) getData(ctx context.Context, s *spec.Suite, path, name string, accept bool) (err error) {
	h, err := a.openHost(path)
	if err != nil {
		return err
	}
	defer closeHost(h, &err)
	if err := s.Check(run.Catalogue{Context: ctx, Host: h, Tasks: all.Tasks()}); err != nil {
		return &exitError{code: exitUsage, err: err}
	}
	exe, err := h.Resolve(sdk.KindDataset, s.Dataset.Plugin)
	if err != nil {
		return err
	}
	process, err := h.Start(ctx, host.Instance{Executable: exe, Component: s.Dataset.Component, Options: s.Dataset.Options})
	if err != nil {
		return suiteError(err)
	}
	defer process.Close()
	about := process.Spec()
	config := corpus.Config{CacheDir: a.cacheDir(), Plugin: s.Dataset.Plugin, Offline: a.offline(), Emit: a.hearGet()}
	info, first := corpus.Prepare(ctx, config, process.Dataset())
	switch {
	case first == nil:
		fmt.Fprintf(a.stdout, "%s is here\n", name)
	case about.Needs.Network == "" || !errors.Is(first, sdk.ErrInvalid):
		return suiteError(first)
	case !accept:
		fmt.Fprintf(a.stdout, "%s\n\nlicence   %s\ncite      %s\nhomepage  %s\n", about.Doc, about.License, about.Citation, about.Homepage)
		return usagef("data get: %s: the licence is not accepted: read it at the homepage, then repeat the command with --accept-license", name)
	default:
		config.AcceptedLicenses = []string{about.License}
		if info, err = corpus.Prepare(ctx, config, process.Dataset()); err != nil {
			return suiteError(err)
		}
		fmt.Fprintf(a.stdout, "%s: got, checked and unpacked\n", name)
	}
	fmt.Fprintf(a.stdout, "licence  %s\n", info.License)
	if dir := corpus.Downloads(config, about.Name); about.Needs.Network != "" {
		fmt.Fprintf(a.stdout, "files    %s\n", filepath.Clean(dir))
	}
	fmt.Fprintf(a.stdout, "next     alignuser data inspect %s\n", name)
	return nil
}

// hearGet prints what a data set says while it gets its data: a line per stage and
// per tenth of a download.
func (a *app) hearGet() sdk.Emit {
	last := ""
	return func(e sdk.Event) {
		switch e := e.(type) {
		case sdk.Warning:
			a.notef("warning: %s", printable(e.Summary))
		case sdk.Progress:
			line := e.Stage
			if e.Message != "" {
				line += ": " + e.Message
			} else if e.Total > 0 && strings.HasPrefix(e.Stage, "get ") {
				line += fmt.Sprintf(": %d %% of %s bytes", 10*(10*e.Step/e.Total), report.Count(int(e.Total)))
			}
			if line != last {
				a.notef("%s", printable(line))
				last = line
			}
		}
	}
}

// offline says whether the network must not be used.
func (a *app) offline() bool { return a.getenv("ALIGNUSER_OFFLINE") == "1" }
