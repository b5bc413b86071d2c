package persona

import (
	"cmp"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// enough interactions to have a level of anything (METHOD 3).
const enough = 5

// Habits fills in pickiness, engagement, conformity and variety from the training
// part. Levels are terciles over users of the evidence with at least 5 interactions, with
// boundaries at the order statistics ceil(n/3) and ceil(2n/3); who equals one goes down.
// Conformity is the mean (r_ui − R_i)², with R_i the item's mean without the user,
// over items with at least 5 raters: low is conformist.
func Habits(split *corpus.Split, people []Persona) {
	general := split.Evidence()
	categories := split.Categories()
	engagement, conformity, variety := make([]float64, len(people)), make([]float64, len(people)), make([]float64, len(people))
	for u := range people {
		engagement[u], conformity[u], variety[u] = math.NaN(), math.NaN(), math.NaN()
		items, values := split.Own(int32(u))
		people[u].Pickiness = pickiness(split.Scale(), values)
		if len(items) < enough {
			continue
		}
		engagement[u] = float64(len(items))
		conformity[u] = apart(items, values, general.Values, split.Attests(int32(u)))
		if categories != nil {
			seen := map[int32]bool{}
			for _, it := range items {
				for _, k := range categories[it] {
					seen[k] = true
				}
			}
			variety[u] = float64(len(seen))
		}
	}
	e, c, v := levels(engagement, split.Attests), levels(conformity, split.Attests), levels(variety, split.Attests)
	for u := range people {
		people[u].Engagement, people[u].Conformity, people[u].Variety = e[u], c[u], v[u]
	}
}

// pickiness goes by the mean value: on a scale of 1 to 5 not picky from 4.5 on,
// extremely below 3.5; on other scales at the same places.
func pickiness(scale *sdk.Scale, values []float32) Level {
	sum, n := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(float64(v)) {
			sum, n = sum+float64(v), n+1
		}
	}
	if n == 0 || scale == nil {
		return 0
	}
	onFive := 1 + 4*(sum/n-scale.Min)/(scale.Max-scale.Min)
	switch {
	case onFive >= 4.5:
		return Low
	case onFive >= 3.5:
		return Medium
	}
	return High
}

// apart is the mean (r_ui − R_i)² of a user; of gives the sum of the values of an item and
// how many there are, the user's own among them where it is counted.
func apart(items []int32, values []float32, of func(item int32) (sum float64, raters int), counted bool) float64 {
	sum, n := 0.0, 0.0
	for i, it := range items {
		all, raters := of(it)
		if values == nil || math.IsNaN(float64(values[i])) || raters < enough {
			continue
		}
		own := float64(values[i])
		if counted {
			all, raters = all-own, raters-1
		}
		d := own - all/float64(raters)
		sum, n = sum+d*d, n+1
	}
	return sum / n // 0/0 is NaN: unknown
}

// levels puts values into the terciles of some of the users; NaN is unknown.
func levels(values []float64, among func(user int32) bool) []Level {
	out, others := make([]Level, len(values)), slices.Clone(values)
	for u := range others {
		if !among(int32(u)) {
			others[u] = math.NaN()
		}
	}
	for u, third := range corpus.TercilesAmong(values, others) {
		out[u] = Level(third + 1)
	}
	return out
}

// Derange exchanges users for the placebo of METHOD 4: everybody with training
// interactions gets somebody else of the same tercile of activity, by a seeded cycle.
// A tercile of one is joined with its neighbour. Users without interactions, and a
// single one with any, keep themselves.
func Derange(split *corpus.Split, seed uint64) []int32 {
	train := split.Train()
	out := make([]int32, train.Users())
	var all []int32
	for u := range out {
		out[u] = int32(u)
		if len(train.Of(int32(u))) > 0 {
			all = append(all, int32(u))
		}
	}
	slices.SortStableFunc(all, func(a, b int32) int { return len(train.Of(a)) - len(train.Of(b)) })
	groups := [][]int32{}
	n := len(all)
	for _, cut := range [][2]int{{0, (n + 2) / 3}, {(n + 2) / 3, (2*n + 2) / 3}, {(2*n + 2) / 3, n}} {
		if g := all[cut[0]:cut[1]]; len(g) > 1 || len(groups) == 0 {
			groups = append(groups, slices.Clone(g))
		} else {
			groups[len(groups)-1] = append(groups[len(groups)-1], g...)
		}
	}
	for _, g := range groups {
		hash := func(u int32) uint64 { return sdk.TieHash(seed, u, 0) }
		slices.SortFunc(g, func(a, b int32) int { return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b)) })
		for i, u := range g {
			out[u] = g[(i+1)%len(g)]
		}
	}
	return out
}
