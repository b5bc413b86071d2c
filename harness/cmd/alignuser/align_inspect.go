package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// newAlignInspectCommand shows what is learned from.
func newAlignInspectCommand(a *app) *cobra.Command {
	var flags alignFlags
	var user string
	var n int
	c := &cobra.Command{
		Use:   "inspect <suite.toml>",
		Short: "Look at what is taught: what people saw and did, and the training lines of it",
		Long: `inspect shows demonstrations of one person: what the prompt says of the person, the page
as the prompt shows it, what the person did, what else could have been done (the log
contradicts some of that; of the rest nobody knows), and the training lines that come of
it, question and answer. Lessons are shown where align build has made them. Nothing is
asked of a backend.`,
		Example: "  alignuser align inspect benchmarks/alignment-planted.toml\n" +
			"  alignuser align inspect benchmarks/alignment-planted.toml --agent aligned --user u0001 -n 1",
		Args:              exactly("a suite"),
		ValidArgsFunction: completeSuites,
		RunE: func(c *cobra.Command, args []string) error {
			if n < 1 {
				return usagef("align inspect: -n %d: want at least 1", n)
			}
			return a.alignInspect(c.Context(), args[0], flags, user, n)
		},
	}
	flags.add(c)
	c.Flags().StringVar(&user, "user", "", "the person's `name` in the data set, or number (default: the first from whom something is learned)")
	c.Flags().IntVarP(&n, "demonstrations", "n", 3, "how many, at most")
	return c
}

func (a *app) alignInspect(ctx context.Context, path string, flags alignFlags, user string, n int) error {
	l, err := a.openAlignment(ctx, "align inspect", path, flags, nil)
	if err != nil {
		return err
	}
	defer l.close()
	for i, g := range l.agents {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		if err := a.inspect(l, g, user, n); err != nil {
			return err
		}
	}
	return nil
}

// inspect shows demonstrations of one person for one agent.
func (a *app) inspect(l *alignment, g spec.Agent, name string, most int) error {
	w, err := l.plan.Workshop(g)
	if err != nil {
		return err
	}
	stage := w.Stage()
	names := stage.Users()
	user, err := findUser(names, name)
	if err != nil {
		return err
	}
	shown := 0
	for d, err := range align.Demonstrations(stage, w.Recipe, user) {
		if err != nil {
			return err
		}
		if user >= 0 && d.View.User != user || shown == most {
			break
		}
		if user = d.View.User; shown > 0 {
			fmt.Fprintln(a.stdout)
		}
		shown++
		s := &sheetOf{fields: w.Recipe.Fields}
		s.demonstration(&d, g.Name, names[user])
		fmt.Fprint(a.stdout, s.String())
	}
	if shown == 0 {
		return usagef("align inspect: agent %s: nothing is learned from %s: the training part has no pages of this person, or options.examples leaves them out", g.Name, page.Quote(name))
	}
	return a.printLessons(l, g, w, user, names[user])
}

// findUser finds a person by name, else by number; -1: nobody was asked for.
func findUser(names []string, name string) (int32, error) {
	if name == "" {
		return -1, nil
	}
	if at := slices.Index(names, name); at >= 0 {
		return int32(at), nil
	}
	if at, err := strconv.Atoi(name); err == nil && at >= 0 && at < len(names) {
		return int32(at), nil
	}
	return 0, usagef("align inspect: --user %s: no such person: people are named as in the data set, such as %s, or numbered from 0", name, page.Quote(names[0]))
}

// sheetOf writes a demonstration for people. Every line is clean of what steers a
// terminal: all of it began in a data set or in a backend.
type sheetOf struct {
	strings.Builder
	fields []string
}

func (s *sheetOf) line(indent int, format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...) + "\n") {
		line = strings.TrimRight(tame(line), " ")
		if line != "" {
			line = strings.Repeat(" ", indent) + line
		}
		s.WriteString(line + "\n")
	}
}

// tame is page.Clean of a line that may be long.
func tame(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
}

func (s *sheetOf) demonstration(d *align.Demonstration, agent, user string) {
	kind := "a page of a visit"
	if d.Reconstructed {
		kind = "a page put together from the log: nobody was shown it"
	}
	if d.From != sdk.MissingTime {
		kind += ", " + time.Unix(d.From, 0).UTC().Format(time.DateOnly)
	}
	s.line(0, "demonstration %d of agent %s: user %s, %s", d.Number, agent, page.Quote(user), kind)
	shown := page.Render(d.View.State, s.fields)
	if len(d.Lines) > 0 {
		s.line(0, "\nthe person, as every question says it")
		s.line(2, "%s", d.Lines[0].System)
	}
	s.line(0, "\nthe page, as the prompt shows it")
	s.line(2, "%s", strings.TrimRight(shown, "\n"))
	s.line(0, "\nwhat the person did")
	s.did(d)
	if len(d.Alternatives) > 0 {
		s.line(0, "\nwhat else could have been done")
	}
	for _, alt := range d.Alternatives {
		verdict := "nobody knows           "
		if alt.Rejected {
			verdict = "the log contradicts it "
		}
		s.line(2, "%s %s", verdict, alt.What)
	}
	s.line(0, "\nthe training lines of it (> the answer that is taught, x the one that is not)")
	for _, l := range d.Lines {
		s.trained(l, shown)
	}
}

func (s *sheetOf) did(d *align.Demonstration) {
	for i, c := range d.Decision.Cards {
		title := page.Quote(d.View.State.Cards[i].Title)
		switch {
		case !c.Watch:
			s.line(2, "skipped %s", title)
		case c.Value == nil:
			s.line(2, "watched %s", title)
		default:
			s.line(2, "watched %s and gave it %s", title, page.Number(*c.Value))
		}
	}
	switch {
	case d.Reconstructed:
	case d.Decision.Action == trace.Exit:
		s.line(2, "left")
	default:
		s.line(2, "stayed")
	}
}

// trained shows a line of a training file, its question without the page.
func (s *sheetOf) trained(l align.Line, shown string) {
	weight := ""
	if l.Rejected != "" {
		weight = ", weight " + page.Number(l.Weight)
	}
	s.line(2, "%s%s", l.File, weight)
	question := l.Question
	if before, after, ok := strings.Cut(question, shown); ok {
		question = strings.TrimSpace(before + "\n(the page)\n" + strings.TrimLeft(after, "\n"))
	}
	s.line(4, "%s", question)
	s.line(4, "> %s", l.Answer)
	if l.Rejected != "" {
		s.line(4, "x %s", l.Rejected)
	}
}

// printLessons shows what the folder has of a person.
func (a *app) printLessons(l *alignment, g spec.Agent, w *align.Workshop, user int32, name string) error {
	if !w.Recipe.Counterfactuals {
		return nil
	}
	s := &sheetOf{}
	s.line(0, "\nlessons of user %s", page.Quote(name))
	m, err := align.ReadLessons(w.Dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.line(2, "not made yet: alignuser align build %s --agent %s", quoted(l.path), g.Name)
	case err != nil:
		return err
	default:
		for _, lesson := range m.Of(user) {
			s.line(2, "- %s", lesson.Text)
		}
		if len(m.Of(user)) == 0 {
			s.line(2, "none: no page with something watched and something skipped")
		}
	}
	_, err = fmt.Fprint(a.stdout, s.String())
	return err
}
