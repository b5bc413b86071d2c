package main

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// dataRow is one data set that a suite may name.
type dataRow struct {
	Plugin    string `json:"plugin"`
	Component string `json:"component"`
	Doc       string `json:"doc"`
	License   string `json:"license"`
	Homepage  string `json:"homepage,omitempty"`
	Network   string `json:"network,omitempty"` // where it gets its data; empty: nowhere
	Downloads string `json:"downloads,omitempty"`
	Bytes     int64  `json:"bytes"` // that were got

	generated bool // it asks for no files
}

// newDataListCommand shows the data sets at hand.
func newDataListCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "list",
		Short:   "List data sets, and what was got of them",
		Long:    "list shows the data sets of the built-in plugins, with their licences and with how much\nof them lies in the cache folder.",
		Example: "  alignuser data list\n  alignuser data list --json",
		Args:    exactly(),
		RunE: func(c *cobra.Command, _ []string) (err error) {
			h, err := a.openHost("")
			if err != nil {
				return err
			}
			defer closeHost(h, &err)
			rows := []dataRow{}
			for _, e := range h.List() {
				if e.Kind != sdk.KindDataset || !e.Builtin {
					continue
				}
				d, err := h.Describe(c.Context(), e)
				if err != nil {
					return err
				}
				for _, s := range d.Components {
					dir := corpus.Downloads(corpus.Config{CacheDir: a.cacheDir(), Plugin: e.Name}, s.Name)
					row := dataRow{Plugin: e.Name, Component: s.Name, Doc: s.Doc, License: s.License, Homepage: s.Homepage, Network: s.Needs.Network, Bytes: sizeOf(dir)}
					row.generated = !slices.ContainsFunc(s.Options, func(o sdk.OptionSpec) bool { return o.Type == sdk.OptionPath })
					if row.Bytes > 0 {
						row.Downloads = dir
					}
					rows = append(rows, row)
				}
			}
			if asJSON {
				return writeJSON(a, rows)
			}
			return a.printData(rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) printData(rows []dataRow) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PLUGIN\tCOMPONENT\tDATA\tLICENCE")
	get := ""
	for _, r := range rows {
		state := "your own files"
		switch {
		case r.Bytes > 0:
			state = fmt.Sprintf("got, %.1f MB", float64(r.Bytes)/1e6)
		case r.Network != "":
			state = "not got"
			if get == "" {
				get = r.Plugin + " " + r.Component
			}
		case r.generated:
			state = "generated"
		}
		licence, _, _ := strings.Cut(printable(r.License), ":")
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Plugin, r.Component, state, licence)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if get != "" {
		fmt.Fprintf(a.stdout, "\nnext  alignuser data get %s\n", get)
	}
	return nil
}

// sizeOf adds up the files below a folder; 0 where there is none.
func sizeOf(dir string) (total int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // what cannot be seen counts nothing
		}
		if info, err := e.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
