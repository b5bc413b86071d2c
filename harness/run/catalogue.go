package run

import (
	"context"
	"strings"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// Catalogue answers a suite's questions about tasks and plugins. It starts a
// plugin only to have it describe itself: without secrets and without data.
type Catalogue struct {
	Context context.Context // bounds the starts; spec's interface has no room for it
	Host    *host.Host
	Tasks   []task.Task
}

// TaskKinds lists the kinds of task.
func (c Catalogue) TaskKinds() []string {
	kinds := make([]string, len(c.Tasks))
	for i, t := range c.Tasks {
		kinds[i] = t.Kind()
	}
	return kinds
}

// TaskOptions gives a kind's options.
func (c Catalogue) TaskOptions(kind string) ([]sdk.OptionSpec, bool) {
	t, ok := find(c.Tasks, kind)
	if !ok {
		return nil, false
	}
	return t.Options(), true
}

// TaskNeeds says which kind of plugin a task judges.
func (c Catalogue) TaskNeeds(kind string) []sdk.Kind {
	t, ok := find(c.Tasks, kind)
	switch {
	case !ok:
		return nil
	case t.Subject() == task.Backends:
		return []sdk.Kind{sdk.KindLLM}
	case t.Subject() == task.Tables, t.Subject() == task.Agents:
		return nil
	}
	return []sdk.Kind{sdk.KindRecommender}
}

// Component describes a component. An empty component name means the only one.
func (c Catalogue) Component(kind sdk.Kind, plugin, component string) (sdk.ComponentSpec, error) {
	exe, err := c.Host.Resolve(kind, plugin)
	if err != nil {
		return sdk.ComponentSpec{}, err
	}
	d, err := c.Host.Describe(c.Context, exe)
	if err != nil {
		return sdk.ComponentSpec{}, err
	}
	var names []string
	for _, s := range d.Components {
		if s.Kind != kind {
			continue
		}
		if s.Name == component {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if component == "" && len(names) == 1 {
		s, _ := d.Component(names[0])
		return s, nil
	}
	if component == "" {
		return sdk.ComponentSpec{}, sdk.Invalidf("component", "%s plugin %s has several components: set component to one of %s", kind, plugin, strings.Join(names, ", "))
	}
	near := ""
	if n := sdk.Nearest(component, names); n != "" {
		near = " (did you mean " + n + "?)"
	}
	return sdk.ComponentSpec{}, sdk.Invalidf("component", "%s plugin %s has no component %q%s: it has %s", kind, plugin, component, near, strings.Join(names, ", "))
}

// validate has a plugin apply its rules between options.
func (c Catalogue) validate(kind sdk.Kind, m spec.Component) error {
	exe, err := c.Host.Resolve(kind, m.Plugin)
	if err != nil {
		return err
	}
	return c.Host.Validate(c.Context, host.Instance{Executable: exe, Component: m.Component, Options: m.Options})
}

func find(tasks []task.Task, kind string) (task.Task, bool) {
	for _, t := range tasks {
		if t.Kind() == kind {
			return t, true
		}
	}
	return nil, false
}
