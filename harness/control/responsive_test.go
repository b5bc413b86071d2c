package control

import (
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

func sessions(recommender string, users int32, of func(u int32) float64) score.Judged {
	c := score.Column{Metric: "sim.n-like", Version: 1}
	for u := range users {
		c.Users, c.Values = append(c.Users, u), append(c.Values, of(u))
	}
	return score.Judged{Key: record.CellKey{Task: "simulate", Recommender: recommender, Agent: "x"}, Sheet: score.Sheet{Columns: []score.Column{c}}}
}

func arm(k record.CellKey) string { return k.Recommender }

func coin(salt uint64) func(int32) float64 {
	return func(u int32) float64 { return float64(sdk.TieHash(salt, u, 0) % 3) }
}

func TestResponds(t *testing.T) {
	better := func(u int32) float64 { return coin(1)(u) + 1 }
	r, ok := Responds([]score.Judged{sessions("random", 200, coin(1)), sessions("good", 200, better), sessions("poor", 200, coin(3))}, arm, "random", "sim.n-like")
	// The good arm gives everybody one more than random: the difference is 1 in every draw.
	if !ok || !r.Holds() || r.Best != "good" || r.Difference < 0.999999 || r.Difference > 1.000001 || r.Hi > 1.000001 {
		t.Errorf("%+v, %t", r, ok)
	}
	if !strings.Contains(r.String(), "good, the best on one half of users, is 1.00 [1.00, 1.00] above random on the other") {
		t.Error(r.String())
	}
	// An agent to whom all recommenders are alike: the best of one half is luck.
	r, ok = Responds([]score.Judged{sessions("random", 200, coin(1)), sessions("a", 200, coin(2)), sessions("b", 200, coin(3))}, arm, "random", "sim.n-like")
	if !ok || r.Holds() {
		t.Errorf("alike: %+v, %t", r, ok)
	}
	for name, judged := range map[string][]score.Judged{
		"no random":   {sessions("a", 200, coin(2)), sessions("b", 200, coin(3))},
		"random only": {sessions("random", 200, coin(2))},
		"few users":   {sessions("random", 10, coin(1)), sessions("good", 10, better)},
	} {
		if r, ok := Responds(judged, arm, "random", "sim.n-like"); ok {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestJudgePlacebos(t *testing.T) {
	cell := func(lo float64) []record.Cell {
		return []record.Cell{
			{Task: "ab", Agent: "x", Metric: "ab.spearman", Value: 0.1, Lo: -1, Hi: 1},
			{Task: "ab", Agent: "x", Metric: "ab.over-placebo", Value: 0.3, Lo: lo, Hi: 0.5},
		}
	}
	if got := JudgePlacebos("ab", cell(0.1)); got != "" {
		t.Error(got)
	}
	if got := JudgePlacebos("ab", cell(0)); !strings.Contains(got, "x does not agree") {
		t.Errorf("%q", got)
	}
	if got := JudgePlacebos("other", cell(0)); got != "" {
		t.Error(got)
	}
}
