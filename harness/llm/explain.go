package llm

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"
)

// explain finds where a value breaks a schema, for the keywords that answers
// are asked for in. The verdict is the library's; where it is something else
// that breaks, explain finds nothing and the library's words must do.
func explain(s *jsonschema.Schema, v any, path string) error {
	if s == nil || s.Ref != "" {
		return nil
	}
	types := s.Types
	if s.Type != "" {
		types = []string{s.Type}
	}
	if len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return isType(v, t) }) {
		return misfit(path, "want %s, got %s", strings.Join(types, " or "), show(v))
	}
	if s.Enum != nil && !slices.ContainsFunc(s.Enum, func(e any) bool { return show(e) == show(v) }) {
		all := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			all[i] = show(e)
		}
		return misfit(path, "want one of %s, got %s", strings.Join(all, ", "), show(v))
	}
	if s.Const != nil && show(*s.Const) != show(v) {
		return misfit(path, "want %s, got %s", show(*s.Const), show(v))
	}
	switch v := v.(type) {
	case map[string]any:
		return explainObject(s, v, path)
	case []any:
		return explainList(s, v, path)
	case float64:
		return explainNumber(s, v, path)
	case string:
		return explainText(s, v, path)
	}
	return nil
}

func misfit(path, format string, args ...any) error {
	if path == "" {
		path = "the answer"
	}
	return fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...))
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func isType(v any, t string) bool {
	switch v := v.(type) {
	case nil:
		return t == "null"
	case bool:
		return t == "boolean"
	case string:
		return t == "string"
	case float64:
		return t == "number" || t == "integer" && v == math.Trunc(v)
	case []any:
		return t == "array"
	case map[string]any:
		return t == "object"
	}
	return false
}

// showLimit keeps a message short that goes back into a prompt.
const showLimit = 80

func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if text := string(b); utf8.RuneCountInString(text) > showLimit {
		return string([]rune(text)[:showLimit]) + "…"
	}
	return string(b)
}

func explainObject(s *jsonschema.Schema, v map[string]any, path string) error {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return misfit(join(path, name), "missing")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		sub, known := s.Properties[name]
		if known {
			if err := explain(sub, v[name], join(path, name)); err != nil {
				return err
			}
		} else if a := s.AdditionalProperties; a != nil && a.Not != nil && len(s.PatternProperties) == 0 {
			return misfit(join(path, name), "unknown field")
		}
	}
	return nil
}

func explainList(s *jsonschema.Schema, v []any, path string) error {
	switch {
	case s.MinItems != nil && len(v) < *s.MinItems:
		return misfit(path, "want at least %d values, got %d", *s.MinItems, len(v))
	case s.MaxItems != nil && len(v) > *s.MaxItems:
		return misfit(path, "want at most %d values, got %d", *s.MaxItems, len(v))
	}
	if len(s.PrefixItems) > 0 {
		return nil
	}
	for i, x := range v {
		if err := explain(s.Items, x, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	return nil
}

func explainNumber(s *jsonschema.Schema, v float64, path string) error {
	switch {
	case s.Minimum != nil && v < *s.Minimum:
		return misfit(path, "want %v or more, got %v", *s.Minimum, v)
	case s.Maximum != nil && v > *s.Maximum:
		return misfit(path, "want %v or less, got %v", *s.Maximum, v)
	case s.ExclusiveMinimum != nil && v <= *s.ExclusiveMinimum:
		return misfit(path, "want more than %v, got %v", *s.ExclusiveMinimum, v)
	case s.ExclusiveMaximum != nil && v >= *s.ExclusiveMaximum:
		return misfit(path, "want less than %v, got %v", *s.ExclusiveMaximum, v)
	}
	return nil
}

func explainText(s *jsonschema.Schema, v, path string) error {
	n := utf8.RuneCountInString(v)
	switch {
	case s.MinLength != nil && n < *s.MinLength:
		return misfit(path, "want at least %d characters, got %d", *s.MinLength, n)
	case s.MaxLength != nil && n > *s.MaxLength:
		return misfit(path, "want at most %d characters, got %d", *s.MaxLength, n)
	case s.Pattern != "":
		if ok, err := regexp.MatchString(s.Pattern, v); err == nil && !ok {
			return misfit(path, "want text like %s, got %s", s.Pattern, show(v))
		}
	}
	return nil
}
