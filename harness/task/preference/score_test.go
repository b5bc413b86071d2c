package preference

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

func p(v float64) *float64 { return &v }

// TestDecided: the threshold decides about probabilities, and the agent itself at the
// threshold, without a probability, and never on a page without an answer.
func TestDecided(t *testing.T) {
	for _, c := range []struct {
		r    row
		want bool
	}{
		{row{P: p(0.51), Threshold: 0.5}, true},
		{row{P: p(0.49), Threshold: 0.5, Watch: true}, false},
		{row{P: p(0.49), Threshold: 0.3}, true},
		{row{P: p(0.5), Threshold: 0.5, Watch: true}, true},
		{row{P: p(0.5), Threshold: 0.5}, false},
		{row{Watch: true, Threshold: 0.5}, true},
		{row{P: p(0.9), Watch: true, Invalid: true, Threshold: 0.5}, false},
	} {
		if got := c.r.decided(); got != c.want {
			t.Errorf("%+v: %v", c.r, got)
		}
	}
}

// cards are two draws of user 0 and one of user 3, at 1:1, threshold 0.5:
//
//	user 0, draw 0: positives 0.9, 0.4; negatives 0.6, 0.2 (cold)
//	user 0, draw 1: positives 0.3, 0.1 (cold); negatives 0.1, 0.4
//	user 3, draw 0: one positive watched and one skipped, two negatives skipped, no
//	probability; a page of it was invalid
func cards() []row {
	card := func(user, draw int32, positive bool, p *float64) row {
		return row{User: user, Draw: draw, Negatives: 1, Positive: positive, P: p, Threshold: 0.5}
	}
	rows := []row{
		card(0, 0, true, p(0.9)), card(0, 0, true, p(0.4)), card(0, 0, false, p(0.6)), card(0, 0, false, p(0.2)),
		card(0, 1, true, p(0.3)), card(0, 1, true, p(0.1)), card(0, 1, false, p(0.1)), card(0, 1, false, p(0.4)),
		card(3, 0, true, nil), card(3, 0, true, nil), card(3, 0, false, nil), card(3, 0, false, nil),
	}
	rows[3].Cold, rows[5].Cold = true, true
	rows[8].Watch = true
	rows[9].Invalid = true
	return rows
}

func TestSheet(t *testing.T) {
	s := sheet(cards())
	got := values(s)
	for name, want := range map[string]float64{
		// Draws of user 0: 1 + 1 of 4, and 0 + 2 of 4; user 3: 1 + 2 of 4. (0.5 + 0.75)/2.
		metric.PrefAccuracy: 0.625,
		// User 0: 1/2 of two watched, and 0 of none; user 3: 1 of one. (0.25 + 1)/2.
		metric.PrefPrecision: 0.625,
		// User 0: 1/2, 0; user 3: 1/2. (0.25 + 0.5)/2.
		metric.PrefRecall: 0.375,
		// User 0: 2/(2 + 1 + 1), 0; user 3: 2/(2 + 0 + 1). (0.25 + 2/3)/2.
		metric.PrefF1: (0.25 + 2.0/3) / 2,
		// User 0: ½(1/2 + 1/2), ½(0 + 1); user 3: ½(1/2 + 1). (0.5 + 0.75)/2.
		metric.PrefBalanced: 0.625,
		// User 0: of pairs 0.9 wins 2, 0.4 wins 1 of 2: 3/4; 0.3 wins 1, 0.1 ties one: 1.5/4;
		// user 3: the one watched wins 2, the other ties 2: 3/4. ((0.75 + 0.375)/2 + 0.75)/2.
		metric.PrefAUC: 0.65625,
		// One of two draws, and none of one: (0.5 + 0)/2.
		metric.PrefEmpty: 0.25,
		// 0.2 is skipped rightly, 0.1 wrongly: (1 + 0)/2 of user 0 alone.
		metric.PrefCold: 0.5,
		// User 0 alone: (ln 0.9, ln 0.4, ln 0.4, ln 0.8; ln 0.3, ln 0.1, ln 0.9, ln 0.6).
		metric.PrefLogLoss: -(math.Log(0.9) + 2*math.Log(0.4) + math.Log(0.8) + math.Log(0.3) + math.Log(0.1) + math.Log(0.9) + math.Log(0.6)) / 8,
		// Descending, positives +: 0.9+ 0.6- 0.4+ 0.4- 0.3+ 0.2- 0.1+ 0.1-. F1 of four
		// positives: 2/5, 2/6, 4/8, 6/9, 6/10, 8/12: 6/9 = 8/12, and the higher is taken,
		// half-way from 0.3 to 0.2.
		metric.PrefBestThreshold: 0.25,
	} {
		id := metric.PreferenceID(name, 1)
		if v, ok := got[id]; !ok || math.Abs(v-want) > 1e-12 {
			t.Errorf("%s is %v, want %v", id, v, want)
		}
		delete(got, id)
	}
	// No card of user 0, one of four of user 3.
	if got[metric.PrefInvalid] != 0.125 || len(got) != 1 {
		t.Errorf("%v", got)
	}
	for _, w := range s.Wholes {
		if w.N != 1 || w.Why == "" {
			t.Errorf("%+v", w)
		}
	}
}

// TestSheetWithoutProbabilities says why there are no numbers.
func TestSheetWithoutProbabilities(t *testing.T) {
	s := sheet(cards()[8:])
	for _, c := range s.Columns {
		if c.Metric == "pref.log-loss.1to1" && (!math.IsNaN(c.Values[0]) || c.Why == "") {
			t.Errorf("%+v", c)
		}
	}
	if w := s.Wholes[0]; !math.IsNaN(w.Value) || w.N != 0 || w.Why == "" {
		t.Errorf("%+v", w)
	}
}

// TestMetricsAreThoseOfTheSheet: what is announced is what is computed.
func TestMetricsAreThoseOfTheSheet(t *testing.T) {
	b := bind(t, crowd(3).split(t), nil)
	_, got := b.run(t, "random", "")
	announced := Task{}.Metrics(b.options)
	for _, id := range announced {
		if _, ok := got[id]; !ok {
			t.Errorf("%s is announced only", id)
		}
		if h, ok := metric.Describe(id); !ok || h.Version != 1 {
			t.Errorf("%s is not described", id)
		}
	}
	if len(announced) != len(got) || announced[0] != "pref.accuracy.1to1" {
		t.Errorf("%d metrics, %s first; %d are computed", len(announced), announced[0], len(got))
	}
}
