package score

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// ratio is a root of a ratio of sums over users 3, 7 and 9.
func ratio(metric string, values, over []float64, root bool) Column {
	return Column{Metric: metric, Version: 1, Users: []int32{3, 7, 9}, Values: values, Over: over, Root: root}
}

// TestRatio: squared errors 1, 9 and 2 in 1, 3 and 2 pairs are 12 in 6, so the
// mean is 2 and its root 1.4142; the mean of the users' own roots is another
// number, (1 + 1.7321 + 1) / 3 = 1.2440.
func TestRatio(t *testing.T) {
	values, over := []float64{1, 9, 2}, []float64{1, 3, 2}
	own := Column{Metric: "own", Version: 1, Users: []int32{3, 7, 9}, Values: []float64{1, math.Sqrt(3), 1}, Note: "a note"}
	in := []Judged{cell("a", 0, columns(ratio("mean", values, over, false), ratio("root", values, over, true), own))}
	cells, _ := mustScore(t, in, 1)
	for i, want := range []float64{2, math.Sqrt2, (2 + math.Sqrt(3)) / 3} {
		if c := cells[i]; math.Abs(c.Value-want) > 1e-12 || c.N != 3 || !(c.Lo <= c.Value && c.Value <= c.Hi) || c.Lo == c.Hi {
			t.Errorf("%+v, want %v of 3 users inside an interval", c, want)
		}
	}
	if !slices.Equal(cells[2].Warnings, []string{"a note"}) || len(cells[1].Warnings) != 0 {
		t.Errorf("notes: %q, %q", cells[2].Warnings, cells[1].Warnings)
	}
	// The root is monotone, so its quantiles are about the roots of the mean's:
	// draws take few values here, and both ends are among them.
	if lo, hi := cells[1].Lo, cells[1].Hi; math.Abs(lo*lo-cells[0].Lo) > 1e-9 || math.Abs(hi*hi-cells[0].Hi) > 1e-9 {
		t.Errorf("interval of the root [%v, %v], of the mean [%v, %v]", lo, hi, cells[0].Lo, cells[0].Hi)
	}
}

// TestRatioOfEqualUsersIsTheMean: with one pair each, the ratio is the mean, to
// the last bit and in every draw.
func TestRatioOfEqualUsersIsTheMean(t *testing.T) {
	values := []float64{1, 4, 2}
	plain := Column{Metric: "plain", Version: 1, Users: []int32{3, 7, 9}, Values: values}
	in := []Judged{cell("a", 0, columns(plain, ratio("ratio", values, []float64{1, 1, 1}, false)))}
	cells, _ := mustScore(t, in, 1)
	if a, b := cells[0], cells[1]; a.Value != b.Value || a.Lo != b.Lo || a.Hi != b.Hi || a.N != b.N {
		t.Errorf("%+v\n%+v", a, b)
	}
}

// TestRatioOverRepeats: a user's parts are averaged before the division. User 3
// has 2 and 4 in 1 pair, user 7 has 6 in 3 pairs and nothing in the second
// repeat, which leaves the first: (3 + 6) / (1 + 3) = 2.25.
func TestRatioOverRepeats(t *testing.T) {
	nan := math.NaN()
	in := []Judged{
		cell("a", 0, columns(ratio("m", []float64{2, 6, nan}, []float64{1, 3, nan}, false))),
		cell("a", 1, columns(ratio("m", []float64{4, nan, nan}, []float64{1, nan, nan}, false))),
	}
	cells, summary := mustScore(t, in, 2)
	if cells[0].Value != 2 || cells[1].Value != 4 || cells[0].N != 2 || cells[1].N != 1 {
		t.Errorf("cells: %+v", cells)
	}
	if s := summary[0]; s.Value != 2.25 || s.N != 2 || s.Repeat != 2 {
		t.Errorf("summary: %+v", s)
	}
}

// TestNothingBelow: users without any pair have no value, and that is said.
func TestNothingBelow(t *testing.T) {
	zero := []float64{0, 0, 0}
	c := ratio("m", zero, zero, true)
	c.Why = "nobody predicted anything"
	cells, _ := mustScore(t, []Judged{cell("a", 0, columns(c))}, 1)
	if c := cells[0]; !math.IsNaN(c.Value) || c.N != 0 || c.HasInterval() || !slices.Equal(c.Warnings, []string{"nobody predicted anything"}) {
		t.Errorf("%+v", c)
	}
}

// TestBadRatios: what cannot be divided is the scorer's mistake.
func TestBadRatios(t *testing.T) {
	for want, c := range map[string]Column{
		"over 0":             ratio("m", []float64{1, 1, 1}, []float64{0, 1, 1}, false),
		"over -1":            ratio("m", []float64{1, 1, 1}, []float64{-1, 1, 1}, false),
		"over NaN":           ratio("m", []float64{1, 1, 1}, []float64{math.NaN(), 1, 1}, false),
		"3 values over 1":    ratio("m", []float64{1, 1, 1}, []float64{1}, false),
		"user 3: 1 over +In": ratio("m", []float64{1, 1, 1}, []float64{math.Inf(1), 1, 1}, false),
	} {
		if err := columns(c).check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q", err, want)
		}
	}
}

// TestSignedRatio: differences of 2, −1 and 1 over differences of 4, −2 and 0 are 2
// over 2, and the user with 1 over 0 counts. Draws whose sum below is not above 0 have
// no value; they are more than one in twenty, so there is no interval.
func TestSignedRatio(t *testing.T) {
	c := ratio("m", []float64{2, -1, 1}, []float64{4, -2, 0}, false)
	if err := columns(c).check(); err == nil {
		t.Error("over -2 passes for a sum")
	}
	c.Signed = true
	cells, summary := mustScore(t, []Judged{cell("a", 0, columns(c)), cell("a", 1, columns(c))}, 2)
	if got := cells[0]; got.Value != 1 || got.N != 3 || got.HasInterval() {
		t.Errorf("%+v, want 1 of 3 users without an interval", got)
	}
	if s := summary[0]; s.Value != 1 || s.N != 3 {
		t.Errorf("summary: %+v", s)
	}
	c.Over = []float64{1, -2, 0}
	if cells, _ := mustScore(t, []Judged{cell("a", 0, columns(c))}, 1); !math.IsNaN(cells[0].Value) || cells[0].N != 0 {
		t.Errorf("over -1 in sum: %+v", cells[0])
	}
}
