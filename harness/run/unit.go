package run

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// unit is one arm and one repeat: one process, one fit, a cell for every task.
type unit struct {
	plan     *Plan
	run      *record.Run
	desk     *desk
	people   *population
	arm      arm
	repeat   int
	stopping func() bool

	process *host.Process
	fitted  sdk.Recommender
	broken  error // why there is no fitted arm: no later task tries again
	fitTime time.Duration
	costs   map[record.CellKey]record.Timing
}

// environmentError is a failure of the machine, not of the arm at work: no
// later cell would do better.
type environmentError struct{ err error }

func (e *environmentError) Error() string { return e.err.Error() }
func (e *environmentError) Unwrap() error { return e.err }

func environment(err error) error {
	if err == nil {
		return nil
	}
	return &environmentError{err}
}

// do makes the evidence of every cell that has none. The error is the run's,
// not the arm's: a broken arm is recorded and the run goes on.
func (u *unit) do(ctx context.Context) (err error) {
	u.costs = map[record.CellKey]record.Timing{}
	defer func() { err = errors.Join(err, u.end()) }()
	for _, t := range u.plan.judged(u.arm) {
		for _, key := range u.plan.keys(u.arm, t, u.repeat) {
			if u.run.Sealed(key) {
				continue
			}
			if err := u.keep(ctx, key, u.cell(ctx, t, key)); err != nil {
				return err
			}
		}
	}
	return nil
}

// keep records what a cell failed for. The error is one that ends the run.
func (u *unit) keep(ctx context.Context, key record.CellKey, err error) error {
	var broken *environmentError
	var spent *llm.BudgetError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &spent) && spent.Cell == "":
		return err // the ceiling of the run
	case errors.Is(err, task.ErrStopped), ctx.Err() != nil:
		return task.ErrStopped
	case errors.As(err, &broken):
		return err
	}
	if err := u.run.Fail(key, err.Error()); err != nil {
		return err
	}
	u.plan.config.Events(Failed{Key: key, Reason: err.Error()})
	return nil
}

func (u *unit) cell(ctx context.Context, b bound, key record.CellKey) error {
	if u.arm.spec.Determinism > sdk.DeterminismSameMachine && u.arm.subject != task.Backends {
		// Another fit answers otherwise: one cell's evidence comes from one fit.
		if err := u.run.Forget(key); err != nil {
			return environment(err)
		}
	}
	partial, err := u.run.Partial(key)
	if err != nil {
		return environment(err)
	}
	defer partial.Close() //nolint:errcheck // what was appended is synced; the rest is asked for again
	done := partial.Entries()
	started, fitBefore := time.Now(), u.fitTime
	var own task.Control // of the task, where the arm is one
	if u.arm.control {
		own, _ = b.control(u.arm.name)
	}
	err = b.Cell(ctx, task.Cell{
		Key:     key,
		Control: own.Name,
		Seed:    seedFor(u.plan.config.Suite.Seed, streamTies, uint64(u.repeat)),
		Recommender: func(ctx context.Context) (sdk.Recommender, error) {
			if u.arm.control {
				return own.Recommender, nil
			}
			return u.recommender(ctx)
		},
		Backend: func(name string) (*task.Backend, error) {
			return u.desk.backend(cmp.Or(name, u.arm.name), key)
		},
		Simulator: func(ctx context.Context, s browse.Settings) (*browse.Simulator, error) {
			return u.simulator(ctx, key, s)
		},
		Respond:      u.people.respond,
		Stage:        u.plan.stage,
		Done:         done,
		Log:          func(payload []byte) error { return environment(partial.Append(payload)) },
		Seal:         func(write func(io.Writer) error) error { return environment(u.run.Seal(key, write)) },
		SealSessions: func(write func(io.Writer) error) error { return environment(u.run.SealSessions(key, write)) },
		Step:         func(done int) { u.working(key.Task, int64(done), int64(b.Size()), sdk.Progress{}) },
		Stopping:     u.stopping,
	})
	if err != nil {
		return err
	}
	took := time.Since(started)
	asked := took - (u.fitTime - fitBefore)
	cost := record.Timing{Attempts: 1, Started: started, FitMS: milliseconds(u.fitTime), RecommendMS: milliseconds(asked)}
	if asked > 0 && len(done) == 0 { // a resumed cell asked for fewer users
		cost.UsersPerSecond = float64(b.Users()) / asked.Seconds()
	}
	u.costs[key] = cost
	u.plan.config.Events(Finished{Key: key, Took: took})
	return nil
}

// recommender gives the arm, started and fitted on first use.
func (u *unit) recommender(ctx context.Context) (sdk.Recommender, error) {
	if u.fitted == nil && u.broken == nil {
		u.fitted, u.broken = u.train(ctx)
	}
	return u.fitted, u.broken
}

func (u *unit) train(ctx context.Context) (sdk.Recommender, error) {
	u.working("start", 0, 0, sdk.Progress{})
	c := u.plan.config
	seed := seedFor(c.Suite.Seed, streamFit, uint64(u.repeat))
	started := time.Now()
	var err error
	u.process, err = c.Host.Start(ctx, host.Instance{
		Executable: u.arm.exe, Component: u.arm.spec.Name, Options: u.arm.options,
		Seed: seed, Threads: c.Suite.Limits.Threads, MemoryLimit: c.Suite.Limits.Memory,
	})
	if err != nil {
		return nil, err
	}
	data, err := u.plan.split.TrainingFolder(u.arm.spec.Needs.Tables)
	if errors.Is(err, sdk.ErrInvalid) {
		return nil, err // the arm asks for what there is not
	}
	if err != nil {
		return nil, environment(err)
	}
	rec := u.process.Recommender(u.plan.corpus.Items(), u.plan.corpus.Users())
	if err := u.fit(ctx, rec, data, seed); err != nil {
		return nil, err
	}
	u.fitTime = time.Since(started)
	return rec, nil
}

// fit trains the arm, or loads what an earlier attempt at this unit trained.
func (u *unit) fit(ctx context.Context, rec sdk.Recommender, data sdk.DataRef, seed uint64) error {
	saver, canSave := rec.(sdk.Saver)
	canSave = canSave && u.arm.spec.Has(sdk.FeatureSave)
	models := u.run.Models(u.arm.name, u.repeat)
	if canSave && models.Kept() {
		err := saver.Load(ctx, models.Dir(), data)
		if err == nil || ctx.Err() != nil {
			return err
		}
		u.note("the kept model does not load, fitting again: " + err.Error())
	}
	limit := u.plan.config.Suite.Limits.FitTimeout
	fitCtx, cancel := ctx, context.CancelFunc(func() {})
	if limit > 0 {
		fitCtx, cancel = context.WithTimeoutCause(ctx, limit, sdk.Invalidf("fit", "took longer than limits.fit-timeout, %v: raise it, or make the arm smaller", limit))
	}
	defer cancel()
	started := time.Now()
	request := sdk.FitRequest{Data: data, Seed: seed, Budget: limit, MemoryHint: u.plan.config.Suite.Limits.Memory}
	if _, err := rec.Fit(fitCtx, request, u.hear); err != nil {
		if fitCtx.Err() != nil && ctx.Err() == nil {
			return context.Cause(fitCtx)
		}
		return err
	}
	if canSave && time.Since(started) >= u.plan.keepAfter {
		err := models.Keep(func(dir string) error { _, err := saver.Save(ctx, dir); return err })
		if err != nil {
			u.note("the model is not kept for resuming: " + err.Error())
		}
	}
	return nil
}

func (u *unit) hear(e sdk.Event) {
	switch e := e.(type) {
	case sdk.Progress:
		u.working("fit", e.Step, e.Total, e)
	case sdk.Warning:
		u.note(e.Summary)
	}
}

func (u *unit) note(text string) {
	u.plan.config.Events(Note{Text: UnitName(u.arm.name, u.repeat) + ": " + text})
}

func (u *unit) working(stage string, step, total int64, p sdk.Progress) {
	u.plan.config.Events(Working{Arm: u.arm.name, Repeat: u.repeat, Stage: stage, Step: step, Total: total, Progress: p})
}

// end lets the process go, records what the cells cost and, when every cell of
// the unit is sealed, drops the model kept for resuming.
func (u *unit) end() error {
	var usage host.Usage
	if u.process != nil {
		usage = u.process.Close()
	}
	for key, t := range u.costs {
		t.CPUMS = milliseconds(usage.User + usage.System)
		t.RSSMB = float64(usage.MaxRSS) / (1 << 20)
		if err := u.run.Time(key, t); err != nil {
			return environment(err)
		}
	}
	for _, t := range u.plan.judged(u.arm) {
		for _, key := range u.plan.keys(u.arm, t, u.repeat) {
			if !u.run.Sealed(key) {
				return nil
			}
		}
	}
	u.run.Models(u.arm.name, u.repeat).Drop()
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(max(0, d)) / float64(time.Millisecond) }
