package score

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
)

func arm(name string) record.Arm { return record.Arm{Recommender: name} }

// TestPaired: user 0 has 1 and 3 in two repeats of a, so 2, and 1 in b; user 1 has 5 and
// 2; users 2 and 3 have a value on one side only. The differences are 1 and 3, their
// mean 2; of two users the draws give 1, 2 and 3 with probability 1/4, 1/2 and 1/4.
func TestPaired(t *testing.T) {
	nan := math.NaN()
	users := []int32{0, 1, 2, 3}
	judged := []Judged{
		cell("a", 0, columns(column("m", users, 1, 5, nan, 8))), cell("a", 1, columns(column("m", users, 3, nan, nan, 8))),
		cell("b", 0, columns(column("m", users, 1, 2, 7, nan))),
		cell("c", 0, columns(column("m", users, 9, 9, 9, 9))),
	}
	if d := Paired(judged, "m", arm("a"), arm("b"), 1); d != (Difference{2, 1, 3, 2}) {
		t.Errorf("%+v, want 2 [1, 3] of 2 users", d)
	}
	if d := Paired(judged, "m", arm("b"), arm("a"), 1); d != (Difference{-2, -3, -1, 2}) {
		t.Errorf("the other way round: %+v", d)
	}
	for name, d := range map[string]Difference{
		"no such metric": Paired(judged, "other", arm("a"), arm("b"), 1),
		"no such arm":    Paired(judged, "m", arm("a"), arm("x"), 1),
		"no user": Paired([]Judged{
			cell("a", 0, columns(column("m", users[:1], 1))), cell("b", 0, columns(column("m", users[1:], 1, 1, 1))),
		}, "m", arm("a"), arm("b"), 1),
	} {
		if !math.IsNaN(d.Value) || !math.IsNaN(d.Lo) || !math.IsNaN(d.Hi) || d.Users != 0 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	one := Paired(judged[:3], "m", arm("a"), arm("b"), 1)
	if one.Users != 2 {
		t.Errorf("without another arm: %+v", one)
	}
	judged[0].Sheet.Columns[0].Values[1] = nan
	if d := Paired(judged, "m", arm("a"), arm("b"), 1); d.Value != 1 || d.Users != 1 || !math.IsNaN(d.Lo) {
		t.Errorf("one user: %+v, want 1 without an interval", d)
	}
}

// TestPairedRoots: squared errors of a are 4 and 12 in 1 and 3 pairs, so 16 in 4, a root
// of 2; of b 1 and 3, so a root of 1. Every user has twice the error in a, and every draw
// gives 2 - 1. With 4 and 0 in a, 1 and 0 in b, it is √(4/4) - √(1/4), which no mean of the
// users' own roots is.
func TestPairedRoots(t *testing.T) {
	of := func(arm string, values ...float64) Judged {
		c := column("m", []int32{3, 7}, values...)
		c.Over, c.Root = []float64{1, 3}, true
		return cell(arm, 0, columns(c))
	}
	d := Paired([]Judged{of("a", 4, 12), of("b", 1, 3)}, "m", arm("a"), arm("b"), 1)
	if math.Abs(d.Value-1) > 1e-12 || math.Abs(d.Lo-1) > 1e-12 || math.Abs(d.Hi-1) > 1e-12 || d.Users != 2 {
		t.Errorf("%+v, want 1 [1, 1] of 2 users", d)
	}
	if d := Paired([]Judged{of("a", 4, 0), of("b", 1, 0)}, "m", arm("a"), arm("b"), 1); math.Abs(d.Value-0.5) > 1e-12 {
		t.Errorf("%+v, want 0.5", d)
	}
}
