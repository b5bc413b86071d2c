package corpus

import (
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// Methods that differ from the others in what they may be told.
const (
	leaveOneOutName = "leave-one-out"
	given           = "given"
)

// partColumn is where the interactions of a data set say how it divides itself.
const partColumn = "part"

// globalTemporal cuts all interactions at two moments: the last floor(f_test*n)
// test and the floor(f_valid*n) before them validate. A group of equal times
// across a cut goes whole to the earlier part, so nothing in training is later
// than anything held out, whoever did it.
func globalTemporal(in ordered, p SplitParams) division {
	d := division{parts: make([]part, in.Rows())}
	times := slices.Sorted(slices.Values(in.Time))
	n := len(times)
	nValid, nTest := p.sizes(n)
	tied := map[int64]bool{}
	later := func(cut int) int {
		for cut > 0 && cut < n && times[cut] == times[cut-1] {
			tied[times[cut]] = true
			cut++
		}
		return cut
	}
	valid, test := later(n-nTest-nValid), later(n-nTest)
	for u := range in.Users {
		straddles := false
		for _, row := range in.of(u) {
			at := in.Time[row]
			straddles = straddles || tied[at]
			switch {
			case test < n && at >= times[test]:
				d.parts[row] = partTest
			case valid < n && at >= times[valid]:
				d.parts[row] = partValid
			}
		}
		if straddles {
			d.tied++
		}
	}
	return d
}

// leaveOneOut tests each user's last interaction, by time or where there are no
// times by hash, and validates the floor(f_valid*n) before it. Who has one
// interaction, or several at the last moment, is not tested.
func leaveOneOut(in ordered, p SplitParams) division {
	d := division{parts: make([]part, in.Rows())}
	for u := range in.Users {
		rows := in.of(u)
		n := len(rows)
		if n < 2 {
			continue
		}
		nValid, _ := p.sizes(n)
		tied := false
		later := func(cut int) int {
			for in.Time != nil && cut > 0 && cut < n && in.Time[rows[cut]] == in.Time[rows[cut-1]] {
				cut++
				tied = true
			}
			return cut
		}
		valid, test := later(max(1, n-1-nValid)), later(n-1)
		for _, row := range rows[valid:test] {
			d.parts[row] = partValid
		}
		for _, row := range rows[test:] {
			d.parts[row] = partTest
		}
		if tied {
			d.tied++
		}
	}
	return d
}

// asGiven follows the data set's own split.
func asGiven(in ordered, _ SplitParams) division {
	d := division{parts: make([]part, in.Rows())}
	for row, p := range in.parts {
		d.parts[row] = part(p)
	}
	return d
}

// parts gives the column in which a data set divides itself.
func (c *Corpus) parts() ([]uint8, error) {
	t, _ := c.folder.Table(sdk.TableInteractions)
	parts, err := column[uint8](t, partColumn, false)
	if err == nil && parts == nil {
		err = sdk.Invalidf("split.method", "%s needs data that is divided already, in a column part of its interactions: choose another method, or name the column in the options of the data set", given)
	}
	return parts, err
}
