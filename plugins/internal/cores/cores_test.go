package cores_test

import (
	"context"
	"errors"
	"testing"

	"github.com/alignuser/alignuser/plugins/internal/cores"
)

func TestEach(t *testing.T) {
	for _, threads := range []int{1, 2, 8} {
		out := make([]int, 100)
		if err := cores.Each(context.Background(), len(out), threads, func(_, i int) { out[i] += i }); err != nil {
			t.Fatal(err)
		}
		for i, v := range out {
			if v != i {
				t.Fatalf("threads %d: piece %d gave %d", threads, i, v)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := cores.Each(ctx, 5, threads, func(_, _ int) { t.Error("a piece ran after cancel") }); !errors.Is(err, context.Canceled) {
			t.Errorf("threads %d: error %v, want context.Canceled", threads, err)
		}
	}
}
