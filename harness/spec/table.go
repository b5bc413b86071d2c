package spec

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// table reads one table of a suite. Each method takes a key at most once and
// notes it as known; done reports the keys that nobody took.
type table struct {
	es     *Errors
	where  string
	at     *place
	values map[string]any
	known  []string
}

func (t *table) path(key string) string {
	if t.where == "" {
		return key
	}
	return t.where + "." + key
}

func (t *table) fail(key, fix, what string, args ...any) {
	t.es.add(t.at.at(key), t.path(key), fix, what, args...)
}

func (t *table) take(key string) (any, bool) {
	t.known = append(t.known, key)
	v, ok := t.values[key]
	return v, ok
}

// done reports unknown keys.
func (t *table) done() {
	for _, key := range slices.Sorted(maps.Keys(t.values)) {
		if slices.Contains(t.known, key) {
			continue
		}
		fix := "known: " + strings.Join(t.known, ", ")
		if near := sdk.Nearest(key, t.known); near != "" {
			fix = "did you mean " + near + "?"
		}
		t.fail(key, fix, "unknown key")
	}
}

// text reads a string. Where it is missing the fix is reported; an empty fix
// means that it may be.
func (t *table) text(key, fix string) string {
	v, ok := t.take(key)
	if !ok {
		if fix != "" {
			t.fail(key, fix, "missing")
		}
		return ""
	}
	s, ok := v.(string)
	if !ok {
		t.fail(key, "", "want a string, have %s", describe(v))
	} else if s == "" && fix != "" {
		t.fail(key, fix, "is empty")
	}
	return s
}

// word reads a kebab-case name. Bad names are reported and come back empty.
func (t *table) word(key, fix string) string {
	s := t.text(key, fix)
	_, given := t.values[key].(string)
	if reported := s == "" && fix != ""; given && !reported && !isName(s) {
		t.fail(key, "want lower-case letters, digits and hyphens, at most 63, no hyphen first", "%q is no name", s)
		return ""
	}
	return s
}

func isName(s string) bool {
	for i, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' && i > 0) {
			return false
		}
	}
	return s != "" && len(s) <= 63
}

// count reads a whole number in [low, high].
func (t *table) count(key string, or, low, high int64) int64 {
	v, ok := t.take(key)
	if !ok {
		return or
	}
	n, ok := v.(int64)
	switch {
	case !ok:
		t.fail(key, "", "want a whole number, have %s", describe(v))
	case n < low:
		t.fail(key, "", "want at least %d, have %d", low, n)
	case n > high:
		t.fail(key, "", "want at most %d, have %d", high, n)
	default:
		return n
	}
	return or
}

// fraction reads a number; ok is false where it was missing or none.
func (t *table) fraction(key string) (f float64, ok bool) {
	v, ok := t.take(key)
	if !ok {
		return 0, false
	}
	switch n := v.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	}
	t.fail(key, "", "want a fraction such as 0.2, have %s", describe(v))
	return 0, false
}

// duration reads a positive time such as "90s".
func (t *table) duration(key string, or time.Duration) time.Duration {
	v, ok := t.take(key)
	if !ok {
		return or
	}
	s, _ := v.(string)
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		t.fail(key, "", `want a time above zero such as "90s" or "10m", have %s`, describe(v))
		return or
	}
	return d
}

// bytes reads a size such as "2GiB" or a whole number of bytes.
func (t *table) bytes(key string) int64 {
	v, ok := t.take(key)
	if !ok {
		return 0
	}
	n, ok := v.(int64)
	if s, isText := v.(string); isText {
		n, ok = parseBytes(s)
	}
	if !ok || n < 0 {
		t.fail(key, "", `want a size such as "512MiB" or "2GiB", have %s`, describe(v))
		return 0
	}
	return n
}

func parseBytes(s string) (int64, bool) {
	digits := strings.TrimRight(s, "BKMGTi ")
	unit, ok := map[string]float64{
		"": 1, "B": 1,
		"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
		"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[strings.TrimSpace(s[len(digits):])]
	f, err := strconv.ParseFloat(digits, 64)
	n := f * unit
	return int64(n), ok && err == nil && n >= 0 && n < math.MaxInt64
}

// sub reads a table inside this one; nil where it is missing or none.
func (t *table) sub(key string) *table {
	v, ok := t.take(key)
	if !ok {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.fail(key, "write ["+t.path(key)+"]", "want a table, have %s", describe(v))
		return nil
	}
	return &table{es: t.es, where: t.path(key), at: t.at.at(key), values: m}
}

// list reads a list of tables, each placed by its label where it has one. Where
// there is none the fix is reported; an empty fix means that there may be none.
func (t *table) list(key, fix string) []*table {
	v, ok := t.take(key)
	if !ok {
		if fix != "" {
			t.fail(key, fix, "missing")
		}
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		t.fail(key, "write [["+key+"]]", "want a list of tables, have %s", describe(v))
		return nil
	}
	if len(list) == 0 && fix != "" {
		t.fail(key, fix, "the list is empty")
	}
	var out []*table
	at := t.at.at(key)
	for i, e := range list {
		m, ok := e.(map[string]any)
		name := label(m)
		if !isName(name) {
			name = strconv.Itoa(i)
		}
		where := t.path(key) + "." + name
		if !ok {
			t.es.add(at.item(i), where, "", "want a table, have %s", describe(e))
			continue
		}
		out = append(out, &table{es: t.es, where: where, at: at.item(i), values: m})
	}
	return out
}

// options reads the free table of a component or task.
func (t *table) options() sdk.Options {
	sub := t.sub("options")
	if sub == nil {
		return sdk.Options{}
	}
	return sub.values
}

func describe(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("string %q", v)
	case int64:
		return fmt.Sprintf("int %d", v)
	case float64:
		return fmt.Sprintf("float %v", v)
	case bool:
		return fmt.Sprintf("bool %t", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case time.Time:
		return "a date or time"
	}
	return fmt.Sprintf("%T", v)
}
