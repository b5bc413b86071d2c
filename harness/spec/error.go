package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Error is one mistake in a suite.
type Error struct {
	Pos
	Where string // dotted place in the suite; empty: the file as a whole
	What  string
	Fix   string // empty: none known
	Cause error  // the error of a plugin or of the file system; may be nil
}

// Error gives "file:line: where: what (fix)".
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Pos.String())
	if e.Where != "" {
		b.WriteString(": " + e.Where)
	}
	b.WriteString(": " + e.What)
	if e.Fix != "" {
		b.WriteString(" (" + e.Fix + ")")
	}
	return b.String()
}

// Unwrap gives the cause.
func (e Error) Unwrap() error { return e.Cause }

// Errors are all mistakes found, in the order of the file. [Load] and
// [Suite.Check] return nothing else.
type Errors []Error

// Error gives one mistake per line.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is and errors.As look at every cause.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}

func (es *Errors) add(at *place, where, fix, what string, args ...any) {
	*es = append(*es, Error{Pos: at.Pos, Where: where, What: fmt.Sprintf(what, args...), Fix: fix})
}

// err gives the sorted errors, or nil.
func (es Errors) err() error {
	if len(es) == 0 {
		return nil
	}
	slices.SortStableFunc(es, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return es
}
