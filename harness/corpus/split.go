package corpus

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// SplitParams says how to divide the interactions.
type SplitParams struct {
	Method      string
	Test, Valid float64 // fractions of each user's interactions
	Seed        uint64  // orders what times do not, and cuts users into halves
	Evidence    string  // one of [EvidenceKinds]; empty: [EvidenceShared]
}

// Part is where an interaction went.
type part uint8

const (
	partTrain part = iota
	partValid
	partTest
)

// method divides interactions. A further method is a function and a line in
// methods.
type method struct {
	name   string
	times  bool // every interaction must have a time
	shares bool // SplitParams.Test says how much
	leak   bool // training has interactions later than held-out ones of others
	divide func(in ordered, p SplitParams) division
}

// methods lists what Split knows.
func methods() []method {
	return []method{
		{name: "user-temporal", times: true, shares: true, leak: true, divide: userTemporal},
		{name: "global-temporal", times: true, shares: true, divide: globalTemporal},
		{name: "random", shares: true, leak: true, divide: random},
		{name: "leave-one-out", leak: true, divide: leaveOneOut},
		{name: given, leak: true, divide: asGiven},
	}
}

// Methods names the methods that Split knows.
func Methods() []string {
	var out []string
	for _, m := range methods() {
		out = append(out, m.name)
	}
	return out
}

// ordered is the interactions grouped by user; inside a user by time and, where
// times are equal or absent, by hash of seed, user and item. Item ids never
// decide.
type ordered struct {
	columns.Interactions
	groups
	seed  uint64
	parts []uint8 // the data set's own split; nil: it has none
}

// division says for each row which part it is in, and how many users had equal
// times on both sides of a cut.
type division struct {
	parts []part
	tied  int
}

// orderStream keeps the order of a split apart from the order of equal scores,
// which hashes the suite's seed in the same way.
const orderStream = 0x73706c6974 // "split"

func order(x columns.Interactions, seed uint64) ordered {
	in := ordered{Interactions: x, groups: groupBy(x.User, x.Users), seed: sdk.Mix(seed, orderStream)}
	type key struct {
		time int64
		tie  uint64
		row  int32
	}
	var keys []key
	for u := range x.Users {
		rows := in.of(u)
		keys = keys[:0]
		for _, row := range rows {
			k := key{tie: sdk.TieHash(in.seed, int32(u), x.Item[row]), row: row}
			if x.Time != nil {
				k.time = x.Time[row]
			}
			keys = append(keys, k)
		}
		slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.tie, b.tie)) })
		for i, k := range keys {
			rows[i] = k.row
		}
	}
	return in
}

// sizes gives floor(f*n) for both held-out parts. The small term makes decimal
// fractions exact: 0.29 of 100 is 29, though 0.29*100 is 28.999999999999996.
func (p SplitParams) sizes(n int) (valid, test int) {
	const slack = 1e-9
	return int(p.Valid*float64(n) + slack), int(p.Test*float64(n) + slack)
}

// userTemporal gives each user's last floor(f_test*n) interactions to test and
// the floor(f_valid*n) before them to validation. A group of equal times across
// a cut goes whole to the earlier part.
func userTemporal(in ordered, p SplitParams) division {
	d := division{parts: make([]part, in.Rows())}
	for u := range in.Users {
		rows := in.of(u)
		n := len(rows)
		nValid, nTest := p.sizes(n)
		tied := false
		later := func(cut int) int {
			for cut > 0 && cut < n && in.Time[rows[cut]] == in.Time[rows[cut-1]] {
				cut++
				tied = true
			}
			return cut
		}
		valid, test := later(n-nTest-nValid), later(n-nTest)
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

// random gives floor(f_test*n) of each user's interactions to test and
// floor(f_valid*n) to validation, chosen by hash.
func random(in ordered, p SplitParams) division {
	d := division{parts: make([]part, in.Rows())}
	var rows []int32
	for u := range in.Users {
		rows = append(rows[:0], in.of(u)...)
		hash := func(row int32) uint64 { return sdk.TieHash(sdk.Mix(in.seed, 1), int32(u), in.Item[row]) }
		slices.SortFunc(rows, func(a, b int32) int { return cmp.Compare(hash(a), hash(b)) })
		nValid, nTest := p.sizes(len(rows))
		for i, row := range rows[:nTest+nValid] {
			d.parts[row] = partTest
			if i >= nTest {
				d.parts[row] = partValid
			}
		}
	}
	return d
}

// check finds the method and refuses parameters and data that it cannot use.
func (p SplitParams) check(x columns.Interactions) (method, error) {
	i := slices.IndexFunc(methods(), func(m method) bool { return m.name == p.Method })
	if i < 0 {
		return method{}, sdk.Invalidf("split.method", "unknown method %q (known: %s)", p.Method, quote(Methods()))
	}
	m := methods()[i]
	switch {
	case m.shares && !(p.Test > 0 && p.Test < 1):
		return m, sdk.Invalidf("split.test", "%v: want a fraction between 0 and 1", p.Test)
	case !m.shares && p.Test != 0:
		return m, sdk.Invalidf("split.test", "%v: %s knows by itself what is tested: leave it out", p.Test, m.name)
	case m.name == given && p.Valid != 0:
		return m, sdk.Invalidf("split.valid", "%v: %s knows by itself what validates: leave it out", p.Valid, m.name)
	}
	if !(p.Valid >= 0 && p.Valid < 1) || p.Test+p.Valid >= 1 || math.IsNaN(p.Valid) {
		return m, sdk.Invalidf("split.valid", "%v with test %v: want fractions that leave something to train on", p.Valid, p.Test)
	}
	missing := slices.Index(x.Time, sdk.MissingTime)
	if m.name == leaveOneOutName && missing >= 0 {
		return m, sdk.Invalidf("split.method", "%s needs times for all interactions or for none, and interaction %d has none: use random", m.name, missing)
	}
	if !m.times {
		return m, nil
	}
	var without []string
	for _, o := range methods() {
		if !o.times {
			without = append(without, o.name)
		}
	}
	if missing >= 0 { // it needs all or none
		without = slices.DeleteFunc(without, func(name string) bool { return name == leaveOneOutName })
	}
	switch {
	case x.Time == nil:
		return m, sdk.Invalidf("split.method", "%s needs times and the data has none: methods that work without: %s", p.Method, quote(without))
	case missing >= 0:
		return m, sdk.Invalidf("split.method", "%s needs times and interaction %d has none: methods that work without: %s", p.Method, missing, quote(without))
	}
	return m, nil
}

// Split divides the interactions into training, validation and test.
func (c *Corpus) Split(p SplitParams) (*Split, error) {
	m, err := p.check(c.rows)
	if err == nil {
		err = checkEvidence(p.Evidence)
	}
	if err != nil {
		return nil, fmt.Errorf("data set %s: %w", c.name, err)
	}
	in := order(c.rows, p.Seed)
	if m.name == given {
		if in.parts, err = c.parts(); err != nil {
			return nil, fmt.Errorf("data set %s: %w", c.name, err)
		}
	}
	return newSplit(c, p, m, in, m.divide(in, p))
}
