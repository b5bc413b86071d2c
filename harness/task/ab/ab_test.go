package ab

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
)

// cell is a table of one metric: everybody of four users has the value plus a bit of
// their own.
func cell(task, recommender, agent, metric string, value float64) score.Judged {
	c := score.Column{Metric: metric, Version: 1}
	for u := range int32(4) {
		c.Users, c.Values = append(c.Users, u), append(c.Values, value+0.01*float64(u))
	}
	return score.Judged{Key: record.CellKey{Task: task, Recommender: recommender, Agent: agent}, Sheet: score.Sheet{Columns: []score.Column{c}}}
}

func world() []score.Judged {
	var out []score.Judged
	// Truth orders a < b < c < d. The good agent agrees; the bad one exchanges b and c and
	// turns a and d: ranks 4 3 2 1 against 1 2 3 4 would be −1; with 4 2 3 1 the squared
	// differences are 9 0 0 9, so ρ = 1 − 6·18/(4·15) = −0.8.
	truth := map[string]float64{"a": 1, "b": 2, "c": 3, "d": 4}
	good := map[string]float64{"a": 2, "b": 4, "c": 6, "d": 8}
	bad := map[string]float64{"a": 4, "b": 2, "c": 3, "d": 1}
	for arm, v := range truth {
		out = append(out, cell(truthKind, arm, "", quantity, v), cell(simulateKind, arm, "good", quantity, good[arm]), cell(simulateKind, arm, "bad", quantity, bad[arm]), cell(offlineKind, arm, "", ndcg, v/10))
	}
	// A control and an arm without truth take no part.
	return append(out, cell(truthKind, "oracle", "", quantity, 9), cell(simulateKind, "oracle", "good", quantity, 0), cell(simulateKind, "new", "good", quantity, 0))
}

func TestDerive(t *testing.T) {
	got, err := Task{}.Derive(world(), task.Arms{Controls: []string{"oracle"}, Placebos: map[string]string{"good": "bad"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	// The good agent doubles every level but not what is the users' own, whose mean is
	// 0.015: (1/1.015 + 2/2.015 + 3/3.015 + 4/4.015) / 4.
	mape := (1/1.015 + 2/2.015 + 3/3.015 + 4/4.015) / 4
	want := map[string]map[string]float64{
		"good": {"ab.spearman": 1, "ab.kendall": 1, "ab.sign": 1, "ab.resolved": 1, "ab.mape": mape, "ab.slope": 0.5, "ab.gain": 0, "ab.over-placebo": 1.8, "ab.p": 1. / 24, "ab.spearman.lowest": 1},
		// Pairs of the bad one: ab, ac, bd, cd and ad are turned, bc is right: τ = (1−5)/6.
		"bad": {"ab.spearman": -0.8, "ab.kendall": -4. / 6, "ab.sign": 1. / 6, "ab.gain": -1.8},
		NDCG:  {"ab.spearman": 1, "ab.sign": 1},
	}
	for _, row := range got {
		values := map[string]score.Whole{}
		for _, w := range row.Sheet.Wholes {
			values[w.Metric] = w
		}
		for id, v := range want[row.Key.Agent] {
			if w, ok := values[id]; !ok || math.Abs(w.Value-v) > 1e-12 {
				t.Errorf("%s: %s is %v, want %v", row.Key.Agent, id, w.Value, v)
			}
		}
		if rho := values["ab.spearman"]; rho.Interval == nil || rho.N != 4 || rho.Note == "" {
			t.Errorf("%s: ρ %+v: want an interval, four arms, and a warning that they are few", row.Key.Agent, rho)
		}
		for id, w := range values {
			if none := metric.NoAgreementInterval(id); w.Why != none || (w.Interval == nil) != (none != "") {
				t.Errorf("%s: %s: interval %v, and %q", row.Key.Agent, id, w.Interval, w.Why)
			}
			if in := w.Interval; in != nil && id != "ab.slope" && (in.Lo > w.Value || w.Value > in.Hi) {
				t.Errorf("%s: %s: %v is not in %+v", row.Key.Agent, id, w.Value, *in)
			}
		}
		if _, level := values["ab.mape"]; level && row.Key.Agent == NDCG {
			t.Error("nDCG has a level")
		}
		delete(want, row.Key.Agent)
	}
	if len(want) > 0 {
		t.Errorf("no rows of %v", want)
	}
}

// TestIntervalOfSlope: a simulated level is twice the true one, and users add u/100 to
// both, so in every draw all levels of a side move alike and the slope stays ½.
func TestIntervalOfSlope(t *testing.T) {
	got, err := Task{}.Derive(world(), task.Arms{Controls: []string{"oracle"}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range got {
		for _, w := range row.Sheet.Wholes {
			if row.Key.Agent == "good" && w.Metric == "ab.slope" && (math.Abs(w.Interval.Lo-0.5) > 1e-9 || math.Abs(w.Interval.Hi-0.5) > 1e-9) {
				t.Errorf("%+v", *w.Interval)
			}
		}
	}
}

// TestOneUser has no interval, and says so.
func TestOneUser(t *testing.T) {
	judged := world()
	for i := range judged {
		c := &judged[i].Sheet.Columns[0]
		c.Users, c.Values = c.Users[:1], c.Values[:1]
	}
	got, err := Task{}.Derive(judged, task.Arms{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range got {
		if w := row.Sheet.Wholes[0]; w.Interval != nil || w.Why != score.OneUser || w.Note == "" {
			t.Errorf("%s: %+v", row.Key.Agent, w)
		}
	}
}

// TestOrderOfCellsDoesNotMatter, nor how often it is computed.
func TestOrderOfCellsDoesNotMatter(t *testing.T) {
	first, err := Task{}.Derive(world(), task.Arms{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // maps give another order each time
		again, err := Task{}.Derive(world(), task.Arms{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i := range first {
			if first[i].Key != again[i].Key {
				t.Fatalf("row %d is %s, was %s", i, again[i].Key, first[i].Key)
			}
			for j, w := range first[i].Sheet.Wholes {
				v := again[i].Sheet.Wholes[j]
				if w.Value != v.Value && !(math.IsNaN(w.Value) && math.IsNaN(v.Value)) || (w.Interval == nil) != (v.Interval == nil) || w.Interval != nil && *w.Interval != *v.Interval {
					t.Errorf("%s %s: %v, was %v", first[i].Key, w.Metric, v, w)
				}
			}
		}
	}
}

// TestFewArms: an order of two is a coin, and nothing is said of it.
func TestFewArms(t *testing.T) {
	two := []score.Judged{cell(truthKind, "a", "", quantity, 1), cell(truthKind, "b", "", quantity, 2), cell(simulateKind, "a", "x", quantity, 1), cell(simulateKind, "b", "x", quantity, 2)}
	if got, err := (Task{}).Derive(two, task.Arms{}, 1); err != nil || got != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// TestPermutations: of the 24 orders of four arms, the true one alone has ρ = 1; four
// have at least 0.8: it, and the three that exchange neighbours.
func TestPermutations(t *testing.T) {
	want := []float64{1, 2, 3, 4}
	if p := permuted([]float64{10, 20, 30, 40}, want, 1, 1); p != 1./24 {
		t.Errorf("p = %v", p)
	}
	if p := permuted([]float64{20, 10, 30, 40}, want, 0.8, 1); p != 4./24 {
		t.Errorf("p = %v, want 4 of 24", p)
	}
}
