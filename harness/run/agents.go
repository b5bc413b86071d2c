package run

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"sync"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// TaskSimulates reports whether a task runs sessions of agents.
func (c Catalogue) TaskSimulates(kind string) bool {
	t, ok := find(c.Tasks, kind)
	return ok && (t.Subject() == task.Sessions || t.Subject() == task.Agents)
}

// AgentKinds lists the kinds of agent.
func (Catalogue) AgentKinds() []string {
	var names []string
	for _, k := range agent.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

// AgentKind describes a kind of agent.
func (Catalogue) AgentKind(name string) (spec.AgentKind, bool) {
	k, ok := agent.KindOf(name)
	return spec.AgentKind{Options: k.Options, Asks: k.Asks}, ok
}

// simulates reports whether any task of the suite runs sessions.
func (p *Plan) simulates() bool {
	for _, t := range p.config.Suite.Tasks {
		if (Catalogue{Tasks: p.config.Tasks}).TaskSimulates(t.Kind) {
			return true
		}
	}
	return false
}

// stageOnce makes the stage of a plan's split on first use.
func (p *Plan) stageOnce() func() *browse.Stage {
	return sync.OnceValue(func() *browse.Stage { return browse.NewStage(p.split) })
}

// keys names the cells that an arm has of a task in one repeat.
func (p *Plan) keys(a arm, t bound, repeat int) []record.CellKey {
	key := record.CellKey{Task: t.task.Kind(), Repeat: repeat}
	switch t.task.Subject() {
	case task.Backends:
		key.Agent = a.name
		return []record.CellKey{key}
	case task.Tables:
		return nil
	case task.Agents:
		key.Agent = a.name
		return []record.CellKey{key}
	case task.Sessions:
		var keys []record.CellKey
		for _, g := range p.config.Suite.Agents {
			key.Recommender, key.Agent = a.name, g.Name
			keys = append(keys, key)
		}
		return keys
	}
	key.Recommender = a.name
	return []record.CellKey{key}
}

// addAgents appends an arm per agent where some task judges agents by themselves.
func (p *Plan) addAgents() {
	for _, g := range p.config.Suite.Agents {
		a := arm{name: g.Name, subject: task.Agents, spec: sdk.ComponentSpec{Name: g.Kind, Determinism: sdk.DeterminismBitwise}}
		if len(p.judged(a)) > 0 {
			p.arms = append(p.arms, a)
		}
	}
}

// simulator makes the agent of a cell.
func (u *unit) simulator(ctx context.Context, key record.CellKey, s browse.Settings) (*browse.Simulator, error) {
	p := u.plan
	var g spec.Agent
	for _, a := range p.config.Suite.Agents {
		if a.Name == key.Agent {
			g = a
		}
	}
	c := browse.Cast{Kind: g.Kind, Options: g.Options}
	if g.Backend != "" {
		b, err := u.desk.backend(g.Backend, key)
		if err != nil {
			return nil, err
		}
		c.Backend, c.Name, c.Embeds = b, g.Backend, b.Spec.Has(sdk.FeatureEmbed)
		c.Language = p.isLanguage(g.Backend)
	}
	if k, _ := agent.KindOf(g.Kind); k.Aligns {
		if err := u.aligned(ctx, &c, g, s, key); err != nil {
			return nil, err
		}
	}
	return p.stage().Simulator(ctx, c, s)
}

// isLanguage reports whether a backend counts as a language model: those behind a
// server do, and the embedded one, which computes its answers itself, does not.
func (p *Plan) isLanguage(name string) bool {
	b, ok := p.backend(name)
	return ok && !b.local()
}

// agentFacts describes the suite's agents for the manifest.
func (p *Plan) agentFacts() []record.AgentFacts {
	var out []record.AgentFacts
	dir := filepath.Join(p.config.Root, p.config.Suite.Name, p.ID())
	for _, g := range p.config.Suite.Agents {
		k, _ := agent.KindOf(g.Kind) // checked
		f := record.AgentFacts{
			Name: g.Name, Kind: g.Kind, Backend: g.Backend, Options: significant(sdk.ComponentSpec{Options: k.Options}, g.Options), Asks: k.Asks, Learns: k.Learns != nil || k.Aligns,
		}
		if k.Aligns {
			t := noted(dir, g.Name)
			f.Model, f.Objective = t.Model, t.Objective
		}
		out = append(out, f)
	}
	return out
}

// placebos pairs agents with those that differ from them in whose life they are given.
func (p *Plan) placebos() map[string]string {
	out := map[string]string{}
	for _, g := range p.config.Suite.Agents {
		for _, h := range p.config.Suite.Agents {
			real, other := maps.Clone(g.Options), maps.Clone(h.Options)
			if agent.Text(real, "placebo") != agent.PlaceboNone || agent.Text(other, "placebo") != agent.PlaceboUser {
				continue
			}
			delete(real, "placebo")
			delete(other, "placebo")
			if g.Kind == h.Kind && g.Backend == h.Backend && digest(real) == digest(other) {
				out[g.Name] = h.Name
			}
		}
	}
	return out
}

// agentParts are the parts of the protocol that say who the simulated users are: what
// was simulated otherwise is not to be compared.
func (p *Plan) agentParts() []record.Fact {
	var parts []record.Fact
	for _, g := range p.agentFacts() {
		value := g.Kind + " " + digest(g.Options)[:12]
		if b, ok := p.backend(g.Backend); ok {
			value += " " + b.identity[:12]
		}
		if k, _ := agent.KindOf(g.Kind); k.Aligns {
			value += fmt.Sprintf(" taught by version %d", align.Version)
		}
		parts = append(parts, record.Fact{Name: "agent " + g.Name, Value: value})
	}
	return parts
}
