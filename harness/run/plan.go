package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// Config is what a run needs.
type Config struct {
	Suite    *spec.Suite // loaded; Prepare checks it
	Host     *host.Host
	Tasks    []task.Task // the kinds that suites may ask for
	Root     string      // folder of run folders
	CacheDir string      // kept between runs
	Offline  bool        // the network must not be used
	Replay   string      // cassette that answers for the backends; empty: they are asked
	Version  string      // of the host, for the manifest
	Command  string      // that made the run, for the report
	Events   func(Event) // may be nil
	// Getenv reads the environment, for the variables that hold backends' secrets;
	// nil: nothing will be asked of a backend.
	Getenv func(string) string
}

// arm is one row of the leaderboard.
type arm struct {
	name    string
	subject task.Subject // of a control: not said, its tasks know it by name
	exe     host.Executable
	spec    sdk.ComponentSpec
	options sdk.Options
	digest  string
	files   map[string]string // digests of what its path options name, by option
	control bool              // answered inside the host
}

// bound is a task of the suite with options and data.
type bound struct {
	task.Bound
	task     task.Task
	options  sdk.Options
	controls []task.Control
}

// judges reports whether an arm has cells of the task.
func (b bound) judges(a arm) bool {
	if a.control {
		_, ok := b.control(a.name)
		return ok
	}
	want := b.task.Subject()
	if want == task.Sessions {
		want = task.Recommenders // with each agent
	}
	return a.subject == want && b.Refuses(a.spec) == ""
}

func (b bound) control(name string) (task.Control, bool) {
	for _, c := range b.controls {
		if c.Name == name {
			return c, true
		}
	}
	return task.Control{}, false
}

// Plan is a suite ready to be carried out.
type Plan struct {
	config Config
	corpus *corpus.Corpus
	split  *corpus.Split
	arms   []arm
	tasks  []bound
	id     record.Identity
	stage  func() *browse.Stage // of all sessions
	said   sync.Map             // remarks that were made

	backends []backend
	cassette *llm.Cassette // nil: backends are asked

	filtered  *record.FilterFacts // nil: the suite has no filter
	dataset   host.Instance       // what the data was read from
	dataSpec  sdk.ComponentSpec   // of that
	dataName  string
	canonical []byte

	grace     time.Duration // for calls in flight once the run was asked to stop
	keepAfter time.Duration // a fit that took this long leaves its model for resuming
}

// Prepare checks the suite, reads the data and splits it, and finds out which
// run this is. Close the plan when done with it.
func Prepare(ctx context.Context, c Config) (*Plan, error) {
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	catalogue := Catalogue{Context: ctx, Host: c.Host, Tasks: c.Tasks}
	if err := Check(c.Suite, catalogue); err != nil {
		return nil, err
	}
	if c.Replay == "" && c.Getenv != nil {
		if err := missingSecrets(c.Suite, c.Getenv); err != nil {
			return nil, err
		}
	}
	// Found out before the data is read, not after.
	if err := os.MkdirAll(c.Root, 0o755); err != nil {
		return nil, fmt.Errorf("run folder: %w: choose another with --out", err)
	}
	p := &Plan{config: c, grace: 10 * time.Second, keepAfter: 3 * time.Second}
	if err := p.open(ctx, catalogue); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// unread finds tasks that compare others which the suite does not have.
func unread(s *spec.Suite, tasks []task.Task) (wrong spec.Errors) {
	for _, t := range s.Tasks {
		known, _ := find(tasks, t.Kind)
		d, ok := known.(task.Deriver)
		if !ok {
			continue
		}
		for _, kind := range d.Reads() {
			if !slices.ContainsFunc(s.Tasks, func(o spec.Task) bool { return o.Kind == kind }) {
				wrong = append(wrong, t.Lacks(kind, d.Reads()))
			}
		}
	}
	return wrong
}

// Check validates a suite against tasks and plugins without touching data.
func Check(s *spec.Suite, c Catalogue) error {
	if err := s.Check(c); err != nil {
		return err
	}
	var wrong spec.Errors
	for _, t := range s.Tasks {
		known, _ := find(c.Tasks, t.Kind)
		if err := known.Check(t.Options); err != nil {
			wrong = append(wrong, t.Blame(err))
		}
	}
	wrong = append(wrong, unread(s, c.Tasks)...)
	if err := c.validate(sdk.KindDataset, s.Dataset); err != nil {
		wrong = append(wrong, s.Dataset.Blame("dataset", err))
	}
	for _, r := range s.Recommenders {
		err := c.validate(sdk.KindRecommender, r.Component)
		if err == nil {
			err = c.reachable(sdk.KindRecommender, r.Component)
		}
		if err != nil {
			wrong = append(wrong, r.Blame("recommender."+r.Name, err))
		}
	}
	for _, b := range s.Backends {
		if err := c.validate(sdk.KindLLM, b.Component); err != nil {
			wrong = append(wrong, b.Blame("llm."+b.Name, err))
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

func (p *Plan) open(ctx context.Context, catalogue Catalogue) error {
	s := p.config.Suite
	if err := p.openData(ctx); err != nil {
		return err
	}
	p.stage = p.stageOnce()
	for _, t := range s.Tasks {
		known, _ := find(p.config.Tasks, t.Kind)
		b, err := known.Bind(t.Options, p.split)
		if err != nil {
			return spec.Errors{t.Blame(err)}
		}
		p.tasks = append(p.tasks, bound{Bound: b, task: known, options: t.Options, controls: b.Controls()})
	}
	if err := p.findArms(catalogue); err != nil {
		return err
	}
	p.canonical = s.Canonical(catalogue)
	versions := map[string]int{}
	for _, t := range p.tasks {
		versions[t.task.Kind()] = t.task.Version()
	}
	p.id = record.Identity{
		Suite: digest(string(p.canonical), versions), Data: p.corpus.Digest(), Split: p.split.Digest(), Seed: s.Seed,
	}
	for _, a := range p.arms {
		if a.subject == task.Agents {
			continue // all that it is stands in the suite
		}
		p.id.Arms = append(p.id.Arms, record.ArmDigest{Name: a.name, Digest: a.digest})
	}
	return p.openCassette()
}

// filter puts the part of the data that the suite asks for in the place of the
// whole.
func (p *Plan) filter() error {
	f := p.config.Suite.Filter
	if f == nil {
		return nil
	}
	whole := p.corpus
	p.config.Events(Phase{Text: fmt.Sprintf("filtering %d interactions", whole.Interactions())})
	part, stats, err := whole.Filter(corpus.FilterParams{MinValue: f.MinValue, MaxValue: f.MaxValue, UserCore: f.UserCore, ItemCore: f.ItemCore})
	if err != nil {
		var named *sdk.Error
		if errors.As(err, &named) && errors.Is(err, sdk.ErrInvalid) {
			return spec.Errors{f.Blame(strings.TrimPrefix(named.Option, "filter."), err)}
		}
		return err
	}
	p.filtered = &record.FilterFacts{
		UserCore: f.UserCore, ItemCore: f.ItemCore, MinValue: f.MinValue, MaxValue: f.MaxValue,
		Users: stats.Users, Items: stats.Items, ByValue: stats.ByValue, ByCore: stats.ByCore,
	}
	p.corpus = part
	return whole.Close()
}

// blame gives an error that the user can mend its place in the suite.
func blame(c spec.Component, where string, err error) error {
	var placed spec.Errors
	if errors.As(err, &placed) || !errors.Is(err, sdk.ErrInvalid) {
		return err
	}
	return spec.Errors{c.Blame(where, err)}
}

// blameSplit does the same for what the data cannot be divided by.
func blameSplit(s spec.Split, err error) error {
	var named *sdk.Error
	if !errors.As(err, &named) || !errors.Is(err, sdk.ErrInvalid) {
		return err
	}
	return spec.Errors{{Pos: s.Pos, Where: named.Option, What: named.Msg, Cause: err}}
}

// openCorpus asks the dataset plugin once; its process ends before any
// recommender starts, and where cells ask how planted people truly act there is
// another (population). It gets no seed: what a data set holds depends on its own
// options, so that every seed of a suite meets the same data.
func (p *Plan) openCorpus(ctx context.Context) (*corpus.Corpus, error) {
	c, d := p.config, p.config.Suite.Dataset
	exe, err := c.Host.Resolve(sdk.KindDataset, d.Plugin)
	if err != nil {
		return nil, err
	}
	p.dataset = host.Instance{Executable: exe, Component: d.Component, Options: d.Options}
	proc, err := c.Host.Start(ctx, p.dataset)
	if err != nil {
		return nil, err
	}
	defer proc.Close()
	p.dataSpec = proc.Spec()
	p.dataName = d.Plugin + "/" + p.dataSpec.Name
	identity := digest(exe.Digest, d.Component, string(spec.CanonicalOptions(p.dataSpec.Options, d.Options, "")))
	return corpus.Open(ctx, p.corpusConfig(), identity, proc.Dataset())
}

func (p *Plan) corpusConfig() corpus.Config {
	c := p.config
	return corpus.Config{
		CacheDir: c.CacheDir, Plugin: c.Suite.Dataset.Plugin, Offline: c.Offline, SkipSessions: !p.simulates(),
		Emit: func(e sdk.Event) {
			switch e := e.(type) {
			case sdk.Progress:
				c.Events(Phase{Text: strings.TrimSpace("data set: " + e.Stage + " " + e.Message)})
			case sdk.Warning:
				c.Events(Note{Text: "data set: " + e.Summary + " " + e.Detail})
			}
		},
	}
}

// findArms lists the suite's recommenders and backends and adds the controls that
// every table carries: a random arm where the suite has none, and those of the tasks.
func (p *Plan) findArms(catalogue Catalogue) error {
	s := p.config.Suite
	arms, asked := s.Recommenders, len(s.Recommenders)
	random := !slices.ContainsFunc(p.tasks, func(t bound) bool {
		return t.task.Subject() == task.Recommenders || t.task.Subject() == task.Sessions
	})
	for _, r := range arms {
		random = random || isRandom(r.Plugin, r.Component.Component)
	}
	if !random {
		arms = append([]spec.Arm{{Name: control.RandomName, Component: spec.Component{
			Plugin: control.RandomPlugin, Component: control.RandomComponent, Options: sdk.Options{},
		}}}, arms...)
	}
	for _, r := range arms {
		described, err := catalogue.Component(sdk.KindRecommender, r.Plugin, r.Component.Component)
		if err != nil {
			return fmt.Errorf("%s: recommender %s: %w", r.Pos, r.Name, err)
		}
		exe, err := p.config.Host.Resolve(sdk.KindRecommender, r.Plugin)
		if err != nil {
			return fmt.Errorf("%s: recommender %s: %w", r.Pos, r.Name, err)
		}
		a := arm{name: r.Name, subject: task.Recommenders, exe: exe, spec: described, options: r.Options}
		if len(arms) > asked && r.Name == control.RandomName && len(p.judged(a)) == 0 {
			continue // nobody named it, and no task would ask it
		}
		if a.files, err = contents(described.Options, r.Options); err != nil {
			return spec.Errors{r.Blame("recommender."+r.Name, err)}
		}
		parts := []any{exe.Digest, described.Name, string(spec.CanonicalOptions(described.Options, r.Options, filepath.Dir(s.Path)))}
		if len(a.files) > 0 {
			parts = append(parts, a.files)
		}
		a.digest = digest(parts...)
		p.arms = append(p.arms, a)
	}
	for _, t := range p.tasks {
		for _, r := range s.Recommenders {
			if _, taken := t.control(r.Name); taken {
				return spec.Errors{{
					Pos: r.Pos, Where: "recommender." + r.Name + ".name",
					What: fmt.Sprintf("%q is the name of a control of task %s", r.Name, t.task.Kind()), Fix: fmt.Sprintf("choose name = %q", "my-"+r.Name),
				}}
			}
		}
	}
	for _, g := range s.Agents {
		for _, t := range p.tasks {
			if _, taken := t.control(g.Name); taken && t.task.Subject() == task.Agents {
				return spec.Errors{{
					Pos: g.Pos, Where: "agent." + g.Name + ".name",
					What: fmt.Sprintf("%q is the name of a control of task %s", g.Name, t.task.Kind()), Fix: fmt.Sprintf("choose name = %q", "my-"+g.Name),
				}}
			}
		}
	}
	if err := p.findBackends(catalogue); err != nil {
		return err
	}
	p.addAgents()
	p.addControls()
	return nil
}

// addControls appends a row per control that some task has.
func (p *Plan) addControls() {
	for _, t := range p.tasks {
		for _, c := range t.controls {
			if slices.ContainsFunc(p.arms, func(a arm) bool { return a.control && a.name == c.Name }) {
				continue
			}
			a := arm{name: c.Name, control: true, digest: digest(c.Name), spec: sdk.ComponentSpec{Name: c.Name, Determinism: sdk.DeterminismBitwise}}
			if c.Recommender != nil {
				a.spec = c.Recommender.Spec()
			}
			p.arms = append(p.arms, a)
		}
	}
}

func isRandom(plugin, component string) bool {
	return plugin == control.RandomPlugin && component == control.RandomComponent
}

// significant gives options for the record: it leaves out those that cannot change
// a result.
func significant(s sdk.ComponentSpec, o sdk.Options) sdk.Options {
	out := sdk.Options{}
	for _, d := range s.Options {
		if v, ok := o[d.Name]; ok && !d.Neutral {
			out[d.Name] = v
		}
	}
	return out
}

// digest hashes parts as JSON, whose object keys are sorted.
func digest(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		panic(fmt.Sprintf("digest: %v", err)) // options are scalars, lists and tables of them
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Close lets go of data and cassette.
func (p *Plan) Close() {
	if p.cassette != nil {
		_ = p.cassette.Close() // read-only
	}
	if p.corpus != nil {
		_ = p.corpus.Close() // read-only mappings: nothing can be lost
	}
}

// ID is the run's 12 hex digits: the same suite, data, plugins and seeds give
// the same.
func (p *Plan) ID() string { return p.id.ID() }

// judged lists the tasks in which an arm has cells, in their order.
func (p *Plan) judged(a arm) []bound {
	return slices.DeleteFunc(slices.Clone(p.tasks), func(t bound) bool { return !t.judges(a) })
}
