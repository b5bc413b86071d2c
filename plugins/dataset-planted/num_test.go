package main

import (
	"math"
	"testing"
)

func TestFunctions(t *testing.T) {
	close := func(name string, x, have, want, tolerance float64) {
		t.Helper()
		if math.Abs(have-want) > tolerance*math.Abs(want) {
			t.Errorf("%s(%v) = %v, want %v", name, x, have, want)
		}
	}
	for x := -40.0; x < 40; x += 0.37 {
		close("exp", x, exp(x), math.Exp(x), 1e-15)
		if x > 0 {
			close("log", x, log(x), math.Log(x), 1e-14)
			close("log", 1/x, log(1/x), math.Log(1/x), 1e-14)
		}
		cos, sin := turn(x)
		if a := x * math.Pi / 3; math.Abs(cos-math.Cos(a)) > 1e-12 || math.Abs(sin-math.Sin(a)) > 1e-12 {
			t.Errorf("turn(%v) = %v, %v, want %v, %v", x, cos, sin, math.Cos(a), math.Sin(a))
		}
	}
	for x := -7.9; x < 8; x += 0.31 {
		if want := 0.5 * math.Erfc(-x/math.Sqrt2); math.Abs(normalCDF(x)-want) > 1e-14 {
			t.Errorf("normalCDF(%v) = %v, want %v", x, normalCDF(x), want)
		}
	}
	if exp(-1e9) <= 0 || math.IsInf(exp(1e9), 0) || unit(0) <= 0 || unit(math.MaxUint64) >= 1 {
		t.Error("a function leaves its range at the ends")
	}
}

// TestNormal: mean, variance and fourth moment of 100,000 draws, with standard
// errors 0.003, 0.0045 and 0.03, and the share beyond 1.96.
func TestNormal(t *testing.T) {
	s := newStream(1, 99)
	var sum, squares, fourths, beyond float64
	const n = 100000
	for range n {
		x := s.normal()
		sum, squares, fourths = sum+x, squares+x*x, fourths+x*x*x*x
		if math.Abs(x) > 1.96 {
			beyond++
		}
	}
	if math.Abs(sum/n) > 0.013 || math.Abs(squares/n-1) > 0.018 || math.Abs(fourths/n-3) > 0.13 || math.Abs(beyond/n-0.05) > 0.003 {
		t.Errorf("moments %v, %v, %v, beyond 1.96 %v", sum/n, squares/n, fourths/n, beyond/n)
	}
}
