package consistency

import (
	"cmp"
	"math"
	"slices"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// cards of a page of coherence.
const cards = 4

// drawSeed fixes which items are shown: the same in every run.
const drawSeed = 0x636f686572 // "coher"

// judged knows what came after training. Agents see the items and not what they are
// shown for.
type judged struct {
	split *corpus.Split
	kinds [][]int32 // of items; nil: the data has none
}

func newJudged(split *corpus.Split) judged {
	return judged{split, split.Categories()}
}

// draw takes a page of items by hash.
func draw(u int32, items []int32) []int32 {
	items = slices.SortedFunc(slices.Values(items), func(a, b int32) int {
		return cmp.Or(cmp.Compare(sdk.TieHash(drawSeed, u, a), sdk.TieHash(drawSeed, u, b)), cmp.Compare(a, b))
	})
	return items[:min(cards, len(items))]
}

// liked draws of the test items that the user liked: all of them where the data has no
// values.
func (j judged) liked(u int32) []int32 {
	test, scale := j.split.Test(), j.split.Scale()
	items, values := test.Of(u), test.ValuesOf(u)
	if values == nil || scale == nil {
		return draw(u, items)
	}
	var own []int32
	for i, it := range items {
		if v := float64(values[i]); !math.IsNaN(v) && v >= scale.LikeAt {
			own = append(own, it)
		}
	}
	return draw(u, own)
}

// foreign draws of the items that the user touched in no part, of kinds of which the
// user never had any. An item without a kind is not known to be foreign.
func (j judged) foreign(u int32) []int32 {
	if j.kinds == nil {
		return nil
	}
	touched, had := map[int32]bool{}, map[int32]bool{}
	for _, items := range [][]int32{j.split.Train().Of(u), j.split.Valid().Of(u), j.split.Test().Of(u)} {
		for _, it := range items {
			touched[it] = true
			for _, k := range j.kinds[it] {
				had[k] = true
			}
		}
	}
	var out []int32
	for it, kinds := range j.kinds {
		if len(kinds) > 0 && !touched[int32(it)] && !slices.ContainsFunc(kinds, func(k int32) bool { return had[k] }) {
			out = append(out, int32(it))
		}
	}
	return draw(u, out)
}
