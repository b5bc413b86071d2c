// Package prediction scores decisions that were made elsewhere: by another program, a
// model that is no plugin, or people who were asked. A file says what was true and what
// was predicted; no data set and no run is needed.
//
// Its opinions. The numbers have the ids and the rules of the tasks that compute them
// from runs, so that they may stand side by side. A file is taken whole or refused with
// the line that is wrong: a case that cannot be read is no case that was predicted
// badly. The order of lines changes nothing.
package prediction

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// Kinds of prediction, each the name of the task whose numbers it gets.
const (
	Preference = "preference" // would the user watch the item?
	Rating     = "rating"     // which value would the user give?
	Action     = "action"     // what does the user do next in a shop?
)

// columns that a kind of prediction has. Needed ones come first.
type columns struct {
	kind   string
	needed int
	names  []string
}

func layouts() []columns {
	return []columns{
		{Action, 4, []string{"session", "step", "type", "predicted_type", "target", "text", "predicted_target", "predicted_text", "agent"}},
		{Rating, 4, []string{"user", "item", "value", "predicted", "agent"}},
		{Preference, 3, []string{"user", "item", "truth", "p", "decision", "set", "agent"}},
	}
}

// Columns says which columns a kind of prediction has, in words.
func (c columns) String() string {
	return fmt.Sprintf("%s, and optionally %s", strings.Join(c.names[:c.needed], ", "), strings.Join(c.names[c.needed:], ", "))
}

// line is a case as the file has it, by column.
type line struct {
	number int
	cells  map[string]string
}

func (l line) errorf(format string, args ...any) error {
	return &lineError{l.number, fmt.Errorf(format, args...)}
}

// lineError is what is wrong in a line; Read puts the file's name before it.
type lineError struct {
	number int
	err    error
}

func (e *lineError) Error() string { return fmt.Sprintf("%d: %v", e.number, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// table is a file before its kind is known.
type table struct {
	names []string // of columns, of the first line
	lines []line
}

// Read reads predictions: CSV with a header, or JSON lines where the first byte is {.
// Errors are name:line: what is wrong.
func Read(name string, r io.Reader) (*File, error) {
	f, err := read(r)
	var at *lineError
	switch {
	case errors.As(err, &at):
		return nil, fmt.Errorf("%s:%w", name, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

func read(r io.Reader) (*File, error) {
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = in.Discard(3)
	}
	parse := readCSV
	if first, _ := in.Peek(1); len(first) > 0 && first[0] == '{' {
		parse = readJSON
	}
	t, err := parse(in)
	if err != nil {
		return nil, err
	}
	if len(t.lines) == 0 {
		return nil, errors.New("no predictions: want CSV with a header, or a line of JSON for each case")
	}
	layout, err := t.layout()
	if err != nil {
		return nil, &lineError{1, err}
	}
	f := &File{Kind: layout.kind, Cases: len(t.lines)}
	for _, l := range t.lines {
		if err := f.add(layout, l); err != nil {
			return nil, err
		}
	}
	return f, f.finish()
}

// layout finds what kind of prediction the columns are of.
func (t table) layout() (columns, error) {
	all := layouts()
	out := all[len(all)-1]
	for _, c := range all {
		// The column that no other kind has.
		if slices.ContainsFunc(t.names, func(n string) bool { return n == c.names[c.needed-1] }) {
			out = c
			break
		}
	}
	if slices.Contains(t.names, "session") && out.kind == Preference {
		out = all[0]
	}
	for _, n := range t.names {
		if !slices.Contains(out.names, n) {
			return out, fmt.Errorf("column %q is unknown%s: want %s", n, didYouMean(n, out.names), out)
		}
	}
	for _, n := range out.names[:out.needed] {
		if !slices.Contains(t.names, n) {
			return out, fmt.Errorf("column %s is missing: want %s", n, out)
		}
	}
	return out, nil
}

func didYouMean(word string, known []string) string {
	if n := sdk.Nearest(word, known); n != "" {
		return fmt.Sprintf(" (did you mean %s?)", n)
	}
	return ""
}

func readCSV(r io.Reader) (t table, err error) {
	c := csv.NewReader(r)
	c.TrimLeadingSpace = true
	c.ReuseRecord = true
	for {
		fields, err := c.Read()
		var wrong *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return t, nil
		case errors.As(err, &wrong):
			return t, &lineError{wrong.Line, wrong.Err}
		case err != nil:
			return t, err
		case t.names == nil:
			for i, name := range fields {
				name = strings.TrimSpace(name)
				if slices.Contains(t.names, name) {
					return t, &lineError{1, fmt.Errorf("column %q is there twice", name)}
				}
				fields[i], t.names = name, append(t.names, name)
			}
			continue
		}
		number, _ := c.FieldPos(0)
		cells := map[string]string{}
		for i, cell := range fields {
			cells[t.names[i]] = cell
		}
		t.lines = append(t.lines, line{number, cells})
	}
}

// maxLine bounds a line of JSON, in bytes.
const maxLine = 1 << 20

func readJSON(r io.Reader) (t table, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		var values map[string]any
		err := d.Decode(&values)
		if err == nil && d.More() {
			err = errors.New("there is more after it")
		}
		if err != nil {
			return t, &lineError{number, fmt.Errorf("want one JSON object a line: %w", err)}
		}
		l := line{number, map[string]string{}}
		for _, key := range slices.Sorted(maps.Keys(values)) {
			cell, err := cellOf(values[key])
			if err != nil {
				return t, l.errorf("%s: %w", key, err)
			}
			l.cells[key] = cell
			if !slices.Contains(t.names, key) {
				t.names = append(t.names, key)
			}
		}
		t.lines = append(t.lines, l)
	}
	slices.Sort(t.names)
	if err := lines.Err(); err != nil {
		return t, &lineError{number + 1, err}
	}
	return t, nil
}

// cellOf gives a JSON value as a cell of CSV would have it.
func cellOf(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	return "", errors.New("want a text, a number, true or false")
}

// agent names the row of a case.
func (l line) agent() (string, error) {
	const unnamed = "outside"
	name := l.cells["agent"]
	if name == "" {
		return unnamed, nil
	}
	if err := record.CheckName(name); err != nil {
		return "", l.errorf("agent: %w", err)
	}
	return name, nil
}
