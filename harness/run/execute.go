package run

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
)

// Result says how a run ended.
type Result struct {
	Dir         string
	Cells       int
	Failures    []record.Failure
	Interrupted bool
	Done        int // sealed cells, those of earlier attempts included
}

// Execute carries the plan out. Closing stop ends it in order: no new step
// starts, calls in flight get ten seconds, and what was finished is kept.
// Ending ctx ends it at once. In both cases Result.Interrupted is set and the
// same plan goes on later from there.
func (p *Plan) Execute(ctx context.Context, stop <-chan struct{}) (res Result, err error) {
	remarks, err := p.pinned()
	if err != nil {
		return Result{}, err
	}
	for _, text := range remarks {
		p.remark(text)
	}
	r, err := record.OpenRun(p.config.Root, p.config.Suite.Name, p.id)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	started := time.Now()
	if err := r.WriteManifest(p.manifest(started, time.Time{}, nil)); err != nil {
		return Result{}, err
	}
	res = Result{Dir: r.Dir()}
	p.each(func(record.CellKey) { res.Cells++ })
	p.config.Events(Planned{Dir: r.Dir(), Cells: res.Cells, Done: p.sealed(r)})

	desk, people := p.newDesk(r.Dir()), &population{plan: p}
	err = p.work(ctx, stop, r, desk, people)
	people.close()
	if e := desk.close(); err == nil || errors.Is(err, task.ErrStopped) && e != nil {
		err = e
	}
	res.Done = p.sealed(r)
	res.Failures = r.Failures()
	if errors.Is(err, task.ErrStopped) {
		res.Interrupted = true
		return res, nil
	}
	if err != nil {
		return res, err
	}
	err = p.conclude(ctx, r, started)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		res.Interrupted, err = true, nil
	}
	return res, err
}

// work runs the units. Units are handed out in the order of the plan, but
// nothing depends on the order in which they end.
func (p *Plan) work(ctx context.Context, stop <-chan struct{}, r *record.Run, desk *desk, people *population) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var ended atomic.Bool // a unit ended the run
	stopping := func() bool {
		select {
		case <-stop:
			return true
		default:
			return ended.Load() || ctx.Err() != nil
		}
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-stop:
		}
		select {
		case <-done:
		case <-time.After(p.grace):
			cancel()
		}
	})
	defer watcher.Wait()
	defer close(done)

	units := make(chan unit)
	failures := make(chan error, p.workers())
	var workers sync.WaitGroup
	for range p.workers() {
		workers.Go(func() {
			for u := range units {
				if stopping() {
					failures <- task.ErrStopped
					return
				}
				if err := u.do(ctx); err != nil {
					ended.Store(true) // the run cannot go on: let others end in order
					failures <- err
					return
				}
			}
		})
	}
	err := p.feed(units, failures, func(a arm, repeat int) unit {
		return unit{plan: p, run: r, desk: desk, people: people, arm: a, repeat: repeat, stopping: stopping}
	})
	workers.Wait()
	close(failures)
	for e := range failures {
		if err == nil || errors.Is(err, task.ErrStopped) {
			err = e
		}
	}
	return err
}

// feed hands out units until all are taken or one of them ended the run.
func (p *Plan) feed(units chan<- unit, failures <-chan error, make func(arm, int) unit) error {
	defer close(units)
	for repeat := range p.config.Suite.Repeats {
		for _, a := range p.arms {
			select {
			case units <- make(a, repeat):
			case err := <-failures:
				return err
			}
		}
	}
	return nil
}

func (p *Plan) workers() int {
	if n := p.config.Suite.Limits.Workers; n > 0 {
		return n
	}
	return max(1, runtime.NumCPU()/2)
}

func (p *Plan) sealed(r *record.Run) int {
	n := 0
	p.each(func(key record.CellKey) {
		if r.Sealed(key) {
			n++
		}
	})
	return n
}

func (p *Plan) each(f func(record.CellKey)) {
	for repeat := range p.config.Suite.Repeats {
		for _, a := range p.arms {
			for _, t := range p.judged(a) {
				for _, key := range p.keys(a, t, repeat) {
					f(key)
				}
			}
		}
	}
}

// String names the plan in messages.
func (p *Plan) String() string {
	return fmt.Sprintf("%s %s", p.config.Suite.Name, p.ID())
}
