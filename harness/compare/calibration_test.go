package compare

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/harness/record/score"
)

// studies of a calibration, and the users of each.
const (
	studies    = 1000
	calibUsers = 60
)

// numeric leaves a test that only counts over many studies out of -short, with which races are
// looked for: TestOrderAndThreadsChangeNothing shares the same work among threads.
func numeric(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("numbers of many studies: make test runs it")
	}
}

// drawn gives one column of normal differences per study.
func drawn(seed uint64, columns int, shift float64) [][]float64 {
	r := rand.New(rand.NewPCG(seed, 7))
	out := make([][]float64, columns)
	for c := range out {
		out[c] = make([]float64, calibUsers)
		for u := range out[c] {
			out[c][u] = shift + r.NormFloat64()
		}
	}
	return out
}

// flipped gives the two-sided p-value of each column.
func flipped(columns [][]float64) []float64 {
	out := make([]float64, len(columns))
	for c, sums := range flipSums(numbered(calibUsers), columns, workers()) {
		out[c] = flipP(sums, columns[c], TwoSided)
	}
	return out
}

// Intervals of 1,000 studies with a known difference of 0.3 hold it in 93 to 97 %.
func TestIntervalsCover(t *testing.T) {
	numeric(t)
	const truth = 0.3
	columns := drawn(1, studies, truth)
	percentile, bca := 0, 0
	for c, means := range score.Resample(numbered(calibUsers), columns, luck, workers()) {
		p, b := intervals(means, columns[c], Alpha)
		if p.Lo <= truth && truth <= p.Hi {
			percentile++
		}
		if b.Lo <= truth && truth <= b.Hi {
			bca++
		}
	}
	t.Logf("percentile %d, BCa %d of %d", percentile, bca, studies)
	for _, n := range []int{percentile, bca} {
		if n < 930 || n > 970 {
			t.Errorf("%d of %d intervals hold the truth", n, studies)
		}
	}
}

// Three rivals that are no different from a named baseline: after Holm any of them is called
// different in at most 5 % of studies. Differences share the baseline's noise. The share is
// near 5 %, and 1,000 studies tell it to within 1.4 points only, so there are ten times as many.
func TestNothingIsFoundWhereNothingIs(t *testing.T) {
	numeric(t)
	found := 0
	for batch := range uint64(10) {
		arms := drawn(100+batch, 4*studies, 0)
		var columns [][]float64
		for s := range studies {
			for a := 1; a < 4; a++ {
				columns = append(columns, minus(arms[4*s+a], arms[4*s]))
			}
		}
		p := flipped(columns)
		for s := range studies {
			if slices.Min(Holm(p[3*s:3*s+3])) <= Alpha {
				found++
			}
		}
	}
	t.Logf("%d of %d", found, 10*studies)
	if found > 10*studies/20 {
		t.Errorf("%d of %d studies call copies different", found, 10*studies)
	}
}

// A drop of the size that is promised with a power of 80 % is found in at least 75 %.
func TestPromisedDropsAreFound(t *testing.T) {
	numeric(t)
	found := 0
	for _, p := range flipped(drawn(3, studies, -Detectable(1, calibUsers, Alpha, Power))) {
		if p <= Alpha {
			found++
		}
	}
	t.Logf("%d of %d", found, studies)
	if found < studies*3/4 {
		t.Errorf("%d of %d planted drops are found", found, studies)
	}
}

// Tables of MovieLens 1M's size: 20 arms, 6,040 users, 12 metrics.
func BenchmarkLeaderboard(b *testing.B) {
	const arms, users, metrics = 20, 6040, 12
	tab := Table{Task: "offline", Users: numbered(users)}
	for a := range arms {
		tab.Arms = append(tab.Arms, Arm{Fits: 1})
		tab.Arms[a].Recommender = string(rune('a' + a))
	}
	for m := range metrics {
		tab.Metrics = append(tab.Metrics, Metric{ID: string(rune('a' + m)), Version: 1, Direction: 1})
		shifts := make([]float64, arms)
		for a := range shifts {
			shifts[a] = float64(a) / 40
		}
		tab.Values = append(tab.Values, noise(uint64(m), users, shifts...))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Leaderboard([]Table{tab}); err != nil {
			b.Fatal(err)
		}
	}
}
