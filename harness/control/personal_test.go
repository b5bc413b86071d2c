package control

import (
	"math"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// about is what a cell says of an agent in task action.
func about(agent string, columns ...score.Column) score.Judged {
	return score.Judged{Key: record.CellKey{Task: "action", Agent: agent}, Sheet: score.Sheet{Columns: columns}}
}

func perUser(id string, users int32, of func(u int32) float64) score.Column {
	c := score.Column{Metric: id, Version: 1}
	for u := range users {
		c.Users, c.Values = append(c.Users, u), append(c.Values, of(u))
	}
	return c
}

func constant(v float64) func(int32) float64 { return func(int32) float64 { return v } }

var actionMetrics = []string{metric.ActionLogLoss, metric.ActionCard}

// TestOwns: of every user the agent has a log-loss of 0.5 and its placebo one of 0.75, so
// that it is 0.25 better, in every draw.
func TestOwns(t *testing.T) {
	judged := []score.Judged{
		about("own", perUser(metric.ActionLogLoss, 30, constant(0.5)), perUser(metric.ActionCard, 30, constant(0.7))),
		about("other", perUser(metric.ActionLogLoss, 30, constant(0.75)), perUser(metric.ActionCard, 30, constant(0.8))),
		about("somebody", perUser(metric.ActionLogLoss, 90, constant(9))),
	}
	o := Owns(judged, "action", "own", "other", actionMetrics)
	if !o.Judged() || !o.Holds() || o.Metric != metric.ActionLogLoss || o.Value != 0.25 || o.Lo != 0.25 || o.Hi != 0.25 || o.Users != 30 {
		t.Errorf("%+v", o)
	}
	if want := "action.log-loss 0.250 [0.250, 0.250] better than with another user's life (other, the same 30 users)"; o.String() != want {
		t.Errorf("%q, want %q", o.String(), want)
	}
	// One user without a probability, and the accuracies count, of which more is better:
	// 0.7 less 0.8.
	judged[1].Sheet.Columns[0].Values[4] = math.NaN()
	o = Owns(judged, "action", "own", "other", actionMetrics)
	if !o.Judged() || o.Holds() || o.Metric != metric.ActionCard || math.Abs(o.Value+0.1) > 1e-12 || math.Abs(o.Hi+0.1) > 1e-9 {
		t.Errorf("accuracies: %+v", o)
	}
}

// TestOwnsAlike: whom another's life serves as well as the own one is nobody. Users are
// better by 1 and worse by 1 in turn, so that 0 lies inside the interval.
func TestOwnsAlike(t *testing.T) {
	turns := func(u int32) float64 { return float64(u % 2) }
	judged := []score.Judged{about("own", perUser(metric.ActionCard, 60, turns)), about("other", perUser(metric.ActionCard, 60, func(u int32) float64 { return 1 - turns(u) }))}
	o := Owns(judged, "action", "own", "other", actionMetrics)
	if !o.Judged() || o.Holds() || o.Value != 0 || !(o.Lo < 0 && o.Hi > 0) {
		t.Errorf("%+v", o)
	}
	same := []score.Judged{judged[0], about("other", judged[0].Sheet.Columns...)}
	if o := Owns(same, "action", "own", "other", actionMetrics); o.Holds() || o.Lo != 0 {
		t.Errorf("the same answers: %+v", o)
	}
}

// TestOwnsNothing: too few users, or a placebo that failed, and nothing is said.
func TestOwnsNothing(t *testing.T) {
	for name, judged := range map[string][]score.Judged{
		"few users":  {about("own", perUser(metric.ActionCard, 19, constant(1))), about("other", perUser(metric.ActionCard, 19, constant(0)))},
		"no placebo": {about("own", perUser(metric.ActionCard, 30, constant(1)))},
	} {
		o := Owns(judged, "action", "own", "other", actionMetrics)
		if o.Judged() || !strings.HasPrefix(o.String(), "not judged against other: ") {
			t.Errorf("%s: %+v: %s", name, o, o)
		}
	}
	if o := Owns([]score.Judged{about("own"), about("other")}, "world", "own", "other", actionMetrics); o.Judged() {
		t.Errorf("another task: %+v", o)
	}
}
