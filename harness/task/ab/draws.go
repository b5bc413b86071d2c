package ab

import (
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record/score"
)

// draws of users, and of permutations of arms (METHOD 9).
const draws = 10_000

// draw computes the means of every table in every draw of users. All tables meet
// the same users.
func (c *comparison) draw() {
	var tables []*table
	for _, t := range slices.Concat([]*table{c.truth, c.again, c.views}, slices.Collect(maps.Values(c.seen)), slices.Collect(maps.Values(c.viewed))) {
		if t != nil {
			t.drawn = make([][]float64, draws)
			tables = append(tables, t)
		}
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			weights := make([]float64, len(c.users))
			for d := range next {
				clear(weights)
				r := rand.New(rand.NewPCG(c.seed, uint64(d)))
				for range weights {
					weights[r.IntN(len(weights))]++
				}
				for _, t := range tables {
					t.drawn[d] = t.weighted(weights)
				}
			}
		})
	}
	for d := range draws {
		next <- d
	}
	close(next)
	workers.Wait()
	c.resolve()
}

// weighted gives means with weights of users.
func (t *table) weighted(weights []float64) []float64 {
	out := make([]float64, len(t.values))
	for a, values := range t.values {
		sum, n := 0.0, 0.0
		for i, v := range values {
			if w := weights[i]; w > 0 && v == v {
				sum += w * v
				n += w
			}
		}
		out[a] = sum / n
	}
	return out
}

// resolve finds the pairs of arms whose truths differ: the interval of their
// difference leaves out 0. A truth without users resolves what differs at all.
func (c *comparison) resolve() {
	n := len(c.arms)
	c.resolved = make([][]bool, n)
	for i := range c.resolved {
		c.resolved[i] = make([]bool, n)
		for j := range i {
			if c.fixed != nil {
				c.resolved[i][j] = c.fixed[i] != c.fixed[j]
			} else {
				in, _ := score.Middle(c.over(func(d int) float64 { return c.truth.drawn[d][i] - c.truth.drawn[d][j] }))
				c.resolved[i][j] = in != nil && (in.Lo > 0 || in.Hi < 0)
			}
		}
	}
	for i := range n {
		for j := range i {
			c.resolved[j][i] = c.resolved[i][j]
		}
	}
}

func (c *comparison) isResolved(i, j int) bool { return c.resolved[i][j] }

// truthOf gives the truth in a draw.
func (c *comparison) truthOf(d int) []float64 {
	if c.fixed != nil {
		return c.fixed
	}
	return c.truth.drawn[d]
}

// agreement of a table with the truth, in every draw of users, at fixed arms.
func (c *comparison) agreement(t *table, of func(have, want []float64) float64) []float64 {
	return c.over(func(d int) float64 { return of(t.drawn[d], c.truthOf(d)) })
}

// gain is how much better a rival orders than another, in the same draws.
func (c *comparison) gain(rival, than *table) []float64 {
	return c.over(func(d int) float64 {
		want := c.truthOf(d)
		return metric.Spearman(rival.drawn[d], want) - metric.Spearman(than.drawn[d], want)
	})
}

// over lists what draws say.
func (c *comparison) over(of func(d int) float64) []float64 {
	values := make([]float64, draws)
	for d := range values {
		values[d] = of(d)
	}
	return values
}

// permuted is the share of orders of the arms that agree as well by chance: all of
// them up to seven arms, else random ones and (1 + as good) / (1 + draws).
func permuted(have, want []float64, rho float64, seed uint64) float64 {
	if math.IsNaN(rho) {
		return math.NaN()
	}
	const slack = 1e-12
	const exact = 7
	if len(have) <= exact {
		good, all := 0, 0
		permute(slices.Clone(have), 0, func(p []float64) {
			all++
			if metric.Spearman(p, want) >= rho-slack {
				good++
			}
		})
		return float64(good) / float64(all)
	}
	r := rand.New(rand.NewPCG(seed, 0x7065726d)) // "perm"
	mixed, good := slices.Clone(have), 0
	for range draws {
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		if metric.Spearman(mixed, want) >= rho-slack {
			good++
		}
	}
	return float64(1+good) / float64(1+draws)
}

func permute(p []float64, from int, f func([]float64)) {
	if from == len(p) {
		f(p)
		return
	}
	for i := from; i < len(p); i++ {
		p[from], p[i] = p[i], p[from]
		permute(p, from+1, f)
		p[from], p[i] = p[i], p[from]
	}
}
