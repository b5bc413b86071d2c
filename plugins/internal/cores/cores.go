// Package cores runs a loop on several cores. Its opinion: threads never change
// a result, so a piece writes only what is its own, and anything summed over
// pieces is summed afterwards in their order.
package cores

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Threads gives the number of workers for a configured number: that number, or
// one per available core where it is 0.
func Threads(configured int) int {
	if configured > 0 {
		return configured
	}
	return runtime.GOMAXPROCS(0)
}

// Each calls piece for every i in [0, n), on at most threads goroutines.
// Worker counts from 0 and names the goroutine, for buffers of its own. It
// returns ctx's error when ctx ends before the last piece began, after all
// goroutines are done.
func Each(ctx context.Context, n, threads int, piece func(worker, i int)) error {
	threads = min(Threads(threads), n)
	if threads <= 1 {
		for i := range n {
			if err := ctx.Err(); err != nil {
				return err
			}
			piece(0, i)
		}
		return ctx.Err()
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range threads {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				piece(w, i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
