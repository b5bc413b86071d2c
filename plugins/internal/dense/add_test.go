package dense

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestAddIsPortable: all lengths around the width of the assembly, at addresses
// of every alignment, with the same bits as the loop.
func TestAddIsPortable(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = float32(r.NormFloat64() * math.Pow(10, float64(r.IntN(9)-4)))
		}
		return out
	}
	for n := range 3*addStep + 2 {
		for shift := range 3 {
			out, row := draw(n + shift)[shift:], draw(n + shift)[shift:]
			want := append([]float32(nil), out...)
			addPortable(want, row)
			tail := append(out, 7)[:n] // an element beyond the end, to see that it stays
			Add(tail, row)
			for i := range want {
				if math.Float32bits(tail[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%d elements: element %d is %v, want %v", n, i, tail[i], want[i])
				}
			}
			if tail[:n+1][n] != 7 {
				t.Fatalf("%d elements: wrote beyond the end", n)
			}
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	out, row := make([]float32, 3706), make([]float32, 3706)
	for _, c := range []struct {
		name string
		add  func(out, row []float32)
	}{{"Add", Add}, {"portable", addPortable}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(4 * 3706)
			for b.Loop() {
				c.add(out, row)
			}
		})
	}
}
