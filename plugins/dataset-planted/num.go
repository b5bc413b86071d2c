package main

import (
	"math"

	"github.com/alignuser/alignuser/sdk"
)

// The world must be the same bytes on every processor. Go's math.Exp is
// assembly on some, and compilers may fuse a multiplication with an addition on
// others. So the few functions needed are here, and every product that is added
// to something goes through mul, which rounds it first.

// mul is a·b, rounded before anything is added to it.
func mul(a, b float64) float64 { return float64(a * b) }

const (
	ln2Hi = 6.93147180369123816490e-01 // ln 2 to 33 bits: k·ln2Hi is exact
	ln2Lo = 1.90821492927058770002e-10
	log2E = 1.44269504088896338700
)

// exp is eˣ to about one unit in the last place; its Taylor series after
// reduction to |r| <= ln2/2.
func exp(x float64) float64 {
	x = min(max(x, -700), 700)
	k := math.Floor(mul(x, log2E) + 0.5)
	r := x - mul(k, ln2Hi) - mul(k, ln2Lo)
	p := 1.0
	for n := 14; n > 0; n-- {
		p = 1 + mul(r, p)/float64(n)
	}
	return math.Ldexp(p, int(k))
}

// log is the natural logarithm of x > 0, as 2·artanh((m−1)/(m+1)) with m in
// [√½, √2).
func log(x float64) float64 {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = mul(m, 2), e-1
	}
	s := (m - 1) / (m + 1)
	z := mul(s, s)
	p := 0.0
	for n := 23; n > 0; n -= 2 {
		p = mul(z, p) + 1/float64(n)
	}
	return mul(float64(e), ln2Hi) + (mul(mul(2, s), p) + mul(float64(e), ln2Lo))
}

// logistic is 1/(1 + e⁻ˣ).
func logistic(x float64) float64 { return 1 / (1 + exp(-x)) }

// normalCDF is Φ by its Taylor series (Marsaglia 2004, "Evaluating the normal
// distribution"), 0 or 1 beyond eight deviations.
func normalCDF(x float64) float64 {
	if x < -8 {
		return 0
	}
	if x > 8 {
		return 1
	}
	q := mul(x, x)
	sum, term := x, x
	for i := 3.0; ; i += 2 {
		term = mul(term, q) / i
		if sum+term == sum {
			break
		}
		sum += term
	}
	const halfLogTau = 0.91893853320467274178
	return 0.5 + mul(sum, exp(-mul(0.5, q)-halfLogTau))
}

// unit turns a hash into a number strictly between 0 and 1.
func unit(h uint64) float64 { return (float64(h>>12) + 0.5) / (1 << 52) }

// stream is a sequence of random numbers that depends on its key alone.
type stream struct{ key, n uint64 }

// newStream derives a stream from the world's seed and what it is for.
func newStream(seed uint64, parts ...uint64) *stream { return &stream{key: sdk.Mix(seed, parts...)} }

// uniform gives a number strictly between 0 and 1.
func (s *stream) uniform() float64 {
	s.n++
	return unit(sdk.Mix(s.key, s.n))
}

// below gives a whole number in [0, n).
func (s *stream) below(n int) int { return int(mul(s.uniform(), float64(n))) }

// normal gives a standard normal number by the polar method.
func (s *stream) normal() float64 {
	for {
		a, b := mul(2, s.uniform())-1, mul(2, s.uniform())-1
		q := mul(a, a) + mul(b, b)
		if q > 0 && q < 1 {
			return mul(a, math.Sqrt(mul(-2, log(q))/q))
		}
	}
}
