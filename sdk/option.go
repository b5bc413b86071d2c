package sdk

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"time"
)

// OptionType is the type of an option.
type OptionType int

// Option types and their Go values in [Options].
const (
	OptionBool     OptionType = iota + 1 // bool
	OptionInt                            // int64
	OptionFloat                          // float64; an integer literal is accepted
	OptionString                         // string
	OptionDuration                       // string such as "1m30s"
	OptionPath                           // string; absolute once canonical
	OptionEnum                           // string out of Choices
	OptionList                           // []any of Element
	OptionTable                          // map[string]any of scalars
)

var optionTypeNames = [...]string{"unknown", "bool", "int", "float", "string", "duration", "path", "enum", "list", "table"}

// String gives the word used in messages and documentation.
func (t OptionType) String() string {
	if t < 0 || int(t) >= len(optionTypeNames) {
		return optionTypeNames[0]
	}
	return optionTypeNames[t]
}

// OptionSpec declares one option.
type OptionSpec struct {
	Name       string // kebab-case
	Type       OptionType
	Element    OptionType // of a list
	Default    any        // nil: none
	Min, Max   *float64   // inclusive; ints, floats, and the elements of lists of them
	Choices    []string
	Required   bool
	Unit       string
	Doc        string
	Since      string // feature without which the option has no effect
	Deprecated string // not empty: what to use instead
	Neutral    bool   // cannot change a result, so it stays out of digests
}

// Bound makes the pointer that Min and Max want.
func Bound(v float64) *float64 { return &v }

// Options are the values of a component's options. In canonical form every
// declared option with a default is present with the Go type of its
// [OptionType].
type Options map[string]any

// Bool gives a declared option; it panics where the name was not declared.
func (o Options) Bool(name string) bool { return option[bool](o, name) }

// Int gives a declared option; it panics where the name was not declared.
func (o Options) Int(name string) int { return int(option[int64](o, name)) }

// Float gives a declared option; it panics where the name was not declared.
func (o Options) Float(name string) float64 { return option[float64](o, name) }

// String gives a declared option; it panics where the name was not declared.
func (o Options) String(name string) string { return option[string](o, name) }

// Duration gives a declared option; it panics where the name was not declared.
func (o Options) Duration(name string) time.Duration {
	d, err := time.ParseDuration(option[string](o, name))
	if err != nil {
		panic(fmt.Sprintf("option %q: %v", name, err))
	}
	return d
}

// Has reports whether an option without a default was given.
func (o Options) Has(name string) bool { _, ok := o[name]; return ok }

func option[T any](o Options, name string) T {
	v, ok := o[name].(T)
	if !ok {
		var want T
		panic(fmt.Sprintf("option %q: have %T, want %T: not declared, not canonical, or without a value", name, o[name], want))
	}
	return v
}

// Canonical checks options against their declaration and fills in defaults. A
// diagnostic names the option, or "option.key" for a value of a table.
// Both sides of the wire use it: the host to point at the line of a suite, the
// plugin because it must not trust a host.
func Canonical(specs []OptionSpec, given Options) (Options, []Diagnostic) {
	out := Options{}
	var ds []Diagnostic
	fail := func(name, format string, args ...any) {
		ds = append(ds, Diagnostic{Severity: SeverityError, Option: name, Summary: fmt.Sprintf(format, args...)})
	}
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if i := slices.IndexFunc(specs, func(s OptionSpec) bool { return s.Name == name }); i < 0 {
			fail(name, "unknown option%s", didYouMean(name, specs))
		}
	}
	for _, s := range specs {
		v, ok := given[s.Name]
		if !ok {
			switch {
			case s.Required:
				fail(s.Name, "required %s is missing: %s", s.Type, s.Doc)
			case s.Default != nil:
				out[s.Name], _ = s.convert(s.Default)
			}
			continue
		}
		c, err := s.convert(v)
		if err != nil {
			fail(s.Name, "%v", err)
			continue
		}
		if t, ok := c.(map[string]any); ok {
			for _, key := range slices.Sorted(maps.Keys(t)) {
				if what := notScalar(t[key]); what != "" {
					fail(s.Name+"."+key, "want a string, number or bool, have %s", what)
				}
			}
		}
		if s.Deprecated != "" {
			ds = append(ds, Diagnostic{Severity: SeverityWarning, Option: s.Name, Summary: "deprecated: " + s.Deprecated})
		}
		out[s.Name] = c
	}
	return out, ds
}

// convert gives v in the canonical Go type of the option.
func (s OptionSpec) convert(v any) (any, error) {
	switch s.Type {
	case OptionList:
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("want a list of %s, have %s", s.Element, describe(v))
		}
		el := s
		el.Type = s.Element
		out := make([]any, len(list))
		for i, e := range list {
			c, err := el.convert(e)
			if err != nil {
				return nil, fmt.Errorf("element %d: %w", i+1, err)
			}
			out[i] = c
		}
		return out, nil
	case OptionTable:
		t, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("want a table, have %s", describe(v))
		}
		return t, nil
	default:
		return s.scalar(v)
	}
}

func (s OptionSpec) scalar(v any) (any, error) {
	wrong := func() (any, error) { return nil, fmt.Errorf("want %s, have %s", s.Type, describe(v)) }
	switch s.Type {
	case OptionBool:
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case OptionInt:
		switch n := v.(type) {
		case int64:
			return n, s.within(float64(n))
		case int:
			return int64(n), s.within(float64(n))
		}
	case OptionFloat:
		switch n := v.(type) {
		case float64:
			return n, s.within(n)
		case int64:
			return float64(n), s.within(float64(n))
		case int:
			return float64(n), s.within(float64(n))
		}
	case OptionString, OptionPath:
		if t, ok := v.(string); ok {
			return t, nil
		}
	case OptionDuration:
		if t, ok := v.(string); ok {
			if d, err := time.ParseDuration(t); err != nil || d < 0 {
				return nil, fmt.Errorf("want a duration such as \"90s\" or \"5m\", have %q", t)
			}
			return t, nil
		}
	case OptionEnum:
		if t, ok := v.(string); ok {
			if !slices.Contains(s.Choices, t) {
				return nil, fmt.Errorf("want one of %s, have %q", strings.Join(s.Choices, ", "), t)
			}
			return t, nil
		}
	}
	return wrong()
}

func (s OptionSpec) within(v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("want a finite number, have %v", v)
	}
	if s.Min != nil && v < *s.Min {
		return fmt.Errorf("want at least %v, have %v", *s.Min, v)
	}
	if s.Max != nil && v > *s.Max {
		return fmt.Errorf("want at most %v, have %v", *s.Max, v)
	}
	return nil
}

// notScalar says what a value of a table is, where it is no finite scalar.
func notScalar(v any) string {
	switch v := v.(type) {
	case bool, string, int64:
		return ""
	case float64:
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			return ""
		}
		return fmt.Sprint(v)
	}
	return describe(v)
}

func describe(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("string %q", v)
	case int64, int:
		return fmt.Sprintf("int %v", v)
	case float64:
		return fmt.Sprintf("float %v", v)
	case bool:
		return fmt.Sprintf("bool %v", v)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case nil:
		return "nothing"
	}
	return fmt.Sprintf("%T", v)
}

func didYouMean(name string, specs []OptionSpec) string {
	known := make([]string, len(specs))
	for i, s := range specs {
		known[i] = s.Name
	}
	if len(known) == 0 {
		return " (there are no options)"
	}
	if near := Nearest(name, known); near != "" {
		return " (did you mean " + near + "?)"
	}
	return " (known: " + strings.Join(known, ", ") + ")"
}

// Nearest gives the known word closest to an unknown one, or "" where none is
// near: at most a third of the letters may differ (Levenshtein, plus swaps).
func Nearest(word string, known []string) string {
	best, at := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := editDistance(word, k); d < at {
			best, at = k, d
		}
	}
	return best
}

// editDistance is the optimal string alignment distance over bytes.
func editDistance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
