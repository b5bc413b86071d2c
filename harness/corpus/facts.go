package corpus

import (
	"maps"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// Facts are counts for reports.
type Facts struct {
	Users, Items, Interactions int
	IdleUsers, IdleItems       int   // without any interaction
	Values                     []Bin // ascending; nil: implicit data
	MissingValues              int
	First, Last                int64 // unix seconds; sdk.MissingTime: no times
}

// Bin counts interactions with one value or, where values are many, with values
// from Value up to the next bin.
type Bin struct {
	Value float64
	Count int
}

// maxBins is how many different values are shown one by one; more are put into
// wideBins of equal width.
const (
	maxBins  = 32
	wideBins = 20
)

// Facts counts.
func (c *Corpus) Facts() Facts {
	x := c.rows
	f := Facts{Users: x.Users, Items: x.Items, Interactions: x.Rows(), First: sdk.MissingTime, Last: sdk.MissingTime}
	f.IdleUsers, f.IdleItems = idle(x.User, x.Users), idle(x.Item, x.Items)
	for _, t := range x.Time {
		if t == sdk.MissingTime {
			continue
		}
		if f.First == sdk.MissingTime || t < f.First {
			f.First = t
		}
		f.Last = max(f.Last, t)
	}
	if x.Value != nil {
		f.Values, f.MissingValues = histogram(x.Value, c.info.Scale)
	}
	return f
}

func idle(ids []int32, n int) int {
	seen := make([]bool, n)
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			n--
		}
	}
	return n
}

func histogram(values []float32, scale *sdk.Scale) (bins []Bin, missing int) {
	counts := map[float32]int{}
	for _, v := range values {
		if v != v {
			missing++
			continue
		}
		counts[v]++
	}
	if len(counts) <= maxBins {
		for _, v := range slices.Sorted(maps.Keys(counts)) {
			bins = append(bins, Bin{float64(v), counts[v]})
		}
		return bins, missing
	}
	width := (scale.Max - scale.Min) / wideBins
	bins = make([]Bin, wideBins)
	for i := range bins {
		bins[i].Value = scale.Min + float64(i)*width
	}
	for v, n := range counts {
		i := int(math.Floor((float64(v) - scale.Min) / width))
		bins[max(0, min(i, wideBins-1))].Count += n
	}
	return bins, missing
}
