package metric

import (
	"math"
	"testing"
)

func TestAUC(t *testing.T) {
	for _, c := range []struct {
		name         string
		above, equal []int32
		others       int
		want         float64
	}{
		// Of 5 others the first beats 5, the second 5−2 and half of 1: 5 + 2.5 of 10.
		{"by hand", []int32{0, 2}, []int32{0, 1}, 5, 7.5 / 10},
		{"perfect", []int32{0, 0, 0}, []int32{0, 0, 0}, 7, 1},
		{"upside down", []int32{7, 7}, []int32{0, 0}, 7, 0},
		{"constant", []int32{0, 0}, []int32{9, 9}, 9, 0.5},
		{"in the middle", []int32{2}, []int32{0}, 4, 0.5},
		{"nothing relevant", nil, nil, 5, math.NaN()},
		{"no others", []int32{0}, []int32{0}, 0, math.NaN()},
	} {
		if got := AUC(c.above, c.equal, c.others); !same(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
