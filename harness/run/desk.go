package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// JournalDir holds the answers of backends below a run folder, a file each.
const JournalDir = "llm"

// maxLayers bounds how many journals of earlier runs are looked through for
// answers, the latest first.
const maxLayers = 32

// desk opens the backends of one run on first use and closes them all.
type desk struct {
	plan *Plan
	dir  string // of the run

	mu     sync.Mutex
	open   map[string]*opened
	tap    func(sdk.LLM) sdk.LLM // between client and process; nil: nothing
	once   bool                  // a call that fails is not made again
	layers []*llm.Journal        // of earlier runs; read when the first backend opens
	read   bool
}

// opened is a backend in use.
type opened struct {
	backend
	client  *llm.Client
	ledger  *llm.Ledger
	journal *llm.Journal // nil: not journalled

	mu      sync.Mutex
	process *host.Process
}

func (p *Plan) newDesk(dir string) *desk {
	return &desk{plan: p, dir: dir, open: map[string]*opened{}}
}

// backend gives the client of a backend for a cell.
func (d *desk) backend(name string, key record.CellKey) (*task.Backend, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b, ok := d.plan.backend(name)
	if !ok {
		return nil, fmt.Errorf("%s: the suite has no backend of this name", name)
	}
	return d.bind(b, key)
}

// taught gives the client of a backend that was tuned for an agent.
func (d *desk) taught(b backend, key record.CellKey) (*task.Backend, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.bind(b, key)
}

// bind opens a backend where it is not, and gives its client for a cell.
func (d *desk) bind(b backend, key record.CellKey) (*task.Backend, error) {
	o := d.open[b.Name]
	if o == nil {
		var err error
		if o, err = d.start(b); err != nil {
			return nil, err
		}
		d.open[b.Name] = o
	}
	return task.NewBackend(o.component, o.client, key.String()), nil
}

// start opens journal, ledger and client. The process waits for a question that
// no journal answers.
func (d *desk) start(b backend) (o *opened, err error) {
	o = &opened{backend: b}
	c := d.plan.config
	if d.plan.cassette == nil && b.journaled {
		if err := os.MkdirAll(filepath.Join(d.dir, JournalDir), 0o755); err != nil {
			return nil, environment(err)
		}
		if o.journal, err = llm.OpenJournal(journalPath(d.dir, b.Name), d.plan.binding()); err != nil {
			return nil, environment(err)
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.end())
		}
	}()
	if o.ledger, err = llm.NewLedger(o.journal, budget(b.Budget), budget(b.CellBudget)); err != nil {
		return nil, environment(err)
	}
	config := llm.Config{
		Name: b.Name, Identity: b.identity, Batch: b.local(), Concurrency: b.Concurrency, MaxRetries: b.MaxRetries,
		Price: price(b.Price), Ledger: o.ledger, Journal: o.journal,
		Backend: func(ctx context.Context) (sdk.LLM, error) {
			model, err := o.launch(ctx, c)
			if err == nil && d.tap != nil {
				model = d.tap(model)
			}
			return model, err
		},
		Notice: func(line string) { c.Events(Note{Text: line}) },
	}
	if b.MaxRetries == 0 {
		config.MaxRetries = -1 // 0 is the client's own default
	}
	if d.once {
		config.TransportRetries = -1
	}
	if d.plan.cassette != nil && b.journaled {
		config.Layers, config.ReplayOnly = []llm.Store{d.plan.cassette}, true
	} else if b.journaled {
		for _, j := range d.earlier() {
			config.Layers = append(config.Layers, j)
		}
	}
	o.client, err = llm.Open(config)
	return o, err
}

// launch starts the backend's process. It alone reads the secrets.
func (o *opened) launch(ctx context.Context, c Config) (sdk.LLM, error) {
	if c.Offline && o.reaches() {
		return nil, &sdk.Error{Kind: sdk.ErrDenied, Msg: "ALIGNUSER_OFFLINE=1 forbids the network, which this backend asks for: unset it, or --replay a cassette"}
	}
	secrets := map[string]string{}
	for name, variable := range o.Secrets {
		secrets[name] = c.Getenv(variable)
	}
	process, err := c.Host.Start(ctx, host.Instance{
		Executable: o.exe, Component: o.component.Name, Options: o.Options, Secrets: secrets,
		Threads: c.Suite.Limits.Threads, MemoryLimit: c.Suite.Limits.Memory,
	})
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.process != nil {
		o.process.Close() // of an attempt that ended with its context
	}
	o.process = process
	return process.LLM(), nil
}

func (o *opened) end() error {
	var errs []error
	if o.client != nil {
		errs = append(errs, o.client.Close())
	}
	o.mu.Lock()
	if o.process != nil {
		o.process.Close()
	}
	o.mu.Unlock()
	if o.journal != nil {
		errs = append(errs, o.journal.Close())
	}
	return errors.Join(errs...)
}

// earlier opens the journals of finished runs of this suite, the latest first.
// What cannot be read is said and passed over: it costs money, not a result.
func (d *desk) earlier() []*llm.Journal {
	if d.read {
		return d.layers
	}
	d.read = true
	for _, dir := range finishedRuns(filepath.Dir(d.dir), d.dir) {
		paths, _ := filepath.Glob(filepath.Join(dir, JournalDir, "*.journal")) // the pattern is good
		for _, path := range paths {
			if len(d.layers) == maxLayers {
				return d.layers
			}
			j, err := llm.ReadJournal(path)
			if err != nil {
				d.plan.config.Events(Note{Text: "answers of an earlier run are not used: " + err.Error()})
				continue
			}
			d.layers = append(d.layers, j)
		}
	}
	return d.layers
}

// finishedRuns lists the finished runs of a suite but one, the latest first.
func finishedRuns(suite, but string) []string {
	found, _ := filepath.Glob(filepath.Join(suite, "*", record.ManifestFile)) // the pattern is good
	type run struct {
		dir string
		m   record.Manifest
	}
	var runs []run
	for _, path := range found {
		dir := filepath.Dir(path)
		m, err := record.ReadManifest(dir)
		if err == nil && dir != but && !m.Finished.IsZero() {
			runs = append(runs, run{dir, m})
		}
	}
	slices.SortStableFunc(runs, func(a, b run) int { return b.m.Finished.Compare(a.m.Finished) })
	out := make([]string, len(runs))
	for i, r := range runs {
		out[i] = r.dir
	}
	return out
}

// close ends every process and writes what was used. A run that asked nothing
// leaves the table alone.
func (d *desk) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, o := range d.open {
		errs = append(errs, o.end())
	}
	for _, j := range d.layers {
		errs = append(errs, j.Close())
	}
	if len(d.open) > 0 {
		errs = append(errs, d.account())
	}
	return environment(errors.Join(errs...))
}

// account writes usage.csv. Rows of backends that nobody asked this time stay.
func (d *desk) account() error {
	path := filepath.Join(d.dir, record.UsageFile)
	before, err := record.ReadUsage(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.plan.config.Events(Note{Text: "the table of usage is begun anew: " + err.Error()})
	}
	now := map[record.Usage]bool{} // names of the rows
	var rows []record.Usage
	for _, o := range d.open {
		for _, u := range o.ledger.Usage() {
			r := usageRow(u)
			r.Backend = o.Name
			rows = append(rows, r)
			now[record.Usage{Backend: r.Backend, Cell: r.Cell, Role: r.Role}] = true
		}
	}
	for _, r := range before {
		if !now[record.Usage{Backend: r.Backend, Cell: r.Cell, Role: r.Role}] {
			rows = append(rows, r)
		}
	}
	return record.WriteUsage(path, rows)
}

func usageRow(u llm.Usage) record.Usage {
	return record.Usage{
		Backend: u.Backend, Cell: u.Cell, Role: string(u.Role), Requests: u.Requests,
		PromptTokens: u.PromptTokens, CachedTokens: u.CachedTokens, CompletionTokens: u.CompletionTokens, ReasoningTokens: u.ReasoningTokens,
		Retries: u.Retries, Invalid: u.Invalid, Charged: u.Charged, Reused: u.Reused, CostMicros: u.CostMicros, Currency: u.Currency,
	}
}

func journalPath(dir, name string) string { return filepath.Join(dir, JournalDir, name+".journal") }

func budget(b spec.Budget) llm.Budget {
	return llm.Budget{Calls: b.Calls, Tokens: b.Tokens, CostMicros: int64(math.Round(b.Money * 1e6))}
}

func price(p *spec.Price) *llm.Price {
	if p == nil {
		return nil
	}
	return &llm.Price{Input: p.Input, CachedInput: &p.CachedInput, Output: p.Output, Currency: p.Currency}
}
