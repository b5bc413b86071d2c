package ab

import (
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
	c.draws = map[string][][]float64{}
	tables := map[string]table{}
	for _, name := range c.rivals {
		tables[name] = c.seen[name]
	}
	if c.fixed == nil {
		tables[""] = c.truth
	}
	for name := range tables {
		c.draws[name] = make([][]float64, draws)
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
				for name, t := range tables {
					c.draws[name][d] = t.weighted(weights)
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
func (t table) weighted(weights []float64) []float64 {
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
				in := quantiles(draws, func(d int) float64 { return c.draws[""][d][i] - c.draws[""][d][j] })
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
	return c.draws[""][d]
}

// interval of an agreement over draws of users, at fixed arms.
func (c *comparison) interval(name string, of func(a, b []float64) float64) *score.Interval {
	return quantiles(draws, func(d int) float64 { return of(c.draws[name][d], c.truthOf(d)) })
}

// gain is the interval of how much better a rival orders than another, in the same
// draws.
func (c *comparison) gain(name, than string) *score.Interval {
	return quantiles(draws, func(d int) float64 {
		want := c.truthOf(d)
		return metric.Spearman(c.draws[name][d], want) - metric.Spearman(c.draws[than][d], want)
	})
}

// quantiles gives the middle 95 % of what draws say; nil where many say nothing.
func quantiles(n int, of func(d int) float64) *score.Interval {
	values := make([]float64, 0, n)
	for d := range n {
		if v := of(d); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) < n-n/20 {
		return nil
	}
	slices.Sort(values)
	return &score.Interval{Lo: score.Quantile(values, 0.025), Hi: score.Quantile(values, 0.975)}
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
