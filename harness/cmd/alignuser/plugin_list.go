package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/host"
)

// pluginRow is one component of a plugin, or a plugin that could not be asked.
type pluginRow struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Component string `json:"component,omitempty"`
	Version   string `json:"version"`
	From      string `json:"from"` // built-in, or the lock that pins it
	Path      string `json:"path"`
	Digest    string `json:"digest"`
	Doc       string `json:"doc,omitempty"`
	Error     string `json:"error,omitempty"`
}

// newPluginListCommand shows the plugins that a suite may name.
func newPluginListCommand(a *app) *cobra.Command {
	var suite string
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List plugins and their components",
		Long: `list shows the built-in plugins and, with --suite, those that the suite's
alignuser.lock pins. Each is started for a moment to say which components it has;
nothing is started for lying in a folder.`,
		Example: "  alignuser plugin list\n  alignuser plugin list --suite my-suite.toml --json",
		Args:    exactly(),
		RunE: func(c *cobra.Command, _ []string) (err error) {
			h, err := a.openHost(suiteIn(suite))
			if err != nil {
				return err
			}
			defer closeHost(h, &err)
			rows, failed := []pluginRow{}, 0
			for _, e := range h.List() {
				if !e.Builtin && suite == "" {
					continue // a lock in the current folder is no request to run what it pins
				}
				found, ok := pluginRows(c, h, e)
				rows = append(rows, found...)
				if !ok {
					failed++
				}
			}
			if asJSON {
				err = writeJSON(a, rows)
			} else {
				err = a.printPlugins(rows)
			}
			if err == nil && failed > 0 {
				err = fmt.Errorf("plugin list: %d of the plugins could not be asked", failed)
			}
			return err
		},
	}
	c.Flags().StringVar(&suite, "suite", "", "also list what the lock beside this `suite` pins")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// pluginRows asks one plugin. One of the lock's is checked against its hash first.
func pluginRows(c *cobra.Command, h *host.Host, e host.Executable) ([]pluginRow, bool) {
	row := pluginRow{Kind: e.Kind.String(), Name: e.Name, Version: e.Version, From: whereFrom(e), Path: e.Path, Digest: e.Digest}
	checked, err := h.Resolve(e.Kind, e.Name)
	if err != nil {
		row.Error = err.Error()
		return []pluginRow{row}, false
	}
	d, err := h.Describe(c.Context(), checked)
	if err != nil {
		row.Error = err.Error()
		return []pluginRow{row}, false
	}
	var rows []pluginRow
	for _, component := range d.Components {
		row.Component, row.Doc = component.Name, component.Doc
		rows = append(rows, row)
	}
	return rows, true
}

func whereFrom(e host.Executable) string {
	if e.Builtin {
		return "built-in"
	}
	return lockName
}

func (a *app) printPlugins(rows []pluginRow) error {
	if len(rows) == 0 {
		fmt.Fprintln(a.stdout, "no plugins beside this executable: make build puts them there")
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tPLUGIN\tCOMPONENT\tVERSION\tFROM\tDIGEST")
	for _, r := range rows {
		component := r.Component
		if r.Error != "" {
			component = "(refused)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Kind, r.Name, component, r.Version, r.From, shortDigest(r.Digest))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Error != "" {
			a.notef("alignuser: %s", r.Error)
		}
	}
	return nil
}

// shortDigest is enough to tell two digests apart by eye.
func shortDigest(d string) string { return d[:min(len(d), len("h1:")+12)] }

// closeHost ends a host and keeps the first error.
func closeHost(h *host.Host, err *error) {
	if cerr := h.Close(); *err == nil {
		*err = cerr
	}
}
