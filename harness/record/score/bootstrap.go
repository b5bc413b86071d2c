package score

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

// Draws is the number of bootstrap samples.
const Draws = 10_000

const draws = Draws

// Resample gives, per column, its mean in each of [Draws] bootstrap samples of
// the users; NaN where nobody drawn has a value. All columns, of this call and of
// any other with the same users and seed, meet the same samples, so means of one
// sample may be subtracted: that is the sample's paired difference, as long as both
// columns are defined for the same users. The result does not depend on workers.
func Resample(users []int32, columns [][]float64, seed uint64, workers int) [][]float64 {
	base := drawSeed(seed, users)
	out := make([][]float64, 0, len(columns))
	for columns := range slices.Chunk(columns, blockColumns) {
		of := make([]series, len(columns))
		for i, values := range columns {
			of[i].values = values
		}
		out = append(out, newBlock(of).draw(base, workers)...)
	}
	return out
}

// blockColumns bounds memory: so many columns are drawn at a time, with the
// same draws for every block.
const blockColumns = 128

// batchDraws is how many draws a worker sums at once, so that a user's row is
// fetched once for all of them.
const batchDraws = 8

// bootstrap gives every column's percentile interval: users are drawn with
// replacement, and the mean, or the ratio of sums, is taken over the drawn users
// that have a value (Efron and Tibshirani 1993, section 13.3). The draws depend
// on the seed and the list of users, nothing else.
func (m *matrix) bootstrap(seed uint64, workers int) []interval {
	base := drawSeed(seed, m.users)
	out := make([]interval, 0, len(m.columns))
	for columns := range slices.Chunk(m.columns, blockColumns) {
		for _, drawn := range newBlock(columns).drawn(base, workers) {
			v := interval{lost: draws - len(drawn)}
			if len(drawn) > 0 {
				v.lo, v.hi = Quantile(drawn, 0.025), Quantile(drawn, 0.975)
			}
			out = append(out, v)
		}
	}
	return out
}

// drawSeed hashes the word "bootstrap" and the users.
func drawSeed(seed uint64, users []int32) uint64 {
	parts := make([]uint64, 0, len(users)+1)
	parts = append(parts, 0x626f6f7473747261) // "bootstra"
	for _, u := range users {
		parts = append(parts, uint64(uint32(u)))
	}
	return sdk.Mix(seed, parts...)
}

// block is a set of columns laid out for drawing: a row per user with 0 where
// undefined, and the distinct patterns of defined users. What ratios are over
// stands behind the columns.
type block struct {
	users, columns int
	width          int // columns, and one more for every ratio
	of             []series
	over           []int     // of each column: which place of the row it is over; -1: the count of users
	values         []float64 // users x width
	pattern        []int     // of each column
	defined        [][]uint8 // per pattern, 1 per defined user; nil: all are
}

func newBlock(columns []series) block {
	n := len(columns)
	b := block{users: len(columns[0].values), columns: n, width: n, of: columns, pattern: make([]int, n), over: make([]int, n)}
	for c := range columns {
		b.over[c] = -1
		if columns[c].over != nil {
			b.over[c] = b.width
			b.width++
		}
	}
	b.values = make([]float64, b.users*b.width)
	known := map[string]int{}
	for c, series := range columns {
		defined, all := make([]uint8, b.users), true
		for u, v := range series.values {
			if math.IsNaN(v) {
				all = false
				continue
			}
			defined[u] = 1
			b.values[u*b.width+c] = v
			if b.over[c] >= 0 {
				b.values[u*b.width+b.over[c]] = series.over[u]
			}
		}
		p, ok := known[string(defined)]
		if !ok {
			p = len(b.defined)
			known[string(defined)] = p
			if all {
				b.defined = append(b.defined, nil)
			} else {
				b.defined = append(b.defined, defined)
			}
		}
		b.pattern[c] = p
	}
	return b
}

// draw gives, per column, the value of every draw; NaN: it has none.
func (b block) draw(base uint64, workers int) [][]float64 {
	all := make([]float64, b.columns*draws) // column after column
	var wg sync.WaitGroup
	const batches = (draws + batchDraws - 1) / batchDraws
	workers = max(1, min(workers, batches))
	for w := range workers {
		wg.Go(func() {
			s := newSampler(b)
			for i := w; i < batches; i += workers {
				from := i * batchDraws
				s.draw(base, from, min(from+batchDraws, draws), all)
			}
		})
	}
	wg.Wait()
	out := make([][]float64, b.columns)
	for c := range out {
		out[c] = all[c*draws : (c+1)*draws : (c+1)*draws]
	}
	return out
}

// drawn gives, per column, the values of all draws that have one, sorted.
func (b block) drawn(base uint64, workers int) [][]float64 {
	out := b.draw(base, workers)
	var wg sync.WaitGroup
	next := make(chan int, b.columns)
	for c := range b.columns {
		next <- c
	}
	close(next)
	for range max(1, workers) {
		wg.Go(func() {
			for c := range next {
				out[c] = slices.DeleteFunc(out[c], math.IsNaN)
				slices.Sort(out[c])
			}
		})
	}
	wg.Wait()
	return out
}

// sampler has the buffers of one worker.
type sampler struct {
	block
	weights []float64 // users x batchDraws: how often drawn
	sums    []float64 // batchDraws x width
}

func newSampler(b block) *sampler {
	return &sampler{b, make([]float64, b.users*batchDraws), make([]float64, batchDraws*b.width)}
}

// draw does draws [from, to) and stores their values. Sums run over users in
// ascending order, so the result does not depend on who drew what.
func (s *sampler) draw(base uint64, from, to int, all []float64) {
	clear(s.weights)
	clear(s.sums)
	for d := from; d < to; d++ {
		seed := sdk.Mix(base, uint64(d))
		source := rand.NewPCG(seed, sdk.Mix(seed, 1))
		for range s.users {
			s.weights[below(source, uint64(s.users))*batchDraws+d-from]++
		}
	}
	for u := range s.users {
		row := s.values[u*s.width : (u+1)*s.width]
		for d, w := range s.weights[u*batchDraws : (u+1)*batchDraws] {
			if w != 0 {
				addScaled(s.sums[d*s.width:(d+1)*s.width], row, w)
			}
		}
	}
	counts := make([]float64, len(s.defined))
	for d := from; d < to; d++ {
		for p, defined := range s.defined {
			counts[p] = s.count(defined, d-from)
		}
		sums := s.sums[(d-from)*s.width:]
		for c := range s.columns {
			below := counts[s.pattern[c]]
			if at := s.over[c]; at >= 0 {
				below = sums[at]
			}
			all[c*draws+d] = s.of[c].of(sums[c], below) // 0/0 is NaN: nobody defined was drawn
		}
	}
}

// count gives how many of a draw's users a pattern defines.
func (s *sampler) count(defined []uint8, d int) float64 {
	if defined == nil {
		return float64(s.users)
	}
	n := 0.0
	for u, is := range defined {
		if is != 0 {
			n += s.weights[u*batchDraws+d]
		}
	}
	return n
}

// addScaled adds w times row to sums. The conversion keeps compilers from
// fusing the two roundings into one, so that every processor agrees.
func addScaled(sums, row []float64, w float64) {
	row = row[:len(sums)]
	for i := range sums {
		sums[i] += float64(w * row[i])
	}
}

// below gives a number in [0, n), all equally likely (Lemire 2019).
func below(source *rand.PCG, n uint64) int {
	hi, lo := bits.Mul64(source.Uint64(), n)
	if lo < n {
		for limit := -n % n; lo < limit; {
			hi, lo = bits.Mul64(source.Uint64(), n)
		}
	}
	return int(hi)
}
