package align

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Files that Build writes.
const (
	WorldFile      = "world.jsonl"      // what followed a decision
	PolicyFile     = "policy.jsonl"     // what was decided
	PairsFile      = "pairs.jsonl"      // what was decided, and what was not
	ReflectionFile = "reflection.jsonl" // why
	LessonsFile    = "lessons.jsonl"
	ManifestFile   = "manifest.json"
)

// builder writes the files of one recipe.
type builder struct {
	recipe Recipe
	script *agent.Script
	files  map[string]*lines
	put    func(file string, line any) error // takes what is taught
	m      *Manifest
	census census
}

func newBuilder(r Recipe) (*builder, error) {
	script, err := agent.NewScript(r.Fields)
	if err != nil {
		return nil, err
	}
	return &builder{
		recipe: r, script: script, files: map[string]*lines{}, census: newCensus(),
		m: &Manifest{Version: Version, Prompts: agent.PromptsVersion, Recipe: r},
	}, nil
}

// Order is what Build is to do.
type Order struct {
	Recipe          Recipe
	Data, Signature string     // for the manifest
	Ask             Reflecting // who reflects
	Progress        func(pages int)
}

// Build writes the training files of a recipe into a folder, and last the manifest, so
// that a folder with a manifest is whole. Progress is told after every thousand pages.
func Build(ctx context.Context, stage *browse.Stage, o Order, dir string) (*Manifest, error) {
	r, progress := o.Recipe, o.Progress
	b, err := newBuilder(r)
	if err != nil {
		return nil, err
	}
	b.m.Data, b.m.Signature = o.Data, o.Signature
	b.put = func(file string, line any) error { return b.files[file].add(line) }
	names := []string{PolicyFile}
	if r.WorldModel {
		names = append(names, WorldFile)
	}
	if r.Counterfactuals {
		names = append(names, PairsFile, ReflectionFile, LessonsFile)
	}
	defer func() {
		for _, l := range b.files {
			l.drop() // of those that were finished nothing is left to drop
		}
	}()
	for _, name := range names {
		l, err := create(dir, name)
		if err != nil {
			return nil, err
		}
		b.files[name] = l
	}
	if err := b.pages(ctx, stage, progress); err != nil {
		return nil, err
	}
	if r.Counterfactuals {
		if err := b.reflect(ctx, stage, o.Ask); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		l := b.files[name]
		delete(b.files, name)
		if err := l.finish(); err != nil {
			return nil, err
		}
		b.m.Files = append(b.m.Files, File{Name: name, Lines: l.n})
	}
	b.census.tell(b.m)
	return b.m, b.m.write(dir)
}

// pages writes what every demonstration teaches.
func (b *builder) pages(ctx context.Context, stage *browse.Stage, progress func(int)) error {
	for e := range stage.Demonstrations(b.recipe.teaching()) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.page(&e); err != nil {
			return err
		}
		if b.m.Pages%1000 == 0 {
			progress(b.m.Pages)
		}
	}
	if b.m.Pages == 0 {
		return errors.New("nobody to learn from: the training part has neither sessions nor interactions to make pages of")
	}
	progress(b.m.Pages)
	return nil
}

// alternativeStream keeps the draw of alternatives apart from other uses of the seed.
const alternativeStream = 0x616c7465 // "alte"

// page writes what one demonstration teaches.
func (b *builder) page(e *agent.Example) error {
	b.m.see(e)
	b.census.see(e)
	steps := []agent.Question{agent.AskWatch, agent.AskValue}
	if !e.Reconstructed {
		steps = append(steps, agent.AskAct)
	}
	for _, q := range steps {
		if err := b.teach(PolicyFile, e, q); err != nil {
			return err
		}
	}
	if b.recipe.WorldModel && !e.Reconstructed {
		if err := b.teach(WorldFile, e, agent.AskNext); err != nil {
			return err
		}
	}
	if !b.recipe.Counterfactuals {
		return nil
	}
	for _, a := range alternativesOf(e, b.alternativeSeed()) {
		b.m.Alternatives++
		if !a.Rejected {
			continue
		}
		b.m.Rejected++
		if err := b.reject(e, a); err != nil {
			return err
		}
	}
	return nil
}

// alternativeSeed is that of the demonstration at hand.
func (b *builder) alternativeSeed() uint64 {
	return sdk.Mix(b.recipe.Seed, alternativeStream, uint64(b.m.Pages))
}

// asked is the view of a demonstration as a step is asked of it.
func asked(e *agent.Example, q agent.Question) agent.View {
	v := e.View
	v.Question = q
	v.State.Actions = []string{string(trace.Next), string(trace.Exit)}
	if q == agent.AskWatch {
		return v
	}
	did := e.Decision
	if q != agent.AskAct { // what is to be foreseen is not told
		did.Cards, did.Action = slices.Clone(did.Cards), ""
		for i := range did.Cards {
			did.Cards[i].Value = nil
		}
	}
	v.Did = &did
	return v
}

// teach writes the question of a step with the person's answer, where there is one.
func (b *builder) teach(file string, e *agent.Example, q agent.Question) error {
	v := asked(e, q)
	messages, _, ok := b.script.Put(&v)
	if !ok {
		return nil
	}
	answer, ok := b.script.Answer(&v, &e.Decision)
	if !ok {
		return nil
	}
	return b.put(file, chat{append(turns(messages), says(answer))})
}

// reject writes the person's answer beside the alternative's.
func (b *builder) reject(e *agent.Example, a Alternative) error {
	v := asked(e, a.Question)
	messages, _, ok := b.script.Put(&v)
	if !ok {
		return nil
	}
	chosen, ok := b.script.Answer(&v, &e.Decision)
	rejected, also := b.script.Answer(&v, &a.Decision)
	switch {
	case !ok || !also:
		return nil
	case chosen == rejected:
		return fmt.Errorf("user %d: the alternative %q says what the person did", e.View.User, a.What)
	}
	p := pair{Prompt: turns(messages), Chosen: []turn{says(chosen)}, Rejected: []turn{says(rejected)}}
	if a.Weight != 1 {
		p.Weight = &a.Weight
	}
	return b.put(PairsFile, p)
}
