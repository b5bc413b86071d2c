package compare

import (
	"math"
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

// exactFlips bounds the samples all of whose signs are tried.
const exactFlips = 16

// SignFlip is the p-value of the permutation test of paired differences: were they
// symmetric around 0, each could as well have the other sign (Fisher 1935, 21). Up to 16
// differences other than 0 it counts all signs; beyond, [Draws] random ones, and the
// p-value is (1 + as extreme)/(1 + draws), which is valid though it rests on a sample (Phipson and
// Smyth 2010), or [unlikely] where that is smaller than any sample could show, so that a family of
// many tests can be resolved. The signs depend on the number of differences and nothing
// else. They must be finite; where all are 0 the p-value is 1.
func SignFlip(differences []float64, tail Tail) float64 {
	if p, ok := everyFlip(differences, tail); ok {
		return p
	}
	sums := flipSums(numbered(len(differences)), [][]float64{differences}, 1)[0]
	return flipP(sums, differences, tail)
}

// everyFlip counts all signs of few differences. A difference of 0 has no sign.
func everyFlip(differences []float64, tail Tail) (p float64, ok bool) {
	var moved []float64
	for _, d := range differences {
		if d != 0 && !math.IsNaN(d) {
			if len(moved) == exactFlips {
				return 0, false
			}
			moved = append(moved, d)
		}
	}
	if len(moved) == 0 {
		return 1, true
	}
	observed, scale := sum(moved)
	low, high := 0, 0
	for signs := range 1 << len(moved) {
		s := 0.0
		for i, d := range moved {
			if signs>>i&1 == 1 {
				d = -d
			}
			s += d
		}
		low, high = count(s, observed, scale, low, high)
	}
	all := float64(int(1) << len(moved))
	return tail.of(float64(low)/all, float64(high)/all), true
}

// flipP reads the p-value off the sums under random signs.
func flipP(sums, differences []float64, tail Tail) float64 {
	observed, scale := sum(differences)
	return flipTail(sums, observed, scale, unlikely(differences), tail)
}

// unlikely bounds the share of all signs with a sum as large as the observed one, on its side
// of 0: exp(-(Σd)² / 2Σd²) (Hoeffding 1963, theorem 2).
func unlikely(differences []float64) float64 {
	total, square := 0.0, 0.0
	for _, d := range differences {
		if !math.IsNaN(d) {
			total += d
			square += float64(d * d)
		}
	}
	return max(math.Exp(-total*total/(2*square)), 1e-300)
}

func flipTail(sums []float64, observed, scale, bound float64, tail Tail) float64 {
	low, high := 1, 1 // the signs that were observed
	for _, s := range sums {
		low, high = count(s, observed, scale, low, high)
	}
	all := float64(len(sums) + 1)
	below, above := float64(low)/all, float64(high)/all
	switch {
	case !(bound < 1/all): // the sample knows better
	case observed > 0:
		above = bound
	default:
		below = bound
	}
	return tail.of(below, above)
}

// count adds s to those at most and those at least as large as observed; what
// rounding may have parted is equal.
func count(s, observed, scale float64, low, high int) (int, int) {
	slack := 1e-12 * scale
	if s <= observed+slack {
		low++
	}
	if s >= observed-slack {
		high++
	}
	return low, high
}

// sum gives the sum and that of the absolute values; NaN counts nothing.
func sum(values []float64) (s, scale float64) {
	for _, v := range values {
		if !math.IsNaN(v) {
			s += v
			scale += math.Abs(v)
		}
	}
	return s, scale
}

// flipColumns is how many columns are summed at once, in registers.
const flipColumns = 8

// flipSums gives, per column of one value per user, its sum under the random signs of
// every draw; NaN counts nothing. The signs depend on the users only, so sums of one draw may be
// subtracted.
//
// Four users at a time have sixteen possible sums per column; they are tabulated
// once, and a draw adds one of them.
func flipSums(users []int32, columns [][]float64, workers int) [][]float64 {
	signs := newSigns(users, workers)
	out := make([][]float64, len(columns))
	var wg sync.WaitGroup
	blocks := make(chan int, len(columns)/flipColumns+1)
	for from := 0; from < len(columns); from += flipColumns {
		blocks <- from
	}
	close(blocks)
	for range max(1, workers) {
		wg.Go(func() {
			for from := range blocks {
				to := min(from+flipColumns, len(columns))
				signs.sums(columns[from:to], out[from:to])
			}
		})
	}
	wg.Wait()
	return out
}

// signs holds a bit per draw and user.
type signs struct {
	users, words int
	bits         []uint64 // draws x words
}

func newSigns(users []int32, workers int) signs {
	s := signs{users: len(users), words: (len(users) + 63) / 64}
	s.bits = make([]uint64, Draws*s.words)
	parts := make([]uint64, 0, len(users)+1)
	parts = append(parts, 0x7369676e73) // "signs"
	for _, u := range users {
		parts = append(parts, uint64(uint32(u)))
	}
	base := sdk.Mix(luck, parts...)
	var wg sync.WaitGroup
	for w := range max(1, workers) {
		wg.Go(func() {
			for d := w; d < Draws; d += max(1, workers) {
				for i := range s.words {
					s.bits[d*s.words+i] = sdk.Mix(base, uint64(d), uint64(i))
				}
			}
		})
	}
	wg.Wait()
	return s
}

// sums fills out, a column each. A sum adds its users from first to last in fours,
// whatever the other columns are.
func (s signs) sums(columns, out [][]float64) {
	fours := (s.users + 3) / 4
	table := make([][flipColumns]float64, fours*16)
	for c, values := range columns {
		out[c] = make([]float64, Draws)
		for u := 0; u < s.users; u += 4 {
			for pattern := range 16 {
				sum := 0.0
				for i, v := range values[u:min(u+4, s.users)] {
					switch {
					case math.IsNaN(v):
					case pattern>>i&1 == 1:
						sum -= v
					default:
						sum += v
					}
				}
				table[u/4*16+pattern][c] = sum
			}
		}
	}
	for d := range Draws {
		var sum [flipColumns]float64
		row := table
		for _, word := range s.bits[d*s.words : (d+1)*s.words] {
			for range min(16, len(row)/16) {
				t := &row[word&15]
				sum[0] += t[0]
				sum[1] += t[1]
				sum[2] += t[2]
				sum[3] += t[3]
				sum[4] += t[4]
				sum[5] += t[5]
				sum[6] += t[6]
				sum[7] += t[7]
				row, word = row[16:], word>>4
			}
		}
		for c := range out {
			out[c][d] = sum[c]
		}
	}
}
