package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/run"
)

// newLLMExportCommand writes a cassette.
func newLLMExportCommand(a *app) *cobra.Command {
	var to, runs string
	var unfinished bool
	c := &cobra.Command{
		Use:   "export <run folder | suite.toml>",
		Short: "Write the answers that a run used to one file, from which it can be replayed",
		Long: `export writes a cassette: one compressed file with every answer that the run used of
backends whose answers are kept. alignuser run --replay plays it: without a backend, a
key or the network, and to the same bytes. Given a suite, it takes the run of that suite
which finished last. A cassette holds questions only as hashes, and no secret.`,
		Example: "  alignuser llm export runs/backends/0123456789ab --to backends.cassette\n" +
			"  alignuser run benchmarks/backends.toml --replay backends.cassette",
		Args:              exactly("a run folder or a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(_ *cobra.Command, args []string) error {
			dir, err := a.findRun(args[0], runs)
			if err != nil {
				return err
			}
			if to == "" {
				to = filepath.Base(filepath.Dir(dir)) + "-" + filepath.Base(dir) + ".cassette"
			}
			var out run.Exported
			err = record.WriteFile(to, func(w io.Writer) error {
				out, err = run.Export(dir, w, unfinished)
				return err
			})
			if err != nil {
				return err
			}
			info, err := os.Stat(to)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%s: %s, %s, id %s\n", to, counted(out.Answers, "answer"), bytesText(info.Size()), out.ID)
			return nil
		},
	}
	c.Flags().StringVar(&to, "to", "", "`file` to write (default: <suite>-<id>.cassette)")
	c.Flags().StringVar(&runs, "runs", defaultOut, "`folder` of run folders")
	c.Flags().BoolVar(&unfinished, "unfinished", false, "take what a run that has not finished has so far")
	return c
}

// bytesText is a size in the largest unit that leaves a whole number before the point.
func bytesText(n int64) string {
	for _, unit := range []struct {
		size int64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(unit.size), unit.name)
		}
	}
	return counted(int(n), "byte")
}
