package main

import (
	"math"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// The tests of this file are the claim that a log of this world says what its
// parameters are: maximum likelihood of the true form, given the true factors,
// finds each coefficient again within 15 %. What it does not identify is listed
// in the package documentation.

// long leaves a test out of -short runs: the race detector makes it crawl and
// has nothing to find in it.
func long(t *testing.T) {
	if testing.Short() {
		t.Skip("fits a quarter of a million rows: skipped with -short")
	}
}

// newton fits a logistic regression of y on the rows of x by Newton's method.
func newton(x [][]float64, y []bool) []float64 {
	k := len(x[0])
	b := make([]float64, k)
	for range 25 {
		gradient, hessian := make([]float64, k), square(k)
		for r, row := range x {
			p := 1 / (1 + math.Exp(-dot(b, row)))
			residual := -p
			if y[r] {
				residual = 1 - p
			}
			for i, xi := range row {
				gradient[i] += residual * xi
				for j, xj := range row {
					hessian[i][j] += p * (1 - p) * xi * xj
				}
			}
		}
		step := solve(hessian, gradient)
		size := 0.0
		for i, s := range step {
			b[i] += s
			size = max(size, math.Abs(s))
		}
		if size < 1e-10 {
			break
		}
	}
	return b
}

func square(k int) [][]float64 {
	m := make([][]float64, k)
	for i := range m {
		m[i] = make([]float64, k)
	}
	return m
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

// solve is Gaussian elimination for a positive definite system.
func solve(a [][]float64, b []float64) []float64 {
	k := len(b)
	for i := range k {
		for j := i + 1; j < k; j++ {
			f := a[j][i] / a[i][i]
			for c := i; c < k; c++ {
				a[j][c] -= f * a[i][c]
			}
			b[j] -= f * b[i]
		}
	}
	out := make([]float64, k)
	for i := k - 1; i >= 0; i-- {
		out[i] = b[i]
		for c := i + 1; c < k; c++ {
			out[i] -= a[i][c] * out[c]
		}
		out[i] /= a[i][i]
	}
	return out
}

// recovered compares fitted with true coefficients.
func recovered(t *testing.T, names []string, have, want []float64) {
	t.Helper()
	for i, name := range names {
		off := math.Abs(have[i]/want[i] - 1)
		t.Logf("%-14s true %6.2f, fitted %7.3f, off by %.1f %%", name, want[i], have[i], 100*off)
		if !(off <= 0.15) {
			t.Errorf("%s: fitted %.3f, true %v: more than 15 %% apart", name, have[i], want[i])
		}
	}
}

// repetitions gives, for each row of the log, the repetition of its item.
func repetitions(w *world, log []shown) []float64 {
	out := make([]float64, len(log))
	first := 0
	for n, row := range log {
		if n > 0 && (log[n-1].user != row.user || log[n-1].session != row.session) {
			first = n
		}
		mine := w.things[row.item].categories
		for _, e := range log[first:n] {
			if !e.watched || e.page == row.page {
				continue
			}
			common := 0
			for _, a := range mine {
				for _, b := range w.things[e.item].categories {
					if a == b {
						common++
					}
				}
			}
			out[n] += float64(common) / float64(len(mine)) * math.Pow(0.7, float64(row.page-e.page-1))
		}
	}
	return out
}

func TestRecoversWatch(t *testing.T) {
	long(t)
	w, log := logOf(t, nil)
	repetition := repetitions(w, log)
	x, y := make([][]float64, len(log)), make([]bool, len(log))
	for n, row := range log {
		u, i := int(row.user), int(row.item)
		p, it := w.people[u], w.things[i]
		x[n] = []float64{
			1, w.tasteScale.of(w.rawTaste(u, i, 0)), w.latentScale.of(w.rawLatent(u, i)),
			p.qualityWeight * it.quality, p.conformity * it.fame, float64(row.slot), repetition[n],
		}
		y[n] = row.watched
	}
	recovered(t, []string{"watch-base", "taste", "latent", "quality", "fame", "slot", "repetition"},
		newton(x, y), []float64{-2.0, 1.4, 0.7, 0.7, 0.4, -0.10, -0.25})
}

func TestRecoversLeaveAndAttend(t *testing.T) {
	long(t)
	w, log := logOf(t, nil)
	var x [][]float64
	var y []bool
	attended := map[[2]int32]bool{}
	for n := 0; n < len(log); {
		row, satisfaction, cards := log[n], 0.0, 0.0
		for ; n < len(log) && log[n].user == row.user && log[n].session == row.session && log[n].page == row.page; n++ {
			cards++
			if log[n].watched {
				satisfaction += log[n].value - 3
			} else {
				satisfaction -= 0.3
			}
		}
		x = append(x, []float64{1, float64(row.page), satisfaction / cards, w.people[row.user].patience})
		y = append(y, row.left)
		attended[[2]int32{row.user, row.session}] = true
	}
	recovered(t, []string{"leave-base", "leave-page", "satisfaction", "patience"}, newton(x, y), []float64{-1.2, 0.35, -0.9, -0.6})
	x, y = nil, nil
	for u := range int32(w.users) {
		for s := range int32(w.sessions) {
			x, y = append(x, []float64{1, w.people[u].patience}), append(y, attended[[2]int32{u, s}])
		}
	}
	recovered(t, []string{"attend-base", "attend-patience"}, newton(x, y), []float64{0.8, 0.7})
}

// TestRecoversValue fits the rounded and clipped normal by expectation
// maximisation: given the coefficients, the expected unrounded value; given
// those, least squares.
func TestRecoversValue(t *testing.T) {
	long(t)
	w, log := logOf(t, nil)
	var x [][]float64
	var value []float64
	for _, row := range log {
		if row.watched {
			u, i := int(row.user), int(row.item)
			x = append(x, []float64{1, w.utility(u, i, 0) / w.utilitySD, w.things[i].quality, w.people[u].pickiness})
			value = append(value, row.value)
		}
	}
	b, sigma := []float64{3, 0, 0, 0}, 1.0
	for range 60 {
		normal, right := square(len(b)), make([]float64, len(b))
		latent, extra := make([]float64, len(x)), 0.0
		for n, row := range x {
			mean := dot(b, row)
			m, v := truncated(mean, sigma, value[n])
			latent[n], extra = m, extra+v
			for i, xi := range row {
				right[i] += xi * m
				for j, xj := range row {
					normal[i][j] += xi * xj
				}
			}
		}
		b = solve(normal, right)
		squares := extra
		for n, row := range x {
			squares += math.Pow(latent[n]-dot(b, row), 2)
		}
		sigma = math.Sqrt(squares / float64(len(x)))
	}
	recovered(t, []string{"value-centre", "value-utility", "value-quality", "value-pickiness", "value-noise"},
		append(b, sigma), []float64{3.1, 0.56, 0.15, -0.5, 0.9})
}

// truncated gives mean and variance of a normal number that was rounded and
// clipped to value.
func truncated(mean, sigma, value float64) (m, v float64) {
	density := func(z float64) float64 { return math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) }
	lo, hi := (value-0.5-mean)/sigma, (value+0.5-mean)/sigma
	loDensity, hiDensity, loTerm, hiTerm := density(lo), density(hi), lo*density(lo), hi*density(hi)
	loTail, hiTail := math.Erfc(-lo/math.Sqrt2)/2, math.Erfc(-hi/math.Sqrt2)/2
	if value == 1 {
		loDensity, loTerm, loTail = 0, 0, 0
	}
	if value == 5 {
		hiDensity, hiTerm, hiTail = 0, 0, 1
	}
	mass := max(hiTail-loTail, 1e-300)
	shift := (loDensity - hiDensity) / mass
	return mean + sigma*shift, sigma * sigma * (1 + (loTerm-hiTerm)/mass - shift*shift)
}

// TestCannotRecover: the test above has teeth. Fitted to a cascade, the logistic
// form gets at least one coefficient wrong by more than 15 %.
func TestCannotRecover(t *testing.T) {
	long(t)
	w, log := logOf(t, sdk.Options{"response": formCascade})
	repetition := repetitions(w, log)
	var x [][]float64
	var y []bool
	for n, row := range log {
		x = append(x, []float64{1, w.utility(int(row.user), int(row.item), 0), float64(row.slot), repetition[n]})
		y = append(y, row.watched)
	}
	b := newton(x, y)
	if math.Abs(b[2]/-0.10-1) < 0.15 {
		t.Errorf("a cascade looks logistic: %v", b)
	}
}
