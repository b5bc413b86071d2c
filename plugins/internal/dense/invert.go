package dense

import (
	"context"
	"math"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/sdk"
)

// panel is the number of rows that Invert treats at once: large enough for
// matrix products to dominate, small enough to ask the context often.
const panel = 128

// Invert replaces the symmetric positive definite matrix a, n × n by rows, by
// its inverse. It reads the upper triangle and writes both. Step is told how
// many of n rows are done; it may be nil.
//
// It is the sweep operator (Goodnight 1979, "A tutorial on the SWEEP
// operator") on panels of rows, each panel's pivot inverted by Cholesky: n³
// floating-point operations, nearly all in matrix products, and a place to stop
// every few milliseconds, which a factorisation of the whole matrix does not
// have. All of it is in float64, with the same bits on any number of threads
// and any processor. A matrix that is not positive definite, or so nearly that
// rounding hides it, is refused.
func Invert(ctx context.Context, a []float64, n, threads int, step func(done int)) error {
	var left, right packed
	column, swept := make([]float64, n*panel), make([]float64, n*panel)
	pivot := make([]float64, panel*panel)
	for k := 0; k < n; k += panel {
		b := min(panel, n-k)
		if err := negatedInverse(a, n, k, b, pivot); err != nil {
			return err
		}
		if err := gather(ctx, a, n, k, b, threads, column); err != nil {
			return err
		}
		left, right = pack(left, tileRows, column, n, b, b), pack(right, tileCols, pivot, b, b, b)
		clear(swept)
		if err := multiply(ctx, left, right, swept, b, true, threads); err != nil {
			return err
		}
		clear(column[k*b : (k+b)*b]) // rows of the panel itself stay as they are
		clear(swept[k*b : (k+b)*b])
		left, right = pack(left, tileRows, swept, n, b, b), pack(right, tileCols, column, n, b, b)
		if err := multiply(ctx, left, right, a, n, false, threads); err != nil {
			return err
		}
		if err := scatter(ctx, a, n, k, b, threads, swept, pivot); err != nil {
			return err
		}
		if step != nil {
			step(k + b)
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			a[i*n+j] = -a[i*n+j]
		}
	}
	return Mirror(ctx, a, n, threads)
}

// negatedInverse writes −P⁻¹ into out for the b × b block P of a at (k, k), of
// which the upper triangle holds. With P = L·Lᵀ and M = L⁻¹ it is −Mᵀ·M.
func negatedInverse(a []float64, n, k, b int, out []float64) error {
	l, m := make([]float64, b*b), make([]float64, b*b) // m holds Mᵀ: rows are columns of M
	for j := range b {
		row := l[j*b:][:j]
		whole := a[(k+j)*n+k+j]
		d := whole - dot(row, row)
		if !(d > 1e-14*whole) || math.IsInf(d, 1) {
			return sdk.Invalidf("", "the matrix is not positive definite, or close to singular, near row %d: raise the regularisation", k+j)
		}
		d = math.Sqrt(d)
		l[j*b+j] = d
		for i := j + 1; i < b; i++ {
			l[i*b+j] = (a[(k+j)*n+k+i] - dot(l[i*b:][:j], row)) / d
		}
	}
	for j := range b {
		col := m[j*b:][:b] // column j of M: L·col = unit vector j
		col[j] = 1 / l[j*b+j]
		for i := j + 1; i < b; i++ {
			col[i] = -dot(l[i*b+j:][:i-j], col[j:i]) / l[i*b+i]
		}
	}
	for i := range b {
		for j := i; j < b; j++ {
			v := -dot(m[i*b+j:(i+1)*b], m[j*b+j:(j+1)*b])
			out[i*b+j], out[j*b+i] = v, v
		}
	}
	return nil
}

// dot gives Σ x_i·y_i in order, each product rounded before it is added.
func dot(x, y []float64) float64 {
	sum := 0.0
	y = y[:len(x)]
	for i, v := range x {
		sum += float64(v * y[i])
	}
	return sum
}

// strip is the number of rows that gather and scatter move at once.
const strip = 64

// gather copies columns [k, k+b) of the symmetric a, of which only the upper
// triangle holds, into an n × b matrix.
func gather(ctx context.Context, a []float64, n, k, b, threads int, column []float64) error {
	return cores.Each(ctx, (n+strip-1)/strip, threads, func(_, piece int) {
		top, bottom := piece*strip, min(n, (piece+1)*strip)
		for i := top; i < min(bottom, k+b); i++ {
			for j := max(0, i-k); j < b; j++ {
				column[i*b+j] = a[i*n+k+j]
			}
		}
		for j := range b {
			for i := max(top, k+j+1); i < bottom; i++ {
				column[i*b+j] = a[(k+j)*n+i]
			}
		}
	})
}

// scatter writes the swept columns, which come negated, and the negated pivot
// back into the upper triangle.
func scatter(ctx context.Context, a []float64, n, k, b, threads int, swept, pivot []float64) error {
	return cores.Each(ctx, (n+strip-1)/strip, threads, func(_, piece int) {
		top, bottom := piece*strip, min(n, (piece+1)*strip)
		for i := top; i < min(bottom, k); i++ {
			for j := range b {
				a[i*n+k+j] = -swept[i*b+j]
			}
		}
		for i := max(top, k); i < min(bottom, k+b); i++ {
			copy(a[i*n+k:][:b], pivot[(i-k)*b:][:b])
		}
		for j := range b {
			for i := max(top, k+b); i < bottom; i++ {
				a[(k+j)*n+i] = -swept[i*b+j]
			}
		}
	})
}
