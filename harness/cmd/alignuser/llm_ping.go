package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
	"github.com/alignuser/alignuser/sdk"
)

// embeddedPlugin needs no key and no network.
const embeddedPlugin = "embedded"

// newLLMPingCommand asks a backend one question.
func newLLMPingCommand(a *app) *cobra.Command {
	var sets, names []string
	var plugin string
	var asJSON bool
	c := &cobra.Command{
		Use:   "ping [suite.toml]",
		Short: "Ask a backend one question: is it there, does it answer in form, what does it cost?",
		Long: `ping puts one structured question to the backends of a suite, or to a plugin, and shows
the answer, the latency, the tokens and the price. Without either it asks the embedded
backend, which needs no key and no network.

Of a plugin, --set gives options (model=small) and what else stands in [[llm]]
(secrets.api-key=OPENAI_API_KEY, price.input=0.15). A secret is named by the environment
variable that holds it, and never written down.

Exit status: 0 a valid answer, 1 none, 2 the suite or the command line is wrong.`,
		Example: "  alignuser llm ping\n" +
			"  alignuser llm ping benchmarks/backends.toml --llm embedded\n" +
			"  alignuser llm ping --plugin openai --set model=gpt-4.1-mini --set secrets.api-key=OPENAI_API_KEY\n" +
			"  alignuser llm ping --plugin openai --set model=llama3.2 --set base-url=http://127.0.0.1:11434/v1",
		Args:              atMostOne,
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			s, path, err := pingSuite(args, plugin, sets)
			if err != nil {
				return err
			}
			which, err := pingNames(s, names)
			if err != nil {
				return err
			}
			return a.ping(c, s, path, which, asJSON)
		},
	}
	c.Flags().StringArrayVar(&sets, "set", nil, "change a value: `key=value`; may be repeated")
	c.Flags().StringSliceVar(&names, "llm", nil, "only the suite's backend of this `name`; may be repeated")
	c.Flags().StringVar(&plugin, "plugin", "", "ask this `plugin` instead of a suite's backends")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	_ = c.RegisterFlagCompletionFunc("plugin", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var found []string
		for _, name := range builtinNames() {
			if short, ok := strings.CutPrefix(name, sdk.KindLLM.String()+"-"); ok {
				found = append(found, short)
			}
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	})
	return c
}

// pingSuite loads the suite, or makes one around a plugin.
func pingSuite(args []string, plugin string, sets []string) (s *spec.Suite, path string, err error) {
	if len(args) == 1 {
		if plugin != "" {
			return nil, "", usagef("llm ping: --plugin %s: name a suite or a plugin, not both", plugin)
		}
		path = args[0]
		s, err = spec.Load(path, sets)
	} else {
		if plugin == "" {
			plugin = embeddedPlugin
		}
		text := fmt.Sprintf("schema = 1\nname = \"ping\"\ndataset.plugin = \"planted\"\nsplit = { method = \"user-temporal\", test = 0.2 }\ntask = [{ kind = \"reading\" }]\nllm = [{ plugin = %q }]\n", plugin)
		s, err = spec.Parse("--plugin "+plugin, []byte(text), pingSets(plugin, sets))
	}
	if err != nil {
		return nil, "", &exitError{code: exitUsage, err: unplaced(err, path)}
	}
	return s, path, nil
}

// unplaced takes the line out of mistakes in a suite that nobody wrote.
func unplaced(err error, path string) error {
	var list spec.Errors
	if path != "" || !errors.As(err, &list) {
		return err
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Line = 0
	}
	return list
}

// pingSets makes overrides of a suite of what was said of a plugin: options,
// unless the key is one of [[llm]].
func pingSets(plugin string, sets []string) []string {
	own := []string{"component", "options", "secrets", "concurrency", "max-retries", "price"}
	out := make([]string, len(sets))
	for i, set := range sets {
		key, _, _ := strings.Cut(set, "=")
		first, _, _ := strings.Cut(key, ".")
		switch {
		case first == "llm":
			out[i] = set
		case slices.Contains(own, first):
			out[i] = "llm." + plugin + "." + set
		default:
			out[i] = "llm." + plugin + ".options." + set
		}
	}
	return out
}

// pingNames lists the backends to ask: those named, or all.
func pingNames(s *spec.Suite, names []string) ([]string, error) {
	var known []string
	for _, b := range s.Backends {
		known = append(known, b.Name)
	}
	if len(known) == 0 {
		return nil, usagef("llm ping: %s: the suite has no [[llm]]: alignuser llm ping asks the embedded backend", s.Path)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, usagef("llm ping: --llm %s: the suite has no such backend (it has %s)", name, strings.Join(known, ", "))
		}
	}
	if len(names) > 0 {
		return names, nil
	}
	return known, nil
}

func (a *app) ping(c *cobra.Command, s *spec.Suite, path string, names []string, asJSON bool) error {
	h, err := a.openHost(path)
	if err != nil {
		return err
	}
	defer h.Close()
	config := run.Config{
		Suite: s, Host: h, Tasks: all.Tasks(), Getenv: a.getenv, Offline: a.offline(),
		Events: func(e run.Event) {
			if n, ok := e.(run.Note); ok && a.verbose { // the error says it too
				a.notef("%s", n.Text)
			}
		},
	}
	pongs, errs := []run.Pong{}, []error{}
	for _, name := range names {
		pong, err := run.Ping(c.Context(), config, name)
		switch {
		case err != nil:
			errs = append(errs, suiteError(unplaced(err, path)))
		case !pong.Valid:
			errs = append(errs, fmt.Errorf("%s: no valid answer: %s", name, pong.Invalid))
		}
		if err == nil {
			pongs = append(pongs, pong)
		}
	}
	if asJSON {
		if err := writeJSON(a, pongs); err != nil {
			return err
		}
	} else {
		for i, p := range pongs {
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			a.printPong(p)
		}
	}
	return errors.Join(errs...)
}

func (a *app) printPong(p run.Pong) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.stdout, "%-9s %s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	line("backend", "%s %s", p.Component, p.Version)
	if p.Model != "" {
		line("model", "%s", p.Model)
	}
	verdict := "valid"
	if !p.Valid {
		verdict = "not valid: " + p.Invalid
	}
	line("answer", "%s (%s, %s)", strings.Join(strings.Fields(p.Answer), " "), verdict, counted(p.Tries, "try"))
	line("latency", "%s for the answer, %s to start the plugin", shortly(p.LatencyMS), shortly(p.StartMS))
	tokens := fmt.Sprintf("%d of the question, %d of the answer", p.Tokens.Prompt, p.Tokens.Completion)
	if p.Tokens.Cached > 0 {
		tokens += fmt.Sprintf(", %d cached", p.Tokens.Cached)
	}
	if p.Tokens.Reasoning > 0 {
		tokens += fmt.Sprintf(", %d of reasoning", p.Tokens.Reasoning)
	}
	line("tokens", "%s", tokens)
	if p.Currency == "" {
		line("price", "unknown or none: price = { input = …, output = … } in [[llm]] says")
	} else {
		line("price", "%.6f %s for this question", p.Cost, p.Currency)
	}
	features := strings.Join(p.Features, ", ")
	if p.Choices > 0 {
		features = strings.TrimPrefix(features+", probabilities of choices", ", ")
	}
	if features == "" {
		features = "none beside answering"
	}
	line("features", "%s", features)
	if l := p.RateLimits; l != nil {
		line("limits", "%s", limits(*l))
	}
	if p.Journaled {
		line("journal", "runs keep its answers, and never pay twice for one")
	} else {
		line("journal", "none: its answers are free and always the same")
	}
}

// limits words what a provider says of its own.
func limits(l sdk.RateLimits) string {
	var parts []string
	for _, of := range []struct {
		what       string
		limit, rem int64
		reset      time.Duration
	}{{"requests", l.RequestsLimit, l.RequestsRemaining, l.RequestsReset}, {"tokens", l.TokensLimit, l.TokensRemaining, l.TokensReset}} {
		if of.limit < 0 && of.rem < 0 {
			continue
		}
		text := fmt.Sprintf("%d of %d %s left", of.rem, of.limit, of.what)
		if of.limit < 0 {
			text = fmt.Sprintf("%d %s left", of.rem, of.what)
		}
		if of.reset > 0 {
			text += fmt.Sprintf(", whole again in %v", of.reset.Round(time.Millisecond))
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return "not said"
	}
	return strings.Join(parts, "; ")
}

func shortly(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
