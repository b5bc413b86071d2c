package run

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
)

// Forecast says what a run will take, before it takes it.
type Forecast struct {
	Suite    string            `json:"suite"`
	Run      string            `json:"run"` // its folder
	Cells    int               `json:"cells"`
	Done     int               `json:"done"`               // sealed by earlier attempts
	Fits     int               `json:"fits"`               // recommenders to be started and fitted
	Evidence *ForecastEvidence `json:"evidence,omitempty"` // nil: users are not cut into halves
	Tasks    []TaskForecast    `json:"tasks"`
	Backends []BackendForecast `json:"backends"`
	// Teaching is apart from what backends are asked by the cells.
	Teaching []TeachingForecast `json:"teaching,omitempty"`
	// Seconds is the work of the cells that are to do as an earlier run of the suite
	// timed them; 0: no run did.
	Seconds float64 `json:"seconds,omitempty"`
	By      string  `json:"by,omitempty"` // that run
	Bytes   int64   `json:"bytes"`        // on disk, about
	// Warnings are what the run would warn of before it begins.
	Warnings []string `json:"warnings,omitempty"`
}

// ForecastEvidence says how users are cut into halves.
type ForecastEvidence struct {
	Kind        string `json:"kind"`
	UsersJudged int    `json:"users_judged"`
	Users       int    `json:"users"` // of the half that agents' evidence rests on
}

// TaskForecast counts the cells of one task.
type TaskForecast struct {
	Task  string `json:"task"`
	Cells int    `json:"cells"`
	Done  int    `json:"done"`
	Units int    `json:"units"` // users, questions: a cell's
	Unit  string `json:"unit"`
}

// BackendForecast is what one backend will be asked.
type BackendForecast struct {
	Backend          string  `json:"backend"`
	Cells            int     `json:"cells"` // that are to do
	Calls            int64   `json:"calls"`
	Known            int64   `json:"known"` // of them, answered by journals: free
	PromptTokens     int64   `json:"prompt_tokens"`
	CompletionTokens int64   `json:"completion_tokens"` // at most
	Cost             float64 `json:"cost"`              // at most, retries apart
	Currency         string  `json:"currency,omitempty"`
	Seconds          float64 `json:"seconds"` // at one second an answer, as many at once as the suite allows
	AtOnce           int     `json:"at_once"`
	Journaled        bool    `json:"journaled"`
	Exceeds          string  `json:"exceeds,omitempty"` // the ceiling that would end the run early
	// AtMost: some of the calls are those of agents, whose sessions may end early.
	AtMost bool `json:"at_most,omitempty"`
}

// Bytes that a unit of evidence and an answer take, on the large side. Measured: 37
// a user of quickstart, 165 with every metric of offline on MovieLens 1M, 20 a
// question of backends; 490 an answer that is one choice with its probabilities,
// and stated reasons add their length.
const (
	unitBytes   = 170
	answerBytes = 1400
)

// Forecast looks at what is done, what journals hold, and what is left to do. What the run
// would refuse to begin with is refused here too.
func (p *Plan) Forecast(ctx context.Context) (f Forecast, err error) {
	remarks, err := p.pinned()
	if err != nil {
		return f, err
	}
	dir := filepath.Join(p.config.Root, p.config.Suite.Name, p.ID())
	f = Forecast{Suite: p.config.Suite.Name, Run: dir, Tasks: []TaskForecast{}, Backends: []BackendForecast{}, Warnings: remarks}
	if e := evidenceFacts(p.split.Stats()); e != nil {
		f.Evidence = &ForecastEvidence{Kind: e.Kind, UsersJudged: e.UsersJudged, Users: e.Users}
	}
	sealed := func(key record.CellKey) bool {
		_, err := os.Stat(record.EvidencePath(dir, key))
		return err == nil
	}
	for _, t := range p.tasks {
		part := TaskForecast{Task: t.task.Kind(), Units: t.Users(), Unit: "users"}
		if counts, ok := t.task.(task.Counter); ok {
			part.Unit = counts.Unit()
		}
		p.each(func(key record.CellKey) {
			if key.Task == part.Task {
				part.Cells++
				if sealed(key) {
					part.Done++
				}
			}
		})
		f.Cells, f.Done = f.Cells+part.Cells, f.Done+part.Done
		f.Bytes += int64(part.Cells-part.Done) * int64(part.Units) * unitBytes
		f.Tasks = append(f.Tasks, part)
	}
	for repeat := range p.config.Suite.Repeats {
		for _, a := range p.arms {
			open := false
			for _, t := range p.judged(a) {
				open = open || slices.ContainsFunc(p.keys(a, t, repeat), func(k record.CellKey) bool { return !sealed(k) })
			}
			if open && !a.control && a.subject == task.Recommenders {
				f.Fits++
			}
		}
	}
	f.Seconds, f.By = p.timed(dir, sealed)
	d := p.newDesk(dir)
	defer func() { err = errors.Join(err, d.close()) }()
	for _, b := range p.backends {
		part, err := p.forecast(ctx, d, b, sealed)
		if err != nil {
			return f, err
		}
		if part.Journaled {
			f.Bytes += (part.Calls - part.Known) * answerBytes
		}
		f.Backends = append(f.Backends, part)
	}
	f.Teaching, err = p.teaching()
	return f, err
}

// timed adds up what the latest finished run of the suite took for arms that this
// one has cells to do of.
func (p *Plan) timed(dir string, sealed func(record.CellKey) bool) (seconds float64, by string) {
	for _, run := range finishedRuns(filepath.Dir(dir), "") {
		timings, err := record.ReadTimings(filepath.Join(run, record.TimingsFile))
		if err != nil {
			continue
		}
		took := map[record.CellKey]float64{}
		fits := map[record.CellKey]float64{} // of a unit: its cells share one
		for _, t := range timings {
			took[t.CellKey] = t.RecommendMS / 1000
			unit := t.CellKey
			unit.Task = ""
			fits[unit] = max(fits[unit], t.FitMS/1000)
		}
		open := map[record.CellKey]bool{}
		p.each(func(key record.CellKey) {
			if !sealed(key) {
				seconds += took[key]
				key.Task = ""
				open[key] = true
			}
		})
		for unit := range open {
			seconds += fits[unit]
		}
		return seconds, filepath.Base(run)
	}
	return 0, ""
}

// forecast asks the journals what they know of a backend's questions.
func (p *Plan) forecast(ctx context.Context, d *desk, b backend, sealed func(record.CellKey) bool) (f BackendForecast, err error) {
	f = BackendForecast{Backend: b.Name, Journaled: b.journaled, AtOnce: cmp.Or(b.Concurrency, defaultConcurrency)}
	known, err := d.lookup(b)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, known.Close()) }()
	for _, t := range p.tasks {
		asks, ok := t.Bound.(task.Predictor)
		if !ok || t.task.Subject() != task.Backends {
			continue
		}
		for repeat := range p.config.Suite.Repeats {
			key := record.CellKey{Task: t.task.Kind(), Agent: b.Name, Repeat: repeat}
			if sealed(key) {
				continue
			}
			f.Cells++
			for r := range asks.Predict(seedFor(p.config.Suite.Seed, streamTies, uint64(repeat)), repeat) {
				r.Cell = key.String()
				f.Calls++
				_, err := known.Ask(ctx, r)
				switch {
				case err == nil:
					f.Known++
				case errors.Is(err, llm.ErrMiss):
					prompt, completion := llm.Estimate(r)
					f.PromptTokens, f.CompletionTokens = f.PromptTokens+prompt, f.CompletionTokens+completion
				default:
					return f, err
				}
			}
		}
	}
	p.bounded(&f, b.Name, sealed)
	if b.Price != nil {
		f.Cost, f.Currency = b.cost(f.PromptTokens, f.CompletionTokens), b.Price.Currency
	}
	if !b.local() {
		f.Seconds = (float64(f.Calls-f.Known) / float64(f.AtOnce)) * time.Second.Seconds()
	}
	f.Exceeds = exceeds(b.Backend, f)
	return f, nil
}

// bounded adds what agents may ask at most: their questions depend on the answers
// before, so nobody can say how many there will be.
func (p *Plan) bounded(f *BackendForecast, backend string, sealed func(record.CellKey) bool) {
	for _, g := range p.config.Suite.Agents {
		if g.Backend != backend {
			continue
		}
		var all agent.Asked
		for _, t := range p.tasks {
			bounder, ok := t.Bound.(task.Bounder)
			if !ok {
				continue
			}
			open := 0
			p.each(func(key record.CellKey) {
				if key.Task == t.task.Kind() && key.Agent == g.Name && !sealed(key) {
					open++
				}
			})
			if open > 0 {
				all.Add(bounder.Most(), open)
				f.Cells, f.AtMost = f.Cells+open, true
			}
		}
		if all.Users > 0 { // somebody is shown a page
			all.Users, all.Items = min(all.Users, p.corpus.Users()), p.corpus.Items()
		}
		calls, prompt, answers := agent.Most(g.Kind, g.Options, p.isLanguage(backend), all)
		f.Calls, f.PromptTokens, f.CompletionTokens = f.Calls+calls, f.PromptTokens+prompt, f.CompletionTokens+answers
	}
}

// defaultConcurrency is the client's own.
const defaultConcurrency = 64

// lookup is a client that only ever looks into journals.
func (d *desk) lookup(b backend) (*llm.Client, error) {
	config := llm.Config{
		Name: b.Name, Identity: b.identity, MaxRetries: b.MaxRetries, ReplayOnly: true, Price: price(b.Price),
	}
	if b.MaxRetries == 0 {
		config.MaxRetries = -1
	}
	if b.journaled {
		if path := journalPath(d.dir, b.Name); exists(path) {
			own, err := llm.ReadJournal(path)
			if err != nil {
				return nil, err
			}
			d.layers = append(d.layers, own) // closed with the desk
		}
		for _, j := range d.earlier() {
			config.Layers = append(config.Layers, j)
		}
	}
	return llm.Open(config)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// exceeds names the ceiling below the forecast; "" where all hold.
func exceeds(b spec.Backend, f BackendForecast) string {
	cells := int64(max(1, f.Cells))
	calls, tokens := f.Calls-f.Known, f.PromptTokens+f.CompletionTokens
	switch {
	case b.Budget.Calls > 0 && calls > b.Budget.Calls:
		return "budget.calls"
	case b.Budget.Tokens > 0 && tokens > b.Budget.Tokens:
		return "budget.tokens"
	case b.Budget.Money > 0 && f.Cost > b.Budget.Money:
		return "budget.money"
	case b.CellBudget.Calls > 0 && calls/cells > b.CellBudget.Calls:
		return "cell-budget.calls"
	case b.CellBudget.Tokens > 0 && tokens/cells > b.CellBudget.Tokens:
		return "cell-budget.tokens"
	case b.CellBudget.Money > 0 && f.Cost/float64(cells) > b.CellBudget.Money:
		return "cell-budget.money"
	}
	return ""
}
