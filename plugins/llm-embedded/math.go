package main

import "math"

// The functions here are made of additions, multiplications and shifts alone, each
// rounded by itself, so that every processor gives the same bits. Those of package
// math are assembly on some.

// exp is e to the power of x, to about 1e-9 of its value; x is clipped to ±700.
func exp(x float64) float64 {
	x = math.Max(-700, math.Min(700, x))
	const perBit = 1.4426950408889634 // 1 / ln 2
	y := float64(x * perBit)
	whole := math.Floor(y)
	t := float64((y - whole) * math.Ln2) // in [0, ln 2)
	sum := 1.0
	for n := 12; n >= 1; n-- { // Horner's form of the series
		sum = 1 + float64(float64(t/float64(n))*sum)
	}
	return math.Ldexp(sum, int(whole))
}

// ln is the natural logarithm of x > 0, by the series of the area tangent.
func ln(x float64) float64 {
	m, e := math.Frexp(x) // m in [0.5, 1)
	z := float64((m - 1) / (m + 1))
	z2 := float64(z * z)
	sum, power := 0.0, z
	for n := 1; n < 40; n += 2 {
		sum += float64(power / float64(n))
		power = float64(power * z2)
	}
	return float64(2*sum) + float64(float64(e)*math.Ln2)
}

// magnitude grows by one when |x| doubles, in straight pieces; it keeps the sign.
func magnitude(x float64) float64 {
	if x < 0 {
		return -magnitude(-x)
	}
	m, e := math.Frexp(x + 1)
	return float64(e-1) + float64(2*m-1)
}

// softmax gives probabilities of scores.
func softmax(scores []float64) []float64 {
	top := math.Inf(-1)
	for _, s := range scores {
		top = math.Max(top, s)
	}
	out, sum := make([]float64, len(scores)), 0.0
	for i, s := range scores {
		out[i] = exp(s - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// hash mixes a text into a running hash (FNV-1a).
func hash(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

const basis uint64 = 14695981039346656037

// combine makes one hash of two.
func combine(a, b uint64) uint64 {
	h := a ^ (b*0x9e3779b97f4a7c15 + 0x7f4a7c15)
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}
