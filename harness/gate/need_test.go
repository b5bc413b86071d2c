package gate

import (
	"math"
	"strings"
	"testing"
)

// TestNeeds: differences are 0.1 and -0.1 in turns for 50 users, so their standard
// deviation is √(50·0.01/49) = 0.101015. For many users t is about normal: a difference of
// 0.01 with power 0.8 takes ((1.95996+0.84162)·0.101015/0.01)² = 800.9 users and, since t is
// a little wider, two more.
func TestNeeds(t *testing.T) {
	x, y := make([]float64, 50), make([]float64, 50)
	for i := range x {
		x[i], y[i] = 0.5, 0.6-0.2*float64(i%2)
	}
	b := fixture("ndcg@10", x...).Baseline
	b.Tasks[0].Series = append(b.Tasks[0].Series, Series{Recommender: "b", Metric: "ndcg@10", Version: 1, Values: y})
	needs, err := b.Needs("", 0.01, 0.05, 0.8)
	if err != nil || len(needs) != 1 {
		t.Fatalf("%+v, %v", needs, err)
	}
	n := needs[0]
	if n.A != "a" || n.B != "b" || n.N != 50 || math.Abs(n.SD-0.101015) > 1e-6 || n.Users < 801 || n.Users > 804 {
		t.Errorf("%+v", n)
	}
	// (2.00958+0.84892)·0.101015/√50 with t of 49 degrees of freedom.
	if math.Abs(n.Detectable-0.04084) > 1e-4 {
		t.Errorf("detectable %v", n.Detectable)
	}
	if more, err := b.Needs("ndcg@10", 0.01, 0.05, 0.95); err != nil || more[0].Users <= n.Users {
		t.Errorf("more power needs more users: %+v, %v", more, err)
	}
}

func TestNeedsMistakes(t *testing.T) {
	b := fixture("ndcg@10", 1, 0.5).Baseline
	for want, ask := range map[string]func() ([]Need, error){
		"difference: want a number above 0, have 0":   func() ([]Need, error) { return b.Needs("", 0, 0.05, 0.8) },
		"difference: want a number above 0, have NaN": func() ([]Need, error) { return b.Needs("", math.NaN(), 0.05, 0.8) },
		"power: want more than 0.5":                   func() ([]Need, error) { return b.Needs("", 0.1, 0.05, 1) },
		"alpha: want more than 0":                     func() ([]Need, error) { return b.Needs("", 0.1, 0, 0.8) },
		"did you mean ndcg@10?":                       func() ([]Need, error) { return b.Needs("ndcg@1", 0.1, 0.05, 0.8) },
		"no two recommenders":                         func() ([]Need, error) { return b.Needs("", 0.1, 0.05, 0.8) },
	} {
		if _, err := ask(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
