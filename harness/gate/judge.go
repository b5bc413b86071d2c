package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// Current is the run that asks to pass: its values in the shape of a baseline, the
// groups of its users, and what stands in the way of judging it.
type Current struct {
	Baseline
	Segments []record.Segment
	Invalid  []string          // controls that failed, by task
	Failed   []record.Fact     // arms with cells that have no numbers, and why
	Lower    map[string]bool   // metrics of which less is better
	Unjudged map[string]string // metrics that no margin can be for, and why
	Units    map[string]string // tasks whose rows are no users, and what they are
}

// Statistics are the two tests that a verdict rests on. Differences are those of
// users who have both values.
type Statistics interface {
	// Bounds are the one-sided bootstrap bounds of the mean at level alpha.
	Bounds(differences []float64, alpha float64) (lo, hi float64)
	// Greater is the p-value of "the mean is at most 0" against "it is more".
	Greater(differences []float64) float64
	// Holm adjusts p-values for how many they are (Holm 1979).
	Holm(p []float64) []float64
}

// Judge holds a run to a baseline. An error is a mistake in the margins; all
// else is a verdict.
func Judge(b *Baseline, c *Current, m Margins, s Statistics) (Report, error) {
	r := Report{Suite: c.Suite, Run: c.Run, Baseline: b.Run, Alpha: m.Alpha}
	if len(c.Invalid) > 0 {
		r.Verdict, r.Reason = Invalid, "a control of the run failed, so none of its numbers may be used: "+strings.Join(c.Invalid, "; ")
		return r, nil
	}
	if why := incomparable(b, c); why != "" {
		r.Verdict, r.Reason = Incomparable, why
		return r, nil
	}
	if err := m.check(b, c); err != nil {
		return r, err
	}
	for i, g := range m.Margins {
		checks, notes, verdict, why := c.checks(b, g, m.Alpha, s)
		if verdict != Pass {
			r.Verdict, r.Reason, r.Checks = verdict, why, nil
			return r, nil
		}
		if len(checks) == 0 {
			return r, m.mistake(i, "matches nothing that the baseline has%s: name a task, recommender and metric that go together", c.noPrimary(b, g))
		}
		r.Checks, r.Notes = append(r.Checks, checks...), append(r.Notes, notes...)
	}
	p := make([]float64, len(r.Checks))
	for i, k := range r.Checks {
		p[i] = k.P
	}
	for i, adjusted := range s.Holm(p) {
		r.Checks[i].P = adjusted
		r.Checks[i].decide(m.Alpha, len(r.Checks))
	}
	r.conclude()
	r.Notes = append(r.Notes, armNotes(b, c)...)
	return r, nil
}

// incomparable names the first part of the protocol that differs.
func incomparable(b *Baseline, c *Current) string {
	if b.Signature == c.Signature {
		return ""
	}
	var differ []string
	for _, old := range b.Protocol {
		i := slices.IndexFunc(c.Protocol, func(f record.Fact) bool { return f.Name == old.Name })
		switch {
		case i < 0:
			differ = append(differ, fmt.Sprintf("%s (was %s, is none)", old.Name, short(old.Value)))
		case c.Protocol[i].Value != old.Value:
			differ = append(differ, fmt.Sprintf("%s (was %s, is %s)", old.Name, short(old.Value), short(c.Protocol[i].Value)))
		}
	}
	for _, now := range c.Protocol {
		if !slices.ContainsFunc(b.Protocol, func(f record.Fact) bool { return f.Name == now.Name }) {
			differ = append(differ, fmt.Sprintf("%s (was none, is %s)", now.Name, short(now.Value)))
		}
	}
	if len(differ) == 0 {
		differ = []string{fmt.Sprintf("signature (was %s, is %s)", b.Signature, c.Signature)}
	}
	return "measured otherwise than the baseline: " + strings.Join(differ, "; ") + ": bless a run of the new protocol, or undo the change"
}

// short cuts digests to what the eye compares.
func short(value string) string {
	if len(value) == 64 {
		return value[:12]
	}
	return value
}

// noPrimary says that a margin without a metric met a primary one that no margin can be for, or
// one for groups of users a task of no users.
func (c *Current) noPrimary(b *Baseline, g Margin) string {
	for _, t := range b.Tasks {
		if unit := c.Units[t.Task]; g.Segment != "" && unit != "" && (g.Task == "" || g.Task == t.Task) {
			return fmt.Sprintf(" (rows of %s are %s, and segments are of users)", t.Task, unit)
		}
		if why := c.Unjudged[t.Primary]; g.Metric == "" && why != "" && (g.Task == "" || g.Task == t.Task) {
			return fmt.Sprintf(" (%s, the primary metric of %s, %s)", t.Primary, t.Task, why)
		}
	}
	return ""
}

// armNotes says which arms changed, and which no check concerned.
func armNotes(b *Baseline, c *Current) (notes []string) {
	for _, old := range b.Arms {
		i := slices.IndexFunc(c.Arms, func(f record.Fact) bool { return f.Name == old.Name })
		if i >= 0 && c.Arms[i].Value == old.Value {
			notes = append(notes, old.Name+": the same program and options as in the baseline")
		}
	}
	for _, now := range c.Arms {
		if !slices.ContainsFunc(b.Arms, func(f record.Fact) bool { return f.Name == now.Name }) {
			notes = append(notes, now.Name+": not in the baseline, so not judged")
		}
	}
	return notes
}

// check refuses margins for what neither run has, or for what no test can judge.
func (m Margins) check(b *Baseline, c *Current) error {
	var tasks, arms, metrics, segments []string
	for _, t := range b.Tasks {
		tasks = append(tasks, t.Task)
		for _, s := range t.Series {
			arms, metrics = append(arms, s.arm()), append(metrics, s.Metric)
		}
	}
	for _, s := range c.Segments {
		segments = append(segments, s.Name)
	}
	for i, g := range m.Margins {
		for _, part := range []struct {
			key, have string
			known     []string
		}{{"task", g.Task, tasks}, {"recommender", g.Recommender, arms}, {"metric", g.Metric, metrics}, {"segment", g.Segment, segments}} {
			if part.have == "" || slices.Contains(part.known, part.have) {
				continue
			}
			if why := c.Unjudged[part.have]; part.key == "metric" && why != "" {
				return m.mistake(i, "metric %s %s: choose another", part.have, why)
			}
			slices.Sort(part.known)
			hint := "the baseline has " + strings.Join(slices.Compact(part.known), ", ")
			switch {
			case part.key == "segment" && len(part.known) == 0:
				hint = "the run has no " + record.SegmentsFile + ": run the suite again"
			case part.key == "segment":
				hint = "the run has " + strings.Join(slices.Compact(part.known), ", ")
			}
			if near := sdk.Nearest(part.have, part.known); near != "" {
				hint = "did you mean " + near + "?"
			}
			return m.mistake(i, "%s %q: unknown (%s)", part.key, part.have, hint)
		}
	}
	return nil
}

// checks makes those of one margin. It ends with another verdict than Pass where
// the run has no such number as the baseline. Groups of which nobody is tested in either run
// have nothing to lose, and are noted.
func (c *Current) checks(b *Baseline, g Margin, alpha float64, s Statistics) (out []Check, notes []string, v Verdict, why string) {
	for _, old := range b.Tasks {
		if g.Task != "" && g.Task != old.Task || g.Segment != "" && c.Units[old.Task] != "" {
			continue
		}
		now, _ := c.task(old.Task)
		for _, was := range old.Series {
			wanted := g.Metric
			if wanted == "" {
				wanted = old.Primary
			}
			if was.Metric != wanted || g.Recommender != "" && g.Recommender != was.arm() {
				continue
			}
			is, ok := now.find(was)
			switch {
			case !ok:
				return nil, nil, Invalid, fmt.Sprintf("%s has no %s in this run%s", was.arm(), was.Metric, c.reason(was.arm()))
			case is.Version != was.Version:
				return nil, nil, Incomparable, fmt.Sprintf("%s is of version %d in the baseline and %d in this run: bless a run of this program", was.Metric, was.Version, is.Version)
			}
			p := pair(old, was, now, is)
			for _, group := range c.groups(g.Segment) {
				if g.Segment != "" && len(p.users) > 0 && !slices.ContainsFunc(p.users, group.has) && !slices.ContainsFunc(p.single, group.has) {
					notes = append(notes, fmt.Sprintf("%s: %s of %s %s: nobody of them is tested, so not judged", was.arm(), was.Metric, g.Segment, group.name))
					continue
				}
				k := Check{
					Task: old.Task, Recommender: was.Recommender, Agent: was.Agent, Metric: was.Metric,
					Segment: g.Segment, Group: group.name, lower: c.Lower[was.Metric], MarginText: g.String(),
				}
				p.judge(&k, group.has, g, alpha, s)
				out = append(out, k)
			}
		}
	}
	return out, notes, Pass, ""
}

func (c *Current) reason(arm string) string {
	for _, f := range c.Failed {
		if f.Name == arm {
			return ": " + f.Value
		}
	}
	return ": add it to the suite, or bless a run without it"
}

type group struct {
	name string
	has  func(user int) bool
}

// groups of a segment; without one, everybody.
func (c *Current) groups(segment string) (out []group) {
	for _, s := range c.Segments {
		if s.Name != segment || segment == "" {
			continue
		}
		for i, name := range s.Groups {
			out = append(out, group{name, func(u int) bool { return u < len(s.Of) && int(s.Of[u]) == i }})
		}
	}
	if segment == "" {
		out = []group{{"", func(int) bool { return true }}}
	}
	return out
}

func (b *Baseline) task(name string) (BaselineTask, bool) {
	for _, t := range b.Tasks {
		if t.Task == name {
			return t, true
		}
	}
	return BaselineTask{}, false
}

// find looks for the same metric of the same arm.
func (t BaselineTask) find(s Series) (Series, bool) {
	for _, o := range t.Series {
		if o.Recommender == s.Recommender && o.Agent == s.Agent && o.Metric == s.Metric {
			return o, true
		}
	}
	return Series{}, false
}
