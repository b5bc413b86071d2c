package main

import (
	"context"
	"math"
	"slices"

	"github.com/alignuser/alignuser/plugins/internal/cores"
)

// What a stream of random numbers is for, the first part of its key.
const (
	tagItem uint64 = iota + 1
	tagUser
	tagPersona
	tagLog
	tagRespond
	tagWatch
	tagValue
	tagLeave
	tagExamine
)

const dimensions = 6 // of the latent factors

// user holds what a person is: the attributes that the users table shows, then
// what it does not.
type user struct {
	age        int32
	occupation int
	traits     [5]uint8 // openness, conscientiousness, extraversion, agreeableness, neuroticism: 1 to 3

	weights, later      []float64 // per category; later is where drift leads
	factors             [dimensions]float64
	qualityWeight       float64 // w
	conformity          float64 // c
	pickiness, patience float64
}

// item holds what the items table shows, then what it does not.
type item struct {
	title, summary string
	categories     []int
	year           int32

	quality, fame float64
	factors       [dimensions]float64
}

// scale standardises a factor: (x − mean) / sd.
type scale struct{ mean, sd float64 }

func (s scale) of(x float64) float64 { return (x - s.mean) / s.sd }

// world is the population and what it could be shown. It is read-only once
// made.
type world struct {
	params
	people []user
	things []item

	tasteScale, latentScale scale
	utilitySD               float64
}

// newWorld generates the population. Users and items hash their own numbers, so
// the first 100 of a larger world are the first 100 of a smaller one but for the
// standardisation.
func newWorld(ctx context.Context, p params) (*world, error) {
	w := &world{params: p, people: make([]user, p.users), things: make([]item, p.items)}
	w.makeItems()
	personas := w.makePersonas()
	for u := range w.people {
		w.people[u] = w.makeUser(u, personas)
	}
	w.tasteScale, w.latentScale, w.utilitySD = scale{0, 1}, scale{0, 1}, 1
	var err error
	if w.tasteScale, err = w.over(ctx, func(u, i int) float64 { return w.rawTaste(u, i, 0) }); err != nil {
		return nil, err
	}
	if w.latentScale, err = w.over(ctx, w.rawLatent); err != nil {
		return nil, err
	}
	all, err := w.over(ctx, func(u, i int) float64 { return w.utility(u, i, 0) })
	w.utilitySD = all.sd
	return w, err
}

// makeItems draws categories, quality, fame and words.
func (w *world) makeItems() {
	quality, fame := make([]float64, w.items), make([]float64, w.items)
	for i := range w.things {
		s := newStream(w.seed, tagItem, uint64(i))
		t := &w.things[i]
		t.categories = w.drawCategories(s)
		t.year = int32(1960 + s.below(64))
		quality[i], fame[i] = s.normal(), s.normal()
		for d := range t.factors {
			t.factors[d] = s.normal()
		}
	}
	standardise(quality)
	for i, n := range fame {
		fame[i] = mul(w.fameQuality, quality[i]) + mul(math.Sqrt(1-mul(w.fameQuality, w.fameQuality)), n)
	}
	standardise(fame)
	names, taken := categoryNames(), map[string]bool{}
	for i := range w.things {
		t := &w.things[i]
		t.quality, t.fame = quality[i], fame[i]
		t.title = title(newStream(w.seed, tagItem, uint64(i), 1), taken)
		own := make([]string, len(t.categories))
		for n, c := range t.categories {
			own[n] = names[c]
		}
		t.summary = summary(own, t.quality)
	}
}

// drawCategories gives one (40 %), two (40 %) or three (20 %) categories,
// ascending.
func (w *world) drawCategories(s *stream) []int {
	n := 1
	if x := s.uniform(); x > 0.8 {
		n = 3
	} else if x > 0.4 {
		n = 2
	}
	var out []int
	for len(out) < min(n, w.categories) {
		if c := s.below(w.categories); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// personas are the category weights that occupations and age groups share.
type personas struct{ occupation, age [][]float64 }

const ageGroups = 5 // below 25, 35, 45, 55, and above

func ageGroup(age int32) int { return min(max(int(age)-15, 0)/10, ageGroups-1) }

func (w *world) makePersonas() personas {
	draw := func(n int, kind uint64) [][]float64 {
		out := make([][]float64, n)
		for i := range out {
			out[i] = normals(newStream(w.seed, tagPersona, kind, uint64(i)), w.categories)
		}
		return out
	}
	return personas{occupation: draw(len(occupationNames()), 1), age: draw(ageGroups, 2)}
}

func (w *world) makeUser(u int, shared personas) user {
	s := newStream(w.seed, tagUser, uint64(u))
	var out user
	out.age = int32(min(max(math.Round(38+mul(13, s.normal())), 18), 80))
	out.occupation = s.below(len(occupationNames()))
	out.qualityWeight = exp(mul(0.4, s.normal()) - 0.08)
	conform := s.normal()
	out.conformity = w.conformity + mul(0.5, conform)
	out.pickiness, out.patience = s.normal(), s.normal()
	for d := range out.factors {
		out.factors[d] = s.normal()
	}
	for t, z := range [5]float64{s.normal(), out.patience, conform, -out.pickiness, s.normal()} {
		out.traits[t] = level(mul(0.5, z) + mul(math.Sqrt(0.75), s.normal()))
	}
	a, b := shared.occupation[out.occupation], shared.age[ageGroup(out.age)]
	blend := func(own []float64) []float64 {
		for c, n := range own {
			common := (a[c] + b[c]) / math.Sqrt2
			own[c] = mul(math.Sqrt(w.personaShare), common) + mul(math.Sqrt(1-w.personaShare), n)
		}
		return own
	}
	out.weights = blend(normals(s, w.categories))
	if w.response == formDrift {
		out.later = blend(normals(s, w.categories))
	}
	return out
}

// level cuts a standard normal number at its terciles.
func level(z float64) uint8 {
	const tercile = 0.430727
	switch {
	case z < -tercile:
		return 1
	case z < tercile:
		return 2
	}
	return 3
}

func normals(s *stream, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = s.normal()
	}
	return out
}

// standardise shifts and scales to mean 0 and deviation 1.
func standardise(x []float64) {
	s := spread(x)
	for i, v := range x {
		x[i] = s.of(v)
	}
}

// spread gives mean and deviation; a deviation of 0 counts as 1.
func spread(x []float64) scale {
	var sum, squares float64
	for _, v := range x {
		sum += v
		squares += mul(v, v)
	}
	return toScale(sum, squares, float64(len(x)))
}

func toScale(sum, squares, n float64) scale {
	mean := sum / n
	sd := math.Sqrt(max(squares/n-mul(mean, mean), 0))
	if sd < 1e-9 {
		sd = 1
	}
	return scale{mean, sd}
}

// over gives mean and deviation of a factor over all pairs: sums per user, then
// over users in order.
func (w *world) over(ctx context.Context, factor func(u, i int) float64) (scale, error) {
	sums, squares := make([]float64, w.users), make([]float64, w.users)
	err := cores.Each(ctx, w.users, 0, func(_, u int) {
		var a, b float64
		for i := range w.things {
			x := factor(u, i)
			a += x
			b += mul(x, x)
		}
		sums[u], squares[u] = a, b
	})
	var a, b float64
	for u := range sums {
		a += sums[u]
		b += squares[u]
	}
	return toScale(a, b, mul(float64(w.users), float64(w.items))), err
}

// rawTaste is the mean of the user's weights over the item's categories; where
// the world drifts, of the weights as they are at that time.
func (w *world) rawTaste(u, i int, at float64) float64 {
	p, t := &w.people[u], &w.things[i]
	cos, sin := 1.0, 0.0
	if p.later != nil && at > 0 {
		cos, sin = turn(at)
	}
	var sum float64
	for _, c := range t.categories {
		sum += mul(cos, p.weights[c])
		if p.later != nil {
			sum += mul(sin, p.later[c])
		}
	}
	return sum / float64(len(t.categories))
}

// turn gives cosine and sine of 60° times at, by their series.
func turn(at float64) (cos, sin float64) {
	a := mul(at, math.Pi/3)
	a -= mul(math.Floor(a/(2*math.Pi)+0.5), 2*math.Pi)
	cos, sin = 1, a
	c, s := 1.0, a
	for n := 2.0; n < 40; n += 2 {
		c = -mul(c, mul(a, a)) / (n * (n - 1))
		s = -mul(s, mul(a, a)) / (n * (n + 1))
		cos += c
		sin += s
	}
	return cos, sin
}

// rawLatent is the inner product of the hidden factors, over √6.
func (w *world) rawLatent(u, i int) float64 {
	var sum float64
	p, t := &w.people[u].factors, &w.things[i].factors
	for d := range p {
		sum += mul(p[d], t[d])
	}
	return sum / math.Sqrt(dimensions)
}

// utility is what the user gets from the item; at counts logs' lengths since
// the log began and matters to drift alone.
func (w *world) utility(u, i int, at float64) float64 {
	p, t := &w.people[u], &w.things[i]
	return mul(w.taste, w.tasteScale.of(w.rawTaste(u, i, at))) +
		mul(w.latent, w.latentScale.of(w.rawLatent(u, i))) +
		mul(mul(w.quality, p.qualityWeight), t.quality) +
		mul(mul(w.fame, p.conformity), t.fame)
}
