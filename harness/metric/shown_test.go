package metric

import (
	"math"
	"testing"
)

func TestNoveltyAndPopularity(t *testing.T) {
	for _, c := range []struct {
		name        string
		counts      []int32
		users, k    int
		novelty, ap float64
	}{
		// Of 15 users 7 and 3 have the items: −log2(8/16) = 1 and −log2(4/16) = 2.
		{"by hand", []int32{7, 3}, 15, 2, 1.5, 5},
		{"cut", []int32{7, 3}, 15, 1, 1, 7},
		// The mean is over the two places that are filled.
		{"k beyond the list", []int32{7, 3}, 15, 50, 1.5, 5},
		{"everybody has it", []int32{15}, 15, 1, 0, 15},
		{"nobody has it", []int32{0}, 15, 1, 4, 0}, // −log2(1/16)
		{"no training users", []int32{0, 0}, 0, 2, 0, 0},
		{"empty list", nil, 15, 5, math.NaN(), math.NaN()},
	} {
		if got := Novelty(c.counts, c.users, c.k); !same(got, c.novelty) {
			t.Errorf("%s: novelty %v, want %v", c.name, got, c.novelty)
		}
		if got := Popularity(c.counts, c.users, c.k); !same(got, c.ap) {
			t.Errorf("%s: popularity %v, want %v", c.name, got, c.ap)
		}
	}
}

func TestDiversity(t *testing.T) {
	for _, c := range []struct {
		name  string
		items [][]int32
		k     int
		want  float64
	}{
		// {1}{1,2}: 1 of 2 shared, 1/2. {1}{3}: none, 1. {1,2}{3}: none, 1.
		{"by hand", [][]int32{{1}, {1, 2}, {3}}, 3, 2.5 / 3},
		{"cut", [][]int32{{1}, {1, 2}, {3}}, 2, 0.5},
		// {1,2,3}{2,3,4}: 2 of 4 shared.
		{"overlap", [][]int32{{1, 2, 3}, {2, 3, 4}}, 9, 0.5},
		{"alike", [][]int32{{4, 5}, {4, 5}, {4, 5}}, 3, 0},
		{"nothing shared", [][]int32{{1}, {2}, {0}}, 3, 1},
		// The item without categories is in no pair, so one pair is left.
		{"one unknown", [][]int32{{1}, nil, {1, 2}}, 3, 0.5},
		{"all unknown", [][]int32{nil, nil}, 2, math.NaN()},
		{"one known", [][]int32{nil, {1}}, 2, math.NaN()},
		{"one place", [][]int32{{1}, {2}}, 1, math.NaN()},
		{"empty list", nil, 3, math.NaN()},
	} {
		if got := Diversity(c.items, c.k); !same(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
