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
	var users usersFlags
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:   "plan <suite.toml>",
		Short: "What will a run take: cells, calls, tokens, money, time, disk, users?",
		Long: `plan reads the data, as run would, and counts what is left to do: fits, and the calls,
tokens and money of language-model backends, and what teaching aligned agents takes at
most. What journals already hold costs nothing.
No backend is started and no key is needed.

With --baseline, and no suite, it says how many users it takes to find a difference between
two recommenders, judged by how much the users of a run differ in how they differ.`,
		Example: "  alignuser plan benchmarks/backends.toml\n  alignuser plan benchmarks/quickstart.toml --json\n" +
			"  alignuser plan --baseline benchmarks/quickstart.toml --difference 0.01\n" +
			"  alignuser plan --baseline quickstart.baseline.json --difference 0.005 --metric recall@10 --power 0.9",
		Args:              users.check,
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			if users.baseline != "" {
				return a.planUsers(&users, out, asJSON)
			}
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
				Offline: a.offline(), Version: version(),
			})
			if err != nil {
				return suiteError(err)
			}
			defer plan.Close()
			f, err := plan.Forecast(c.Context())
			if err != nil {
				return err
			}
			for _, text := range f.Warnings {
				a.notef("warning: %s", text)
			}
			if asJSON {
				return writeJSON(a, f)
			}
			a.printForecast(f)
			return nil
		},
	}
	flags.add(c)
	users.add(c)
	c.Flags().StringVar(&out, "out", defaultOut, "`folder` of run folders")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) printForecast(f run.Forecast) {
	for _, t := range f.Tasks {
		fmt.Fprintf(a.stdout, "%-10s %s of %d %s each, %d done\n", t.Task, counted(t.Cells, "cell"), t.Units, t.Unit, t.Done)
	}
	if e := f.Evidence; e != nil {
		fmt.Fprintf(a.stdout, "evidence   %s: %d users are judged and fitted on, agents know of %d\n", e.Kind, e.UsersJudged, e.Users)
	}
	if f.Done == f.Cells {
		fmt.Fprintf(a.stdout, "all done: %s\n", f.Run)
		return
	}
	if f.Fits > 0 {
		fmt.Fprintf(a.stdout, "fits       %d\n", f.Fits)
	}
	for _, b := range f.Backends {
		fmt.Fprintf(a.stdout, "%-10s %s\n", b.Backend, callsText(b))
		if b.Calls > b.Known {
			fmt.Fprintf(a.stdout, "           about %d tokens of prompts, at most %d of answers%s\n", b.PromptTokens, b.CompletionTokens, costText(b))
		}
		if b.Exceeds != "" {
			fmt.Fprintf(a.stdout, "           %s is too low for that: the run ends there, and goes on with a higher one\n", b.Exceeds)
		}
	}
	for _, t := range f.Teaching {
		a.printTeaching(t)
	}
	if f.By != "" {
		fmt.Fprintf(a.stdout, "time       %s of work, by the times of run %s\n", lasting(f.Seconds), f.By)
	} else {
		fmt.Fprintln(a.stdout, "time       not known: no run of this suite has finished")
	}
	fmt.Fprintf(a.stdout, "disk       about %s in %s\n", bytesText(f.Bytes), f.Run)
}

// printTeaching says what an aligned agent is taught by, and who pays for that.
func (a *app) printTeaching(t run.TeachingForecast) {
	line := func(format string, args ...any) { fmt.Fprintf(a.stdout, "           "+format+"\n", args...) }
	if t.Done {
		fmt.Fprintf(a.stdout, "teaching   %s: done before\n", t.Agent)
		return
	}
	fmt.Fprintf(a.stdout, "teaching   %s: at most %s of people to learn from\n", t.Agent, counted(t.Pages, "page"))
	if t.Calls > 0 {
		cost := "; no price is given"
		if t.Currency != "" {
			cost = fmt.Sprintf("; at most %.4f %s, retries apart", t.Cost, t.Currency)
		}
		line("%s reflects on them: at most %s, %d tokens of prompts, %d of answers%s", t.Backend, counted(int(t.Calls), "call"), t.PromptTokens, t.CompletionTokens, cost)
	}
	switch {
	case t.Examples == 0:
		line("lessons go into the prompt: nothing is tuned")
	case t.Provider:
		line("%s is tuned by align tune, at the provider's price: at most %s, %d tokens times its epochs", t.Backend, counted(int(t.Examples), "example"), t.Tokens)
	default:
		line("%s is tuned on this machine: at most %s; free", t.Backend, counted(int(t.Examples), "example"))
	}
}

func callsText(b run.BackendForecast) string {
	text := counted(int(b.Calls), "call")
	if b.AtMost {
		text = "at most " + text + ", as far as sessions go"
	}
	if b.Known > 0 {
		text += fmt.Sprintf(", %d of them answered by journals", b.Known)
	}
	if b.Seconds > 0 {
		text += fmt.Sprintf("; %s if an answer takes a second, %d at once", lasting(b.Seconds), b.AtOnce)
	}
	return text
}

func costText(b run.BackendForecast) string {
	switch {
	case b.Currency != "":
		return fmt.Sprintf("; at most %.4f %s, retries apart", b.Cost, b.Currency)
	case b.Journaled:
		return "; no price is given"
	}
	return "; free"
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
