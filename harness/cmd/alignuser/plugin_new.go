package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/scaffold"
	"github.com/alignuser/alignuser/sdk"
)

// newPluginNewCommand writes a plugin to start from.
func newPluginNewCommand(a *app) *cobra.Command {
	var dir, module, source string
	c := &cobra.Command{
		Use:   "new <kind>-<name>",
		Short: "Write a working plugin to start from",
		Long: `new writes a small plugin that works: main.go, the component with an option and
documentation, and a test that runs the conformance kit on the real process. A
recommender ranks by fading popularity, a data set reads ratings out of a CSV file,
a backend answers by lot.

Inside a checkout of alignuser the plugin goes to plugins/, and make build makes it
a built-in. Elsewhere it becomes a module of its own in a folder of its name.
Nothing is overwritten.`,
		Example: "  alignuser plugin new recommender-mine\n" +
			"  alignuser plugin new dataset-ratings --dir ~/ratings --module example.com/ratings",
		Args: exactly("a name such as recommender-mine"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := scaffold.Parse(args[0])
			if err != nil {
				return usagef("plugin new: %w", err)
			}
			here, err := os.Getwd()
			if err != nil {
				return err
			}
			if err := placePlugin(&p, here, dir, module, source); err != nil {
				return err
			}
			if err := p.Write(); err != nil {
				if errors.Is(err, os.ErrExist) {
					return usagef("plugin new: %w", err)
				}
				return fmt.Errorf("plugin new: %w", err)
			}
			a.printNewPlugin(p, here)
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "`folder` to write into (default: plugins/<kind>-<name> in a checkout, else <kind>-<name>)")
	c.Flags().StringVar(&module, "module", "", "module `path` of the plugin, outside of a checkout (default: <kind>-<name>)")
	c.Flags().StringVar(&source, "sdk", "", "`checkout` of alignuser to build with, instead of the released version")
	return c
}

// placePlugin decides where the plugin goes and how it finds the SDK.
func placePlugin(p *scaffold.Plugin, here, dir, module, source string) error {
	p.Dir = dir
	checkout := scaffold.Checkout(here)
	if p.Dir == "" && checkout != "" && module == "" {
		p.Dir = filepath.Join(checkout, "plugins", p.Label())
	} else if p.Dir == "" {
		p.Dir = filepath.Join(here, p.Label())
	}
	var err error
	if p.Dir, err = filepath.Abs(p.Dir); err != nil {
		return err
	}
	if inside := scaffold.Checkout(filepath.Dir(p.Dir)); inside != "" {
		if module != "" || source != "" {
			return usagef("plugin new: %s belongs to a checkout of alignuser, where a plugin has no module of its own: leave --module and --sdk out, or name another --dir", p.Dir)
		}
		return nil
	}
	p.ModulePath = module
	if p.ModulePath == "" {
		p.ModulePath = p.Label()
	}
	if !regexp.MustCompile(`^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$`).MatchString(p.ModulePath) {
		return usagef("plugin new: --module %s: want a module path such as example.com/mine", p.ModulePath)
	}
	return findSDK(p, source)
}

// findSDK names the source to build with: the one given, that of this program
// where it was built in a checkout, else the released version.
func findSDK(p *scaffold.Plugin, source string) error {
	if p.Version = version(); source == "" && !isRelease(p.Version) {
		if own, err := ownFolder(); err == nil {
			source = scaffold.Checkout(own)
		}
		if source == "" {
			return usagef("plugin new: this alignuser is a development build (%s) away from its source: say where that is with --sdk", p.Version)
		}
	}
	if source == "" {
		return nil
	}
	abs, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	if scaffold.Checkout(abs) != abs {
		return usagef("plugin new: --sdk %s: not a checkout of %s: its go.mod is missing or says otherwise", source, scaffold.Module)
	}
	p.SDK = abs
	return nil
}

// isRelease tells a tagged version from a development build.
func isRelease(version string) bool {
	return regexp.MustCompile(`^v\d+\.\d+\.\d+(-[a-z]+(\.\d+)?)?$`).MatchString(version)
}

// printNewPlugin says what was written and what to type next.
func (a *app) printNewPlugin(p scaffold.Plugin, here string) {
	shown := p.Dir
	if rel, err := filepath.Rel(here, p.Dir); err == nil && filepath.IsLocal(rel) {
		shown = rel
	}
	fmt.Fprintf(a.stdout, "wrote %s: %s\n\n", shown, strings.Join(p.Files(), ", "))
	option := ""
	if p.Kind == sdk.KindDataset {
		option = " --option path=ratings.csv"
	}
	program := filepath.Join(shown, p.Label())
	if p.ModulePath == "" {
		fmt.Fprintf(a.stdout, "next, in the checkout:\n  make build\n  go test ./plugins/%s\n  bin/alignuser plugin check bin/%s%s\n", p.Label(), p.Label(), option)
	} else {
		tidy := ""
		if p.SDK == "" {
			tidy = "go mod tidy && "
		}
		fmt.Fprintf(a.stdout, "next:\n  (cd %s && %sgo build -o %s . && go test .)\n  alignuser plugin check %s%s\n  alignuser plugin lock %s --suite my.toml\n",
			shown, tidy, p.Label()+exeExtension(), pathArgument(program), option, pathArgument(program))
	}
	fmt.Fprintf(a.stdout, "\n%s\n", suiteLines(p))
}

// pathArgument makes sure that a path is not taken for a plugin's name.
func pathArgument(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return "." + string(filepath.Separator) + path
}

// suiteLines is what makes a suite use the plugin.
func suiteLines(p scaffold.Plugin) string {
	switch p.Kind {
	case sdk.KindRecommender:
		return fmt.Sprintf("then in the suite:\n  [[recommender]]\n  plugin = %q\n  options = { half-life = 30.0 }", p.Name)
	case sdk.KindDataset:
		return fmt.Sprintf("then in the suite:\n  [dataset]\n  plugin = %q\n  options = { path = \"ratings.csv\" }", p.Name)
	}
	return fmt.Sprintf("suites name it as a backend: plugin = %q", p.Name)
}
