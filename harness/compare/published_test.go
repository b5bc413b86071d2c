package compare

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > within {
		t.Errorf("%s: got %v, want %v (within %v)", what, got, want, within)
	}
}

// Hamilton depression scale of nine patients at two visits: Hollander and Wolfe
// 1973, p. 29, the example of wilcox.test in R: V = 40, p = 0.01953 one-sided.
func depression() []float64 {
	first := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	second := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	return minus(first, second)
}

func TestWilcoxonAsPublished(t *testing.T) {
	r := Wilcoxon(depression(), DropZeros, Greater)
	near(t, "V", r.V, 40, 0)
	near(t, "p", r.P, 0.01953, 5e-6) // 10/512
	near(t, "p, two-sided", Wilcoxon(depression(), Pratt, TwoSided).P, 0.03906, 5e-6)
	near(t, "p, less", Wilcoxon(depression(), Pratt, Less).P, 505.0/512, 1e-12) // 512 - 10 + the 3 with V = 40
}

// Zeros and ties by hand: |d| = 0 1 1 2 has the ranks 1 2.5 2.5 4. Pratt keeps
// 2.5 2.5 4 for d = 1 -1 2: V = 6.5 of 9; sums at least 6.5 are {2.5 4} twice and {2.5 2.5 4}: 3/8.
// Dropping the zero gives ranks 1.5 1.5 3: V = 4.5 of 6, again 3/8.
func TestWilcoxonZeros(t *testing.T) {
	d := []float64{0, 1, -1, 2}
	pratt, drop := Wilcoxon(d, Pratt, Greater), Wilcoxon(d, DropZeros, Greater)
	near(t, "V, Pratt", pratt.V, 6.5, 0)
	near(t, "V, dropped", drop.V, 4.5, 0)
	near(t, "p, Pratt", pratt.P, 3.0/8, 1e-15)
	near(t, "p, dropped", drop.P, 3.0/8, 1e-15)
	if none := Wilcoxon([]float64{0, 0}, Pratt, TwoSided); none.P != 1 || none.N != 0 {
		t.Errorf("zeros only: %+v", none)
	}
}

// The normal approximation meets the exact distribution where both are at hand:
// 50 differences are counted, and one more, tiny, hardly changes anything.
func TestWilcoxonApproximation(t *testing.T) {
	var d []float64
	for i := range 50 {
		d = append(d, float64(i+1)*[]float64{1, -1, 1}[i%3])
	}
	exact := Wilcoxon(d, Pratt, TwoSided)
	approximate := normalTail(exact.V-50*51/4.0, math.Sqrt(50*51*101/24.0), TwoSided)
	near(t, "p", approximate, exact.P, 0.002)
	if more := Wilcoxon(append(d, 0.5), Pratt, TwoSided); more.Exact || !exact.Exact {
		t.Errorf("exact %v with 50, %v with 51", exact.Exact, more.Exact)
	}
}

// Fifteen p-values of Benjamini and Hochberg 1995, section 3.2: at 0.05 their procedure
// rejects the four smallest; Bonferroni, and Holm with it, three.
func TestFamiliesAsPublished(t *testing.T) {
	p := []float64{
		0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
		0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
	}
	rejected := func(adjusted []float64) (n int) {
		for _, v := range adjusted {
			if v <= 0.05 {
				n++
			}
		}
		return n
	}
	bh, holm := BenjaminiHochberg(p), Holm(p)
	if rejected(bh) != 4 || rejected(holm) != 3 {
		t.Errorf("BH rejects %d, Holm %d; want 4 and 3", rejected(bh), rejected(holm))
	}
	near(t, "BH of the fourth", bh[3], 0.0095*15/4, 1e-15)
	near(t, "Holm of the third", holm[2], 0.0019*13, 1e-15)
	// Holm 1979's rule by hand: 0.01 0.02 0.03 0.005 -> 0.03 0.04 0.04 0.02.
	for i, want := range []float64{0.03, 0.04, 0.04, 0.02} {
		near(t, "Holm", Holm([]float64{0.01, 0.02, 0.03, 0.005})[i], want, 1e-15)
	}
	if len(Holm(nil)) != 0 || len(BenjaminiHochberg(nil)) != 0 {
		t.Error("an empty family has no p-values")
	}
}

// Four classifiers on fourteen data sets: Demšar 2006, table 6 (AUC). The paper ranks
// two values printed as 0.975 second and third, so the better one has a digit more here.
func demsar() [][]float64 {
	rows := [][4]float64{
		{0.763, 0.768, 0.771, 0.798},
		{0.599, 0.591, 0.590, 0.569},
		{0.954, 0.971, 0.968, 0.967},
		{0.628, 0.661, 0.654, 0.657},
		{0.882, 0.888, 0.886, 0.898},
		{0.936, 0.931, 0.916, 0.931},
		{0.661, 0.668, 0.609, 0.685},
		{0.583, 0.583, 0.563, 0.625},
		{0.775, 0.838, 0.866, 0.875},
		{1.000, 1.000, 1.000, 1.000},
		{0.940, 0.962, 0.965, 0.962},
		{0.619, 0.666, 0.614, 0.669},
		{0.972, 0.981, 0.9751, 0.975},
		{0.957, 0.978, 0.946, 0.970},
	}
	out := make([][]float64, 4)
	for _, r := range rows {
		for a, v := range r {
			out[a] = append(out[a], v)
		}
	}
	return out
}

// Demšar prints mean ranks 3.143, 2.000, 2.893, 1.964, χ² = 9.28 and F = 3.69 without
// correction for ties, and a critical difference of 1.25.
func TestFriedmanAsDemsar(t *testing.T) {
	r := Friedman(demsar(), false)
	for a, want := range []float64{3.143, 2.000, 2.893, 1.964} {
		near(t, "mean rank", r.MeanRanks[a], want, 0.0005)
	}
	// Ties: one pair in three data sets (3·6) and all four in one (60): 78 of 14·60.
	uncorrected := r.ChiSquared * (1 - 78.0/840)
	near(t, "χ²", uncorrected, 9.28, 0.005)
	f, _ := imanDavenport(uncorrected, 14, 4)
	near(t, "F", f, 3.69, 0.005)
	near(t, "critical difference", CriticalDifference(4, 14, 0.05), 1.25, 0.005)
	near(t, "critical difference at 0.1", CriticalDifference(4, 14, 0.10), 1.12, 0.005)
}

// Times to round first base, three methods, 22 players: Hollander and Wolfe 1973, p.
// 140, the example of friedman.test in R: χ² = 11.143, df = 2, p = 0.003805.
func TestFriedmanAsR(t *testing.T) {
	rows := [][3]float64{
		{5.40, 5.50, 5.55},
		{5.85, 5.70, 5.75},
		{5.20, 5.60, 5.50},
		{5.55, 5.50, 5.40},
		{5.90, 5.85, 5.70},
		{5.45, 5.55, 5.60},
		{5.40, 5.40, 5.35},
		{5.45, 5.50, 5.35},
		{5.25, 5.15, 5.00},
		{5.85, 5.80, 5.70},
		{5.25, 5.20, 5.10},
		{5.65, 5.55, 5.45},
		{5.60, 5.35, 5.45},
		{5.05, 5.00, 4.95},
		{5.50, 5.50, 5.40},
		{5.45, 5.55, 5.50},
		{5.55, 5.55, 5.35},
		{5.45, 5.50, 5.55},
		{5.50, 5.45, 5.25},
		{5.65, 5.60, 5.40},
		{5.70, 5.65, 5.55},
		{6.30, 6.30, 6.25},
	}
	values := make([][]float64, 3)
	for _, r := range rows {
		for a, v := range r {
			values[a] = append(values[a], v)
		}
	}
	r := Friedman(values, true)
	near(t, "χ²", r.ChiSquared, 11.143, 0.0005)
	near(t, "p", r.P, 0.003805, 5e-7)
}

func TestFriedmanDegenerate(t *testing.T) {
	same := Friedman([][]float64{{1, 2, 3}, {1, 2, 3}}, false)
	if same.P != 1 || same.FP != 1 || same.ChiSquared != 0 {
		t.Errorf("copies: %+v", same)
	}
	clear := Friedman([][]float64{{2, 3, 4}, {1, 2, 3}}, false)
	if !math.IsInf(clear.F, 1) || clear.FP != 0 {
		t.Errorf("every block agrees: %+v", clear)
	}
}

// Demšar 2006, table 5a: critical values of the Nemenyi test for 2 to 10 classifiers.
func TestStudentizedRangeAsPublished(t *testing.T) {
	at05 := []float64{1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164}
	at10 := []float64{1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920}
	for i := range at05 {
		near(t, "q 0.05", StudentizedRange(i+2, 0.05)/math.Sqrt2, at05[i], 0.001)
		near(t, "q 0.10", StudentizedRange(i+2, 0.10)/math.Sqrt2, at10[i], 0.001)
	}
}

// Darwin's fifteen pairs of maize plants, in eighths of an inch: Fisher 1935, section 21,
// counts 863 of 32,768 signs with a sum of at least 314, 835 of them above it.
func TestSignFlipAsFisher(t *testing.T) {
	d := []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48}
	near(t, "p", SignFlip(d, Greater), 863.0/32768, 1e-12)
	near(t, "p, two-sided", SignFlip(d, TwoSided), 2*863.0/32768, 1e-12)
	many := make([]float64, 0, 10*len(d))
	for i := range 10 {
		for _, v := range d {
			many = append(many, v*float64(i%3-1))
		}
	}
	if p := SignFlip(many, TwoSided); p < 0.001 || p > 1 {
		t.Errorf("random signs: p = %v", p)
	}
	if p := SignFlip(make([]float64, 30), TwoSided); p != 1 {
		t.Errorf("no difference at all: p = %v", p)
	}
}

// Random signs estimate the same probability as all signs do: 17 differences, one more than are counted.
func TestSignFlipSampled(t *testing.T) {
	d := []float64{49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48, 1e-9, -1e-9}
	near(t, "p", SignFlip(d, Greater), 863.0/32768, 0.005) // four standard errors of 10,000 draws are 0.0064
}

// Twenty differences of 1: one of 2^20 sign patterns is as extreme. No sample of 10,000 could
// show that, Hoeffding's bound comes nearer: exp(-20²/(2·20)) = 4.54e-5 on one side. Four less
// make it exp(-16²/(2·20)) = 0.00166, and the sample decides: 190 + 20 + 1 patterns sum to at
// least 16, 0.000201 of all.
func TestSignFlipBeyondTheSample(t *testing.T) {
	d := make([]float64, 20)
	for i := range d {
		d[i] = 1
	}
	near(t, "p", SignFlip(d, Greater), math.Exp(-10), 1e-18)
	near(t, "p, two-sided", SignFlip(d, TwoSided), 2*math.Exp(-10), 1e-18)
	near(t, "p, less", SignFlip(d, Less), 1, 0)
	d[0], d[1] = -1, -1
	near(t, "p of fewer", SignFlip(d, Greater), 0.000201, 0.0006) // four standard errors
	if p := SignFlip(d, Greater); p < 1.0/(Draws+1) {
		t.Errorf("p of fewer: %v is less than the sample can show", p)
	}
}

// No sign pattern is likelier than Hoeffding's bound says.
func TestUnlikelyIsABound(t *testing.T) {
	for seed := range uint64(50) {
		d := noise(seed, 14, 0.8)[0]
		exact, _ := everyFlip(d, TwoSided)
		if bound := unlikely(d); exact > 2*bound {
			t.Errorf("seed %d: p %v, bound %v", seed, exact, 2*bound)
		}
	}
}

func TestEffects(t *testing.T) {
	// d = 1 2 3 -1 0: mean 1, sum of squares about it 0+1+4+4+1 = 10, sd √2.5; wins 3 + 0.5 of 5.
	// Ranks of |d| without the zero: 1.5 3 4 | 1.5: (8.5-1.5)/10.
	e := Effects([]float64{1, 2, 3, -1, 0})
	near(t, "d_z", e.DZ, 1/math.Sqrt(2.5), 1e-15)
	near(t, "rank-biserial", e.RankBiserial, 0.7, 1e-15)
	near(t, "wins", e.Wins, 0.7, 1e-15)
	zero := Effects([]float64{0, 0})
	if zero.DZ != 0 || zero.RankBiserial != 0 || zero.Wins != 0.5 {
		t.Errorf("no difference: %+v", zero)
	}
	if e := Effects([]float64{1, 1}); !math.IsNaN(e.DZ) {
		t.Errorf("a constant difference: d_z = %v", e.DZ)
	}
}

// With 34 users and a difference of half a standard deviation a paired t test at 0.05 has power 0.8
// (Cohen 1988: n = 34; G*Power's exact n for d_z 0.5 is 34).
func TestUsersFor(t *testing.T) {
	if n := UsersFor(0.5, 1, 0.05, 0.8); n != 34 {
		t.Errorf("users for half a standard deviation: %d", n)
	}
	near(t, "and back", Detectable(1, 34, 0.05, 0.8), 0.4953, 0.005)
	if n := UsersFor(0, 1, 0.05, 0.8); n != 0 {
		t.Errorf("no difference: %d", n)
	}
}
