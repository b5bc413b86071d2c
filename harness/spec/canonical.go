package spec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// Canonical gives the text that digests are taken of: JSON with sorted keys,
// every default filled in and floats in their shortest form. Left out is what
// cannot change a result: name, title, limits, options declared neutral, what
// backends may cost and how they are reached, the order of arms and tasks, and
// the paths of the data set, whose content has its own digest. Other paths are relative to the suite, so that a checkout may be
// moved.
//
// The suite must have passed [Suite.Check] with the same catalogue; Canonical
// panics where the catalogue does not know a component or task.
func (s *Suite) Canonical(c Catalogue) []byte {
	base := filepath.Dir(s.Path)
	if abs, err := filepath.Abs(base); err == nil {
		base = abs
	}
	part := func(kind sdk.Kind, m Component, base string) map[string]any {
		spec, err := c.Component(kind, m.Plugin, m.Component)
		if err != nil {
			panic(fmt.Sprintf("canonical form of an unchecked suite: %v", err))
		}
		return map[string]any{"plugin": m.Plugin, "component": m.Component, "options": digestible(spec.Options, m.Options, base)}
	}
	arms := make([]map[string]any, 0, len(s.Recommenders))
	for _, a := range sorted(s.Recommenders, func(a Arm) string { return a.Name }) {
		arm := part(sdk.KindRecommender, a.Component, base)
		arm["name"] = a.Name
		arms = append(arms, arm)
	}
	tasks := make([]map[string]any, 0, len(s.Tasks))
	for _, t := range sorted(s.Tasks, func(t Task) string { return t.Kind }) {
		specs, ok := c.TaskOptions(t.Kind)
		if !ok {
			panic(fmt.Sprintf("canonical form of an unchecked suite: task %s", t.Kind))
		}
		tasks = append(tasks, map[string]any{"kind": t.Kind, "options": digestible(specs, t.Options, base)})
	}
	split := map[string]any{"method": s.Split.Method, "test": s.Split.Test, "valid": s.Split.Valid + 0}
	if s.Split.Seed != nil {
		split["seed"] = *s.Split.Seed
	}
	if s.Split.Halves() { // else suites keep the ids of their runs
		split["evidence"] = s.Split.Evidence
	}
	form := map[string]any{
		"schema":  s.Schema,
		"seed":    s.Seed,
		"repeats": s.Repeats,
		"dataset": part(sdk.KindDataset, s.Dataset, ""),
		"split":   split,
		"arms":    arms,
		"tasks":   tasks,
	}
	if len(s.Backends) > 0 { // else suites without any keep the ids of their runs
		backends := make([]map[string]any, 0, len(s.Backends))
		for _, b := range sorted(s.Backends, func(b Backend) string { return b.Name }) {
			backend := part(sdk.KindLLM, b.Component, base)
			backend["name"], backend["max-retries"] = b.Name, b.MaxRetries
			backends = append(backends, backend)
		}
		form["llms"] = backends
	}
	if len(s.Agents) > 0 {
		agents := make([]map[string]any, 0, len(s.Agents))
		for _, a := range sorted(s.Agents, func(a Agent) string { return a.Name }) {
			kind, ok := c.AgentKind(a.Kind)
			if !ok {
				panic(fmt.Sprintf("canonical form of an unchecked suite: agent %s", a.Kind))
			}
			agents = append(agents, map[string]any{"name": a.Name, "kind": a.Kind, "backend": a.Backend, "options": digestible(kind.Options, a.Options, base)})
		}
		form["agents"] = agents
	}
	if f := s.Filter; f != nil {
		form["filter"] = map[string]any{"user-core": f.UserCore, "item-core": f.ItemCore, "min-value": f.MinValue, "max-value": f.MaxValue}
	}
	return encode(form)
}

// CanonicalOptions gives the canonical JSON of one component's options, as in
// [Suite.Canonical]. Paths are made relative to base; an empty base leaves them
// out.
func CanonicalOptions(specs []sdk.OptionSpec, o sdk.Options, base string) []byte {
	return encode(digestible(specs, o, base))
}

// digestible keeps the options that can change a result.
func digestible(specs []sdk.OptionSpec, o sdk.Options, base string) map[string]any {
	out := map[string]any{}
	for _, s := range specs {
		v, ok := o[s.Name]
		isPath := s.Type == sdk.OptionPath || s.Type == sdk.OptionList && s.Element == sdk.OptionPath
		if !ok || s.Neutral || isPath && base == "" {
			continue
		}
		out[s.Name] = oneForm(s.Type, s.Element, v, base)
	}
	return out
}

// oneForm gives equal values one form: "1m30s" is "90s", -0.0 is 0.0.
func oneForm(t, element sdk.OptionType, v any, base string) any {
	switch v := v.(type) {
	case float64:
		return v + 0 // minus zero is zero
	case string:
		switch t {
		case sdk.OptionDuration:
			if d, err := time.ParseDuration(v); err == nil {
				return d.String()
			}
		case sdk.OptionPath:
			if rel, err := filepath.Rel(base, v); err == nil && v != "" {
				return filepath.ToSlash(rel)
			}
		}
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = oneForm(element, 0, e, base)
		}
		return out
	}
	return v
}

func sorted[T any](list []T, key func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("canonical form of an unchecked suite: %v", err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
