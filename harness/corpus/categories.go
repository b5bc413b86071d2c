package corpus

import (
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// Categories gives the categories of each item, by item id, as numbers: each
// once, ascending. Names are numbered in alphabetical order over the whole
// catalogue. It is nil where the data set gives no categories, and needs the
// corpus open.
func (s *Split) Categories() [][]int32 {
	t, _ := s.corpus.Table(sdk.TableItems)
	col, ok := t.Column("categories")
	names, isText := col.Data.([]string)
	if !ok || !isText || col.Lists == nil {
		return nil
	}
	known := slices.Clone(names)
	slices.Sort(known)
	known = slices.Compact(known)
	all := make([]int32, len(names))
	for i, name := range names {
		at, _ := slices.BinarySearch(known, name)
		all[i] = int32(at)
	}
	out := make([][]int32, len(col.Lists)-1)
	for i := range out {
		from, to := col.Lists[i], col.Lists[i+1]
		of := all[from:to:to]
		slices.Sort(of)
		out[i] = slices.Compact(of)
	}
	return out
}
