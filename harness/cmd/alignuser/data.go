package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
)

// newDataCommand is the parent of the verbs that deal with data sets.
func newDataCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:     "data",
		Short:   "Get data sets, look at them, and write their splits into files",
		Long:    "Data sets come from plugins. What was read once is kept, checked by hash, in the cache folder\n($ALIGNUSER_CACHE, or the user's cache folder).",
		Example: "  alignuser data list\n  alignuser data inspect benchmarks/quickstart.toml",
		Args:    noSuchVerb,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newDataListCommand(a), newDataGetCommand(a), newDataInspectCommand(a), newDataExportCommand(a))
	return c
}

// openData reads the data of a suite, or of a data set that is named by plugin and
// component. Close its corpus when done.
func (a *app) openData(ctx context.Context, s *spec.Suite, path string) (*run.Data, error) {
	h, err := a.openHost(path)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	progress := newProgress(a)
	defer progress.Close()
	d, err := run.OpenData(ctx, run.Config{
		Suite: s, Host: h, Tasks: all.Tasks(), CacheDir: a.cacheDir(), Offline: a.offline(), Events: progress.Event,
	})
	if err != nil {
		return nil, suiteError(err)
	}
	return d, nil
}

// dataSuite loads the suite that an argument names, or makes one around a data
// set named like movielens, or movielens and 100k. Named says that it did.
func dataSuite(args, sets []string) (s *spec.Suite, path string, named bool, err error) {
	path = args[0]
	if info, e := os.Stat(path); len(args) == 1 && (e == nil && !info.IsDir() || strings.HasSuffix(path, ".toml")) {
		s, err = spec.Load(path, sets)
	} else {
		text := "schema = 1\nname = \"data\"\n[dataset]\nplugin = " + strconv.Quote(args[0]) + "\n"
		if len(args) == 2 {
			text += "component = " + strconv.Quote(args[1]) + "\n"
		}
		text += "[split]\nmethod = \"random\"\ntest = 0.5\n[[recommender]]\nplugin = \"basics\"\ncomponent = \"popular\"\n[[task]]\nkind = \"offline\"\n"
		path, named = "", true
		s, err = spec.Parse(fmt.Sprintf("data set %s", strings.Join(args, " ")), []byte(text), sets)
	}
	if err != nil {
		return nil, "", named, &exitError{code: exitUsage, err: err}
	}
	return s, path, named, nil
}
