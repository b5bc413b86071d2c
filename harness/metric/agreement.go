package metric

import (
	"cmp"
	"math"
	"slices"
)

// Spearman is the rank correlation ρ of two lists: Pearson's correlation of their
// ranks, equal values having the mean of theirs (Spearman 1904). It lies in
// [−1, 1]; NaN where a list has fewer than two values, no differences or a NaN.
// Panics where the lists differ in length.
func Spearman(x, y []float64) float64 { return pearson(ranks(x), ranks(y)) }

// ranks gives ranks from 1, ties their mean; a NaN has none.
func ranks(x []float64) []float64 {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(x[a], x[b]), cmp.Compare(a, b)) })
	out := make([]float64, len(x))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && x[order[to]] == x[order[from]] {
			to++
		}
		for _, at := range order[from:to] {
			out[at] = float64(from+to+1) / 2
			if math.IsNaN(x[at]) {
				out[at] = math.NaN()
			}
		}
		from = to
	}
	return out
}

func pearson(x, y []float64) float64 {
	if len(x) != len(y) {
		panic("metric: lists of different lengths")
	}
	mx, my := meanOf(x), meanOf(y)
	var xy, xx, yy float64
	for i := range x {
		dx, dy := x[i]-mx, y[i]-my
		xy += dx * dy
		xx += dx * dx
		yy += dy * dy
	}
	if xx == 0 || yy == 0 {
		return math.NaN()
	}
	return max(-1, min(1, xy/math.Sqrt(xx*yy)))
}

func meanOf(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// KendallTauB is τ_b: concordant less discordant pairs, over √(pairs not tied in x ·
// pairs not tied in y) (Kendall 1945). It lies in [−1, 1]; NaN where a list has no
// differences, or a NaN. Panics where the lists differ in length.
func KendallTauB(x, y []float64) float64 {
	if len(x) != len(y) {
		panic("metric: lists of different lengths")
	}
	if slices.ContainsFunc(x, math.IsNaN) || slices.ContainsFunc(y, math.IsNaN) {
		return math.NaN()
	}
	var score, inX, inY float64
	for i := range x {
		for j := range i {
			a, b := cmp.Compare(x[i], x[j]), cmp.Compare(y[i], y[j])
			score += float64(a * b)
			inX += float64(a * a)
			inY += float64(b * b)
		}
	}
	if inX == 0 || inY == 0 {
		return math.NaN()
	}
	return score / math.Sqrt(inX*inY)
}

// MAPE is the mean absolute error of simulated values as a share of the true ones;
// arms whose truth is 0 are left out. NaN where none is left.
func MAPE(simulated, truth []float64) float64 {
	sum, n := 0.0, 0.0
	for i, t := range truth {
		if t != 0 {
			sum += math.Abs(simulated[i]-t) / math.Abs(t)
			n++
		}
	}
	return sum / n
}

// CalibrationSlope is the least-squares slope of the truth on the simulated values:
// 1 where a difference of the simulation is one of the same size in truth, below 1
// where it exaggerates. NaN where the simulation has no differences.
func CalibrationSlope(simulated, truth []float64) float64 {
	ms, mt := meanOf(simulated), meanOf(truth)
	var st, ss float64
	for i := range truth {
		st += (simulated[i] - ms) * (truth[i] - mt)
		ss += (simulated[i] - ms) * (simulated[i] - ms)
	}
	if !slices.ContainsFunc(simulated, func(v float64) bool { return v != simulated[0] }) {
		return math.NaN() // ss may be a rounding error, and no 0
	}
	return st / ss
}

// SignAgreement counts the pairs of arms, among those whose truths are resolved,
// that the simulation puts in the true order; unresolved are the others. Equal or
// missing (NaN) simulated values agree with nothing.
func SignAgreement(simulated, truth []float64, resolved func(i, j int) bool) (agree, pairs, unresolved int) {
	for i := range truth {
		for j := range i {
			if !resolved(i, j) {
				unresolved++
				continue
			}
			pairs++
			if simulated[i] > simulated[j] && truth[i] > truth[j] || simulated[i] < simulated[j] && truth[i] < truth[j] {
				agree++
			}
		}
	}
	return agree, pairs, unresolved
}

// Agreements lists the heads of task ab.
func Agreements() []Head {
	line := func(id, unit string, d Direction, doc string) Head {
		return Head{ID: id, Version: 1, Unit: unit, Direction: d, Doc: doc, Empty: "undefined where one side has no differences"}
	}
	some := func(h Head, empty string) Head {
		h.Empty = empty
		return h
	}
	return []Head{
		line("ab.spearman", "ρ", Higher, "rank correlation of simulated and true liked cards a session, over recommenders"),
		line("ab.kendall", "τ", Higher, "Kendall's τ_b of the same"),
		line("ab.spearman.lowest", "ρ", Higher, "the lowest ρ over leaving each recommender out"),
		line("ab.spearman.highest", "ρ", Higher, "the highest ρ over leaving each recommender out"),
		line("ab.p", "probability", Lower, "share of orders of the recommenders that agree as well by chance"),
		some(line("ab.sign", "share", Higher, "pairs of recommenders put in the true order, of those whose truths differ beyond the intervals"), "undefined where no two truths differ beyond the intervals"),
		some(line("ab.resolved", "share", 0, "pairs of recommenders whose truths differ beyond the intervals"), "defined wherever the task has a row"),
		some(line("ab.mape", "share", Lower, "mean absolute error of the level, as a share of the true one"), "recommenders whose truth is 0 are left out"),
		some(line("ab.slope", "slope", 0, "least-squares slope of the truth on the simulation; below 1 the simulation exaggerates differences"), "undefined where the simulation has no differences"),
		line("ab.spearman.views", "ρ", Higher, "rank correlation of watched cards a session"),
		line(OverPlacebo, "ρ", Higher, "correlation ρ less that of the same agent with another user's life, in the same draws of users"),
		line("ab.gain", "ρ", Higher, "correlation ρ less that of nDCG@10, in the same draws of users"),
		{ID: "truth.n-like.second", Version: 1, Unit: "cards", Direction: Higher, Empty: noSession, Doc: "cards liked in a session of the second, independent run"},
		some(line("ab.ceiling", "ρ", 0, "rank correlation of two independent truth runs"), "left out where the truth was run once"),
	}
}

// NoAgreementInterval says why a metric of task ab has no interval; "" where it has one.
func NoAgreementInterval(id string) string {
	switch id {
	case "ab.spearman.lowest", "ab.spearman.highest":
		return "no interval: the extreme of several values, which drawing users with replacement would move further out"
	case "ab.p":
		return "no interval: a probability under chance, of the order as it was seen"
	case "ab.resolved":
		return "no interval: it counts intervals over users"
	case "ab.mape":
		return "no interval: an error of levels is never below 0, and drawing users with replacement would bias it upwards"
	}
	return ""
}

// OverPlacebo is how much better an agent orders arms than its placebo.
const OverPlacebo = "ab.over-placebo"

// DistValue is the distance of the values that agents and people give.
const DistValue = "dist.tv.value"

// TotalVariationOf is ½ Σ |p − q| over two histograms, each brought to a sum of 1. It
// lies in [0, 1]; NaN where one is empty. Keys are what is counted.
func TotalVariationOf(a, b map[float64]float64) float64 {
	sum := 0.0
	keys, p, q := shares(a, b)
	if keys == nil {
		return math.NaN()
	}
	for i := range keys {
		sum += math.Abs(p[i] - q[i])
	}
	return sum / 2
}

// JensenShannon is the divergence of two histograms in bits: the mean of the two
// relative entropies to their mixture (Lin 1991). It lies in [0, 1]; NaN where one
// is empty.
func JensenShannon(a, b map[float64]float64) float64 {
	keys, p, q := shares(a, b)
	if keys == nil {
		return math.NaN()
	}
	sum := 0.0
	for i := range keys {
		m := (p[i] + q[i]) / 2
		for _, x := range []float64{p[i], q[i]} {
			if x > 0 {
				sum += x * math.Log2(x/m) / 2
			}
		}
	}
	return max(0, sum)
}

// Wasserstein1 is the area between two cumulative distributions: how far mass has to
// be moved, in units of the keys. NaN where one is empty.
func Wasserstein1(a, b map[float64]float64) float64 {
	keys, p, q := shares(a, b)
	if keys == nil {
		return math.NaN()
	}
	sum, apart := 0.0, 0.0
	for i := range keys {
		if i > 0 {
			sum += math.Abs(apart) * (keys[i] - keys[i-1])
		}
		apart += p[i] - q[i]
	}
	return sum
}

// shares lays two histograms side by side over ascending keys; nil where one is empty.
func shares(a, b map[float64]float64) (keys, p, q []float64) {
	var sumA, sumB float64
	for _, h := range []map[float64]float64{a, b} {
		for k := range h {
			if !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		sumA, sumB = sumA+a[k], sumB+b[k]
	}
	if sumA == 0 || sumB == 0 {
		return nil, nil, nil
	}
	for _, k := range keys {
		p, q = append(p, a[k]/sumA), append(q, b[k]/sumB)
	}
	return keys, p, q
}

// distributions lists the heads of task distribution.
func distributions() []Head {
	line := func(id, unit string, d Direction, doc string) Head {
		return Head{ID: id, Version: 1, Unit: unit, Direction: d, Doc: doc, Empty: "undefined where one side has nothing to count"}
	}
	return []Head{
		line(DistValue, "share", Lower, "total variation distance between the values that agents and people give on the same cards"),
		line("dist.jsd.value", "bits", Lower, "Jensen–Shannon divergence of the same"),
		line("dist.w1.value", "value", Lower, "Wasserstein distance of the same: how far values have to be moved"),
		line("dist.tv.conditional", "share", Lower, "the distance inside deciles of item means, averaged: giving every item everybody's distribution is found out"),
		line("dist.mean.value", "value", 0, "mean value given; that of the people is in their row"),
		line("dist.tv.action", "share", Lower, "distance between how often agents and people watch, skip, go on and leave"),
		line("dist.rate.watch", "share", 0, "cards watched of those shown; that of the people is in their row"),
		line("dist.tv.exit", "share", Lower, "distance between the pages on which agents and people leave"),
		line("dist.rate.leave", "share", 0, "pages after which the user leaves; that of the people is in their row"),
		line("dist.tv.popularity", "share", Lower, "distance between what agents and people watch, by deciles of popularity"),
		line("dist.tv.category", "share", Lower, "distance between what agents and people watch, by first category"),
		line("dist.invalid", "share", Lower, "pages whose answer could not be used"),
	}
}
