package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/align"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// modelsDir keeps, below a run folder, what the aligned agents of the run were taught.
const modelsDir = "align"

// tuningSeed is that of every tuning: what a backend is taught is the same in all
// repeats and under all seeds of a suite, and a table is conditional on it.
const tuningSeed = 1

// Workshop gives the folder in which an aligned agent of the suite is taught. It may
// have been by an earlier run.
func (p *Plan) Workshop(g spec.Agent) (*align.Workshop, error) { return p.workshop(g, page.Fields()) }

func (p *Plan) workshop(g spec.Agent, fields []string) (*align.Workshop, error) {
	b, ok := p.backend(g.Backend)
	if k, _ := agent.KindOf(g.Kind); !ok || !k.Aligns {
		return nil, sdk.Invalidf("agent", "%s is of kind %s, which nobody teaches: name an agent of kind aligned or aligned-plus", g.Name, g.Kind)
	}
	w := &align.Workshop{
		Stage: p.stage, Recipe: align.RecipeOf(g.Options, fields, tuningSeed), Data: p.split.Digest(),
		Say: func(line string) { p.config.Events(Phase{Text: "agent " + g.Name + ": " + line}) },
	}
	if agent.Text(g.Options, "learning") == agent.LearnLessons {
		w.Recipe.WorldModel = false // its lines are for tuning
	}
	w.Digest, w.Pin = digest("align", w.Recipe.Digest(w.Data), b.identity), digest("align", w.Recipe.Digest(w.Data), b.asked)
	w.Dir = filepath.Join(p.config.CacheDir, "align", w.Digest[:16])
	w.Tuner = func(ctx context.Context) (sdk.Tuner, func(), error) {
		process, err := p.startBackend(ctx, b)
		if err != nil {
			return nil, nil, err
		}
		t, ok := process.LLM().(sdk.Tuner)
		if !ok {
			process.Close()
			return nil, nil, p.untunable(g, b)
		}
		return t, func() { process.Close() }, nil
	}
	return w, nil
}

func (p *Plan) untunable(g spec.Agent, b backend) error {
	return sdk.Unsupportedf("agent %s: backend %s cannot be tuned: set learning = %q in its options, so that lessons go into the prompt", g.Name, b.Name, agent.LearnLessons)
}

// startBackend starts a backend outside any cell.
func (p *Plan) startBackend(ctx context.Context, b backend) (*host.Process, error) {
	o := opened{backend: b}
	if _, err := o.launch(ctx, p.config); err != nil {
		return nil, err
	}
	return o.process, nil
}

// taught gives the backend of an aligned agent as tuning has left it, tuned now where
// nobody did before. A provider is never sent a job by a run: jobs cost, and align tune
// starts them.
func (u *unit) taught(ctx context.Context, g spec.Agent, fields []string) (backend, error) {
	p := u.plan
	b, _ := p.backend(g.Backend)
	w, err := p.workshop(g, fields)
	if err != nil {
		return b, err
	}
	m, err := align.ReadModel(w.Dir)
	switch {
	case err == nil && m.Recipe == w.Digest:
	case !b.component.Has(sdk.FeatureTune):
		return b, p.untunable(g, b)
	case !b.local():
		return b, sdk.Invalidf("", "agent %s: backend %s has not been tuned for this suite, and a run starts no paid job: alignuser align tune %s --agent %s", g.Name, b.Name, p.config.Suite.Path, g.Name)
	default:
		if m, err = w.Model(ctx); err != nil {
			return b, err
		}
	}
	remark, err := p.held(g, w, m)
	if err != nil {
		return b, err
	}
	p.remark(remark)
	if err := note(u.run.Dir(), g.Name, taughtFacts{Recipe: w.Digest, Model: m.SHA256, Objective: m.Objective}); err != nil {
		return b, environment(err)
	}
	out := b
	out.Name = taughtName(b.Name, g.Name)
	out.Options = maps.Clone(b.Options)
	out.Options["model"] = m.Path(w.Dir)
	out.identity = digest("taught", b.identity, m.SHA256)
	return out, nil
}

// taughtName names a backend that was tuned for an agent, in journals and tables, as no
// suite names one: kebab-case has no two hyphens in a row.
func taughtName(backend, agent string) string {
	const most = 63
	name := backend + "--" + agent
	if len(name) > most {
		sum := digest(name)[:12]
		name = name[:most-2-len(sum)] + "--" + sum
	}
	return name
}

// lessons gives what an agent is told that is not tuned.
func (u *unit) lessons(ctx context.Context, g spec.Agent, fields []string, key record.CellKey) (*align.Memory, error) {
	p := u.plan
	w, err := p.workshop(g, fields)
	if err != nil {
		return nil, err
	}
	asker, err := u.desk.backend(g.Backend, key)
	if err != nil {
		return nil, err
	}
	w.Ask = align.Reflecting{Asker: asker, Name: g.Backend, Language: p.isLanguage(g.Backend)}
	if _, err := w.Build(ctx); err != nil {
		return nil, err
	}
	if err := note(u.run.Dir(), g.Name, taughtFacts{Recipe: w.Digest, Objective: "lessons in the prompt"}); err != nil {
		return nil, environment(err)
	}
	return align.ReadLessons(w.Dir)
}

// taughtFacts is what a run keeps of what an agent was taught.
type taughtFacts struct {
	Recipe    string `json:"recipe"`
	Model     string `json:"model,omitempty"` // SHA-256 of the weights, or of the model's name
	Objective string `json:"objective"`
}

func note(dir, agent string, f taughtFacts) error {
	dir = filepath.Join(dir, modelsDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return record.WriteJSON(filepath.Join(dir, agent+".json"), f)
}

// noted reads it; nothing where no cell has needed it yet.
func noted(dir, agent string) (f taughtFacts) {
	text, err := os.ReadFile(filepath.Join(dir, modelsDir, agent+".json"))
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return taughtFacts{Objective: fmt.Sprintf("unknown: %v", err)}
	}
	return f
}

// aligned completes the cast of an agent that people teach.
func (u *unit) aligned(ctx context.Context, c *browse.Cast, g spec.Agent, s browse.Settings, key record.CellKey) error {
	if agent.Text(g.Options, "learning") == agent.LearnLessons {
		m, err := u.lessons(ctx, g, s.Fields, key)
		if err != nil {
			return err
		}
		c.Lessons = m.For
		return nil
	}
	taught, err := u.taught(ctx, g, s.Fields)
	if err != nil {
		return err
	}
	b, err := u.desk.taught(taught, key)
	if err != nil {
		return err
	}
	c.Backend, c.Name = b, taught.Name
	return nil
}
