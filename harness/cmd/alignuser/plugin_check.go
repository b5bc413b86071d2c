package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/plugintest"
)

// checkFlags are those of plugin check.
type checkFlags struct {
	kind, component string
	options         []string
	secrets         []string
	cases           []string
	network         bool
	timeout         time.Duration
	json, tap       bool
}

// newPluginCheckCommand runs the conformance kit on a program.
func newPluginCheckCommand(a *app) *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check <plugin or path>",
		Short: "Examine a plugin by the contract, case by case",
		Long: `check starts a plugin many times, as a host would, and holds it to every rule of
the contract that its kind and its features bring: how it starts and ends, what it
says of itself, how it takes good and bad options and requests, whether its answers
are well-formed and repeat as it declares. It brings its own small data.

The plugin need not be locked: naming a path runs that program with your rights.
Options that a component needs are given with --option; without them, or without
--network for what must download, the cases in question are skipped, not failed.

Exit status: 0 no case failed, 1 some did, 2 the command line is wrong.`,
		Example: "  alignuser plugin check ./recommender-mine\n" +
			"  alignuser plugin check ./recommender-mine --case 'recommend/*' --case determinism -v\n" +
			"  alignuser plugin check movielens --option path=ml-100k --tap\n" +
			"  alignuser plugin check llm-openai --network --option model=gpt-5-mini --secret api-key=OPENAI_API_KEY",
		Args: exactly("a plugin"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.json && f.tap {
				return usagef("plugin check: --json and --tap exclude each other")
			}
			return a.checkPlugin(c.Context(), args[0], f)
		},
		ValidArgsFunction: completePlugins,
	}
	c.Flags().StringVar(&f.kind, "kind", "", "fail unless it is a plugin of this `kind`: recommender, dataset or llm (default: by its file name)")
	c.Flags().StringVar(&f.component, "component", "", "examine this `component` only")
	c.Flags().StringArrayVar(&f.options, "option", nil, "set an option of the component: `key=value`; may be repeated")
	c.Flags().StringArrayVar(&f.secrets, "secret", nil, "hand over the environment variable `NAME` to components that ask for it, or secret=NAME where they call it otherwise; may be repeated")
	c.Flags().StringArrayVar(&f.cases, "case", nil, "run only cases that match: an `id`, a pattern or a group; may be repeated")
	c.Flags().BoolVar(&f.network, "network", false, "let data sets download and backends be called, which may cost money")
	c.Flags().DurationVar(&f.timeout, "timeout", time.Minute, "longest `duration` of one case")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.Flags().BoolVar(&f.tap, "tap", false, "print TAP, the test anything protocol")
	return c
}

func (a *app) checkPlugin(ctx context.Context, arg string, f checkFlags) (err error) {
	path, label, err := a.checkedProgram(arg)
	if err != nil {
		return err
	}
	cfg, err := a.checkConfig(ctx, path, label, f)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := newCheckPrinter(a, f)
	out.begin(label)
	report, err := plugintest.Check(ctx, plugintest.Program{Path: path}, cfg, out.result)
	switch {
	case errors.Is(err, plugintest.ErrNoCase):
		return usagef("plugin check: --case: %w (known groups: %s)", err, strings.Join(caseGroups(), ", "))
	case err != nil:
		return fmt.Errorf("plugin check: %w", err)
	}
	if err := out.end(report); err != nil {
		return err
	}
	if n := report.Count(plugintest.Fail); n > 0 {
		return &exitError{code: exitFailed, err: fmt.Errorf("%s: %d of %d cases failed", label, n, len(report.Results))}
	}
	return nil
}

// checkedProgram finds the executable and what to call it.
func (a *app) checkedProgram(arg string) (path, label string, err error) {
	h, err := a.openHost("")
	if err != nil {
		return "", "", err
	}
	defer closeHost(h, &err)
	e, _, err := a.findPlugin(h, arg, false)
	if err != nil {
		return "", "", err
	}
	path = e.Path
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "plugin"+exeExtension())
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", usagef("plugin check: %s: no such file: build it first", path)
	case err != nil:
		return "", "", usagef("plugin check: %w", err)
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return "", "", usagef("plugin check: %s: not executable (chmod +x %s)", arg, arg)
	}
	return path, strings.TrimSuffix(filepath.Base(e.Path), exeExtension()), nil
}

func exeExtension() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// checkConfig reads the flags. Options take the type that the plugin declares,
// so it is asked first; one that cannot answer fails its first case later.
func (a *app) checkConfig(ctx context.Context, path, label string, f checkFlags) (plugintest.Config, error) {
	cfg := plugintest.Config{
		Component: f.component, Network: f.network, Cases: f.cases, Timeout: f.timeout,
		Options: sdk.Options{}, Secrets: map[string]string{},
	}
	word, _, _ := strings.Cut(label, "-")
	if f.kind != "" {
		word = f.kind
	}
	kind, ok := sdk.ParseKind(word)
	if cfg.Kind = kind; f.kind != "" && !ok {
		return cfg, usagef("plugin check: --kind %s: want recommender, dataset or llm", f.kind)
	}
	for _, secret := range f.secrets {
		name, variable, renamed := strings.Cut(secret, "=")
		if !renamed {
			variable = name
		}
		value := a.getenv(variable)
		if value == "" {
			// What stands there may be the secret itself: it is not repeated.
			return cfg, usagef("plugin check: --secret: want the name of a variable, not the secret itself: there is no such variable in the environment")
		}
		cfg.Secrets[name] = value
	}
	if len(f.options) == 0 && f.component == "" {
		return cfg, nil
	}
	declared, err := plugintest.Describe(ctx, plugintest.Program{Path: path})
	if err != nil {
		return cfg, fmt.Errorf("plugin check: %w", err)
	}
	if _, ok := declared.Component(f.component); f.component != "" && !ok {
		return cfg, usagef("plugin check: --component %s: %s has no such component (known: %s)", f.component, label, strings.Join(componentNames(declared), ", "))
	}
	for _, kv := range f.options {
		name, text, ok := strings.Cut(kv, "=")
		if !ok {
			return cfg, usagef("plugin check: --option %s: want key=value", kv)
		}
		if cfg.Options[name], err = optionValue(declared, f.component, name, text); err != nil {
			return cfg, usagef("plugin check: --option %s: %w", name, err)
		}
	}
	return cfg, nil
}

func componentNames(d sdk.Description) []string {
	var names []string
	for _, c := range d.Components {
		names = append(names, c.Name)
	}
	return names
}

// optionValue reads text as the declared type of an option wants it.
func optionValue(d sdk.Description, component, name, text string) (any, error) {
	var known []string
	for _, c := range d.Components {
		for _, o := range c.Options {
			if component != "" && c.Name != component {
				continue
			}
			if known = append(known, o.Name); o.Name != name {
				continue
			}
			switch o.Type {
			case sdk.OptionPath:
				return filepath.Abs(text)
			case sdk.OptionString, sdk.OptionEnum, sdk.OptionDuration:
				return text, nil
			}
			var value struct{ V any }
			if _, err := toml.Decode("V = "+text, &value); err != nil {
				return nil, fmt.Errorf("want %s, have %q", o.Type, text)
			}
			return value.V, nil
		}
	}
	if near := sdk.Nearest(name, known); near != "" {
		return nil, fmt.Errorf("unknown option (did you mean %s?)", near)
	}
	slices.Sort(known)
	return nil, fmt.Errorf("unknown option (known: %s)", strings.Join(slices.Compact(known), ", "))
}

func caseGroups() []string {
	var groups []string
	for _, c := range plugintest.Cases() {
		if !slices.Contains(groups, c.Group()) {
			groups = append(groups, c.Group())
		}
	}
	return groups
}
