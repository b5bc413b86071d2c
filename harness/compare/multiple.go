package compare

import (
	"cmp"
	"slices"
)

// Holm adjusts the p-values of one family so that, rejecting those at most alpha,
// the chance of rejecting any true hypothesis is at most alpha, whatever the tests
// have in common (Holm 1979): in ascending order, the i-th of m becomes the largest
// of min(1, (m-j+1)·p_j) over j <= i. The result is in the order of p.
func Holm(p []float64) []float64 {
	out := make([]float64, len(p))
	largest := 0.0
	for i, at := range ascending(p) {
		largest = max(largest, min(1, float64(len(p)-i)*p[at]))
		out[at] = largest
	}
	return out
}

// BenjaminiHochberg adjusts p-values so that, rejecting those at most q, the
// expected share of true hypotheses among the rejected is at most q for independent
// or positively dependent tests (Benjamini and Hochberg 1995): in ascending
// order, the i-th of m becomes the smallest of min(1, m/j·p_j) over j >= i.
func BenjaminiHochberg(p []float64) []float64 {
	out := make([]float64, len(p))
	smallest := 1.0
	order := ascending(p)
	for i := len(order) - 1; i >= 0; i-- {
		smallest = min(smallest, float64(len(p))/float64(i+1)*p[order[i]])
		out[order[i]] = smallest
	}
	return out
}

// ascending gives the places of values, smallest first; equal ones in their order.
func ascending(values []float64) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	return order
}

// midranks ranks values from 1, smallest first; equal values get the mean of their
// places. It also gives Σ(t³ - t) over groups of t equal values.
func midranks(values []float64) (ranks []float64, ties float64) {
	order := ascending(values)
	ranks = make([]float64, len(values))
	for i := 0; i < len(order); {
		j := i + 1
		for j < len(order) && values[order[j]] == values[order[i]] {
			j++
		}
		for _, at := range order[i:j] {
			ranks[at] = float64(i+j+1) / 2
		}
		t := float64(j - i)
		ties += t*t*t - t
		i = j
	}
	return ranks, ties
}
