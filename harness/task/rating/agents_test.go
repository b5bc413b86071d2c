package rating

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

func bindAgents(t testing.TB, split *corpus.Split, given sdk.Options) *agents {
	t.Helper()
	o, wrong := sdk.Canonical(Agents{}.Options(), given)
	if len(wrong) > 0 {
		t.Fatal(wrong)
	}
	b, err := Agents{}.Bind(o, split)
	if err != nil {
		t.Fatal(err)
	}
	return b.(*agents)
}

// agentCell is a cell of an agent that decides by itself, or by decide.
func (j *journal) agentCell(stage *browse.Stage, control string, decide agent.Agent) task.Cell {
	c := j.cell(nil)
	c.Key, c.Control, c.Seed = record.CellKey{Task: AgentsKind, Agent: "arm"}, control, 5
	c.Stage = func() *browse.Stage { return stage }
	c.Simulator = func(ctx context.Context, s browse.Settings) (*browse.Simulator, error) {
		k, _ := agent.KindOf("random")
		o, _ := sdk.Canonical(k.Options, nil)
		sim, err := stage.Simulator(ctx, browse.Cast{Kind: "random", Options: o}, s)
		if decide != nil {
			sim.Agent = decide
		}
		return sim, err
	}
	return c
}

// sheet carries a cell out and scores it from its file alone.
func (a *agents) sheet(t testing.TB, split *corpus.Split, control string, decide agent.Agent) ([]pair, score.Sheet) {
	t.Helper()
	var j journal
	if err := a.Cell(t.Context(), j.agentCell(browse.NewStage(split), control, decide)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "r0.parquet")
	if err := os.WriteFile(path, j.evidence, 0o600); err != nil {
		t.Fatal(err)
	}
	pairs, err := record.ReadParquet[pair](path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Agents{}.Scorer(nil)(path)
	if err != nil {
		t.Fatal(err)
	}
	return pairs, s
}

func wholeOf(t testing.TB, s score.Sheet, id string) score.Whole {
	t.Helper()
	i := slices.IndexFunc(s.Wholes, func(w score.Whole) bool { return w.Metric == id })
	if i < 0 {
		t.Fatalf("no %s", id)
	}
	return s.Wholes[i]
}

// TestAgentSheet: user 0 gave 5 and 2, user 1 gave 4, 3 and 1.
//
//	user  value  expected  given  level
//	0     5      3.5       5      0
//	0     2      -         4      0
//	1     4      2.4       2      9
//	1     3      -         -      9: no value came
//	1     1      1.2       1      -1
func TestAgentSheet(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	pairs := []pair{
		{User: 0, Item: 0, Level: 0, Value: 5, Expected: v(3.5), Given: v(5)},
		{User: 0, Item: 1, Level: 0, Value: 2, Given: v(4)},
		{User: 1, Item: 0, Level: 9, Value: 4, Expected: v(2.4), Given: v(2)},
		{User: 1, Item: 2, Level: 9, Value: 3},
		{User: 1, Item: 3, Level: -1, Value: 1, Expected: v(1.2), Given: v(1)},
	}
	for i := range pairs {
		pairs[i].ScaleMin, pairs[i].ScaleMax, pairs[i].ScaleStep = 1, 5, 1
	}
	s := agentSheet(pairs)
	for id, want := range map[string][]float64{
		// −1.5 of user 0; −1.6 and 0.2 of user 1.
		"rating.rmse.expected": {1.5, math.Sqrt((2.56 + 0.04) / 2)},
		"rating.mae.expected":  {1.5, 0.9},
		// Answers 4 and 4 of user 0: −1 and 2; 2 and 1 of user 1: −2 and 0.
		"rating.rmse.answer":          {math.Sqrt(2.5), math.Sqrt2},
		"rating.mae.answer":           {1.5, 1},
		"rating.rmse.answer.pooled":   {5, 4},
		"rating.mae.expected.pooled":  {1.5, 1.8},
		"rating.rmse.expected.pooled": {2.25, 2.6},
		"rating.missing":              {0, 1.0 / 3},
	} {
		if got := column(t, s, id).Values; !equal([][]float64{got}, [][]float64{want}) {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
	if note := column(t, s, "rating.rmse.expected").Note; !strings.Contains(note, "over the 3 of 5 pairs") {
		t.Errorf("%q", note)
	}
	// People 5 2 4 1, agent 5 4 2 1: no difference in all, though it knows nothing.
	if w := wholeOf(t, s, metric.DistValue); w.Value != 0 || w.N != 2 || w.Why == "" {
		t.Errorf("%+v", w)
	}
	// Level 0: {5, 2} against {5, 4}, 1/2; level 9: {4} against {2}, 1. Their mean.
	if w := wholeOf(t, s, conditional); w.Value != 0.75 {
		t.Errorf("%+v", w)
	}
	for i := range pairs {
		pairs[i].Expected, pairs[i].Given = nil, nil
	}
	s = agentSheet(pairs)
	if c := column(t, s, "rating.rmse.expected"); !math.IsNaN(c.Values[0]) || !strings.Contains(c.Why, "no probabilities") {
		t.Errorf("%+v", c)
	}
	if w := wholeOf(t, s, conditional); !math.IsNaN(w.Value) || w.N != 0 || w.Why != "undefined: no value came" {
		t.Errorf("%+v", w)
	}
}

// TestAgentControls: baselines err as in task rating; the oracle is what people are,
// and the histogram gives training values and expects their mean, 3.
func TestAgentControls(t *testing.T) {
	split := tiny().split(t)
	a, b := bindAgents(t, split, nil), bind(t, tiny(), coldInclude)
	for _, name := range []string{"oracle", "bias", "item-mean", "global-mean"} {
		_, mine := a.sheet(t, split, name, nil)
		_, theirs := b.sheet(t, b.control(t, name))
		for _, c := range mine.Columns {
			if other := column(t, theirs, c.Metric); !slices.Equal(c.Values, other.Values) || c.Root != other.Root {
				t.Errorf("%s: %s is %v, of recommenders %v", name, c.Metric, c.Values, other.Values)
			}
		}
		if w := wholeOf(t, mine, metric.DistValue); (w.Value == 0) != (name == "oracle") {
			t.Errorf("%s: %+v", name, w)
		}
	}
	pairs, _ := a.sheet(t, split, Histogram, nil)
	different := map[float64]bool{}
	// Deciles of the means 4.5, 3, 2 and 1 of four items; the fifth has none.
	levels := []int32{7, 5, 2, 0, -1}
	for _, p := range pairs {
		if p.Level != levels[p.Item] {
			t.Errorf("item %d is of level %d, want %d", p.Item, p.Level, levels[p.Item])
		}
		different[*p.Given] = true
		if *p.Expected != 3 || !slices.Contains([]float64{5, 3, 4, 2, 1}, *p.Given) {
			t.Errorf("%+v", p)
		}
	}
	if len(a.Controls()) != 5 || len(different) < 2 {
		t.Errorf("%d controls, values %v", len(a.Controls()), different)
	}
}

// moody gives everything 4 and expects 3.6, says nothing usable of users with an odd
// number, and leaves the second card out.
type moody struct{}

func (moody) Decide(_ context.Context, views []agent.View) ([]trace.Decision, error) {
	out := make([]trace.Decision, len(views))
	for i, v := range views {
		if v.User%2 == 1 {
			out[i] = trace.Abstain(len(v.State.Cards), "nonsense")
			continue
		}
		out[i].Cards = make([]trace.Choice, len(v.State.Cards))
		for n := range out[i].Cards {
			four, expected := 4.0, 3.6
			out[i].Cards[n] = trace.Choice{Watch: true, Value: &four, Expected: &expected}
			if n == 1 {
				out[i].Cards[n].Value = nil
			}
		}
	}
	return out, nil
}

func (moody) Interview(context.Context, []agent.Closing) ([]*trace.Interview, error) { return nil, nil }

// TestAgentAnswers: what cannot be used is missing, with what was expected of it. User
// 0 has 4 and 2 to value, user 2 has 1.
func TestAgentAnswers(t *testing.T) {
	split := tiny().split(t)
	_, s := bindAgents(t, split, nil).sheet(t, split, "", moody{})
	if v := column(t, s, "rating.missing").Values; !slices.Equal(v, []float64{0.5, 1, 0}) {
		t.Errorf("missing: %v", v)
	}
	for id, want := range map[string][]float64{"rating.mae.answer": {0, math.NaN(), 3}, "rating.mae.expected": {0.4, math.NaN(), 2.6}} {
		got := column(t, s, id).Values
		if math.Abs(got[0]-want[0]) > 1e-12 || !math.IsNaN(got[1]) || math.Abs(got[2]-want[2]) > 1e-12 {
			t.Errorf("%s: %v, want %v", id, got, want)
		}
	}
}

// TestAgentsDoNotSeeTheHeldOutPart: other held-out values change no page.
func TestAgentsDoNotSeeTheHeldOutPart(t *testing.T) {
	pages := func(part uint8) []agent.View {
		w := crowd()
		for i := range w.events {
			if w.events[i].part == part {
				w.events[i].value = 6 - w.events[i].value
			}
		}
		split := w.split(t)
		a := bindAgents(t, split, nil)
		return a.views(browse.NewStage(split), a.users[:50])
	}
	text := func(views []agent.View) string {
		var b strings.Builder
		for _, v := range views {
			did := *v.Did
			v.Did = nil
			fmt.Fprintf(&b, "%+v %+v\n", v, did)
		}
		return b.String()
	}
	want := pages(1) // nothing is there
	if text(pages(2)) != text(want) {
		t.Error("held-out values show")
	}
	if text(pages(0)) == text(want) {
		t.Error("training values do not show: this test cannot fail")
	}
	for _, v := range want {
		watched := 0
		for _, c := range v.Did.Cards {
			if c.Watch && c.Value == nil {
				watched++
			}
		}
		if v.Question != agent.AskValue || watched != len(v.State.Cards) || watched > 4 {
			t.Errorf("%+v", v)
		}
	}
}

// TestAgentsResume cuts a cell after each batch and goes on from its log; it stops
// where it is told to.
func TestAgentsResume(t *testing.T) {
	split := crowd().split(t)
	a := bindAgents(t, split, sdk.Options{"users": int64(150)})
	stage := browse.NewStage(split)
	if len(a.users) != 150 || a.Size() != 3 || a.pairs != 300 || a.leftOut != 0 {
		t.Fatalf("%d users, %d pairs, %d left out", len(a.users), a.pairs, a.leftOut)
	}
	var whole journal
	if err := a.Cell(t.Context(), whole.agentCell(stage, "", nil)); err != nil {
		t.Fatal(err)
	}
	for cut := range 4 {
		j := journal{done: whole.logged[:cut]}
		if err := a.Cell(t.Context(), j.agentCell(stage, "", nil)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(j.evidence, whole.evidence) || len(j.logged) != 3-cut {
			t.Errorf("resumed after %d batches: other bytes, or %d log entries", cut, len(j.logged))
		}
	}
	for log, want := range map[string]string{`[]`: "and there are more pairs", `{`: "log entry 1"} {
		bad := journal{done: [][]byte{[]byte(log)}}
		if err := a.Cell(t.Context(), bad.agentCell(stage, "", nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	long := journal{done: slices.Concat(whole.logged, whole.logged)}
	if err := a.Cell(t.Context(), long.agentCell(stage, "", nil)); err == nil || !strings.Contains(err.Error(), "log holds 6 steps of 3") {
		t.Errorf("a log that is too long: %v", err)
	}
	var stopped journal
	c := stopped.agentCell(stage, "", nil)
	c.Stopping = func() bool { return len(stopped.logged) == 1 }
	c.Seal = func(func(io.Writer) error) error { return errors.New("sealed") }
	if err := a.Cell(t.Context(), c); !errors.Is(err, task.ErrStopped) || len(stopped.logged) != 1 {
		t.Errorf("%v after %d batches", err, len(stopped.logged))
	}
}

// TestAgentsMetrics: what is announced is what is computed, and facts are told.
func TestAgentsMetrics(t *testing.T) {
	split := tiny().split(t)
	a := bindAgents(t, split, sdk.Options{"cold": coldExclude})
	_, s := a.sheet(t, split, "", nil)
	var have []string
	for _, c := range s.Columns {
		have = append(have, c.Metric)
	}
	for _, w := range s.Wholes {
		have = append(have, w.Metric)
	}
	want := Agents{}.Metrics(nil)
	if want[0] != "rating.rmse.answer" {
		t.Errorf("%s orders the table", want[0])
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("%v, announced are %v", have, want)
	}
	facts := fmt.Sprint(a.Facts())
	for _, part := range []string{"3 held-out values of 2 users", "4 cards at a time", "dist.tv of all training values", "left out"} {
		if !strings.Contains(facts, part) {
			t.Errorf("no %q in %s", part, facts)
		}
	}
	if most := a.Most(); most.Steps != 2 || most.Visits+most.Pages+most.Guesses != 0 {
		t.Errorf("asked at most: %+v", most)
	}
}
