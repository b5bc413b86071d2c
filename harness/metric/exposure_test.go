package metric

import (
	"math"
	"testing"
)

func TestCoverage(t *testing.T) {
	for _, c := range []struct {
		name     string
		lists    [][]int32
		items, k int
		want     float64
	}{
		// {0,1} and {1,2} are three of ten.
		{"overlap", [][]int32{{0, 1, 5}, {1, 2, 6}}, 10, 2, 0.3},
		{"k beyond the lists", [][]int32{{0, 1}, {2}, nil}, 10, 50, 0.3},
		{"everything", [][]int32{{2, 0}, {1}}, 3, 2, 1},
		{"no lists", nil, 3, 2, 0},
		{"no catalogue", nil, 0, 2, math.NaN()},
	} {
		if got := Coverage(c.lists, c.items, c.k); !same(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestGini(t *testing.T) {
	for _, c := range []struct {
		name     string
		lists    [][]int32
		items, k int
		want     float64
	}{
		// Exposures 0 0 1 3 ascending, n = 4, so 2i−n−1 is −3 −1 1 3: 1·1 + 3·3 = 10
		// over (4−1)·4 places.
		{"by hand", [][]int32{{3, 2}, {3}, {3}}, 4, 2, 10.0 / 12},
		{"cut", [][]int32{{3, 2}, {3}, {3}}, 4, 1, 1},
		{"even", [][]int32{{0, 1}, {2, 3}}, 4, 2, 0},
		// Two of four items once each: 0 0 1 1, (1 + 3) / (3·2).
		{"half the catalogue", [][]int32{{0, 1}}, 4, 2, 4.0 / 6},
		{"k beyond the lists", [][]int32{{0}, {1}}, 2, 9, 0},
		{"one item takes all", [][]int32{{1}, {1}}, 5, 3, 1},
		{"empty lists", [][]int32{nil, nil}, 3, 2, math.NaN()},
		{"no lists", nil, 3, 2, math.NaN()},
		{"one item", [][]int32{{0}}, 1, 1, math.NaN()},
		{"no catalogue", nil, 0, 2, math.NaN()},
	} {
		if got := Gini(c.lists, c.items, c.k); !same(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
