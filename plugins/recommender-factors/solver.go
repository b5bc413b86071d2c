package main

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"

	"github.com/alignuser/alignuser/sdk"
)

// block is the number of vectors that are gathered before they are multiplied.
const block = 128

// solver solves one row of ials at a time. Products are summed in float32, at
// most block of them into one sum before it goes to float64, where the k × k
// system is solved: float32 would lose the regularisation beside a large gram
// matrix.
type solver struct {
	k                  int
	alpha, l2, scaling float64
	rows               []float32 // block × k, gathered
	part               []float32 // k × k, of one block
	system             []float64 // k × k, upper triangle
	right              []float64 // k
	vector, weights    []float32 // of foldIn
}

func newSolver(o sdk.Options) *solver {
	k := o.Int("factors")
	return &solver{
		k: k, alpha: o.Float("alpha"), l2: o.Float("l2"), scaling: o.Float("frequency-scaling"),
		rows: make([]float32, block*k), part: make([]float32, k*k), system: make([]float64, k*k), right: make([]float64, k),
	}
}

// gramOf gives the upper triangle of YᵀY for vectors of length k by rows.
func gramOf(y []float32, k int) []float64 {
	s := solver{k: k, part: make([]float32, k*k), system: make([]float64, k*k)}
	for len(y) > 0 {
		n := min(len(y), block*k)
		s.addProducts(y[:n], 1)
		y = y[n:]
	}
	return s.system
}

// addProducts adds scale · XᵀX to the system, for at most block rows x.
func (s *solver) addProducts(x []float32, scale float32) {
	k := s.k
	blas32.Syrk(blas.Trans, scale, blas32.General{Rows: len(x) / k, Cols: k, Stride: k, Data: x}, 0,
		blas32.Symmetric{N: k, Stride: k, Data: s.part, Uplo: blas.Upper})
	for i := range k {
		row := s.system[i*k+i : (i+1)*k]
		for j, p := range s.part[i*k+i : (i+1)*k] {
			row[j] += float64(p)
		}
	}
}

// solve writes into out the vector of a row with the given items, whose
// weights r are 1 where weights is nil. Without items it is zero.
func (s *solver) solve(out []float32, gram []float64, items []int32, weights, y []float32) error {
	k := s.k
	if len(items) == 0 {
		clear(out)
		return nil
	}
	copy(s.system, gram)
	clear(s.right)
	confidence := float64(len(y) / k) // 1 for every pair, and alpha·r more for those observed
	for from := 0; from < len(items); from += block {
		part := items[from:min(from+block, len(items))]
		for n, it := range part {
			r := float32(1)
			if weights != nil {
				r = weights[from+n]
			}
			confidence += s.alpha * float64(r)
			row, c, root := s.rows[n*k:(n+1)*k], 1+s.alpha*float64(r), float32(math.Sqrt(float64(r)))
			for f, v := range y[int(it)*k : (int(it)+1)*k] {
				s.right[f] += c * float64(v)
				row[f] = root * v
			}
		}
		s.addProducts(s.rows[:len(part)*k], float32(s.alpha))
	}
	l2 := s.l2 * math.Pow(confidence, s.scaling)
	for f := range k {
		s.system[f*k+f] += l2
	}
	if !cholesky(s.system, s.right, k) {
		return sdk.Invalidf("l2", "a system of %d equations is not positive definite: raise l2", k)
	}
	for f := range k {
		out[f] = float32(s.right[f])
	}
	return nil
}

// cholesky replaces b by the solution of A·x = b for the symmetric positive
// definite A, k × k by rows, of which it reads the upper triangle and keeps the
// factor R of A = RᵀR. False: A is not positive definite.
func cholesky(a, b []float64, k int) bool {
	for j := range k {
		row := a[j*k+j : (j+1)*k]
		if !(row[0] > 0) || math.IsInf(row[0], 0) {
			return false
		}
		inverse := 1 / math.Sqrt(row[0])
		for f := range row {
			row[f] *= inverse
		}
		b[j] *= inverse
		for i := 1; i < len(row); i++ { // the rows below, and b, lose what row j explains
			blas64.Axpy(-row[i], span(row[i:]), span(a[(j+i)*k+j+i:(j+i+1)*k]))
			b[j+i] -= row[i] * b[j]
		}
	}
	for j := k - 1; j >= 0; j-- { // R·x = b
		row := a[j*k+j : (j+1)*k]
		rest := b[j+1:]
		sum := b[j]
		for f, v := range row[1:] {
			sum -= v * rest[f]
		}
		b[j] = sum / row[0]
	}
	return true
}

func span(x []float64) blas64.Vector { return blas64.Vector{N: len(x), Inc: 1, Data: x} }
