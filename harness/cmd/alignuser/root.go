package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// welcome is what `alignuser` alone prints: the next thing to type.
const welcome = `alignuser benchmarks recommenders with simulated users.

  alignuser list                              what can be run here
  alignuser run benchmarks/quickstart.toml    run it; the same command resumes
  alignuser report benchmarks/quickstart.toml print its leaderboard again
  alignuser compare benchmarks/quickstart.toml which of its differences are real?
  alignuser gate my.toml --baseline my.baseline.json  is it worse than the run that was blessed?
  alignuser init my.toml                      start a suite of your own
  alignuser plugin list                       recommenders and data sets at hand
  alignuser llm ping                          ask a language-model backend a question
  alignuser doctor                            is everything in place?

alignuser <verb> --help shows an example for each verb.
`

// newRootCommand joins the verbs. Each file adds its own line here.
func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "alignuser",
		Short:         "Benchmark recommenders with simulated users",
		Long:          "alignuser runs benchmark suites of recommenders, data sets and simulated users,\nand writes leaderboards whose every number can be recomputed.",
		Example:       "  alignuser run benchmarks/quickstart.toml",
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noSuchVerb,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprint(a.stdout, welcome)
			return nil
		},
		PersistentPreRun: func(*cobra.Command, []string) { a.started = true },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetVersionTemplate("alignuser {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		where := strings.TrimPrefix(strings.TrimPrefix(c.CommandPath(), "alignuser"), " ")
		if where != "" {
			where += ": "
		}
		return usagef("%s%s (see %s --help)", where, withoutParser(err), c.CommandPath())
	})
	root.PersistentFlags().BoolVarP(&a.verbose, "verbose", "v", false, "say more on stderr")
	root.AddCommand(
		newListCommand(a),
		newInitCommand(a),
		newValidateCommand(a),
		newPlanCommand(a),
		newRunCommand(a),
		newReportCommand(a),
		newShowCommand(a),
		newScoreCommand(a),
		newCompareCommand(a),
		newRankCommand(a),
		newBlessCommand(a),
		newGateCommand(a),
		newDataCommand(a),
		newAlignCommand(a),
		newDoctorCommand(a),
		newPluginCommand(a),
		newLLMCommand(a),
		newVersionCommand(a),
		newCompletionCommand(a),
	)
	root.InitDefaultHelpCmd()
	if help, _, err := root.Find([]string{"help"}); err == nil {
		help.Args = noSuchTopic
	}
	return root
}

// noSuchTopic keeps help from explaining the program to who mistyped a verb.
func noSuchTopic(c *cobra.Command, args []string) error {
	verb, rest, err := c.Root().Find(args)
	if err != nil {
		return err
	}
	return noSuchVerb(verb, rest)
}

// noSuchVerb refuses words that are no verb, with the nearest one.
func noSuchVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	c.SuggestionsMinimumDistance = 2
	hint := "see " + c.CommandPath() + " --help"
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usagef("%s: unknown verb (%s)", args[0], hint)
}

// exactly demands one argument per name, and says in words which is missing.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		verb := strings.TrimPrefix(c.CommandPath(), "alignuser ")
		switch {
		case len(args) < len(names):
			return usagef("%s: %s is missing: %s", verb, names[len(args)], exampleOf(c))
		case len(args) > len(names):
			return usagef("%s: %s: one argument too many: %s", verb, args[len(names)], exampleOf(c))
		}
		return nil
	}
}

// atLeastOne demands an argument and takes several.
func atLeastOne(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return exactly(name)(c, args)
		}
		return nil
	}
}

// withoutParser leaves out which function of Go disliked a flag's value.
func withoutParser(err error) string {
	text := err.Error()
	var number *strconv.NumError
	if errors.As(err, &number) {
		text = strings.Replace(text, number.Error(), number.Err.Error(), 1)
	}
	return text
}

// exampleOf gives the first example of a command on one line.
func exampleOf(c *cobra.Command) string {
	first, _, _ := strings.Cut(strings.TrimSpace(c.Example), "\n")
	if first == "" {
		return "see " + c.CommandPath() + " --help"
	}
	return "for example: " + first
}

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  alignuser version",
		Args:    exactly(),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(a.stdout, "alignuser %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// version is the module's version as the Go toolchain stamped it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
