package dense

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func normals(rng *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = rng.NormFloat64()
	}
	return out
}

// TestTile compares what this processor uses with plain Go, bit for bit.
func TestTile(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, depth := range []int{0, 1, 2, 7, 128} {
		const stride = tileCols + 3
		a, b := normals(rng, depth*tileRows), normals(rng, depth*tileCols)
		c := normals(rng, tileRows*stride)
		got, want := slices.Clone(c), slices.Clone(c)
		tile(depth, a, b, got, stride)
		tilePortable(depth, a, b, want, stride)
		if !slices.Equal(got, want) {
			t.Errorf("depth %d: the assembly and plain Go differ", depth)
		}
		if depth > 0 && slices.Equal(got, c) {
			t.Errorf("depth %d: nothing was added", depth)
		}
		for i := range tileRows {
			if outside := i*stride + tileCols; !slices.Equal(got[outside:min(len(got), outside+3)], c[outside:min(len(c), outside+3)]) {
				t.Errorf("depth %d: written beside row %d of the tile", depth, i)
			}
		}
	}
}

// TestMultiply compares with the definition, bit for bit: one sum an element,
// in order, from what was there.
func TestMultiply(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, n := rapid.IntRange(1, 2*band+5).Draw(t, "m"), rapid.IntRange(1, block+20).Draw(t, "n")
		depth, threads := rapid.IntRange(0, 20).Draw(t, "depth"), rapid.IntRange(1, 4).Draw(t, "threads")
		whole := rapid.Bool().Draw(t, "whole")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a, b, c := normals(rng, m*depth), normals(rng, n*depth), normals(rng, m*n)
		want := slices.Clone(c)
		for i := range m {
			for j := range n {
				for k := range depth {
					want[i*n+j] += float64(a[i*depth+k] * b[j*depth+k])
				}
			}
		}
		left, right := pack(packed{}, tileRows, a, m, depth, depth), pack(packed{}, tileCols, b, n, depth, depth)
		if err := multiply(context.Background(), left, right, c, n, whole, threads); err != nil {
			t.Fatal(err)
		}
		for i := range m {
			for j := range n {
				if (whole || i <= j) && c[i*n+j] != want[i*n+j] {
					t.Fatalf("(%d, %d) of %d × %d × %d is %v, want %v", i, j, m, n, depth, c[i*n+j], want[i*n+j])
				}
			}
		}
	})
}

// TestPackKeepsNothing: memory used before leaves no trace in the filling.
func TestPackKeepsNothing(t *testing.T) {
	old := pack(packed{}, 4, []float64{9, 9, 9, 9, 9, 9, 9, 9}, 4, 2, 2)
	got := pack(old, 4, []float64{1, 2, 0, 3, 4, 0}, 2, 2, 3)
	if want := []float64{1, 3, 0, 0, 2, 4, 0, 0}; !slices.Equal(got.data, want) {
		t.Errorf("panel %v, want %v", got.data, want)
	}
}

// counted gives the counts of a random world plus l2 on the diagonal: what ease
// inverts, all of it integers but l2.
func counted(users, items int, l2 float64) []float64 {
	g := make([]float64, items*items)
	for u := range uint64(users) {
		var row []int
		for i := range items {
			h := (u*2654435761 + uint64(i)*40503 + u*uint64(i)*97) % 1009
			if h < 40+uint64(i%7)*60 {
				row = append(row, i)
			}
		}
		for _, i := range row {
			for _, j := range row {
				g[i*items+j]++
			}
		}
	}
	for i := range items {
		g[i*items+i] += l2
	}
	return g
}

// TestInvertAgainstGonum compares with gonum's Cholesky in float64, at a usual
// regularisation and at one that leaves the matrix close to singular: fewer
// users than items, so all but 200 eigenvalues are l2.
func TestInvertAgainstGonum(t *testing.T) {
	const users, items = 200, 2*panel + 41
	for _, l2 := range []float64{500, 1, 1e-3} {
		a := counted(users, items, l2)
		var c mat.Cholesky
		var want mat.SymDense
		if !c.Factorize(mat.NewSymDense(items, slices.Clone(a))) {
			t.Fatal("gonum refuses the matrix")
		}
		if err := c.InverseTo(&want); err != nil {
			t.Fatal(err)
		}
		if err := Invert(context.Background(), a, items, 2, nil); err != nil {
			t.Fatal(err)
		}
		worst := 0.0 // in what ease makes of it
		for i := range items {
			for j := range items {
				worst = max(worst, math.Abs(a[i*items+j]/a[j*items+j]-want.At(i, j)/want.At(j, j)))
			}
		}
		if !(worst < 1e-7) {
			t.Errorf("l2 %g, condition %.1e: a weight differs from gonum's by %g", l2, c.Cond(), worst)
		}
	}
}

// TestInvertBits pins the bytes, so that a processor or a compiler that rounds
// otherwise is found out.
func TestInvertBits(t *testing.T) {
	const items = panel + 30
	a := counted(300, items, 10)
	if err := Invert(context.Background(), a, items, 2, nil); err != nil {
		t.Fatal(err)
	}
	raw, err := binary.Append(nil, binary.LittleEndian, a)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	if got, want := hex.EncodeToString(sum[:8]), "62ddc5aac59d4ad7"; got != want {
		t.Errorf("the inverse hashes to %s, want %s", got, want)
	}
}

func BenchmarkMultiply(b *testing.B) {
	const n, depth = 1024, panel
	rng := rand.New(rand.NewPCG(1, 1))
	x, c := normals(rng, n*depth), make([]float64, n*n)
	left, right := pack(packed{}, tileRows, x, n, depth, depth), pack(packed{}, tileCols, x, n, depth, depth)
	for b.Loop() {
		if err := multiply(context.Background(), left, right, c, n, true, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(2*n*n*depth*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
