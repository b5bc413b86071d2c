package metric

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func alike(a, b float64) bool { return math.IsNaN(a) && math.IsNaN(b) || near(a, b) }

func TestSpearman(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{2, 1, 4, 3}, 0.6},              // 1 − 6·(1+1+1+1)/(4·15)
		{[]float64{1, 2, 3}, []float64{-5, 0, 1e9}, 1},                   // the order is all
		{[]float64{1, 2, 3}, []float64{9, 8, 7}, -1},                     // turned round
		{[]float64{1, 1, 2}, []float64{1, 2, 3}, 1.5 / math.Sqrt(1.5*2)}, // ranks 1.5 1.5 3: (½·1 + ½·0 + 1·1) / √(1.5 · 2)
		{[]float64{1, 1, 1}, []float64{1, 2, 3}, math.NaN()},             // no differences
		{[]float64{0.1, 0.1, 0.1}, []float64{0.1, 0.2, 0.3}, math.NaN()}, // nor by rounding
		{[]float64{1, math.NaN(), 2}, []float64{1, 2, 3}, math.NaN()},    // a value is missing
		{[]float64{1}, []float64{1}, math.NaN()},
		{nil, nil, math.NaN()},
	} {
		if got := Spearman(c.x, c.y); !alike(got, c.want) {
			t.Errorf("%v, %v: %v, want %v", c.x, c.y, got, c.want)
		}
	}
}

func TestKendallTauB(t *testing.T) {
	for _, c := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{2, 1, 4, 3}, 2.0 / 6},      // 4 pairs with, 2 against
		{[]float64{1, 1, 2}, []float64{1, 2, 3}, 2 / math.Sqrt(2*3)}, // 2 with; 2 pairs differ in x, 3 in y
		{[]float64{3, 2, 1}, []float64{1, 2, 3}, -1},
		{[]float64{1, 1}, []float64{1, 2}, math.NaN()},
		{[]float64{1, math.NaN(), 2}, []float64{1, 2, 3}, math.NaN()},
		{nil, nil, math.NaN()},
	} {
		if got := KendallTauB(c.x, c.y); !alike(got, c.want) {
			t.Errorf("%v, %v: %v, want %v", c.x, c.y, got, c.want)
		}
	}
}

// TestLevels: errors 2 of 4 and 1 of 5; deviations −2, 0, 2 of the simulation go
// with −1, 0, 1 of the truth: (2 + 0 + 2)/(4 + 0 + 4).
func TestLevels(t *testing.T) {
	for name, c := range map[string]struct{ got, want float64 }{
		"error":             {MAPE([]float64{2, 6}, []float64{4, 5}), (0.5 + 0.2) / 2},
		"below nothing":     {MAPE([]float64{-2, 6}, []float64{-4, 5}), (0.5 + 0.2) / 2},
		"a truth of 0":      {MAPE([]float64{2, 6, 3}, []float64{4, 5, 0}), (0.5 + 0.2) / 2},
		"only truths of 0":  {MAPE([]float64{1}, []float64{0}), math.NaN()},
		"slope":             {CalibrationSlope([]float64{1, 3, 5}, []float64{2, 3, 4}), 0.5},
		"slope of the same": {CalibrationSlope([]float64{1, 3, 5}, []float64{1, 3, 5}), 1},
		"slope of one":      {CalibrationSlope([]float64{1}, []float64{2}), math.NaN()},
		// The mean of three times 0.1 is not 0.1 in floating point.
		"slope of no differences": {CalibrationSlope([]float64{0.1, 0.1, 0.1}, []float64{1, 2, 4}), math.NaN()},
		"slope of nothing":        {CalibrationSlope(nil, nil), math.NaN()},
	} {
		if !alike(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

// TestSignAgreement: of truth 1 3 2 and simulation 1 2 3 the pairs with the first are
// in order, the other is not.
func TestSignAgreement(t *testing.T) {
	all := func(int, int) bool { return true }
	first := func(i, j int) bool { return min(i, j) == 0 }
	nan := math.NaN()
	for _, c := range []struct {
		simulated, truth         []float64
		resolved                 func(i, j int) bool
		agree, pairs, unresolved int
	}{
		{[]float64{1, 2, 3}, []float64{1, 3, 2}, all, 2, 3, 0},
		{[]float64{1, 2, 3}, []float64{1, 3, 2}, first, 2, 2, 1},
		{[]float64{2, 2, 2}, []float64{1, 3, 2}, all, 0, 3, 0},   // no order is not the true one
		{[]float64{nan, 2, 3}, []float64{3, 2, 1}, all, 0, 3, 0}, // nor is a missing value
		{nil, nil, all, 0, 0, 0},
	} {
		a, p, u := SignAgreement(c.simulated, c.truth, c.resolved)
		if a != c.agree || p != c.pairs || u != c.unresolved {
			t.Errorf("%v, %v: %d of %d, %d unresolved; want %d of %d, %d", c.simulated, c.truth, a, p, u, c.agree, c.pairs, c.unresolved)
		}
	}
}

// TestHistograms: shares ½ ½ 0 against 0 ½ ½. Half of |½|+0+|½| is ½. To the mixture
// ¼ ½ ¼ each has ½·log2(½/¼) + ½·log2(½/½) = ½ bit. Half a mass moves from 1 to 3.
func TestHistograms(t *testing.T) {
	a, b := map[float64]float64{1: 1, 2: 1}, map[float64]float64{2: 5, 3: 5}
	for name, c := range map[string]struct{ got, want float64 }{
		"tv":           {TotalVariationOf(a, b), 0.5},
		"jsd":          {JensenShannon(a, b), 0.5},
		"w1":           {Wasserstein1(a, b), 1},
		"tv apart":     {TotalVariationOf(a, map[float64]float64{9: 1}), 1},
		"jsd apart":    {JensenShannon(a, map[float64]float64{9: 1}), 1},
		"w1 apart":     {Wasserstein1(a, map[float64]float64{9: 1}), 7.5}, // ½·8 + ½·7
		"tv, nothing":  {TotalVariationOf(a, nil), math.NaN()},
		"jsd, nothing": {JensenShannon(nil, a), math.NaN()},
		"w1, nothing":  {Wasserstein1(a, map[float64]float64{2: 0}), math.NaN()},
	} {
		if !alike(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

// TestCorrelationProperties: range, symmetry, that only order counts, that turning a
// list round turns the sign, and that arms may come in any order.
func TestCorrelationProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(t, "n")
		draw := func(name string) []float64 {
			whole := rapid.SliceOfN(rapid.IntRange(-4, 4), n, n).Draw(t, name) // with ties
			out := make([]float64, n)
			for i, v := range whole {
				out[i] = float64(v)
			}
			return out
		}
		x, y := draw("x"), draw("y")
		stretched, turned, mx, my := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		at := make([]int, n)
		for i := range x {
			stretched[i], turned[i], at[i] = math.Exp(x[i]), -x[i], i
		}
		for i, j := range rapid.Permutation(at).Draw(t, "order") {
			mx[i], my[i] = x[j], y[j]
		}
		for name, of := range map[string]func(x, y []float64) float64{"ρ": Spearman, "τ": KendallTauB} {
			v := of(x, y)
			if v < -1 || v > 1 || !alike(of(y, x), v) || !alike(of(stretched, y), v) || !alike(of(turned, y), -v) || !alike(of(mx, my), v) {
				t.Fatalf("%s %v: %v, %v, %v, %v", name, v, of(y, x), of(stretched, y), of(turned, y), of(mx, my))
			}
			if w := of(x, x); !math.IsNaN(w) && w != 1 {
				t.Fatalf("%s with itself: %v", name, w)
			}
		}
		// Kendall's pairs are those of the signs.
		differs := func(i, j int) bool { return x[i] != x[j] && y[i] != y[j] }
		agree, pairs, unresolved := SignAgreement(x, y, differs)
		if pairs+unresolved != n*(n-1)/2 || agree > pairs {
			t.Fatalf("%d of %d pairs, %d unresolved of %d arms", agree, pairs, unresolved, n)
		}
		if v := KendallTauB(x, y); !math.IsNaN(v) && (v > 0) != (2*agree > pairs) {
			t.Fatalf("τ %v, %d of %d in order", v, agree, pairs)
		}
	})
}

// TestLevelProperties: a simulation twice as wide has half the slope, one on another
// level the same; nothing is the error of the truth itself.
func TestLevelProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(t, "n")
		level := rapid.Float64Range(0.5, 9)
		s, truth := rapid.SliceOfN(level, n, n).Draw(t, "simulated"), rapid.SliceOfN(level, n, n).Draw(t, "truth")
		s[0] += 10 // so that there is a difference
		wide, shifted := slices.Clone(s), slices.Clone(s)
		for i := range s {
			wide[i], shifted[i] = 2*s[i], s[i]+3
		}
		v := CalibrationSlope(s, truth)
		if !near(CalibrationSlope(wide, truth), v/2) || math.Abs(CalibrationSlope(shifted, truth)-v) > 1e-6 || !near(CalibrationSlope(s, s), 1) {
			t.Fatalf("slope %v, twice as wide %v, shifted %v", v, CalibrationSlope(wide, truth), CalibrationSlope(shifted, truth))
		}
		if MAPE(truth, truth) != 0 || MAPE(s, truth) < 0 {
			t.Fatalf("error of the truth: %v", MAPE(truth, truth))
		}
	})
}

// TestHistogramProperties: distances are 0 of the same, symmetric, blind to the size
// of samples; the divergence is below the total variation; what moves by d is d away.
func TestHistogramProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		histogram := rapid.Custom(func(t *rapid.T) map[float64]float64 {
			out := map[float64]float64{float64(rapid.IntRange(0, 5).Draw(t, "some")): 1}
			for k, n := range rapid.MapOf(rapid.IntRange(0, 5), rapid.IntRange(0, 9)).Draw(t, "counts") {
				out[float64(k)] += float64(n)
			}
			return out
		})
		a, b := histogram.Draw(t, "a"), histogram.Draw(t, "b")
		many, moved := map[float64]float64{}, map[float64]float64{}
		for k, n := range a {
			many[k], moved[k+2] = 3*n, n
		}
		for name, of := range map[string]func(a, b map[float64]float64) float64{"tv": TotalVariationOf, "jsd": JensenShannon, "w1": Wasserstein1} {
			v := of(a, b)
			if v < 0 || name != "w1" && v > 1+1e-12 || !near(of(a, a), 0) || !near(of(b, a), v) || !near(of(many, b), v) {
				t.Fatalf("%s: %v, of the same %v, turned %v, thrice %v", name, v, of(a, a), of(b, a), of(many, b))
			}
		}
		if JensenShannon(a, b) > TotalVariationOf(a, b)+1e-12 {
			t.Fatal("the divergence exceeds the distance")
		}
		if !near(Wasserstein1(a, moved), 2) {
			t.Fatalf("moved by 2: %v", Wasserstein1(a, moved))
		}
	})
}

func TestListsOfDifferentLengths(t *testing.T) {
	for name, of := range map[string]func(x, y []float64) float64{"ρ": Spearman, "τ": KendallTauB} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was computed", name)
				}
			}()
			of([]float64{1, 2, 3}, []float64{1, 2})
		}()
	}
}
