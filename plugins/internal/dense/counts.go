package dense

import (
	"context"
	"slices"

	"github.com/alignuser/alignuser/plugins/internal/cores"
)

// Counts writes XᵀX of the users × items matrix x, whose values it ignores,
// into g, n × n by rows for n items: on the diagonal how many users have an
// item, elsewhere how many have both. Counts are exact, in float32 up to 2²⁴
// users.
func Counts[T float32 | float64](ctx context.Context, x *Matrix, g []T, threads int) error {
	n, byItem := x.Cols, x.Transpose()
	err := cores.Each(ctx, n, threads, func(_, i int) {
		row := g[i*n:][:n]
		clear(row)
		for _, u := range byItem.Row(i) {
			has := x.Row(int(u))
			at, _ := slices.BinarySearch(has, int32(i))
			for _, j := range has[at:] { // the upper triangle
				row[j]++
			}
		}
	})
	if err != nil {
		return err
	}
	return Mirror(ctx, g, n, threads)
}

// Mirror copies the upper triangle of the n × n matrix a onto the lower one.
func Mirror[T float32 | float64](ctx context.Context, a []T, n, threads int) error {
	const tile = 64 // two tiles of float64 fill a first-level cache
	return cores.Each(ctx, (n+tile-1)/tile, threads, func(_, block int) {
		lo, hi := block*tile, min(n, (block+1)*tile)
		for left := 0; left < hi; left += tile {
			for i := lo; i < hi; i++ {
				for j := left; j < min(i, left+tile); j++ {
					a[i*n+j] = a[j*n+i]
				}
			}
		}
	})
}
