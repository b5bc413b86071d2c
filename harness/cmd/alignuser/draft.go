package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// text writes the suite. Options stand as comments with their defaults, so that
// the file says what can be changed and changes nothing.
func (d *draft) text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# A benchmark suite. Check it with `alignuser validate`, run it with `alignuser run`.")
	line("schema = %d", spec.Schema)
	line("name = %q # names the folder of its runs", d.name)
	line("title = %q", "My suite: "+d.name)
	line("seed = 42 # all randomness comes from it")
	line("repeats = 1 # fits of every recommender, each with its own seed")
	line("")
	line("[dataset]")
	part(&b, d.dataset, "dataset.options")
	line("")
	line("[split]")
	line("method = \"user-temporal\" # every user's latest interactions are held out")
	line("test = 0.2 # fraction of a user's interactions")
	line("# valid = 0.1 # kept from training too, for recommenders that tune themselves")
	line("")
	line("# One table per row of the leaderboard. The oracle control is added by itself.")
	for _, r := range d.recommenders {
		line("[[recommender]]")
		if r.name != r.component {
			line("name = %q", r.name)
		}
		part(&b, r, "recommender.options")
		line("")
	}
	for _, t := range d.tasks {
		line("[[task]]")
		comment(&b, t.doc)
		line("kind = %q", t.plugin)
		options(&b, t.options, "task.options")
		line("")
	}
	line("# Limits never change a result.")
	line("[limits]")
	line("# workers = 0 # recommenders fitted at once; 0: decided by the machine")
	line("# threads = 0 # of one plugin; 0: the plugin decides")
	line("# fit-timeout = \"10m\"")
	line("# call-timeout = \"1m\"")
	line("# memory = \"2GiB\" # of one plugin")
	return b.String()
}

func part(b *strings.Builder, p draftPart, table string) {
	comment(b, p.doc)
	fmt.Fprintf(b, "plugin = %q\ncomponent = %q\n", p.plugin, p.component)
	options(b, p.options, table)
}

// options writes the options table. Required options have no default and stand
// uncommented, so that run points at them.
func options(b *strings.Builder, specs []sdk.OptionSpec, table string) {
	var shown []sdk.OptionSpec
	for _, o := range specs {
		if o.Deprecated == "" {
			shown = append(shown, o)
		}
	}
	if len(shown) == 0 {
		return
	}
	fmt.Fprintf(b, "[%s]\n", table)
	for _, o := range shown {
		note := o.Doc
		if limits := bounds(o); limits != "" {
			note += " (" + limits + ")"
		}
		comment(b, note)
		switch {
		case o.Required:
			fmt.Fprintf(b, "# REQUIRED: %s = …\n", o.Name)
		case o.Default != nil:
			fmt.Fprintf(b, "# %s = %s\n", o.Name, literal(o.Default))
		default:
			fmt.Fprintf(b, "# %s = … # %s, not set\n", o.Name, o.Type)
		}
	}
}

// bounds says what values an option takes.
func bounds(o sdk.OptionSpec) string {
	var s []string
	if len(o.Choices) > 0 {
		s = append(s, strings.Join(o.Choices, ", "))
	}
	number := plainNumber
	switch {
	case o.Min != nil && o.Max != nil:
		s = append(s, number(*o.Min)+" to "+number(*o.Max))
	case o.Min != nil:
		s = append(s, "at least "+number(*o.Min))
	case o.Max != nil:
		s = append(s, "at most "+number(*o.Max))
	}
	if o.Unit != "" {
		s = append(s, o.Unit)
	}
	return strings.Join(s, "; ")
}

// plainNumber writes a bound as people do: without an exponent as far as
// float64 counts exactly, so that a million is 1000000.
func plainNumber(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// literal writes a default as TOML.
func literal(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = literal(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case float64:
		s := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0"
		}
		return s
	}
	return fmt.Sprint(v)
}

// comment writes text as comment lines of about eighty columns.
func comment(b *strings.Builder, text string) {
	line := "#"
	for _, word := range strings.Fields(text) {
		if len(line)+1+len(word) > 80 && line != "#" {
			b.WriteString(line + "\n")
			line = "#"
		}
		line += " " + word
	}
	if line != "#" {
		b.WriteString(line + "\n")
	}
}
