package main

import (
	"context"
	"math"
	"slices"
)

// settings are the options of a job.
type settings struct {
	epochs   int
	rate, l2 float64
	beta     float64
	seed     uint64
}

// trainer fits weights.
type trainer struct {
	settings
	w     *weights
	grads []float32 // sums of squared gradients, by slot
	uses  []float32 // how often an epoch moves it, by slot
	pull  float64   // of a weight towards where it began, over an epoch
	base  []float32 // where weights began: 0, or those of the model that is tuned on

	basePrior float64
	prior     float64 // the same of the prior's weight

	seen, priors float64   // looks, and the sum of the prior's weights at them
	sums         []float64 // of weights, by slot
}

// fit goes through the choices in an order from the seed, as often as there are
// epochs, with steps of AdaGrad (Duchi, Hazan and Singer 2011): rate over the root
// of the sum of squares. One thread: the sums depend on the order.
func (t *trainer) fit(ctx context.Context, cs []choice, progress func(epoch int, loss float64)) error {
	t.grads = make([]float32, 1<<tableBits)
	if t.w.table == nil {
		t.w.table = make([]float32, 1<<tableBits)
		t.standardise(cs)
	} else {
		t.apply(cs)
	}
	t.base, t.basePrior = slices.Clone(t.w.table), t.w.prior
	t.count(cs)
	order := make([]int, len(cs))
	for i := range order {
		order[i] = i
	}
	for epoch := range t.epochs {
		for i := len(order) - 1; i > 0; i-- {
			j := int(combine(combine(t.seed, uint64(epoch)), uint64(i)) % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		sum := 0.0
		for n, i := range order {
			if n%4096 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			sum += t.step(&cs[i])
			if epoch >= t.epochs/2 && (n+1)*looks/len(order) > n*looks/len(order) {
				t.look()
			}
		}
		progress(epoch+1, sum/float64(len(cs)))
	}
	t.settle()
	return nil
}

// looks is how often an epoch of the second half is looked at: the weights are the mean
// of what was seen, which the last steps alone would leave to chance (Polyak and Juditsky
// 1992).
const looks = 8

func (t *trainer) look() {
	if t.seen == 0 {
		t.sums = make([]float64, len(t.w.table))
	}
	t.seen++
	for i, w := range t.w.table {
		t.sums[i] += float64(w)
	}
	t.priors += t.w.prior
}

func (t *trainer) settle() {
	if t.seen == 0 {
		return
	}
	for i, sum := range t.sums {
		t.w.table[i] = float32(sum / t.seen)
	}
	t.w.prior = t.priors / t.seen
}

func (t *trainer) scores(c *choice) []float64 {
	out := make([]float64, len(c.values))
	for i := range out {
		out[i] = c.score(i, t.w.table, t.w.prior)
	}
	return out
}

// score is that of one value under some weights.
func (c *choice) score(i int, table []float32, prior float64) float64 {
	s := float64(c.prior[i] * prior)
	for _, f := range c.own[i] {
		s += float64(float64(table[slot(combine(c.field, f.hash))]) * float64(f.value))
	}
	under := combine(c.field, c.values[i])
	for _, f := range c.common {
		s += float64(float64(table[slot(combine(under, f.hash))]) * float64(f.value))
	}
	return s
}

// step goes down the gradient of one choice's loss and gives the loss before. Chats
// have cross-entropy. Pairs have -log σ(β·(margin - margin of the reference)), the
// preference loss of METHOD 4: the reference is the model that is tuned on, or the prior.
func (t *trainer) step(c *choice) float64 {
	s := t.scores(c)
	if c.other >= 0 {
		margin := s[c.truth] - s[c.other] - (c.score(c.truth, t.base, t.basePrior) - c.score(c.other, t.base, t.basePrior))
		up := 1 / (1 + exp(float64(t.beta*margin)))
		g := float64(t.beta*up) * c.weight
		t.push(c, c.truth, -g)
		t.push(c, c.other, g)
		return -ln(math.Max(1-up, 1e-300))
	}
	p := softmax(s)
	lean := 0.0
	for i, v := range p {
		g := v
		if i == c.truth {
			g--
		}
		g = float64(g * c.weight)
		t.push(c, i, g)
		lean += float64(g * c.prior[i])
	}
	t.prior += float64(lean * lean)
	if t.prior > 0 {
		t.w.prior -= float64(t.rate*lean) / math.Sqrt(t.prior+1)
	}
	return -ln(math.Max(p[c.truth], 1e-300))
}

// push moves the weights of one value.
func (t *trainer) push(c *choice, i int, g float64) {
	move := func(h uint64, v float64) {
		at := slot(h)
		w := float64(t.w.table[at])
		d := float64(g*v) + float64(t.pull*(w-float64(t.base[at])))/float64(t.uses[at])
		if d == 0 {
			return
		}
		sum := float64(t.grads[at]) + float64(d*d)
		t.grads[at] = float32(sum)
		t.w.table[at] = float32(w - float64(t.rate*d)/math.Sqrt(sum+damping))
	}
	for _, f := range c.own[i] {
		move(combine(c.field, f.hash), float64(f.value))
	}
	under := combine(c.field, c.values[i])
	for _, f := range c.common {
		move(combine(under, f.hash), float64(f.value))
	}
}

// judge gives mean log-loss and share of right answers, of choices that were not
// trained on.
func (t *trainer) judge(cs []choice) (loss, accuracy float64) {
	for i := range cs {
		p := softmax(t.scores(&cs[i]))
		best := 0
		for j, v := range p {
			if v > p[best] {
				best = j
			}
		}
		loss -= ln(math.Max(p[cs[i].truth], 1e-300))
		if best == cs[i].truth {
			accuracy++
		}
	}
	n := float64(max(1, len(cs)))
	return loss / n, accuracy / n
}

// damping begins every sum of squares, so that what was seen once or twice moves little.
const damping = 1.0

// count says how often an epoch comes by each slot.
func (t *trainer) count(cs []choice) {
	t.uses, t.pull = make([]float32, 1<<tableBits), float64(t.l2*float64(len(cs)))
	for i := range cs {
		c := &cs[i]
		for j := range c.values {
			if c.other >= 0 && j != c.truth && j != c.other {
				continue
			}
			for _, f := range c.own[j] {
				t.uses[slot(combine(c.field, f.hash))]++
			}
			under := combine(c.field, c.values[j])
			for _, f := range c.common {
				t.uses[slot(combine(under, f.hash))]++
			}
		}
	}
}

// standardise brings linear features to mean 0 and deviation 1 over the choices, and
// keeps how, so that what is asked later is brought there too: the pull towards 0 would
// else favour what is written in large numbers, and small steps would be lost on means.
func (t *trainer) standardise(cs []choice) {
	type moments struct{ n, sum, squares float64 }
	seen := map[uint64]*moments{}
	for i := range cs {
		for _, f := range cs[i].common {
			if !f.linear {
				continue
			}
			m := seen[f.hash]
			if m == nil {
				m = &moments{}
				seen[f.hash] = m
			}
			v := float64(f.value)
			m.n, m.sum, m.squares = m.n+1, m.sum+v, m.squares+float64(v*v)
		}
	}
	t.w.norms = make(map[uint64]norm, len(seen))
	for hash, m := range seen {
		mean := m.sum / m.n
		n := norm{float32(mean), float32(math.Sqrt(max(0, m.squares/m.n-float64(mean*mean))))}
		if n.spread < leastSpread {
			n.spread = 1
		}
		t.w.norms[hash] = n
	}
	t.apply(cs)
}

// leastSpread is that of a feature that varies at all.
const leastSpread = 1e-3

// apply brings the features of choices to the scale of the weights.
func (t *trainer) apply(cs []choice) {
	for i := range cs {
		for j := range cs[i].common {
			f := &cs[i].common[j]
			if n, ok := t.w.norms[f.hash]; ok && f.linear {
				f.value = float32(float64(float64(f.value)-float64(n.mean)) / float64(n.spread))
			}
		}
	}
}
