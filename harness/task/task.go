// Package task says what a task is: options, the evidence of a cell, and how
// evidence becomes metrics. Every task of the method is a package below this
// one and a line in All; package run knows none of them by name.
package task

import (
	"context"
	"errors"
	"io"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// ErrStopped says that a cell ended early because the run was asked to stop.
// What it logged is kept.
var ErrStopped = errors.New("stopped")

// Task is one kind of task that a suite can ask for.
type Task interface {
	// Kind is the word in the suite.
	Kind() string
	// Version counts changes of what a cell's evidence holds. Runs of different
	// versions never share a folder.
	Version() int
	// Doc is one sentence for lists and help.
	Doc() string
	// Options declares the task's options.
	Options() []sdk.OptionSpec
	// Check applies the rules that no single option can express, before
	// anything runs.
	Check(o sdk.Options) error
	// Bind fixes options and data for a run. It computes what all cells share.
	Bind(o sdk.Options, split *corpus.Split) (Bound, error)
	// Metrics lists the ids of what the task reports, in order, the primary
	// one first.
	Metrics(o sdk.Options) []string
	// Scorer reads the task's evidence.
	Scorer(o sdk.Options) score.Scorer
}

// Bound is a task with its data.
type Bound interface {
	// Oracle is the control that no arm may beat.
	Oracle() sdk.Recommender
	// Facts are caveats and counts for the report: name and value.
	Facts() []record.Fact
	// Users is the number of users that a cell asks for.
	Users() int
	// Size is the number of steps of one cell, for progress.
	Size() int
	// Cell makes the evidence of one cell. It may be called concurrently. It
	// goes on from what the cell's log holds, returns early with ctx's error,
	// and stops between steps when c.Stopping says so, with ErrStopped.
	Cell(ctx context.Context, c Cell) error
}

// Cell is what a task needs to make one cell's evidence.
type Cell struct {
	Key record.CellKey
	// Recommender gives the fitted arm. Calling it may take as long as a fit,
	// so a cell whose log is complete does not.
	Recommender func(ctx context.Context) (sdk.Recommender, error)
	// Seed orders ties; it hashes the suite's seed and the repeat, never the arm.
	Seed uint64
	// Done holds what an earlier attempt logged, in order.
	Done [][]byte
	// Log keeps a finished step so that it is never asked for again.
	Log func(payload []byte) error
	// Seal writes the finished evidence; it replaces the log.
	Seal func(write func(io.Writer) error) error
	// Step reports progress.
	Step func(done int)
	// Stopping reports that no further step should start.
	Stopping func() bool
}
