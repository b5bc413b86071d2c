package run

import (
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
)

// respond holds the agents of tasks of sessions to METHOD 8: those declared responsive
// must tell some recommender from random.
func (p *Plan) respond(m *record.Manifest, judged []score.Judged) {
	random := ""
	controls := p.controlNames()
	for _, a := range p.arms {
		if isRandom(a.exe.Name, a.spec.Name) {
			random = a.name
		}
	}
	for i := range m.Tasks {
		t := &m.Tasks[i]
		known, _ := find(p.config.Tasks, t.Kind)
		if known.Subject() != task.Sessions {
			continue
		}
		for _, g := range p.config.Suite.Agents {
			k, _ := agent.KindOf(g.Kind) // checked
			of := func(key record.CellKey) string {
				if key.Task != t.Kind || key.Agent != g.Name || slices.Contains(controls, key.Recommender) {
					return ""
				}
				return key.Recommender
			}
			r, ok := control.Responds(judged, of, random, t.Primary)
			if !ok {
				continue
			}
			table := record.AgentTable{Facts: []record.Fact{{Name: "control, agent " + g.Name, Value: r.String()}}}
			if k.Responsive && agent.Text(g.Options, "placebo") != agent.PlaceboUser && !r.Holds() {
				table.Invalid = "agent " + g.Name + " does not tell any recommender from random: " + r.String()
			}
			t.Judge(g.Name, table)
		}
	}
}

// personal holds the agents of tasks about single people to METHOD 8: those declared
// responsive must do better for their own user than with another's life.
func (p *Plan) personal(m *record.Manifest, judged []score.Judged) {
	placebos := p.placebos()
	for i := range m.Tasks {
		t := &m.Tasks[i]
		known, _ := find(p.config.Tasks, t.Kind)
		about, ok := known.(task.Personal)
		if !ok {
			continue
		}
		for _, g := range p.config.Suite.Agents {
			placebo, ok := placebos[g.Name]
			if !ok {
				continue
			}
			own := control.Owns(judged, t.Kind, g.Name, placebo, about.Personal(t.Options))
			table := record.AgentTable{Facts: []record.Fact{{Name: "control, agent " + g.Name, Value: own.String()}}}
			if k, _ := agent.KindOf(g.Kind); k.Responsive && own.Judged() && !own.Holds() {
				table.Invalid = "agent " + g.Name + " does no better for its own user than with another user's life: " + own.String()
			}
			t.Judge(g.Name, table)
		}
	}
}
