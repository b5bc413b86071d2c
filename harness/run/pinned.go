package run

import (
	"fmt"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/spec"
)

// pinned holds the models of the suite's agents to the lock before anything is done. Of
// those that are still to be tuned it is found out afterwards, by [unit.taught].
func (p *Plan) pinned() (remarks []string, err error) {
	for _, g := range p.config.Suite.Agents {
		if !tunes(g) {
			continue
		}
		w, err := p.Workshop(g)
		if err != nil {
			return nil, err
		}
		m, err := align.ReadModel(w.Dir)
		if err != nil || m.Recipe != w.Digest {
			m = nil
		}
		remark, err := p.held(g, w, m)
		if err != nil {
			return nil, err
		}
		if remark != "" {
			remarks = append(remarks, remark)
		}
	}
	return remarks, nil
}

// tunes reports whether an agent's backend is tuned for it.
func tunes(g spec.Agent) bool {
	k, _ := agent.KindOf(g.Kind)
	return k.Aligns && agent.Text(g.Options, "learning") != agent.LearnLessons
}

// held compares a model with the one that the lock pins for this recipe of the agent: any
// other is refused, as a plugin is that has changed. A recipe that the lock does not know,
// of an agent that it does, is what the user asks for by a suite or --set, and gets a
// remark. A model of nil is not there yet.
func (p *Plan) held(g spec.Agent, w *align.Workshop, m *align.Model) (remark string, err error) {
	lock, suite := p.config.Host.Lock(), p.config.Suite
	command := fmt.Sprintf("alignuser align tune %s --agent %s --lock", suite.Path, g.Name)
	pin, ok := lock.Model(suite.Name, g.Name, w.Pin)
	switch {
	case ok && m != nil && m.SHA256 != pin.SHA256:
		return "", &host.TrustError{
			Plugin: "agent " + g.Name,
			Reason: fmt.Sprintf("%s pins another model for this recipe: sha256 %s, the one here has %s", lock.Path, pin.SHA256, m.SHA256),
			Fix:    fmt.Sprintf("if you trust it: %s; to have it tuned anew, remove align/%s of the cache folder", command, w.Digest[:16]),
		}
	case !ok && lock.HasModel(suite.Name, g.Name):
		return fmt.Sprintf("agent %s: %s pins its model for other recipes only, and nothing holds this one: its recipe, the data, the split or the backend is another now (to pin it: %s)", g.Name, lock.Path, command), nil
	}
	return "", nil
}

// remark passes a remark on, each once a run.
func (p *Plan) remark(text string) {
	if _, again := p.said.LoadOrStore(text, true); text != "" && !again {
		p.config.Events(Note{Text: "warning: " + text})
	}
}
