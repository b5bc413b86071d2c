package run

import (
	"context"
	"fmt"
	"sync"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/sdk"
)

// population is the data set's process of a run, which knows how planted people
// truly act. It starts when the first cell asks, serves all cells, and ends with
// the run.
type population struct {
	plan *Plan

	mu      sync.Mutex
	process *host.Process
	people  sdk.Responder
}

// respond gives the process, prepared. Where it does not start, the next cell
// tries again: what ends with one cell's context is no fault of the data set.
func (p *population) respond(ctx context.Context) (sdk.Responder, error) {
	if !p.plan.dataSpec.Has(sdk.FeatureRespond) {
		return nil, sdk.Unsupportedf("data set %s: it has no feature %q: only a planted population knows how its people truly act", p.plan.dataName, sdk.FeatureRespond)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.people != nil {
		return p.people, nil
	}
	process, err := p.plan.config.Host.Start(ctx, p.plan.dataset)
	if err != nil {
		return nil, fmt.Errorf("data set %s: %w", p.plan.dataName, err)
	}
	ds := process.Dataset()
	if err := p.prepare(ctx, ds); err != nil {
		process.Close()
		return nil, fmt.Errorf("data set %s: %w", p.plan.dataName, err)
	}
	people, ok := ds.(sdk.Responder)
	if !ok {
		process.Close()
		return nil, sdk.Unsupportedf("data set %s: it cannot be asked", p.plan.dataName)
	}
	p.process, p.people = process, people
	return people, nil
}

// prepare brings the process to the data of the plan.
func (p *population) prepare(ctx context.Context, ds sdk.Dataset) error {
	got, err := corpus.Prepare(ctx, p.plan.corpusConfig(), ds)
	if err != nil {
		return err
	}
	if want := p.plan.corpus.Info(); got.Version != want.Version {
		return sdk.Invalidf("", "it is of version %q now and was of %q when the data was read: run again", got.Version, want.Version)
	}
	return nil
}

// close ends the process.
func (p *population) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process != nil {
		p.process.Close()
	}
}
