package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/spec"
)

// Exit statuses. Other verbs may add theirs; these mean the same everywhere.
const (
	exitGood        = 0
	exitFailed      = 1   // some cells failed, or the environment did
	exitUsage       = 2   // the command line or the suite is wrong
	exitInterrupted = 130 // stopped by a signal
)

// app is what every verb is handed: where to read and write, and what the user
// asked of all verbs. Nothing else is shared between them.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string

	isTerminal bool // stderr is a terminal: progress may redraw itself
	color      bool // stdout takes colours
	width      int  // columns of stdout; 0: not a terminal and COLUMNS unset
	verbose    bool

	above atomic.Pointer[func(string)] // while bars are drawn: prints a line above them

	started bool // flags and arguments were good; a verb is at work
}

func newApp(stdin io.Reader, stdout, stderr io.Writer, getenv func(string) string) *app {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: getenv}
	_, terminal := terminalWidth(stderr)
	a.isTerminal = terminal && getenv("TERM") != "dumb"
	width, terminal := terminalWidth(stdout)
	a.color = terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	a.width = width
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		a.width = n
	}
	return a
}

// run executes one command line and gives the exit status. It alone prints errors.
func (a *app) run(ctx context.Context, args []string) int {
	root := newRootCommand(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitGood
	}
	a.printError(err)
	return a.exitStatus(err)
}

// exitError gives an error its exit status. A nil err exits in silence, for
// verbs that have already printed what is wrong.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return "exit status " + strconv.Itoa(e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usagef makes an error of the command line: exit status 2.
func usagef(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// exitStatus reads the status out of an error. What is wrong before a verb
// starts is usage; what goes wrong later is a failure unless it says otherwise.
func (a *app) exitStatus(err error) int {
	var exit *exitError
	var suite spec.Errors
	var untrusted *host.TrustError
	switch {
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &suite), errors.As(err, &untrusted):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case !a.started:
		return exitUsage
	}
	return exitFailed
}

// printError writes every line of an error behind the program's name.
func (a *app) printError(err error) {
	var exit *exitError
	if errors.As(err, &exit) && exit.err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimRight(line, "\n"); line != "" {
			a.notef("alignuser: %s", line)
		}
	}
}

// notef writes a line on stderr: what a reader of a log should know.
func (a *app) notef(format string, args ...any) {
	line := printable(fmt.Sprintf(format, args...))
	if above := a.above.Load(); above != nil {
		(*above)(line) // written between them, it would be drawn over
		return
	}
	fmt.Fprintln(a.stderr, line)
}

// printable takes out what a terminal would obey: much of what is said here
// began in a plugin.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, text)
}

// terminalWidth reports whether w is a terminal, and its number of columns.
func terminalWidth(w io.Writer) (int, bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	return width, err == nil
}
