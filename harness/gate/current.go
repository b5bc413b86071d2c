package gate

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alignuser/alignuser/harness/compare"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// NewCurrent gives a run the shape of a baseline. Of r it takes values per user,
// repeats averaged inside the user, of every row that competes; the groups of
// users and the failed cells it reads from the run folder.
func NewCurrent(r *compare.Run) (*Current, error) {
	m := r.Manifest
	c := &Current{
		Baseline: Baseline{
			Suite: m.Suite.Name, Run: m.ID, Command: m.Command, Host: m.HostVersion, Signature: m.Signature, Protocol: m.Parts(),
		},
		Lower: map[string]bool{}, Unjudged: map[string]string{}, Units: map[string]string{},
	}
	for _, t := range m.Tasks {
		if t.Invalid != "" {
			c.Invalid = append(c.Invalid, t.Kind+": "+t.Invalid)
		}
		for _, agent := range slices.Sorted(maps.Keys(t.Agents)) {
			if why := t.Agents[agent].Invalid; why != "" {
				c.Invalid = append(c.Invalid, t.Kind+": "+why)
			}
		}
	}
	for _, a := range m.Arms {
		if !yardstick(m, a.Name) {
			c.Arms = append(c.Arms, record.Fact{Name: a.Name, Value: a.Digest})
		}
	}
	for i := range r.Tables {
		c.Tasks = append(c.Tasks, c.tableOf(&r.Tables[i], m))
		if unit := r.Tables[i].Unit; unit != "" {
			c.Units[r.Tables[i].Task] = unit
		}
	}
	var err error
	if c.Segments, err = record.ReadSegments(filepath.Join(r.Dir, record.SegmentsFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	failures, err := record.ReadFailures(filepath.Join(r.Dir, record.FailuresFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, f := range failures {
		c.Failed = append(c.Failed, record.Fact{Name: f.CellKey.Arm().String(), Value: f.Reason})
	}
	return c, nil
}

// tableOf packs a task. Metrics that no test can judge are named with the reason.
func (c *Current) tableOf(t *compare.Table, m record.Manifest) BaselineTask {
	out := BaselineTask{Task: t.Task, Primary: t.Primary, Users: make(packed, len(t.Users))}
	for i, u := range t.Users {
		out.Users[i] = float64(u)
	}
	for _, w := range t.Wholes {
		c.Unjudged[w.ID] = "has no value per user, so no test can tell a loss from chance"
	}
	for i, k := range t.Metrics {
		if k.Direction == 0 {
			c.Unjudged[k.ID] = "is no better higher or lower, so nothing is a loss"
			continue
		}
		c.Lower[k.ID] = k.Direction == metric.Lower
		for j, a := range t.Arms {
			if a.Control || yardstick(m, a.Recommender) || yardstick(m, a.Agent) {
				continue
			}
			s := Series{Recommender: a.Recommender, Agent: a.Agent, Metric: k.ID, Version: k.Version, Values: t.Values[i][j]}
			if s.Mean, s.N = mean(s.Values); s.N == 0 {
				s.Mean = 0 // JSON has no NaN
			}
			out.Series = append(out.Series, s)
		}
	}
	return out
}

// yardstick reports whether an arm is there to be measured against: a control, or
// the floor that a suite sets itself with random lists. No gate guards those.
func yardstick(m record.Manifest, name string) bool {
	for _, a := range m.Arms {
		if a.Name == name && name != "" {
			return a.Control || a.Builtin && a.Plugin == "basics" && a.Component == "random"
		}
	}
	return false
}

// Bless makes a baseline of a run that is fit for one, of the named arms or, without
// names, of all.
func (c *Current) Bless(names []string, at time.Time) (*Baseline, error) {
	if len(c.Invalid) > 0 {
		return nil, fmt.Errorf("run %s: a control failed, so none of its numbers may be used: %s", c.Run, strings.Join(c.Invalid, "; "))
	}
	known := make([]string, len(c.Arms))
	for i, a := range c.Arms {
		known[i] = a.Name
	}
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		hint := "there is " + strings.Join(known, ", ")
		if near := sdk.Nearest(name, known); near != "" {
			hint = "did you mean " + near + "?"
		}
		return nil, fmt.Errorf("recommender %q: the run has none of that name (%s)", name, hint)
	}
	kept := func(name string) bool { return len(names) == 0 || slices.Contains(names, name) }
	b := c.Baseline
	b.Schema, b.Blessed = baselineSchema, at.UTC().Truncate(time.Second)
	b.Arms, b.Tasks = nil, nil
	for _, a := range c.Arms {
		if kept(a.Name) {
			b.Arms = append(b.Arms, a)
		}
	}
	for _, t := range c.Tasks {
		t.Series = slices.DeleteFunc(slices.Clone(t.Series), func(s Series) bool { return !kept(s.Recommender) && !kept(s.Agent) })
		if len(t.Series) > 0 {
			b.Tasks = append(b.Tasks, t)
		}
	}
	for _, f := range c.Failed {
		if slices.ContainsFunc(b.Arms, func(a record.Fact) bool { return f.Name == a.Name || strings.HasPrefix(f.Name, a.Name+" with ") }) {
			return nil, fmt.Errorf("run %s: a cell of %s failed: %s: run the suite again, or bless the others with --recommender", c.Run, f.Name, f.Value)
		}
	}
	if len(b.Tasks) == 0 {
		return nil, fmt.Errorf("run %s: nothing to bless: no recommender has a value per user", c.Run)
	}
	return &b, nil
}
