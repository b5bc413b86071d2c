package main

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// stride is the number of steps between two looks at the context.
const stride = 1 << 14

// descent fits mf: every epoch visits the training values once, in an order
// drawn anew.
type descent struct {
	model        *vectors
	train, valid []rating
	lo, hi       float32
	rng          *rand.Rand

	epochs, patience        int
	rate, decay, l2, biasL2 float32
}

func newDescent(o sdk.Options, x ratings, seed uint64) *descent {
	d := &descent{
		model: randomVectors(x.users, x.items, o.Int("factors"), o.Float("init-sd"), seed),
		train: x.train, valid: x.valid,
		rng:    rand.New(rand.NewPCG(sdk.Mix(seed, streamDraws), 0)),
		epochs: o.Int("epochs"), patience: o.Int("patience"),
		rate: float32(o.Float("learning-rate")), decay: float32(o.Float("decay")),
		l2: float32(o.Float("l2")), biasL2: float32(o.Float("bias-l2")),
	}
	d.model.userBias, d.model.itemBias = make([]float32, x.users), make([]float32, x.items)
	var sum float64
	for n, r := range x.train {
		sum += float64(r.value)
		if n == 0 {
			d.lo, d.hi = r.value, r.value
		}
		d.lo, d.hi = min(d.lo, r.value), max(d.hi, r.value)
	}
	if len(x.train) > 0 {
		d.model.mean = float32(sum / float64(len(x.train)))
	}
	d.forgetUnseen()
	return d
}

// forgetUnseen clears the random vectors that no training value will move, so
// that they add no noise to μ + b.
func (d *descent) forgetUnseen() {
	users, items := make([]bool, d.model.users), make([]bool, d.model.items)
	for _, r := range d.train {
		users[r.user], items[r.item] = true, true
	}
	for u, seen := range users {
		if !seen {
			clear(d.model.userRow(int32(u)))
		}
	}
	for i, seen := range items {
		if !seen {
			clear(d.model.itemRow(int32(i)))
		}
	}
}

// run descends until the last epoch, or until the validation part says that it
// is enough, and leaves the best model in d.
func (d *descent) run(ctx context.Context, emit sdk.Emit) (epochs int, metrics map[string]float64, err error) {
	watched, kept := len(d.valid) > 0 && d.patience > 0, keeper{patience: d.patience}
	for stop := false; epochs < d.epochs && !stop; {
		train, err := d.epoch(ctx)
		if err != nil {
			return 0, nil, err
		}
		epochs++
		if !(train < 1e6*float64(1+d.hi-d.lo)) {
			return 0, nil, sdk.Invalidf("learning-rate", "the descent diverged in epoch %d (training RMSE %v): lower the rate or raise l2", epochs, train)
		}
		now := map[string]float64{"train-rmse": train}
		if len(d.valid) > 0 {
			now["valid-rmse"] = d.rmse(d.valid)
		}
		said := ""
		if watched {
			if stop = kept.offer(epochs, -now["valid-rmse"], d.model); stop {
				said = kept.said("epochs")
			}
		}
		if !watched || kept.at == epochs {
			metrics = now
		}
		note(emit, "epochs", epochs, d.epochs, now, said)
	}
	if watched {
		d.model, metrics["best-epoch"] = kept.model, float64(kept.at)
	}
	return epochs, metrics, nil
}

// epoch is one pass; it gives the RMSE of the predictions made just before each
// step.
func (d *descent) epoch(ctx context.Context) (float64, error) {
	d.rng.Shuffle(len(d.train), func(i, j int) { d.train[i], d.train[j] = d.train[j], d.train[i] })
	var squares float64
	for part := range slices.Chunk(d.train, stride) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		for _, r := range part {
			e := d.step(r)
			squares += float64(e) * float64(e)
		}
	}
	d.rate *= d.decay
	return math.Sqrt(squares / float64(max(1, len(d.train)))), ctx.Err()
}

// step moves the parameters of one training value along the negative gradient
// and gives the error before the move:
//
//	e = r − r̂;  b += rate·(e − biasL2·b);  p += rate·(e·q − l2·p);  q += rate·(e·p − l2·q)
//
// with the old p in the last.
func (d *descent) step(r rating) float32 {
	v := d.model
	p, q := v.userRow(r.user), v.itemRow(r.item)
	bu, bi := &v.userBias[r.user], &v.itemBias[r.item]
	e := r.value - (v.mean + *bu + *bi + dot(p, q))
	*bu += d.rate * (e - d.biasL2**bu)
	*bi += d.rate * (e - d.biasL2**bi)
	pull, keep := d.rate*e, 1-d.rate*d.l2
	q = q[:len(p)]
	for f, x := range p {
		y := q[f]
		p[f] = keep*x + pull*y
		q[f] = keep*y + pull*x
	}
	return e
}

// dot is the inner product with four running sums.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for f := range a {
		s0 += a[f] * b[f]
	}
	return s0 + s1 + (s2 + s3)
}

// rmse is the root mean squared error of predictions on the scale.
func (d *descent) rmse(rows []rating) float64 {
	var squares float64
	for _, r := range rows {
		e := float64(r.value - min(max(d.model.score(r.user, d.model.userRow(r.user), r.item), d.lo), d.hi))
		squares += e * e
	}
	return math.Sqrt(squares / float64(len(rows)))
}

// copyTo copies the model into another of the same size, or a new one for nil.
func (v *vectors) copyTo(into *vectors) *vectors {
	if into == nil {
		c := *v
		c.userBias, c.itemBias = slices.Clone(v.userBias), slices.Clone(v.itemBias)
		c.user, c.item = slices.Clone(v.user), slices.Clone(v.item)
		return &c
	}
	copy(into.userBias, v.userBias)
	copy(into.itemBias, v.itemBias)
	copy(into.user, v.user)
	copy(into.item, v.item)
	return into
}
