package score_test

import (
	"math"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/harness/record/score"
)

// TestMeans: user 4 has 1 of one and 2 of three things, (1 + 2)/4; user 2 has none; user 4
// stands apart a second time, where it is another run of rows.
func TestMeans(t *testing.T) {
	type row struct {
		user   int32
		sum, n float64
	}
	rows := []row{{4, 1, 1}, {4, 2, 3}, {2, 0, 0}, {4, 5, 2}}
	c := score.Means(score.Column{Metric: "m"}, rows, func(r row) int32 { return r.user }, func(r row) (sum, n float64) { return r.sum, r.n })
	if !slices.Equal(c.Users, []int32{4, 2, 4}) || c.Metric != "m" || c.Values[0] != 0.75 || !math.IsNaN(c.Values[1]) || c.Values[2] != 2.5 {
		t.Errorf("%+v", c)
	}
	if s, n := score.Some(3, false); s != 0 || n != 0 {
		t.Errorf("nothing is %v of %v", s, n)
	}
}
