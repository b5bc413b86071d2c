package metric

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestErrors: of truth 5, 3, 1 and predictions 4, 3.5, 3 the differences are
// −1, 0.5 and 2: squares 1 + 0.25 + 4 = 5.25, absolute 1 + 0.5 + 2 = 3.5.
func TestErrors(t *testing.T) {
	truth, predicted := []float64{5, 3, 1}, []float64{4, 3.5, 3}
	if v := SquaredError(truth, predicted); v != 5.25 {
		t.Errorf("squared: %v", v)
	}
	if v := AbsoluteError(truth, predicted); v != 3.5 {
		t.Errorf("absolute: %v", v)
	}
	if v := SquaredError(nil, nil) + AbsoluteError(nil, nil); v != 0 {
		t.Errorf("of nothing: %v", v)
	}
}

// TestTotalVariation: shares 1/2, 1/2, 0 against 1/4, 1/4, 1/2 differ by 1/4,
// 1/4 and 1/2, half of whose sum is 1/2.
func TestTotalVariation(t *testing.T) {
	for _, c := range []struct {
		p, q []int
		want float64
	}{
		{[]int{3, 3, 0}, []int{2, 2, 4}, 0.5},
		{[]int{1, 2, 3}, []int{10, 20, 30}, 0},
		{[]int{4, 0}, []int{0, 9}, 1},
		{[]int{0, 0}, []int{1, 1}, math.NaN()},
	} {
		if got := TotalVariation(c.p, c.q); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%v, %v: %v, want %v", c.p, c.q, got, c.want)
		}
	}
}

func TestMissingShare(t *testing.T) {
	if v := MissingShare(1, 4); v != 0.25 {
		t.Errorf("%v", v)
	}
	if v := MissingShare(0, 0); !math.IsNaN(v) {
		t.Errorf("of nothing: %v", v)
	}
}

// TestFaultsOfTheCaller: numbers computed from these would look like any other.
func TestFaultsOfTheCaller(t *testing.T) {
	for name, call := range map[string]func(){
		"lengths":  func() { SquaredError([]float64{1}, nil) },
		"levels":   func() { TotalVariation([]int{1}, []int{1, 2}) },
		"negative": func() { TotalVariation([]int{-1}, []int{1}) },
		"missing":  func() { MissingShare(2, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}

// TestErrorProperties: errors are of the difference alone, whatever its sign and
// whatever the order of pairs, and the mean absolute error is never above the
// root of the mean squared one.
func TestErrorProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		value := rapid.Float64Range(-10, 10)
		truth, predicted := rapid.SliceOfN(value, n, n).Draw(t, "truth"), rapid.SliceOfN(value, n, n).Draw(t, "predicted")
		squared, absolute := SquaredError(truth, predicted), AbsoluteError(truth, predicted)
		if SquaredError(predicted, truth) != squared || AbsoluteError(predicted, truth) != absolute {
			t.Fatal("not symmetric")
		}
		if rmse, mae := math.Sqrt(squared/float64(n)), absolute/float64(n); mae > rmse+1e-12 || rmse < 0 {
			t.Fatalf("mae %v, rmse %v", mae, rmse)
		}
		slices.Reverse(truth)
		slices.Reverse(predicted)
		if !near(SquaredError(truth, predicted), squared) || !near(AbsoluteError(truth, predicted), absolute) {
			t.Fatal("the order of pairs matters")
		}
	})
}

func TestTotalVariationProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		count := rapid.IntRange(0, 50)
		p, q := rapid.SliceOfN(count, n, n).Draw(t, "p"), rapid.SliceOfN(count, n, n).Draw(t, "q")
		p[0], q[n-1] = p[0]+1, q[n-1]+1
		tv := TotalVariation(p, q)
		if tv < 0 || tv > 1+1e-12 || tv != TotalVariation(q, p) || TotalVariation(p, p) != 0 {
			t.Fatalf("%v", tv)
		}
		for i := range p { // twice the people, the same shares
			p[i] *= 2
		}
		if !near(TotalVariation(p, q), tv) {
			t.Fatal("the size of a sample matters")
		}
	})
}

// TestRatings: ids are unique, known to Describe, and not those of lists.
func TestRatings(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range Ratings() {
		h, ok := Describe(m.ID)
		if !ok || h != m.Head || seen[m.ID] || m.Version < 1 || m.Doc == "" || m.Empty == "" || m.Direction != Lower {
			t.Errorf("%+v is described as %+v", m, h)
		}
		seen[m.ID] = true
		set := 0
		for _, is := range []bool{m.Error != nil, m.Missing != nil, m.Whole != nil} {
			if is {
				set++
			}
		}
		if set != 1 || (m.Whole != nil) != (m.NoInterval != "") {
			t.Errorf("%s: %d functions, no interval because of %q", m.ID, set, m.NoInterval)
		}
	}
	if _, _, err := Parse("rating.rmse.expected"); err == nil {
		t.Error("a metric of values is parsed as one of lists")
	}
}
