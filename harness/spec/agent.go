package spec

import (
	"fmt"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// Truth is the name of the control that answers as the planted people would.
const Truth = "truth"

// Agent is a simulated user's way of deciding: an arm of tasks that run sessions.
type Agent struct {
	Name    string // kebab-case
	Kind    string
	Backend string      // of [[llm]]; empty where the kind asks none, filled in by Check where there is only one
	Options sdk.Options // as written; canonical after Check
	Pos     Pos

	at *place
}

// AgentKind is what a catalogue says of a kind of agent.
type AgentKind struct {
	Options []sdk.OptionSpec
	Asks    bool // it needs a backend
}

// agents reads [[agent]].
func (t *table) agents() []Agent {
	var agents []Agent
	lines := map[string]Pos{}
	for _, d := range t.list("agent", "") {
		a := Agent{Name: d.word("name", ""), Kind: d.word("kind", `add kind = "prompted"`), Backend: d.word("backend", ""), Options: d.options(), Pos: d.at.Pos, at: d.at}
		d.done()
		if _, named := d.values["name"]; !named {
			a.Name = a.Kind
		}
		if first, ok := lines[a.Name]; ok && a.Name != "" {
			d.fail("name", "give one of them another name", "%q is also the agent of %s", a.Name, first)
		}
		if a.Name == Truth || a.Name == Oracle {
			d.fail("name", fmt.Sprintf("choose name = %q", "my-"+a.Name), "%q is the name of a control", a.Name)
		}
		lines[a.Name] = d.at.Pos
		agents = append(agents, a)
	}
	return agents
}

// agent checks one agent against its kind, and finds its backend.
func (s *Suite) agent(c Catalogue, a *Agent, es *Errors) {
	where := "agent." + a.Name
	at := orPos(a.at, a.Pos)
	kind, ok := c.AgentKind(a.Kind)
	if !ok {
		fix := "known: " + strings.Join(c.AgentKinds(), ", ")
		if near := sdk.Nearest(a.Kind, c.AgentKinds()); near != "" {
			fix = "did you mean " + near + "?"
		}
		es.add(at.at("kind"), where+".kind", fix, "unknown kind of agent")
		return
	}
	a.Options = s.options(kind.Options, a.Options, at, where, es)
	var names []string
	for _, b := range s.Backends {
		names = append(names, b.Name)
	}
	switch {
	case !kind.Asks && a.Backend != "":
		es.add(at.at("backend"), where+".backend", "leave it out", "agents of kind %s ask no language model", a.Kind)
	case !kind.Asks:
	case len(names) == 0:
		es.add(at, where, `add [[llm]] with plugin = "embedded"`, "agents of kind %s ask a language model, and the suite has none", a.Kind)
	case a.Backend == "" && len(names) == 1:
		a.Backend = names[0]
	case a.Backend == "":
		es.add(at, where+".backend", "add backend = \"…\", one of "+strings.Join(names, ", "), "missing: the suite has several language models")
	default:
		for _, n := range names {
			if n == a.Backend {
				return
			}
		}
		fix := "known: " + strings.Join(names, ", ")
		if near := sdk.Nearest(a.Backend, names); near != "" {
			fix = "did you mean " + near + "?"
		}
		es.add(at.at("backend"), where+".backend", fix, "the suite has no language model %q", a.Backend)
	}
}

// asked reports whether some agent asks a language model.
func (s *Suite) asked() bool {
	for _, a := range s.Agents {
		if a.Backend != "" {
			return true
		}
	}
	return false
}

// Blame makes a mistake in the suite of what was said of an agent's options.
func (a Agent) Blame(err error) Error { return blame(orPos(a.at, a.Pos), "agent."+a.Name, err) }
