package metric_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/harness/metric"
)

// TestBestThreshold: watching down to 0.9, 0.7, 0.4 and 0.2 finds 1, 1, 2 and 2 of two
// positives among 1, 2, 3 and 4 items: F1 is 2/3, 2/4, 4/5 and 4/6. The best is
// half-way between 0.4 and 0.2.
func TestBestThreshold(t *testing.T) {
	p, positive := []float64{0.4, 0.9, 0.2, 0.7}, []bool{true, true, false, false}
	if got := metric.BestThreshold(p, positive); math.Abs(got-0.3) > 1e-12 {
		t.Errorf("%v, want 0.3", got)
	}
	// Equal probabilities are watched together: one positive of two items, 2/3, where
	// half-way to 0 is the only threshold.
	if got := metric.BestThreshold([]float64{0.5, 0.5}, []bool{true, false}); got != 0.25 {
		t.Errorf("%v, want 0.25", got)
	}
	for _, p := range [][]float64{nil, {0, 0}} {
		if got := metric.BestThreshold(p, make([]bool, len(p))); !math.IsNaN(got) {
			t.Errorf("%v: %v", p, got)
		}
	}
}

// TestBestThresholdIsBest compares with every threshold there could be.
func TestBestThresholdIsBest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "items")
		p, positive := make([]float64, n), make([]bool, n)
		for i := range p {
			p[i] = float64(rapid.IntRange(0, 8).Draw(t, "p")) / 8
			positive[i] = rapid.Bool().Draw(t, "positive")
		}
		f1 := func(threshold float64) float64 {
			watched := make([]bool, n)
			for i := range p {
				watched[i] = p[i] > threshold
			}
			if v := metric.F1(positive, watched); !math.IsNaN(v) {
				return v
			}
			return 0
		}
		best := 0.0
		for at := range 16 {
			best = max(best, f1(float64(at)/16))
		}
		got := metric.BestThreshold(p, positive)
		if math.IsNaN(got) != (best == 0) || best > 0 && f1(got) != best {
			t.Fatalf("%v %v: %v has %v, the best is %v", p, positive, got, f1(got), best)
		}
	})
}

// TestPreferenceHeads: every ratio has the metrics, and nothing that only looks like one.
func TestPreferenceHeads(t *testing.T) {
	for _, h := range metric.Preferences() {
		got, ok := metric.Describe(metric.PreferenceID(h.ID, 9))
		if !ok || got.ID != h.ID+".1to9" || got.Direction != h.Direction || got.Doc == "" || got.Empty == "" || got.Unit == "" {
			t.Errorf("%+v", got)
		}
	}
	for _, id := range []string{"pref.accuracy.1to0", "pref.accuracy.1to", "pref.accuracy.1to03", "pref.accurate.1to3", "pref.invalid.1to3"} {
		if _, ok := metric.Describe(id); ok {
			t.Errorf("%s is described", id)
		}
	}
	if _, ok := metric.Describe(metric.PrefInvalid); !ok {
		t.Error("pref.invalid is not described")
	}
}

// TestParts: 20 values are two to a decile, and what is none is in none.
func TestParts(t *testing.T) {
	values := make([]float64, 20)
	for i := range values {
		values[i] = float64(i)
	}
	got := metric.Parts(append(values, math.NaN()), 10)
	if got[0] != 0 || got[1] != 0 || got[2] != 1 || got[19] != 9 || got[20] != -1 {
		t.Errorf("%v", got)
	}
	// Equal values share the lowest part of theirs: halves of 1 1 1 2.
	if got := metric.Parts([]float64{2, 1, 1, 1}, 2); !slices.Equal(got, []int32{1, 0, 0, 0}) {
		t.Errorf("%v", got)
	}
}
