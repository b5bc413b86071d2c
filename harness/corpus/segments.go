package corpus

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/alignuser/alignuser/sdk"
)

// Segment divides the users, so that a number can be asked for some of them.
type Segment struct {
	Name   string
	Groups []string // names of the groups, in order
	Of     []int8   // by user: index into Groups; -1: in none
}

const (
	// coldBelow is how many training interactions a user needs not to be cold; it
	// is also how many it takes to have a level of anything (METHOD 3).
	coldBelow = 5
	// maxGroups is how many values an attribute may have to be divided by.
	maxGroups = 32
)

// Segments divides users by what training says of them — how active they are,
// whether they are cold, how popular their items are — and by the data set's own
// attributes. It needs the corpus open.
func (s *Split) Segments() []Segment {
	users := s.train.Users()
	active, taste := make([]float64, users), make([]float64, users)
	cold := Segment{Name: "start", Groups: []string{"cold", "warm"}, Of: make([]int8, users)}
	for u := range int32(users) {
		items := s.train.Of(u)
		active[u], taste[u] = math.NaN(), math.NaN()
		if !s.Judged(u) {
			cold.Of[u] = -1
			continue
		}
		if len(items) < coldBelow {
			continue
		}
		cold.Of[u] = 1
		active[u] = float64(len(items))
		sum := 0
		for _, it := range items {
			sum += s.train.Count(it) - 1 // without the user's own
		}
		taste[u] = float64(sum) / float64(len(items))
	}
	out := []Segment{
		terciles("activity", []string{"low", "medium", "high"}, active),
		cold,
		terciles("taste", []string{"niche", "mixed", "popular"}, taste),
	}
	table, _ := s.corpus.Table(sdk.TableUsers)
	for _, c := range table.Columns {
		if seg, ok := byAttribute(c); ok {
			out = append(out, seg)
		}
	}
	return out
}

// terciles divides users by the third in which their value lies.
func terciles(name string, groups []string, values []float64) Segment {
	return Segment{Name: name, Groups: groups, Of: Terciles(values)}
}

// Terciles gives the third in which each value lies, 0 to 2, and -1 for NaN. The
// boundaries are the order statistics ceil(n/3) and ceil(2n/3) of the n values that
// are none; what equals one goes below it (METHOD 3).
func Terciles(values []float64) []int8 { return TercilesAmong(values, values) }

// TercilesAmong is Terciles by the boundaries of other values. Where those are all NaN,
// everything is -1.
func TercilesAmong(values, others []float64) []int8 {
	sorted := slices.DeleteFunc(slices.Clone(others), math.IsNaN)
	slices.Sort(sorted)
	low, high := boundary(sorted, 1), boundary(sorted, 2)
	out := make([]int8, len(values))
	for u, v := range values {
		switch {
		case math.IsNaN(v), len(sorted) == 0:
			out[u] = -1
		case v > high:
			out[u] = 2
		case v > low:
			out[u] = 1
		}
	}
	return out
}

func boundary(sorted []float64, third int) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[(third*len(sorted)+2)/3-1]
}

// byAttribute divides by a column of the users' table: text of few values by
// value, numbers of many by terciles. The id is no attribute.
func byAttribute(c sdk.Column) (Segment, bool) {
	if c.Name == "uid" || c.Lists != nil {
		return Segment{}, false
	}
	switch values := c.Data.(type) {
	case []string:
		return byValue(c.Name, values, func(v string) (string, bool) { return v, v != "" })
	case []uint8:
		return byValue(c.Name, values, func(v uint8) (string, bool) { return strconv.Itoa(int(v)), true })
	case []int32:
		if seg, ok := byValue(c.Name, values, func(v int32) (string, bool) { return strconv.Itoa(int(v)), v >= 0 }); ok && len(seg.Groups) <= 8 {
			return seg, true
		}
		return byRange(c.Name, values, func(v int32) (float64, bool) { return float64(v), v >= 0 })
	case []float32:
		return byRange(c.Name, values, func(v float32) (float64, bool) { return float64(v), v == v })
	case []float64:
		return byRange(c.Name, values, func(v float64) (float64, bool) { return v, v == v })
	}
	return Segment{}, false
}

func byValue[T cmp.Ordered](name string, values []T, word func(T) (string, bool)) (Segment, bool) {
	kinds := slices.Clone(values)
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	kinds = slices.DeleteFunc(kinds, func(v T) bool { _, ok := word(v); return !ok })
	if len(kinds) < 2 || len(kinds) > maxGroups {
		return Segment{}, false
	}
	seg := Segment{Name: name, Of: make([]int8, len(values))}
	for _, v := range kinds {
		w, _ := word(v)
		seg.Groups = append(seg.Groups, w)
	}
	for u, v := range values {
		if at, ok := slices.BinarySearch(kinds, v); ok {
			seg.Of[u] = int8(at)
		} else {
			seg.Of[u] = -1
		}
	}
	return seg, true
}

// byRange names its groups by their smallest and largest value.
func byRange[T any](name string, values []T, number func(T) (float64, bool)) (Segment, bool) {
	floats := make([]float64, len(values))
	for i, v := range values {
		f, ok := number(v)
		if floats[i] = f; !ok {
			floats[i] = math.NaN()
		}
	}
	seg := terciles(name, nil, floats)
	var lo, hi [3]float64
	var count [3]int
	for u, at := range seg.Of {
		if at < 0 {
			continue
		}
		if count[at] == 0 || floats[u] < lo[at] {
			lo[at] = floats[u]
		}
		if count[at] == 0 || floats[u] > hi[at] {
			hi[at] = floats[u]
		}
		count[at]++
	}
	if slices.Contains(count[:], 0) {
		return Segment{}, false // too few values to divide by
	}
	for i := range lo {
		seg.Groups = append(seg.Groups, fmt.Sprintf("%v–%v", lo[i], hi[i]))
	}
	return seg, true
}
