package tabular

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// Data is what Load read.
type Data struct {
	Sources []sdk.File
	Tables  []sdk.Table // users, items, interactions
}

// Table finds a table by name.
func (d *Data) Table(name string) (sdk.Table, bool) {
	for _, t := range d.Tables {
		if t.Name == name {
			return t, true
		}
	}
	return sdk.Table{}, false
}

// loader collects what the files say.
type loader struct {
	Layout
	ctx     context.Context
	emit    sdk.Emit
	sources []sdk.File
	users   people
	items   catalogue
	events  events
	unknown [2]int // users and items that their files lack
	missing [2]int // values and times
}

// Load reads users, items and interactions, in this order.
func Load(ctx context.Context, l Layout, emit sdk.Emit) (*Data, error) {
	r := &loader{Layout: l, ctx: ctx, emit: emit, users: people{ids: newIDs()}, items: catalogue{ids: newIDs(), lists: []uint32{0}}}
	for _, step := range []struct {
		file string
		read func() error
	}{{l.Users.File, r.readUsers}, {l.Items.File, r.readItems}, {l.Interactions.File, r.readInteractions}} {
		if step.file == "" {
			continue
		}
		if err := step.read(); err != nil {
			return nil, r.remedy(err)
		}
	}
	if err := r.dropRepeated(); err != nil {
		return nil, r.remedy(err)
	}
	r.report()
	users, err := r.users.table(r.Users)
	if err != nil {
		return nil, fmt.Errorf("users that %s lacks: %w", r.Users.File, err)
	}
	items, err := r.items.table(r.Items)
	if err != nil {
		return nil, fmt.Errorf("items that %s lacks: %w", r.Items.File, err)
	}
	return &Data{Sources: r.sources, Tables: []sdk.Table{users, items, r.events.table()}}, nil
}

// remedy adds what the owner of the layout knows to do about damage.
func (r *loader) remedy(err error) error {
	var known *sdk.Error
	if r.Remedy == "" || !errors.As(err, &known) || known.Option != "path" {
		return err
	}
	return sdk.Invalidf("path", "%s (%s)", known.Msg, r.Remedy)
}

func (r *loader) warn(option, format string, args ...any) {
	if r.emit != nil {
		r.emit(sdk.Warning{Diagnostic: sdk.Diagnostic{Severity: sdk.SeverityWarning, Option: option, Summary: fmt.Sprintf(format, args...)}})
	}
}

// report says aloud what was left out or is missing.
func (r *loader) report() {
	file := r.Interactions.File
	for i, of := range []string{"value", "time"} {
		if n := r.missing[i]; n > 0 {
			r.warn(of, "%s: %s without a %s: missing stays missing", file, count(n, "interaction"), of)
		}
	}
	for i, of := range []string{"user", "item"} {
		if n := r.unknown[i]; n > 0 {
			r.warn("unknown-ids", "%s: %s not in the file of %ss, kept without attributes", file, count(n, of), of)
		}
	}
}

// stride is how many rows are read between looks at the context.
const stride = 1 << 15

// each opens a file and hands over its rows until the end. Begin sees the number
// of columns.
func (r *loader) each(file string, begin func(rows Rows, width int) error, row func(fields [][]byte, line int) error) (err error) {
	rows, err := r.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for n := 0; ; n++ {
		if n%stride == 0 {
			if err := r.ctx.Err(); err != nil {
				return err
			}
			if r.emit != nil {
				r.emit(sdk.Progress{Stage: "read " + file, Step: int64(n)})
			}
		}
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return sdk.Invalidf("path", "%s: holds no rows: export it again, or name another file", file)
			}
			break
		}
		if err != nil {
			return err
		}
		if n == 0 {
			if err := begin(rows, len(fields)); err != nil {
				return err
			}
		}
		if n == math.MaxInt32 {
			return sdk.Invalidf("path", "%s: more than %d rows", file, math.MaxInt32)
		}
		if err := row(fields, rows.Line()); err != nil {
			return at(file, rows.Line(), err)
		}
	}
	for _, note := range rows.Notes() {
		r.warn("path", "%s", note)
	}
	r.sources = append(r.sources, rows.Source())
	return nil
}

// at adds the line to what is wrong with a row.
func at(file string, line int, err error) error {
	var known *sdk.Error
	if errors.As(err, &known) {
		return err
	}
	return bad(file, line, "%v", err)
}

// wanted is a mapped column: the option that names it, whether several words are
// welcome, and where its position goes.
type wanted struct {
	option, name string
	list         bool
	at           *int
}

// columns finds mapped columns.
func columns(rows Rows, file string, width int, want ...[]wanted) (err error) {
	for _, w := range slices.Concat(want...) {
		if *w.at, err = Find(rows, file, w.option, w.name, w.list, width); err != nil {
			return err
		}
	}
	return nil
}

func (r *loader) readInteractions() error {
	x := r.Interactions
	var user, item, value, stamp, kind, part int
	e := &r.events
	begin := func(rows Rows, width int) error {
		err := columns(rows, x.File, width, []wanted{
			{"user", x.User, false, &user},
			{"item", x.Item, false, &item},
			{"value", x.Value, false, &value},
			{"time", x.Time, false, &stamp},
			{"kind", x.Kind, false, &kind},
			{"part", x.Part, false, &part},
		})
		var unused []string
		for i, name := range rows.Columns() {
			if i != user && i != item && i != value && i != stamp && i != kind && i != part {
				unused = append(unused, name)
			}
		}
		if err == nil && len(unused) > 0 && r.emit != nil {
			r.emit(sdk.Progress{Stage: "read " + x.File, Message: "columns not used: " + strings.Join(unused, ", ")})
		}
		return err
	}
	known := [2]bool{r.Users.File != "", r.Items.File != ""}
	return r.each(x.File, begin, func(f [][]byte, line int) error {
		u, err := r.lookup(&r.users.ids, f[user], known[0], 0)
		if err != nil {
			return err
		}
		i, err := r.lookup(&r.items.ids, f[item], known[1], 1)
		if err != nil {
			return err
		}
		e.user, e.item, e.line = append(e.user, u), append(e.item, i), append(e.line, int32(min(line, math.MaxInt32)))
		if value >= 0 {
			v, err := r.value(f[value])
			if err != nil {
				return err
			}
			e.value = append(e.value, v)
		}
		if stamp >= 0 {
			t, err := r.time(f[stamp])
			if err != nil {
				return err
			}
			e.time = append(e.time, t)
		}
		if kind >= 0 {
			k, err := word(f[kind], x.Kinds, "kind", math.MaxUint8)
			if err != nil {
				return err
			}
			e.kind = append(e.kind, uint8(k))
		}
		if part >= 0 {
			p, err := word(f[part], []string{"train", "valid", "test"}, "part", 2)
			if n, no := strconv.Atoi(string(f[part])); no == nil && n >= 0 && n <= 2 {
				p, err = n, nil
			}
			if err != nil {
				return err
			}
			e.part = append(e.part, uint8(p))
		}
		return nil
	})
}

// lookup gives the row of an id. Which is 0 for users, 1 for items.
func (r *loader) lookup(ids *ids, id []byte, known bool, which int) (int32, error) {
	if row, ok := ids.rows[string(id)]; ok {
		return row, nil
	}
	what, file := "user", r.Users.File
	if which == 1 {
		what, file = "item", r.Items.File
	}
	if len(id) == 0 {
		return 0, fmt.Errorf("no %s: the line is cut short or damaged", what)
	}
	if known && !r.KeepUnknown {
		return 0, fmt.Errorf("%s %q is not in %s: mend the files, or set unknown-ids = \"keep\" for %ss without attributes", what, id, file, what)
	}
	if known {
		r.unknown[which]++
	}
	return ids.add(string(id)), nil
}

// value reads a number on the scale; NaN where there is none.
func (r *loader) value(field []byte) (float32, error) {
	if len(field) == 0 {
		r.missing[0]++
		return float32(math.NaN()), nil
	}
	v, ok := decimal(field)
	if !ok {
		return 0, fmt.Errorf("value %q is not a number: mend the line, or leave the field empty where there is no value", field)
	}
	s := r.Scale
	if v < s.Min || v > s.Max {
		return 0, fmt.Errorf("value %s is outside the scale from %v to %v: mend the file, or set value-min and value-max", field, s.Min, s.Max)
	}
	if steps := (v - s.Min) / s.Step; s.Step > 0 && math.Abs(steps-math.Round(steps)) > 1e-3 {
		return 0, fmt.Errorf("value %s is not on the scale from %v in steps of %v: mend the file, or set value-step (0: any value)", field, s.Min, s.Step)
	}
	return float32(v), nil
}

// decimal reads a finite number in decimals. Go would also take 0x1p-2 and 1_000,
// which no table means.
func decimal(field []byte) (float64, bool) {
	for _, b := range field {
		if (b < '0' || b > '9') && b != '.' && b != '-' && b != '+' && b != 'e' && b != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(field), 64)
	return v, err == nil
}

// latest is the year 2200; what lies beyond is in another unit.
const latest = 7258118400

// time reads a time in the layout's unit as seconds; MissingTime where there is
// none.
func (r *loader) time(field []byte) (int64, error) {
	if len(field) == 0 {
		r.missing[1]++
		return sdk.MissingTime, nil
	}
	per := max(r.Interactions.PerSecond, 1)
	t, err := strconv.ParseInt(string(field), 10, 64)
	if err == nil {
		t = floorDiv(t, per)
	} else {
		f, ok := decimal(field)
		if !ok || math.Abs(f) >= 1<<62 {
			return 0, fmt.Errorf("time %q is not a number of seconds or of its unit", field)
		}
		t = int64(math.Floor(f / float64(per)))
	}
	if t < -latest || t > latest {
		return 0, fmt.Errorf("time %s is not in the years 1740 to 2200: set time-unit to its unit", field)
	}
	return t, nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// word gives the number of a word, or reads a number where there are no words.
func word(field []byte, words []string, what string, most int) (int, error) {
	for i, w := range words {
		if w == string(field) {
			return i, nil
		}
	}
	if words != nil {
		return 0, fmt.Errorf("%s %q is none of %s", what, field, strings.Join(words, ", "))
	}
	n, err := strconv.Atoi(string(field))
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("%s %q is not a number from 0 to %d: set %ss to the list of its words", what, field, most, what)
	}
	return n, nil
}

// dropRepeated applies the policy for repeated pairs.
func (r *loader) dropRepeated() error {
	e, file := &r.events, r.Interactions.File
	drop, n, twice := e.repeated(len(r.users.ids.names), len(r.items.ids.names), r.Duplicates)
	switch {
	case n == 0:
		return nil
	case r.Duplicates == Refuse:
		row := twice[1]
		return bad(file, int(e.line[row]), "user %s and item %s are on line %d already: set duplicates = \"last\" or \"first\" to keep one interaction of a pair",
			r.users.ids.names[e.user[row]], r.items.ids.names[e.item[row]], e.line[twice[0]])
	}
	e.keep(drop)
	r.warn("duplicates", "%s: dropped %s whose user and item are there again: kept the %s of each pair", file, count(n, "interaction"), r.Duplicates)
	return nil
}

// yearInTitle is the last year in brackets: "Land Before Time III (1995) (V)".
var yearInTitle = regexp.MustCompile(`.*\((\d{4})\)`)

// YearOf gives the year that a title ends with in brackets, -1 where there is
// none.
func YearOf(title string) int32 {
	if m := yearInTitle.FindStringSubmatch(title); m != nil {
		y, _ := strconv.Atoi(m[1]) // four digits
		return int32(y)
	}
	return -1
}
