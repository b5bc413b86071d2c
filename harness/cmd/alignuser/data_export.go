package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/export"
	"github.com/alignuser/alignuser/harness/report"
	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// newDataExportCommand writes the data of a suite as other programs read it.
func newDataExportCommand(a *app) *cobra.Command {
	var flags suiteFlags
	var to, format string
	c := &cobra.Command{
		Use:   "export <suite.toml> --to <folder>",
		Short: "Write a suite's data and its exact split into files",
		Long: `export writes users, items and interactions of a suite's data, filtered as the
suite says, with the part that each interaction is in: train, valid or test.
Sessions, of data that has them, are not written.

csv is three files with a header. recbole is atomic files: name.inter with all
interactions, and name.train.inter, name.valid.inter, name.test.inter for
RecBole's benchmark_filename.

Beside them lies suite.toml, which reads the files back. The export is read back
before it is called done: data and split must have the digests that they had,
the data without its sessions.`,
		Example:           "  alignuser data export benchmarks/quickstart.toml --to quickstart-csv",
		Args:              exactly("a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(export.Formats(), format) {
				return usagef("data export: --format %s: unknown format (one of %s)", format, strings.Join(export.Formats(), ", "))
			}
			if to == "" {
				return usagef("data export: --to is missing: %s", exampleOf(c))
			}
			s, err := spec.Load(args[0], flags.sets)
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			return a.exportData(c.Context(), s, args[0], to, format)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&to, "to", "", "new or empty `folder` to write to")
	c.Flags().StringVar(&format, "format", export.CSV, "csv or recbole")
	_ = c.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return export.Formats(), cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

func (a *app) exportData(ctx context.Context, s *spec.Suite, path, to, format string) (err error) {
	if s.Split.Halves() {
		return usagef("data export: split.evidence %q cuts users into halves, and files do not say whose interactions are to be fitted: add --set split.evidence=shared", s.Split.Evidence)
	}
	d, err := a.openData(ctx, s, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Corpus.Close()) }()
	source := export.Source{Name: s.Name, Info: d.Corpus.Info(), Parts: d.Split.Parts(), Seed: s.Seed}
	for name, t := range map[string]*sdk.Table{sdk.TableUsers: &source.Users, sdk.TableItems: &source.Items, sdk.TableInteractions: &source.Events} {
		*t, _ = d.Corpus.Table(name) // every corpus has them
	}
	source.Comment = fmt.Sprintf("%s, exported from %s with split %s.\nThe data is under its owner's licence: %s", d.Name, filepath.Base(path), s.Split.Method, source.Info.License)
	if err := export.Write(to, format, source); err != nil {
		if errors.Is(err, sdk.ErrInvalid) {
			return usagef("data export: %w", err)
		}
		return machineError(err)
	}
	return a.readBack(ctx, filepath.Join(to, export.SuiteFile), d)
}

// readBack reads an export as a user of it would, and compares.
func (a *app) readBack(ctx context.Context, path string, was *run.Data) (err error) {
	s, err := spec.Load(path, nil)
	if err != nil {
		return err
	}
	d, err := a.openData(ctx, s, path)
	if err != nil {
		return fmt.Errorf("the export was written but is not read back: %w", err)
	}
	defer func() { err = errors.Join(err, d.Corpus.Close()) }()
	for _, c := range []struct{ what, had, has string }{
		{"data", was.Corpus.CoreDigest(), d.Corpus.CoreDigest()}, {"split", was.Split.Digest(), d.Split.Digest()},
	} {
		if c.had != c.has {
			return fmt.Errorf("the export was written but its %s is read back as %s, not %s: do not use it", c.what, c.has, c.had)
		}
	}
	stats := d.Split.Stats()
	fmt.Fprintf(a.stdout, "%s users, %s items, %s interactions (%s train, %s validation, %s test)\n", report.Count(d.Corpus.Users()), report.Count(d.Corpus.Items()),
		report.Count(d.Corpus.Interactions()), report.Count(stats.TrainRows), report.Count(stats.ValidRows), report.Count(stats.TestRows))
	fmt.Fprintf(a.stdout, "read back to the same digests: data %s, split %s\n", d.Corpus.Digest()[:16], d.Split.Digest()[:16])
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	fmt.Fprintf(a.stdout, "\nfiles  %s (%s)\nnext   alignuser run %s\n", filepath.Dir(path), strings.Join(names, ", "), path)
	return nil
}
