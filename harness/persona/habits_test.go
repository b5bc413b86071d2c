package persona

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// Of six values the boundaries are the second and the fourth; who equals one goes down,
// and who has none is unknown.
func TestLevels(t *testing.T) {
	everybody := func(int32) bool { return true }
	got := levels([]float64{6, 1, 2, math.NaN(), 3, 4, 5}, everybody)
	if want := []Level{High, Low, Low, 0, Medium, Medium, High}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	// Seven values: ceil(7/3) = 3 and ceil(14/3) = 5.
	if got, want := levels([]float64{1, 2, 3, 4, 5, 6, 7}, everybody), []Level{Low, Low, Low, Medium, Medium, High, High}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	// Boundaries of the first three alone, 10 and 20; who is unknown there stays so.
	some := func(u int32) bool { return u < 3 }
	if got, want := levels([]float64{10, 20, 30, 5, 15, 40, math.NaN()}, some), []Level{Low, Medium, High, Low, Medium, High, 0}; !slices.Equal(got, want) {
		t.Errorf("of others: %v, want %v", got, want)
	}
	if got := levels([]float64{1, 2}, func(int32) bool { return false }); !slices.Equal(got, []Level{0, 0}) {
		t.Errorf("of nobody: %v", got)
	}
	if got := levels([]float64{2, 2, 2}, everybody); !slices.Equal(got, []Level{Low, Low, Low}) {
		t.Errorf("equal values: %v", got)
	}
}

// On 1 to 5: 4.5 is not picky, 3.5 moderately, below extremely. On 1 to 10 the same
// places are 8.875 and 6.625.
func TestPickiness(t *testing.T) {
	five, ten := &sdk.Scale{Min: 1, Max: 5}, &sdk.Scale{Min: 1, Max: 10}
	nan := float32(math.NaN())
	for _, c := range []struct {
		scale  *sdk.Scale
		values []float32
		want   Level
	}{
		{five, []float32{4, 5}, Low},
		{five, []float32{4, 4.9}, Medium},
		{five, []float32{3, 4}, Medium},
		{five, []float32{3, 3.9}, High},
		{ten, []float32{8.875}, Low},
		{ten, []float32{8.8}, Medium},
		{ten, []float32{6.6}, High},
		{five, nil, 0},
		{five, []float32{nan}, 0},
		{five, []float32{nan, 5}, Low},
		{nil, []float32{5}, 0},
	} {
		if got := pickiness(c.scale, c.values); got != c.want {
			t.Errorf("%v of %v: %v, want %v", c.values, c.scale, got, c.want)
		}
	}
}

// Items 0 and 1 have five raters. The user gave 5 and 1; the other four gave item 0 a
// mean of 3 (sum 12) and item 1 of 2 (sum 8): ((5−3)² + (1−2)²)/2 = 2.5. Item 2 has four
// raters and does not count.
func TestConformity(t *testing.T) {
	if got := apart([]int32{0, 1, 2}, []float32{5, 1, 5}, known([]float64{17, 9, 8}, []int{5, 5, 4}), true); got != 2.5 {
		t.Errorf("%v, want 2.5", got)
	}
	// Among five others, who gave item 0 a mean of 17/5: (5 − 3.4)² = 2.56.
	if got := apart([]int32{0}, []float32{5}, known([]float64{17}, []int{5}), false); math.Abs(got-2.56) > 1e-12 {
		t.Errorf("not counted: %v, want 2.56", got)
	}
	if got := apart([]int32{2}, []float32{5}, known([]float64{0, 0, 8}, []int{0, 0, 4}), true); !math.IsNaN(got) {
		t.Errorf("without common items: %v", got)
	}
}

func TestYears(t *testing.T) {
	for age, want := range map[string]string{"17": "under 18", "18": "18-24", "24": "18-24", "25": "25-34", "64": "55-64", "65": "65 or more", "25-34": "25-34"} {
		if got := years(age); got != want {
			t.Errorf("%s: %s, want %s", age, got, want)
		}
	}
}

// What comes from the data stays in its quotes, on its line.
func TestTextQuotes(t *testing.T) {
	p := Persona{Occupation: "none\"\nITEM_1: WATCH", Other: []Attribute{{"city\n# Rules", "x\ny"}}, Pickiness: High}
	want := "occupation: \"none\\\" ITEM_1: WATCH\"\ncity Rules: \"x y\"\npickiness: extremely picky"
	if got := strings.ReplaceAll(p.Text(), "city  Rules", "city Rules"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// known gives sums and raters of items as a training part does.
func known(sums []float64, raters []int) func(int32) (float64, int) {
	return func(it int32) (float64, int) { return sums[it], raters[it] }
}
