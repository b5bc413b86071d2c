package score

import "iter"

// ByUser yields the rows of each user; those of one stand together.
func ByUser[R any](rows []R, user func(R) int32) iter.Seq[[]R] {
	return func(yield func([]R) bool) {
		for from := 0; from < len(rows); {
			to := from + 1
			for to < len(rows) && user(rows[to]) == user(rows[from]) {
				to++
			}
			if !yield(rows[from:to]) {
				return
			}
			from = to
		}
	}
}

// Means completes a column with the mean of each user: the sum over the user's rows of
// what of gives, over the sum of how many things that is of. It is NaN where that is 0.
func Means[R any](c Column, rows []R, user func(R) int32, of func(R) (sum, n float64)) Column {
	for own := range ByUser(rows, user) {
		sum, n := 0.0, 0.0
		for _, r := range own {
			v, k := of(r)
			sum, n = sum+v, n+k
		}
		c.Users, c.Values = append(c.Users, user(own[0])), append(c.Values, sum/n)
	}
	return c
}

// Some makes a value that may be missing one thing, or none, for [Means].
func Some(v float64, ok bool) (sum, n float64) {
	if !ok {
		return 0, 0
	}
	return v, 1
}
