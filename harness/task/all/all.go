// Package all is the one explicit list of tasks. Adding a task is a package
// below harness/task and a line here.
package all

import (
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/task/ab"
	"github.com/alignuser/alignuser/harness/task/action"
	"github.com/alignuser/alignuser/harness/task/consistency"
	"github.com/alignuser/alignuser/harness/task/distribution"
	"github.com/alignuser/alignuser/harness/task/offline"
	"github.com/alignuser/alignuser/harness/task/persona"
	"github.com/alignuser/alignuser/harness/task/preference"
	"github.com/alignuser/alignuser/harness/task/rating"
	"github.com/alignuser/alignuser/harness/task/reading"
	"github.com/alignuser/alignuser/harness/task/simulate"
	"github.com/alignuser/alignuser/harness/task/truth"
	"github.com/alignuser/alignuser/harness/task/world"
)

// Tasks lists every kind of task that a suite can ask for.
func Tasks() []task.Task {
	return []task.Task{offline.Task{}, rating.Task{}, reading.Task{}, simulate.Task{}, truth.Task{}, ab.Task{}, distribution.Task{}, action.Task{}, world.Task{}, consistency.Task{}, persona.Task{}, preference.Task{}, rating.Agents{}}
}
