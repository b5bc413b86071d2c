package main

import (
	"context"
	"math"
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
	prior float64   // the same of the prior's weight
}

// fit goes through the choices in an order from the seed, as often as there are
// epochs, with steps of AdaGrad (Duchi, Hazan and Singer 2011): rate over the root
// of the sum of squares. One thread: the sums depend on the order.
func (t *trainer) fit(ctx context.Context, cs []choice, progress func(epoch int, loss float64)) error {
	t.w.table, t.grads = make([]float32, 1<<tableBits), make([]float32, 1<<tableBits)
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
		}
		progress(epoch+1, sum/float64(len(cs)))
	}
	return nil
}

func (t *trainer) scores(c *choice) []float64 {
	out := make([]float64, len(c.values))
	for i := range out {
		s := float64(c.prior[i] * t.w.prior)
		for _, f := range c.own[i] {
			s += float64(float64(t.w.table[slot(combine(c.field, f.hash))]) * float64(f.value))
		}
		under := combine(c.field, c.values[i])
		for _, f := range c.common {
			s += float64(float64(t.w.table[slot(combine(under, f.hash))]) * float64(f.value))
		}
		out[i] = s
	}
	return out
}

// step goes down the gradient of one choice's loss and gives the loss before. Chats
// have cross-entropy. Pairs have -log σ(β·(margin - margin of the prior)), the
// preference loss of METHOD 4 with the prior as reference.
func (t *trainer) step(c *choice) float64 {
	s := t.scores(c)
	if c.other >= 0 {
		margin := s[c.truth] - s[c.other] - float64((c.prior[c.truth]-c.prior[c.other])*t.w.prior)
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
		d := float64(g*v) + float64(t.l2*w)
		if d == 0 {
			return
		}
		sum := float64(t.grads[at]) + float64(d*d)
		t.grads[at] = float32(sum)
		t.w.table[at] = float32(w - float64(t.rate*d)/math.Sqrt(sum+1e-6))
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
