package spec

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// Catalogue says what the suite's plugins and tasks offer.
type Catalogue interface {
	// TaskOptions gives the options of a task; ok is false for unknown kinds.
	TaskOptions(kind string) (options []sdk.OptionSpec, ok bool)
	// TaskKinds lists the known kinds.
	TaskKinds() []string
	// TaskNeeds lists the kinds of plugin of which a task needs at least one.
	TaskNeeds(kind string) []sdk.Kind
	// TaskSimulates reports whether a task runs sessions of agents.
	TaskSimulates(kind string) bool
	// AgentKind describes a kind of agent; ok is false for unknown ones.
	AgentKind(kind string) (k AgentKind, ok bool)
	// AgentKinds lists the known kinds.
	AgentKinds() []string
	// Component describes a component, the plugin's only one where the name is
	// empty. Its error says what is wrong and how to mend it; an [sdk.Error]
	// may name "component" as the key to blame, else it is "plugin".
	Component(kind sdk.Kind, plugin, component string) (sdk.ComponentSpec, error)
}

// Check makes all options canonical and fills in left-out component names. Its
// error is of type [Errors] and holds every mistake; warnings go to
// [Suite.Warnings].
func (s *Suite) Check(c Catalogue) error {
	var es Errors
	s.Warnings = nil
	s.component(c, sdk.KindDataset, "dataset", &s.Dataset, &es)
	for i := range s.Recommenders {
		a := &s.Recommenders[i]
		s.component(c, sdk.KindRecommender, "recommender."+a.Name, &a.Component, &es)
	}
	for i := range s.Backends {
		s.backend(c, &s.Backends[i], &es)
	}
	for i := range s.Agents {
		s.agent(c, &s.Agents[i], &es)
	}
	s.needed(c, &es)
	for i := range s.Tasks {
		t := &s.Tasks[i]
		at := orPos(t.at, t.Pos)
		specs, ok := c.TaskOptions(t.Kind)
		if !ok {
			fix := "known: " + strings.Join(c.TaskKinds(), ", ")
			if near := sdk.Nearest(t.Kind, c.TaskKinds()); near != "" {
				fix = "did you mean " + near + "?"
			}
			es.add(at.at("kind"), "task."+t.Kind, fix, "unknown kind of task")
			continue
		}
		t.Options = s.options(specs, t.Options, at, "task."+t.Kind, &es)
	}
	return es.err()
}

// CheckBackends is Check for the backends alone, for who asks nothing else of a
// suite.
func (s *Suite) CheckBackends(c Catalogue) error {
	var es Errors
	s.Warnings = nil
	for i := range s.Backends {
		s.backend(c, &s.Backends[i], &es)
	}
	return es.err()
}

func (s *Suite) component(c Catalogue, kind sdk.Kind, where string, m *Component, es *Errors) (spec sdk.ComponentSpec, ok bool) {
	at := orPos(m.at, m.Pos)
	spec, err := c.Component(kind, m.Plugin, m.Component)
	if err != nil {
		key, what := "plugin", err.Error()
		if named := (*sdk.Error)(nil); errors.As(err, &named) && named.Option != "" {
			key, what = named.Option, named.Msg
		}
		*es = append(*es, Error{Pos: at.at(key).Pos, Where: where, What: what, Cause: err})
		return spec, false
	}
	m.Component = spec.Name
	m.Options = s.options(spec.Options, m.Options, at, where, es)
	return spec, true
}

// Blame makes a mistake in the suite of what a plugin said later, when it was
// started with these options. Where says which component this is: "dataset", or
// "recommender." or "llm." and the name.
func (c Component) Blame(where string, err error) Error {
	return blame(orPos(c.at, c.Pos), where, err)
}

// Blame makes a mistake in the suite of what the data said of a key of the filter.
func (f Filter) Blame(key string, err error) Error {
	what := err.Error()
	if named := (*sdk.Error)(nil); errors.As(err, &named) {
		what = named.Msg
	}
	at := orPos(f.at, f.Pos)
	return Error{Pos: at.at(key).Pos, Where: "filter." + key, What: what, Cause: err}
}

// Blame makes a mistake in the suite of an error of the task's own rules.
func (t Task) Blame(err error) Error {
	return blame(orPos(t.at, t.Pos), "task."+t.Kind, err)
}

// Lacks makes a mistake in the suite of a task that compares others, one of which is
// not there.
func (t Task) Lacks(kind string, compares []string) Error {
	return Error{
		Pos: orPos(t.at, t.Pos).Pos, Where: "task." + t.Kind,
		What: "it compares tasks " + strings.Join(compares, " and ") + ", and the suite has no " + kind, Fix: `add [[task]] with kind = "` + kind + `"`,
	}
}

// blame points at the option that an [sdk.Error] names, or else at the whole.
func blame(at *place, where string, err error) Error {
	var named *sdk.Error
	if !errors.As(err, &named) || named.Option == "" {
		return Error{Pos: at.Pos, Where: where, What: err.Error(), Cause: err}
	}
	return Error{Pos: at.at("options").at(named.Option).Pos, Where: where + ".options." + named.Option, What: named.Msg, Cause: err}
}

func orPos(at *place, pos Pos) *place {
	if at == nil {
		return &place{Pos: pos}
	}
	return at
}

// options checks one options table against its declaration.
func (s *Suite) options(specs []sdk.OptionSpec, given sdk.Options, at *place, where string, es *Errors) sdk.Options {
	where += ".options"
	places := at.at("options")
	out, diagnostics := sdk.Canonical(specs, given)
	for _, d := range diagnostics {
		e := Error{Pos: places.Pos, Where: where, What: d.Summary, Fix: d.Detail}
		if d.Option != "" {
			name, key, inTable := strings.Cut(d.Option, ".")
			at := places.at(name)
			if inTable {
				at = at.at(key)
			}
			e.Pos = at.Pos
			e.Where = where + "." + d.Option
			if _, ok := given[name]; !ok {
				e.Fix = "add it to the suite, or --set " + e.Where + "=…"
			}
		}
		if d.Severity == sdk.SeverityError {
			*es = append(*es, e)
		} else {
			s.Warnings = append(s.Warnings, e)
		}
	}
	for _, o := range specs {
		if _, ok := given[o.Name]; !ok {
			continue // a default is the plugin's own business
		}
		base := places.at(o.Name).base
		switch v := out[o.Name].(type) {
		case string:
			if o.Type == sdk.OptionPath {
				out[o.Name] = absolute(base, v)
			}
		case []any:
			if o.Element == sdk.OptionPath {
				for i, e := range v {
					v[i] = absolute(base, e.(string))
				}
			}
		}
	}
	return out
}

// absolute resolves a path against the folder it was written for. An empty path
// stays empty: it means none.
func absolute(base, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	if base == "" {
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
	}
	return filepath.Join(base, path)
}
