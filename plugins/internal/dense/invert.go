package dense

import (
	"context"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"

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
// have. A matrix that is not positive definite is refused.
func Invert(ctx context.Context, a []float64, n int, step func(done int)) error {
	column, swept := make([]float64, n*panel), make([]float64, n*panel)
	for k := 0; k < n; k += panel {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := min(panel, n-k)
		pivot, err := inverse(a, n, k, b)
		if err != nil {
			return err
		}
		gather(a, n, k, b, column)
		multiply(blas.NoTrans, n, b, b, 1, column, b, pivot, b, 0, swept, b)
		clear(column[k*b : (k+b)*b]) // rows of the panel itself stay as they are
		clear(swept[k*b : (k+b)*b])
		for i := 0; i < n; i += panel {
			h := min(panel, n-i)
			multiply(blas.Trans, h, n-i, b, -1, swept[i*b:], b, column[i*b:], b, 1, a[i*n+i:], n)
		}
		scatter(a, n, k, b, swept, pivot)
		if step != nil {
			step(k + b)
		}
	}
	for i := range n {
		for j := i; j < n; j++ {
			v := -a[i*n+j]
			a[i*n+j], a[j*n+i] = v, v
		}
	}
	return nil
}

// inverse gives the inverse of the b × b block of a at (k, k).
func inverse(a []float64, n, k, b int) ([]float64, error) {
	block := mat.NewSymDense(b, nil)
	for i := range b {
		for j := i; j < b; j++ {
			block.SetSym(i, j, a[(k+i)*n+k+j])
		}
	}
	var c mat.Cholesky
	var inv mat.SymDense
	if !c.Factorize(block) {
		return nil, sdk.Invalidf("", "the matrix is not positive definite near row %d: raise the regularisation", k)
	}
	if err := c.InverseTo(&inv); err != nil {
		return nil, sdk.Invalidf("", "the matrix is close to singular near row %d: raise the regularisation", k)
	}
	out := make([]float64, b*b)
	for i := range b {
		for j := range b {
			out[i*b+j] = inv.At(i, j)
		}
	}
	return out, nil
}

// gather copies columns [k, k+b) of the symmetric a, of which only the upper
// triangle holds, into an n × b matrix.
func gather(a []float64, n, k, b int, column []float64) {
	for i := range n {
		for j := range b {
			if i <= k+j {
				column[i*b+j] = a[i*n+k+j]
			} else {
				column[i*b+j] = a[(k+j)*n+i]
			}
		}
	}
}

// scatter writes the swept columns and the negated pivot back into the upper
// triangle.
func scatter(a []float64, n, k, b int, swept, pivot []float64) {
	for i := range n {
		switch {
		case i < k:
			copy(a[i*n+k:i*n+k+b], swept[i*b:(i+1)*b])
		case i < k+b:
			for j := range b {
				a[i*n+k+j] = -pivot[(i-k)*b+j]
			}
		default:
			for j := range b {
				a[(k+j)*n+i] = swept[i*b+j]
			}
		}
	}
}

// multiply is c = alpha · a · op(b) + beta · c for matrices by rows, m × k and
// k × n before op.
func multiply(tb blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	general := func(rows, cols, stride int, data []float64) blas64.General {
		return blas64.General{Rows: rows, Cols: cols, Stride: stride, Data: data}
	}
	right := general(k, n, ldb, b)
	if tb == blas.Trans {
		right = general(n, k, ldb, b)
	}
	blas64.Gemm(blas.NoTrans, tb, alpha, general(m, k, lda, a), right, beta, general(m, n, ldc, c))
}
