package preference

import (
	"cmp"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/sdk"
)

// ventiles is how many parts of equal popularity hard negatives tell apart.
const ventiles = 20

// Constants that draws are hashed from: the same sets in every run on a split.
const (
	positiveSeed = 0x706f736974697665 // "positive"
	negativeSeed = 0x6e65676174697665 // "negative"
	orderStream  = 0x6f72646572       // "order"
)

// deck deals items to users.
type deck struct {
	train       *corpus.Training
	valid, test *corpus.HeldOut
	ratios      []int
	draws       int
	positives   [][]int32 // by user: held-out, ascending
	part        []int32   // of each item
	pools       [][]int32 // items by part; without hard negatives there is one
}

// set is what a user is asked about in one draw at one ratio.
type set struct {
	user     int32
	draw     int
	ratio    int // place among the ratios
	items    []int32
	positive []bool
}

func newDeck(o sdk.Options, split *corpus.Split) (deck, error) {
	d := deck{train: split.Train(), valid: split.Valid(), test: split.Test(), ratios: ratiosOf(o), draws: o.Int("draws")}
	from := d.test
	if o.String("part") == partValid {
		from = d.valid
	}
	if from.Rows() == 0 {
		return d, sdk.Invalidf("part", "the %s part is empty: set split.%[1]s", o.String("part"))
	}
	likeAt := math.Inf(-1)
	if o.String("positive") == liked {
		if split.Scale() == nil {
			return d, sdk.Invalidf("positive", "%q needs values, and the data set is implicit: set positive = %q", liked, interacted)
		}
		likeAt = split.Scale().LikeAt
	}
	d.positives = make([][]int32, d.train.Users())
	for u := range d.positives {
		values := from.ValuesOf(int32(u))
		for n, it := range from.Of(int32(u)) {
			if math.IsInf(likeAt, -1) || float64(values[n]) >= likeAt {
				d.positives[u] = append(d.positives[u], it)
			}
		}
	}
	d.part, d.pools = make([]int32, d.train.Items()), make([][]int32, 1)
	if o.Bool("hard") {
		counts := make([]float64, d.train.Items())
		for it := range counts {
			counts[it] = float64(d.train.Count(int32(it)))
		}
		d.part, d.pools = metric.Parts(counts, ventiles), make([][]int32, ventiles)
	}
	for it, part := range d.part {
		d.pools[part] = append(d.pools[part], int32(it))
	}
	return d, nil
}

// positivesOf counts the positives of a set at a ratio.
func positivesOf(negatives int) int { return perUser / (negatives + 1) }

// touched reports whether a user has an item in any part.
func (d *deck) touched(u, it int32) bool {
	for _, of := range [][]int32{d.train.Of(u), d.valid.Of(u), d.test.Of(u)} {
		if _, has := slices.BinarySearch(of, it); has {
			return true
		}
	}
	return false
}

// chosen gives the positives of a draw. Those of a ratio with fewer are the first of
// the others'.
func (d *deck) chosen(u int32, draw, n int) []int32 {
	out := slices.Clone(d.positives[u])
	seed := sdk.Mix(positiveSeed, uint64(draw))
	slices.SortFunc(out, func(a, b int32) int { return cmp.Compare(sdk.TieHash(seed, u, a), sdk.TieHash(seed, u, b)) })
	return out[:n]
}

// enough reports whether every set of a user can be dealt.
func (d *deck) enough(u int32) bool {
	free := make([]int, len(d.pools))
	for part, pool := range d.pools {
		free[part] = len(pool)
	}
	for _, of := range [][]int32{d.train.Of(u), d.valid.Of(u), d.test.Of(u)} {
		for _, it := range of {
			free[d.part[it]]--
		}
	}
	for draw := range d.draws {
		for _, m := range d.ratios {
			left := slices.Clone(free)
			for _, it := range d.chosen(u, draw, positivesOf(m)) {
				if left[d.part[it]] -= m; left[d.part[it]] < 0 {
					return false
				}
			}
		}
	}
	return true
}

// deal gives all sets of a user, which must have enough.
func (d *deck) deal(u int32) (out []set) {
	for draw := range d.draws {
		for at, m := range d.ratios {
			seed := sdk.Mix(negativeSeed, uint64(uint32(u)), uint64(draw), uint64(m))
			positives := d.chosen(u, draw, positivesOf(m))
			items := slices.Clone(positives)
			k := uint64(0)
			for _, p := range positives {
				pool := d.pools[d.part[p]]
				for n := 0; n < m; k++ {
					it := pool[sdk.Mix(seed, k)%uint64(len(pool))]
					if d.touched(u, it) || slices.Contains(items, it) {
						continue
					}
					items = append(items, it)
					n++
				}
			}
			seed = sdk.Mix(seed, orderStream)
			slices.SortFunc(items, func(a, b int32) int { return cmp.Compare(sdk.TieHash(seed, u, a), sdk.TieHash(seed, u, b)) })
			s := set{user: u, draw: draw, ratio: at, items: items, positive: make([]bool, len(items))}
			for i, it := range items {
				s.positive[i] = slices.Contains(positives, it)
			}
			out = append(out, s)
		}
	}
	return out
}
