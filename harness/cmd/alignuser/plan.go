package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/run"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task/all"
)

// newPlanCommand says what a run will take.
func newPlanCommand(a *app) *cobra.Command {
	var flags suiteFlags
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "plan <suite.toml>",
		Short: "What will a run take: cells, calls, tokens, money, time, disk?",
		Long: `plan reads the data, as run would, and counts what is left to do: fits, and the calls,
tokens and money of language-model backends. What journals already hold costs nothing.
No backend is started and no key is needed.`,
		Example:           "  alignuser plan benchmarks/backends.toml\n  alignuser plan benchmarks/quickstart.toml --json",
		Args:              exactly("a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			s, err := spec.Load(args[0], flags.sets)
			if err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			h, err := a.openHost(args[0])
			if err != nil {
				return err
			}
			defer h.Close()
			plan, err := run.Prepare(c.Context(), run.Config{
				Suite: s, Host: h, Tasks: all.Tasks(), Root: out, CacheDir: a.cacheDir(),
				Offline: a.getenv("ALIGNUSER_OFFLINE") == "1", Version: version(),
			})
			if err != nil {
				return suiteError(err)
			}
			defer plan.Close()
			f, err := plan.Forecast(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a, f)
			}
			a.printForecast(f)
			return nil
		},
	}
	flags.add(c)
	c.Flags().StringVar(&out, "out", defaultOut, "`folder` of run folders")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) printForecast(f run.Forecast) {
	fmt.Fprintf(a.stdout, "%s: %s, %d done\n", f.Run, counted(f.Cells, "cell"), f.Done)
	for _, t := range f.Tasks {
		fmt.Fprintf(a.stdout, "  %-10s %s of %d %s, %d done\n", t.Task, counted(t.Cells, "cell"), t.Units, t.Unit, t.Done)
	}
	fmt.Fprintf(a.stdout, "fits   %d", f.Fits)
	switch {
	case f.By != "":
		fmt.Fprintf(a.stdout, "; %s of work for all cells, as run %s took\n", lasting(f.Seconds), f.By)
	case f.Fits > 0:
		fmt.Fprintln(a.stdout, "; no run of this suite has finished, so nobody knows how long")
	default:
		fmt.Fprintln(a.stdout)
	}
	for _, b := range f.Backends {
		fmt.Fprintf(a.stdout, "llm    %s: %s", b.Backend, counted(int(b.Calls), "call"))
		if b.Known > 0 {
			fmt.Fprintf(a.stdout, ", %d of them answered by journals", b.Known)
		}
		fmt.Fprintf(a.stdout, "; about %d tokens of prompts, at most %d of answers", b.PromptTokens, b.CompletionTokens)
		switch {
		case b.Currency != "":
			fmt.Fprintf(a.stdout, "; at most %.4f %s, retries apart", b.Cost, b.Currency)
		case b.Journaled:
			fmt.Fprint(a.stdout, "; no price is given")
		default:
			fmt.Fprint(a.stdout, "; free")
		}
		if b.Seconds > 0 {
			fmt.Fprintf(a.stdout, "; %s, %d at once and at a second each", lasting(b.Seconds), b.AtOnce)
		}
		fmt.Fprintln(a.stdout)
		if b.Exceeds != "" {
			fmt.Fprintf(a.stdout, "       %s is too low for that: the run would end there, and go on with a higher one\n", b.Exceeds)
		}
	}
	fmt.Fprintf(a.stdout, "disk   about %s\n", bytesText(f.Bytes))
}

// lasting words a time that is an estimate.
func lasting(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return "about " + d.Round(100*time.Millisecond).String()
	case d < time.Hour:
		return "about " + d.Round(time.Second).String()
	}
	return "about " + d.Round(time.Minute).String()
}
