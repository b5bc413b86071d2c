package report

import (
	"math"
	"strconv"
)

// tick is a labelled place on an axis.
type tick struct{ At, Anchor, Text string }

// at prints a coordinate.
func at(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// barWidth is the width of the drawing beside the primary metric.
const barWidth = 180

// barScale draws a column from zero. It ends at the largest bound of the rows
// that are ranked: an oracle, often far above them, is drawn as a broken bar,
// for else it would leave no room in which to tell the others apart.
type barScale struct{ lo, hi float64 }

func newBarScale(t Table, column int) *barScale {
	var s barScale
	for _, controls := range []bool{false, true} {
		for _, r := range t.Rows {
			if r.Failed != "" || r.Control && !controls || r.Cells[column].Value == nil {
				continue
			}
			c := r.Cells[column]
			s.lo, s.hi = min(s.lo, *c.Value), max(s.hi, *c.Value)
			if c.Lo != nil {
				s.lo, s.hi = min(s.lo, *c.Lo), max(s.hi, *c.Hi)
			}
		}
		if s.hi > s.lo {
			return &s
		}
	}
	return nil
}

func (s *barScale) x(v float64) float64 {
	return 1 + (barWidth-2)*(min(max(v, s.lo), s.hi)-s.lo)/(s.hi-s.lo)
}

// pageBar is a bar with its whiskers; no Lo, no whiskers.
type pageBar struct {
	X, Width, Zero, Lo, Hi string
	Cut                    bool // it goes on beyond the scale
}

func (s *barScale) bar(c Cell) *pageBar {
	if c.Value == nil {
		return nil
	}
	zero, end := s.x(0), s.x(*c.Value)
	b := &pageBar{X: at(min(zero, end)), Width: at(math.Abs(end - zero)), Zero: at(zero), Cut: *c.Value > s.hi}
	if c.Lo != nil && !b.Cut {
		b.Lo, b.Hi = at(s.x(*c.Lo)), at(s.x(*c.Hi))
	}
	return b
}

func (s *barScale) axis() []tick {
	if s == nil {
		return nil
	}
	var out []tick
	values, decimals := linearTicks(s.lo, s.hi, 3)
	for _, v := range values {
		t := tick{at(s.x(v)), "middle", number(v, decimals)}
		switch x := s.x(v); {
		case x < 8:
			t.Anchor = "start"
		case x > barWidth-12:
			t.Anchor = "end"
		}
		out = append(out, t)
	}
	return out
}

// linearTicks gives round numbers between two bounds, about so many, and the
// decimals that tell them apart.
func linearTicks(lo, hi float64, about int) ([]float64, int) {
	if !(hi > lo) || math.IsInf(hi-lo, 0) {
		return nil, 0
	}
	power := math.Pow(10, math.Floor(math.Log10((hi-lo)/float64(about))))
	step := power
	for _, m := range []float64{2, 5, 10} {
		if (hi-lo)/step > float64(about+1) {
			step = m * power
		}
	}
	var out []float64
	for n := math.Ceil(lo/step - 1e-9); n*step <= hi+step*1e-9; n++ {
		out = append(out, n*step)
	}
	return out, max(0, -int(math.Floor(math.Log10(step)+1e-9)))
}

// logTicks gives 1, 2 and 5 times the powers of ten between two bounds, or the
// powers alone where those are enough.
func logTicks(lo, hi float64) []float64 {
	factors := []float64{1, 2, 5}
	if hi/lo > 100 {
		factors = []float64{1}
	}
	var out []float64
	for e := math.Floor(math.Log10(lo)); e <= math.Log10(hi); e++ {
		for _, f := range factors {
			if v := f * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				out = append(out, v)
			}
		}
	}
	return out
}
