package metric

import (
	"math"
	"slices"
)

// Parts puts values into n parts of equal size, 0 the lowest: deciles are Parts(values,
// 10). Equal values are in one part, the lowest that any of them belongs to; NaN is in
// none, -1.
func Parts(values []float64, n int) []int32 {
	sorted := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(sorted)
	out := make([]int32, len(values))
	for i, v := range values {
		if math.IsNaN(v) {
			out[i] = -1
			continue
		}
		below, _ := slices.BinarySearch(sorted, v)
		out[i] = int32(n * below / len(sorted))
	}
	return out
}
