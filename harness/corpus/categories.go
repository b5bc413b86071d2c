package corpus

import (
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// Titles gives the title of each item, by item id, and needs the corpus open. It
// is text from the data set: nothing of it is to be believed.
func (s *Split) Titles() []string { return s.corpus.ItemTitles() }

// Categories gives the categories of each item, by item id, as numbers: each
// once, ascending. Names are numbered in alphabetical order over the whole
// catalogue. It is nil where the data set gives no categories, and needs the
// corpus open.
func (s *Split) Categories() [][]int32 {
	of, lists := s.categories()
	if lists == nil {
		return nil
	}
	known := alphabet(of)
	all := make([]int32, len(of))
	for i, name := range of {
		at, _ := slices.BinarySearch(known, name)
		all[i] = int32(at)
	}
	out := make([][]int32, len(lists)-1)
	for i := range out {
		from, to := lists[i], lists[i+1]
		of := all[from:to:to]
		slices.Sort(of)
		out[i] = slices.Compact(of)
	}
	return out
}

// CategoryNames names the numbers of [Split.Categories].
func (s *Split) CategoryNames() []string {
	of, _ := s.categories()
	return alphabet(of)
}

// categories gives the column: item i has the names lists[i]:lists[i+1].
func (s *Split) categories() (of []string, lists []uint32) {
	t, _ := s.corpus.Table(sdk.TableItems)
	col, _ := t.Column("categories")
	names, ok := col.Data.([]string)
	if !ok {
		return nil, nil
	}
	return names, col.Lists
}

func alphabet(names []string) []string {
	known := slices.Clone(names)
	slices.Sort(known)
	return slices.Compact(known)
}
