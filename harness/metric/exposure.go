package metric

import (
	"fmt"
	"math"
	"slices"
)

// Coverage is the share of the catalogue that anyone is shown:
//
//	coverage@k = |distinct items in the first k of all lists| / items
//
// Every list counts, whether or not it holds a hit. It lies in [0, 1] and
// cannot exceed lists·k / items. NaN where the catalogue is
// empty; panics where k < 1 or an item is not in [0, items). Catalogue coverage
// of Ge, Delgado-Battenfeld and Jannach, Beyond accuracy, RecSys 2010.
func Coverage(lists [][]int32, items, k int) float64 {
	if k < 1 {
		panic(fmt.Sprintf("metric: cutoff %d: want at least 1", k))
	}
	if items == 0 {
		return math.NaN()
	}
	seen := make([]bool, items)
	n := 0
	for _, list := range lists {
		for _, item := range list[:min(k, len(list))] {
			if !seen[item] {
				seen[item] = true
				n++
			}
		}
	}
	return float64(n) / float64(items)
}

// Gini says how unevenly the places of all lists are dealt out to the items of
// the catalogue. With x the number of lists that hold an item among their first
// k, over all n items in ascending order of x, those shown to nobody included:
//
//	gini@k = Σ (2i − n − 1)·x_i / ((n − 1)·Σ x_i), i = 1 … n
//
// It lies in [0, 1]: 0 where every item is shown equally often, 1 where one item
// takes every place, which lists of more than one item cannot reach. NaN where
// nothing is shown or the catalogue has fewer than two items; panics where k < 1
// or an item is not in [0, items). Gunawardana and Shani, Evaluating recommender
// systems, Recommender Systems Handbook, 2nd edition, 2015.
func Gini(lists [][]int32, items, k int) float64 {
	if k < 1 {
		panic(fmt.Sprintf("metric: cutoff %d: want at least 1", k))
	}
	exposure := make([]int64, items)
	places := int64(0)
	for _, list := range lists {
		for _, item := range list[:min(k, len(list))] {
			exposure[item]++
			places++
		}
	}
	if places == 0 || items < 2 {
		return math.NaN()
	}
	slices.Sort(exposure)
	sum := int64(0)
	for i, x := range exposure {
		sum += int64(2*(i+1)-items-1) * x
	}
	return float64(sum) / (float64(items-1) * float64(places))
}
