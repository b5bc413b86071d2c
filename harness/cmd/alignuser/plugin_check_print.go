package main

import (
	"fmt"
	"strings"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest"
)

// checkPrinter shows what plugin check finds: a line per group while it goes
// on, or everything at the end for programs. On a terminal the case at work is
// shown on standard error.
type checkPrinter struct {
	app       *app
	quiet     bool // nothing before the end
	flags     checkFlags
	label     string // of the program, by its file
	component string
	group     []plugintest.Result // of the group at work
}

func newCheckPrinter(a *app, f checkFlags) *checkPrinter {
	return &checkPrinter{app: a, flags: f, quiet: f.json || f.tap}
}

func (p *checkPrinter) begin(label string) {
	p.label = label
	if !p.quiet {
		fmt.Fprintf(p.app.stdout, "%s, conformance kit %s\n", label, plugintest.Version)
	}
}

// result takes one result as it comes.
func (p *checkPrinter) result(r plugintest.Result) {
	if p.app.isTerminal {
		fmt.Fprintf(p.app.stderr, "\r\x1b[K%s %s", r.Component, r.ID)
	}
	if p.quiet {
		return
	}
	if len(p.group) > 0 && (p.group[0].Group() != r.Group() || p.group[0].Component != r.Component) {
		p.flush()
	}
	p.group = append(p.group, r)
}

// flush prints the finished group: a count, and what did not pass.
func (p *checkPrinter) flush() {
	p.clear()
	if len(p.group) == 0 {
		return
	}
	count := map[plugintest.Status]int{}
	for _, r := range p.group {
		count[r.Status]++
	}
	first := p.group[0]
	if first.Component != p.component {
		fmt.Fprintf(p.app.stdout, "\n%s\n", first.Component)
		p.component = first.Component
	}
	var counts []string
	for _, s := range []plugintest.Status{plugintest.Pass, plugintest.Fail, plugintest.Skip} {
		if count[s] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", count[s], statusWord(s)))
		}
	}
	fmt.Fprintf(p.app.stdout, "  %-12s %s\n", first.Group(), strings.Join(counts, ", "))
	var reasons []string
	skipped := map[string][]string{} // ids by reason
	for _, r := range p.group {
		switch {
		case r.Status == plugintest.Fail:
			fmt.Fprintf(p.app.stdout, "    FAIL %s: %s\n         want: %s\n", r.ID, r.Reason, r.Doc)
		case r.Status == plugintest.Skip:
			skipped[r.Reason] = append(skipped[r.Reason], r.ID)
			if len(skipped[r.Reason]) == 1 {
				reasons = append(reasons, r.Reason)
			}
		case p.app.verbose:
			fmt.Fprintf(p.app.stdout, "    pass %s: %s\n", r.ID, r.Doc)
		}
	}
	for _, why := range reasons {
		what := strings.Join(skipped[why], ", ")
		if n := len(skipped[why]); n > 1 && !p.app.verbose {
			what = fmt.Sprintf("%d cases", n)
		}
		fmt.Fprintf(p.app.stdout, "    skip %s: %s\n", what, why)
	}
	p.group = nil
}

// statusWord makes failures stand out where there are no colours.
func statusWord(s plugintest.Status) string {
	if s == plugintest.Fail {
		return "FAIL"
	}
	return string(s)
}

func (p *checkPrinter) clear() {
	if p.app.isTerminal {
		fmt.Fprint(p.app.stderr, "\r\x1b[K")
	}
}

// checkedJSON is what --json prints.
type checkedJSON struct {
	Kit      string              `json:"kit"`
	Contract string              `json:"contract"`
	Plugin   string              `json:"plugin"`
	Version  string              `json:"version"`
	Passed   int                 `json:"passed"`
	Failed   int                 `json:"failed"`
	Skipped  int                 `json:"skipped"`
	Results  []plugintest.Result `json:"results"`
}

// end prints the summary, or the whole for programs.
func (p *checkPrinter) end(r plugintest.Report) error {
	passed, failed, skipped := r.Count(plugintest.Pass), r.Count(plugintest.Fail), r.Count(plugintest.Skip)
	contract := fmt.Sprintf("1.%d", sdk.ContractMinor)
	switch {
	case p.flags.json:
		p.clear()
		return writeJSON(p.app, checkedJSON{plugintest.Version, contract, r.Plugin.Name, r.Plugin.Version, passed, failed, skipped, r.Results})
	case p.flags.tap:
		p.clear()
		p.tap(r)
	default:
		p.flush()
		name := r.Plugin.Name + " " + r.Plugin.Version
		if r.Plugin.Name == "" { // it never said
			name = p.label
		}
		fmt.Fprintf(p.app.stdout, "\n%s: %d passed, %d failed, %d skipped (conformance kit %s, contract %s)\n",
			name, passed, failed, skipped, plugintest.Version, contract)
	}
	return nil
}

// tap prints the test anything protocol, version 13.
func (p *checkPrinter) tap(r plugintest.Report) {
	fmt.Fprintf(p.app.stdout, "TAP version 13\n# conformance kit %s on %s %s\n1..%d\n", plugintest.Version, r.Plugin.Name, r.Plugin.Version, len(r.Results))
	for i, x := range r.Results {
		word, name, note := "ok", x.ID, ""
		if x.Component != "" {
			name = x.Component + " " + x.ID
		}
		switch x.Status {
		case plugintest.Fail:
			word = "not ok"
		case plugintest.Skip:
			note = " # SKIP " + strings.ReplaceAll(x.Reason, "#", "")
		}
		fmt.Fprintf(p.app.stdout, "%s %d - %s%s\n", word, i+1, name, note)
		if x.Status == plugintest.Fail {
			fmt.Fprintf(p.app.stdout, "# %s\n", x.Reason)
		}
	}
}
