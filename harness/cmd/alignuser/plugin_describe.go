package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/sdk"
)

// described is what a plugin says of itself, for programs.
type described struct {
	Kind       string               `json:"kind"`
	Name       string               `json:"name"`
	Version    string               `json:"version"`
	From       string               `json:"from"` // built-in, alignuser.lock, or path
	Path       string               `json:"path"`
	Digest     string               `json:"digest"`
	Build      string               `json:"build,omitempty"`
	Components []describedComponent `json:"components"`
}

type describedComponent struct {
	Name        string            `json:"name"`
	Doc         string            `json:"doc"`
	Determinism string            `json:"determinism"`
	Features    []string          `json:"features"`
	Options     []describedOption `json:"options"`
	Needs       sdk.Needs         `json:"needs"`
	Tables      []describedTable  `json:"tables,omitempty"`
	License     string            `json:"license,omitempty"`
	Citation    string            `json:"citation,omitempty"`
	Homepage    string            `json:"homepage,omitempty"`
}

type describedOption struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Default    any      `json:"default,omitempty"`
	Required   bool     `json:"required,omitempty"`
	Min        *float64 `json:"min,omitempty"`
	Max        *float64 `json:"max,omitempty"`
	Choices    []string `json:"choices,omitempty"`
	Unit       string   `json:"unit,omitempty"`
	Doc        string   `json:"doc"`
	Deprecated string   `json:"deprecated,omitempty"`
}

type describedTable struct {
	Name    string   `json:"name"`
	Doc     string   `json:"doc,omitempty"`
	Columns []string `json:"columns"`
}

// newPluginDescribeCommand shows what a plugin holds.
func newPluginDescribeCommand(a *app) *cobra.Command {
	var suite string
	var asJSON bool
	c := &cobra.Command{
		Use:   "describe <plugin or path>",
		Short: "Show a plugin's components, options, features and needs",
		Long: `describe asks a plugin what it holds: by name a built-in or, with --suite, one that
the suite's alignuser.lock pins; by path (anything with a separator, such as
./recommender-mine) any program. Naming a path runs that program with your rights,
without secrets and without data: name only programs that you trust.`,
		Example:           "  alignuser plugin describe neighbors\n  alignuser plugin describe ./recommender-mine --json",
		Args:              exactly("a plugin"),
		ValidArgsFunction: completePlugins,
		RunE: func(c *cobra.Command, args []string) (err error) {
			h, err := a.openHost(suiteIn(suite))
			if err != nil {
				return err
			}
			defer closeHost(h, &err)
			e, from, err := a.findPlugin(h, args[0], suite != "")
			if err != nil {
				return err
			}
			d, err := h.Describe(c.Context(), e)
			if err != nil {
				return err
			}
			out := describe(e, from, d)
			if asJSON {
				return writeJSON(a, out)
			}
			a.printDescription(out)
			return nil
		},
	}
	c.Flags().StringVar(&suite, "suite", "", "look in the lock beside this `suite` too")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// findPlugin takes a path, or the name of a plugin of any kind with or without
// the kind in front. A lock counts only where its suite was named.
func (a *app) findPlugin(h *host.Host, arg string, locked bool) (e host.Executable, from string, err error) {
	if strings.ContainsAny(arg, `/\`) {
		if e, err = host.Inspect(arg); err != nil {
			return e, "", usagef("plugin: %w", err)
		}
		a.notef("running %s, because you named it (%s)", arg, e.Digest)
		return e, "path", nil
	}
	var refused error
	var known []string
	for _, e := range h.List() {
		if !e.Builtin && !locked {
			continue
		}
		known = append(known, e.Name)
		if arg != e.Name && arg != e.Label() {
			continue
		}
		if e, err = h.Resolve(e.Kind, e.Name); err == nil {
			return e, whereFrom(e), nil
		}
		refused = errors.Join(refused, err)
	}
	if refused != nil {
		return e, "", &exitError{code: exitUsage, err: refused}
	}
	hint := "alignuser plugin list shows what there is; a program is named by its path, such as ./" + arg
	if near := sdk.Nearest(arg, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	return e, "", usagef("plugin: %s: no such plugin (%s)", arg, hint)
}

func describe(e host.Executable, from string, d sdk.Description) described {
	out := described{
		Kind: d.Components[0].Kind.String(), Name: e.Name, Version: d.Version, From: from, Path: e.Path, Digest: e.Digest, Build: d.BuildInfo,
	}
	for _, c := range d.Components {
		dc := describedComponent{
			Name: c.Name, Doc: c.Doc, Determinism: c.Determinism.String(), Features: append([]string{}, c.Features...),
			Options: []describedOption{}, Needs: c.Needs, License: c.License, Citation: c.Citation, Homepage: c.Homepage,
		}
		for _, o := range c.Options {
			dc.Options = append(dc.Options, describedOption{
				Name: o.Name, Type: optionType(o), Default: o.Default, Required: o.Required, Min: o.Min, Max: o.Max,
				Choices: o.Choices, Unit: o.Unit, Doc: o.Doc, Deprecated: o.Deprecated,
			})
		}
		for _, t := range c.Tables {
			dt := describedTable{Name: t.Name, Doc: t.Doc, Columns: []string{}}
			for _, col := range t.Columns {
				dt.Columns = append(dt.Columns, col.Name+" "+columnType(col))
			}
			dc.Tables = append(dc.Tables, dt)
		}
		out.Components = append(out.Components, dc)
	}
	return out
}

func optionType(o sdk.OptionSpec) string {
	if o.Type == sdk.OptionList {
		return "list of " + o.Element.String()
	}
	return o.Type.String()
}

func columnType(c sdk.ColumnSpec) string {
	if c.List {
		return "list of " + c.Type.String()
	}
	return c.Type.String()
}

func (a *app) printDescription(d described) {
	fmt.Fprintf(a.stdout, "%s plugin %s %s (%s)\n%s\n%s\n", d.Kind, d.Name, d.Version, d.From, d.Path, d.Digest)
	for _, c := range d.Components {
		fmt.Fprintf(a.stdout, "\n%s\n", c.Name)
		a.printFact("", c.Doc)
		a.printFact("deterministic: ", c.Determinism)
		a.printFact("features: ", strings.Join(c.Features, ", "))
		a.printFact("secrets: ", strings.Join(c.Needs.Secrets, ", "))
		a.printFact("network: ", c.Needs.Network)
		a.printFact("device: ", c.Needs.Device)
		if c.Needs.MemoryBytes > 0 {
			a.printFact("memory: ", fmt.Sprintf("%d MiB", c.Needs.MemoryBytes>>20))
		}
		a.printFact("reads beside interactions: ", strings.Join(c.Needs.Tables, ", "))
		a.printFact("license: ", c.License)
		a.printFact("citation: ", c.Citation)
		a.printFact("homepage: ", c.Homepage)
		for _, t := range c.Tables {
			a.printFact("table "+t.Name+": ", strings.Join(t.Columns, ", "))
		}
		for _, o := range c.Options {
			fmt.Fprintf(a.stdout, "  %s = %s\n", o.Name, strings.Join(o.facts(), ", "))
			if o.Doc != "" {
				fmt.Fprintf(a.stdout, "      %s\n", o.Doc)
			}
		}
	}
}

func (a *app) printFact(label, text string) {
	if text != "" {
		fmt.Fprintf(a.stdout, "  %s%s\n", label, text)
	}
}

// facts gives type, default and bounds of an option in words.
func (o describedOption) facts() []string {
	out := []string{o.Type}
	if o.Unit != "" {
		out[0] += " (" + o.Unit + ")"
	}
	switch v := o.Default.(type) {
	case nil:
	case string:
		out = append(out, "default "+strconv.Quote(v))
	default:
		out = append(out, fmt.Sprintf("default %v", v))
	}
	if o.Required {
		out = append(out, "required")
	}
	if o.Min != nil {
		out = append(out, "at least "+plainNumber(*o.Min))
	}
	if o.Max != nil {
		out = append(out, "at most "+plainNumber(*o.Max))
	}
	if len(o.Choices) > 0 {
		out = append(out, "one of "+strings.Join(o.Choices, ", "))
	}
	if o.Deprecated != "" {
		out = append(out, "deprecated: "+o.Deprecated)
	}
	return out
}
