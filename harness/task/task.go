// Package task says what a task is: options, the evidence of a cell, and how
// evidence becomes metrics. Every task of the method is a package below this
// one and a line in All; package run knows none of them by name.
package task

import (
	"context"
	"errors"
	"io"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// ErrStopped says that a cell ended early because the run was asked to stop.
// What it logged is kept.
var ErrStopped = errors.New("stopped")

// Subject says whom a task judges.
type Subject int

// The subjects. An arm of the suite has cells of the tasks that judge its kind.
const (
	Recommenders Subject = iota + 1 // a cell per [[recommender]] and repeat
	Backends                        // a cell per [[llm]] and repeat; no recommender takes part
	Sessions                        // a cell per [[recommender]], [[agent]] and repeat
	Agents                          // a cell per [[agent]] and repeat; no recommender takes part
	Tables                          // no cells: the task is made of other tasks' sheets, see [Deriver]
)

// Task is one kind of task that a suite can ask for.
type Task interface {
	// Kind is the word in the suite.
	Kind() string
	// Subject says whose cells the task makes.
	Subject() Subject
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
	// Controls are rows that the task adds by itself, an oracle that no arm may
	// beat first, then baselines. Tasks that share a control's name share its row.
	Controls() []Control
	// Refuses says why an arm has no cell here, such as a recommender that does not
	// predict what the task asks for; "" for those that have.
	Refuses(arm sdk.ComponentSpec) string
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

// Control is a row that is answered inside the host.
type Control struct {
	Name string
	// Recommender answers for the control where the task judges recommenders; nil
	// where it judges something else and finds the answer by the name in Cell.
	Recommender sdk.Recommender
}

// Cell is what a task needs to make one cell's evidence.
type Cell struct {
	Key record.CellKey
	// Control names the control whose cell this is; empty for an arm of the suite.
	Control string
	// Recommender gives the fitted arm. Calling it may take as long as a fit,
	// so a cell whose log is complete does not.
	Recommender func(ctx context.Context) (sdk.Recommender, error)
	// Backend gives a language model of the suite by its name; the empty name is
	// the one that the cell judges. Nothing is started before it is asked.
	Backend func(name string) (*Backend, error)
	// Respond gives the process that knows how planted people truly act, started
	// when first asked and shared by all cells; the error says why there is none,
	// such as data of real people, who know no such thing. It may be called
	// concurrently, and the responder too. Only package control may use it: hand it
	// to control.NewTruth, whose answers judge and are never shown to an agent nor
	// learnt from.
	Respond func(ctx context.Context) (sdk.Responder, error)
	// Simulator gives the cell's agent, ready to browse by the task's settings.
	Simulator func(ctx context.Context, s browse.Settings) (*browse.Simulator, error)
	// Stage is what all sessions of the run share.
	Stage func() *browse.Stage
	// Seed orders ties; it hashes the suite's seed and the repeat, never the arm.
	Seed uint64
	// Done holds what an earlier attempt logged, in order.
	Done [][]byte
	// Log keeps a finished step so that it is never asked for again.
	Log func(payload []byte) error
	// Seal writes the finished evidence; it replaces the log.
	Seal func(write func(io.Writer) error) error
	// SealSessions is Seal for evidence of sessions.
	SealSessions func(write func(io.Writer) error) error
	// Step reports progress.
	Step func(done int)
	// Stopping reports that no further step should start.
	Stopping func() bool
}

// Arms says of a run's arms what their sheets do not.
type Arms struct {
	Controls []string          // recommenders that compete for nothing
	Placebos map[string]string // by agent: the same agent with the life of another user
}

// Deriver is implemented by tasks whose numbers come from what other tasks found,
// such as how well two of them agree.
type Deriver interface {
	// Derive gives sheets under keys of its own. judged holds those of all tasks with
	// cells.
	Derive(judged []score.Judged, arms Arms, seed uint64) ([]score.Judged, error)
	// Reads names the tasks without which there is nothing to derive.
	Reads() []string
}

// Personal is implemented by tasks in which an agent must do better for its own user
// than the same agent with another user's life (METHOD 8).
type Personal interface {
	// Personal lists metrics with a value per user. An agent is held to the first that
	// it and its placebo have of every user.
	Personal(o sdk.Options) []string
}
