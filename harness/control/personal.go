package control

import (
	"fmt"
	"math"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// OwnLife is how much better an agent does with the life of its own user than with that
// of another (METHOD 8): its placebo's loss, in the same users.
type OwnLife struct {
	Metric  string
	Placebo string // the agent with another user's life
	score.Difference
}

// Holds reports whether the control holds.
func (o OwnLife) Holds() bool { return o.Lo > 0 }

// Judged reports whether anything can be said.
func (o OwnLife) Judged() bool { return o.Users >= leastUsers }

// String tells it in a line.
func (o OwnLife) String() string {
	if !o.Judged() {
		return fmt.Sprintf("not judged against %s: %d users have a value in both, and it takes %d", o.Placebo, o.Users, leastUsers)
	}
	return fmt.Sprintf("%s %s [%s, %s] better than with another user's life (%s, the same %d users)", o.Metric, thousandths(o.Value), thousandths(o.Lo), thousandths(o.Hi), o.Placebo, o.Users)
}

// thousandths rounds a difference; what rounds to 0 has no sign.
func thousandths(v float64) string { return fmt.Sprintf("%.3f", math.Round(v*1000)/1000+0) }

// ownSeed is no option: who could choose it could choose an interval.
const ownSeed = 0x6f776e6c696665 // "ownlife"

// Owns compares an agent with its placebo in a task, by the first of metrics that both
// have of every user whom the task asks about, and else by the last. Above 0 is better,
// whichever way the metric goes.
func Owns(judged []score.Judged, task, agent, placebo string, metrics []string) OwnLife {
	own, other := record.Arm{Agent: agent}, record.Arm{Agent: placebo}
	var mine []score.Judged
	users := map[int32]bool{}
	for _, j := range judged {
		if j.Key.Task != task || j.Key.Arm() != own && j.Key.Arm() != other {
			continue
		}
		mine = append(mine, j)
		for _, c := range j.Sheet.Columns {
			for _, u := range c.Users {
				users[u] = true
			}
		}
	}
	o := OwnLife{Placebo: placebo}
	for _, id := range metrics {
		o.Metric, o.Difference = id, score.Paired(mine, id, own, other, ownSeed)
		if o.Users == len(users) {
			break
		}
	}
	if h, ok := metric.Describe(o.Metric); ok && h.Direction == metric.Lower {
		o.Value, o.Lo, o.Hi = -o.Value, -o.Hi, -o.Lo
	}
	if math.IsNaN(o.Value) {
		o.Users = 0
	}
	return o
}
