package score

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/record"
)

// User 0 has 1 and 3 in two repeats, user 1 a value in one of them, user 2 in none.
func TestPerUser(t *testing.T) {
	nan := math.NaN()
	users := []int32{0, 1, 2}
	judged := []Judged{
		cell("a", 0, columns(column("m", users, 1, 5, nan))), cell("a", 1, columns(column("m", users, 3, nan, nan))),
		cell("b", 0, columns(column("m", users, 9, 9, 9))),
	}
	is := func(arm string) func(record.CellKey) bool {
		return func(k record.CellKey) bool { return k.Recommender == arm }
	}
	if d := cmp.Diff(map[int32]float64{0: 2, 1: 5}, PerUser(judged, "m", is("a"))); d != "" {
		t.Error(d)
	}
	if got := PerUser(judged, "other", is("a")); got != nil {
		t.Errorf("a metric that nobody has: %v", got)
	}
	if got := PerUser(judged, "m", is("c")); got != nil {
		t.Errorf("an arm that is not there: %v", got)
	}
}
