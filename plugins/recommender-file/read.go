package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/alignuser/alignuser/plugins/internal/tabular"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// entry is an item of a user with its number.
type entry struct {
	item   int32
	line   int32 // of the file, or row of Parquet
	number float32
}

// content is what a file says of the data set's users and items.
type content struct {
	byUser [][]entry // ordered by item, each once
	pairs  int
}

// reader turns rows into content, and counts what does not fit.
type reader struct {
	ctx    context.Context
	emit   sdk.Emit
	strict bool
	name   string // of the file
	users  map[string]int32
	items  map[string]int32
	uids   []string
	iids   []string
	number func(field []byte, place int) (float32, error) // place: how many rows the user has had; nil field: none wanted

	content
	rows                                   int
	strangers, oddities, repeated, numbers misfit // users, items, pairs, rows without a number
	firstUser, firstItem                   string
}

// misfit counts rows that do not fit, and remembers the first.
type misfit struct {
	count int
	first string
	line  int
}

func (m *misfit) add(line int, first string) {
	if m.count++; m.count == 1 {
		m.first, m.line = first, line
	}
}

// newReader learns the ids of the training folder.
func newReader(ctx context.Context, folder *columns.Folder, strict bool, emit sdk.Emit) (*reader, error) {
	r := &reader{ctx: ctx, emit: emit, strict: strict}
	var err error
	if r.uids, r.users, err = ids(folder, sdk.TableUsers, "uid"); err != nil {
		return nil, err
	}
	if r.iids, r.items, err = ids(folder, sdk.TableItems, "iid"); err != nil {
		return nil, err
	}
	r.byUser = make([][]entry, len(r.uids))
	return r, nil
}

func ids(folder *columns.Folder, table, column string) ([]string, map[string]int32, error) {
	t, _ := folder.Table(table)
	c, _ := t.Column(column)
	names, ok := c.Data.([]string)
	if !ok {
		return nil, nil, sdk.Invalidf("", "the training folder has no table %s with a column %s of text", table, column)
	}
	at := make(map[string]int32, len(names))
	for i, name := range names {
		at[name] = int32(i)
	}
	return names, at, nil
}

// stride is how many rows are read between looks at the context.
const stride = 1 << 14

// read reads the whole file. Wanted are the columns of users, items and, unless
// it is empty, numbers; options are those that name them.
func (r *reader) read(o sdk.Options, numberOption string) (err error) {
	wanted := []string{o.String("user"), o.String("item")}
	if numberOption != "" {
		wanted = append(wanted, o.String(numberOption))
	}
	rows, name, err := openFile(o, wanted)
	if err != nil {
		return err
	}
	r.name = name
	defer func() { err = errors.Join(err, rows.Close()) }()
	at := []int{-1, -1, -1}
	for n := 0; ; n++ {
		if n%stride == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			r.progress(n)
		}
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if n == 0 {
			for i, option := range []string{"user", "item", numberOption} {
				if option == "" {
					continue
				}
				if at[i], err = tabular.Find(rows, name, option, wanted[i], i > 0, len(fields)); err != nil {
					return err
				}
			}
		}
		if err := r.row(fields, at, rows.Line()); err != nil {
			return err
		}
	}
	if r.rows == 0 {
		return sdk.Invalidf("path", "%s: holds no rows", name)
	}
	for _, note := range rows.Notes() {
		r.warn("%s", note)
	}
	return r.settle()
}

func (r *reader) progress(rows int) {
	if r.emit != nil {
		r.emit(sdk.Progress{Stage: "read " + r.name, Step: int64(rows)})
	}
}

func (r *reader) warn(format string, args ...any) {
	if r.emit != nil {
		r.emit(sdk.Warning{Diagnostic: sdk.Diagnostic{Severity: sdk.SeverityWarning, Summary: fmt.Sprintf(format, args...)}})
	}
}

func (r *reader) bad(line int, format string, args ...any) error {
	return sdk.Invalidf("path", "%s:%d: %s", r.name, line, fmt.Sprintf(format, args...))
}

// row takes one row, whose item may be a list of items, and its number a list of
// as many.
func (r *reader) row(fields [][]byte, at []int, line int) error {
	user, items := fields[at[0]], bytes.Split(fields[at[1]], []byte(listMark))
	if bytes.Contains(user, []byte(listMark)) {
		return r.bad(line, "the user is a list: want one user a row")
	}
	var numbers [][]byte
	if at[2] >= 0 {
		if numbers = bytes.Split(fields[at[2]], []byte(listMark)); len(numbers) != len(items) {
			return r.bad(line, "%d items and %d numbers: want one for each item", len(items), len(numbers))
		}
	}
	if len(user) == 0 {
		return r.bad(line, "no user: the line is cut short or damaged")
	}
	u, known := r.users[string(user)]
	for n, item := range items {
		r.rows++
		if len(item) == 0 {
			return r.bad(line, "no item: the line is cut short or damaged (a user without items has no row)")
		}
		if r.rows == 1 {
			r.firstUser, r.firstItem = string(user), string(item)
		}
		it, here := r.items[string(item)]
		if !known {
			r.strangers.add(line, string(user))
		}
		if !here {
			r.oddities.add(line, string(item))
		}
		if !known || !here {
			continue
		}
		var field []byte
		if numbers != nil {
			if field = numbers[n]; isMissing(field) {
				r.numbers.add(line, string(user)+" "+string(item))
				continue
			}
		}
		v, err := r.number(field, len(r.byUser[u]))
		if err != nil {
			return r.bad(line, "%v", err)
		}
		r.byUser[u] = append(r.byUser[u], entry{it, int32(min(line, math.MaxInt32)), v})
	}
	return nil
}

// isMissing says whether a field is one of the ways to write "none".
func isMissing(field []byte) bool {
	return len(field) == 0 || bytes.EqualFold(field, []byte("nan")) || bytes.EqualFold(field, []byte("null"))
}

// settle orders each user's items, keeps the first of each pair, and tells what
// did not fit.
func (r *reader) settle() error {
	for u, list := range r.byUser {
		slices.SortStableFunc(list, func(a, b entry) int { return cmp.Compare(a.item, b.item) })
		kept := list[:0]
		for n, e := range list {
			if n > 0 && e.item == kept[len(kept)-1].item {
				r.repeated.add(int(e.line), fmt.Sprintf("user %q, item %q", r.uids[u], r.iids[e.item]))
				continue
			}
			kept = append(kept, e)
		}
		r.byUser[u] = kept
		r.pairs += len(kept)
	}
	if r.pairs == 0 {
		return sdk.Invalidf("path", "%s: no row names a user and an item of the data set with a number: the first has user %q and item %q, the data set's first are %q and %q (ids must be those of the data set's own files)",
			r.name, r.firstUser, r.firstItem, first(r.uids), first(r.iids))
	}
	for _, m := range []struct {
		misfit
		what string
	}{
		{r.strangers, "name users that the data set does not have"},
		{r.oddities, "name items that the data set does not have"},
		{r.numbers, "have no number"},
		{r.repeated, "repeat a pair, of which the first row counts"},
	} {
		if err := r.tell(m.misfit, m.what); err != nil {
			return err
		}
	}
	return nil
}

func first(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// tell warns of rows that do not fit, or refuses the file.
func (r *reader) tell(m misfit, what string) error {
	if m.count == 0 {
		return nil
	}
	text := fmt.Sprintf("%d of %d rows %s, the first on line %d (%s)", m.count, r.rows, what, m.line, m.first)
	if r.strict {
		return r.bad(m.line, "%s: mend the file, or set strict = false to leave them out", text)
	}
	r.warn("%s: %s: left out", r.name, text)
	return nil
}

// missing tells of users without any row.
func (r *reader) missing(consequence string) error {
	n, one := 0, ""
	for u, list := range r.byUser {
		if len(list) == 0 {
			if n++; n == 1 {
				one = r.uids[u]
			}
		}
	}
	return r.object(n, "%d of %d users have no row, the first is %q: %s", n, len(r.byUser), one, consequence)
}

// object warns of n things, or refuses the file.
func (r *reader) object(n int, format string, args ...any) error {
	if n == 0 {
		return nil
	}
	text := fmt.Sprintf(format, args...)
	if r.strict {
		return sdk.Invalidf("path", "%s: %s (strict = false goes on)", r.name, text)
	}
	r.warn("%s: %s", r.name, text)
	return nil
}

// parseNumber reads a finite number.
func parseNumber(field []byte) (float32, error) {
	v, err := strconv.ParseFloat(string(field), 32)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("%q is not a finite number", field)
	}
	return float32(v), nil
}

// parseRank reads a place in a list, best first from 0 or 1, as a score.
func parseRank(field []byte) (float32, error) {
	const most = 1 << 24 // float32 holds all whole numbers up to here
	v, err := strconv.ParseFloat(string(field), 64)
	if err != nil || v != math.Trunc(v) || v < 0 || v > most {
		return 0, fmt.Errorf("rank %q is not a whole number from 0 to %d", field, most)
	}
	return float32(-v), nil
}
