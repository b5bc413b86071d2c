package corpus

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// Split is a corpus divided. What it hands out stays valid after the corpus is
// closed; TrainingFolder needs it open.
type Split struct {
	corpus *Corpus
	in     ordered
	parts  []part
	digest string
	stats  SplitStats
	seed   uint64 // orders the rows of the training part
	train  *Training
	valid  *HeldOut
	test   *HeldOut

	halves   halves
	evidence *Training // train itself, unless evidence is disjoint

	sessions *Sessions // of the evidence; nil: the data set has none
	past     visits    // training sessions of everybody
	later    *HeldOutSessions

	folders sync.Mutex
}

// SplitStats says what a division did, for every table that rests on it.
type SplitStats struct {
	Method           string
	Test, Valid      float64
	TrainRows        int
	ValidRows        int
	TestRows         int
	UsersWithoutTest int
	UsersTied        int  // equal times straddled a cut, and went to the earlier part
	TemporalLeak     bool // training has interactions later than held-out ones of other users

	// Sessions by part, see [Sessions]; all 0 where there are none. Those that
	// straddle have cards in more than one part and are in none.
	TrainSessions, ValidSessions, TestSessions, SessionsStraddling int

	// Where users are cut into halves, the rows above are of the judged half. The
	// counts of sessions and of ties are of everybody.
	Evidence      string // one of [EvidenceKinds]
	UsersJudged   int
	UsersEvidence int // whose training rows agents' evidence rests on
	EvidenceRows  int // those rows
}

func newSplit(c *Corpus, p SplitParams, m method, in ordered, d division) (*Split, error) {
	s := &Split{corpus: c, in: in, parts: d.parts, seed: p.Seed, halves: cut(p.Evidence, in.Users, p.Seed)}
	byItem := groupBy(in.Item, in.Items)
	s.train = newTraining(s.view(byItem, partTrain, s.Judged))
	s.valid = &HeldOut{s.view(byItem, partValid, s.Judged)}
	s.test = &HeldOut{s.view(byItem, partTest, s.Judged)}
	if s.evidence = s.train; p.Evidence == EvidenceDisjoint {
		s.evidence = newTraining(s.view(byItem, partTrain, s.Attests))
	}
	s.stats = SplitStats{
		Method: p.Method, Test: p.Test, Valid: p.Valid, UsersTied: d.tied, TemporalLeak: m.leak,
		TrainRows: s.train.Rows(), ValidRows: s.valid.Rows(), TestRows: s.test.Rows(),
		Evidence: cmp.Or(p.Evidence, EvidenceShared), EvidenceRows: s.evidence.Rows(),
	}
	s.divideSessions(!m.leak)
	for u := range int32(in.Users) {
		if s.Attests(u) {
			s.stats.UsersEvidence++
		}
		if !s.Judged(u) {
			continue
		}
		s.stats.UsersJudged++
		if len(s.test.Of(u)) == 0 {
			s.stats.UsersWithoutTest++
		}
	}
	if err := s.checkHalves(); err != nil {
		return nil, fmt.Errorf("data set %s: %w", c.name, err)
	}
	s.sayCold()
	if s.stats.TestRows == 0 {
		return nil, sdk.Invalidf("split.test", "data set %s: no interaction is left to test on: users have too few interactions for a fraction of %v, or all at one time", c.name, p.Test)
	}
	h := sha256.New()
	fmt.Fprintf(h, "split/2 %s\n", c.core)
	raw := make([]byte, len(d.parts))
	for i, part := range d.parts {
		raw[i] = byte(part)
	}
	h.Write(raw)
	s.halves.digest(h)
	s.digest = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// sayCold counts aloud what nothing was learnt about: users who are tested
// without training, and test rows of items that training never saw. They stay.
func (s *Split) sayCold() {
	users, rows := 0, 0
	for u := range int32(s.in.Users) {
		test := s.test.Of(u)
		if len(test) > 0 && len(s.train.Of(u)) == 0 {
			users++
		}
		for _, item := range test {
			if s.train.Count(item) == 0 {
				rows++
			}
		}
	}
	if users > 0 {
		s.corpus.config.warn("users tested without any training data: %d (they stay, and are judged)", users)
	}
	if rows > 0 {
		s.corpus.config.warn("test rows of items never seen in training: %d of %d (they stay, and few recommenders can find them)", rows, s.stats.TestRows)
	}
}

// Digest identifies users, items and interactions, and where every interaction
// went. By which method they went there is no part of it: the same parts are the
// same split. Nor are sessions: they follow the interactions, and the digest of
// the data covers them. Whoever is cut into halves has another digest.
func (s *Split) Digest() string { return s.digest }

// Stats says what the division did.
func (s *Split) Stats() SplitStats { return s.stats }

// Scale of the values; nil for implicit data.
func (s *Split) Scale() *sdk.Scale { return s.corpus.info.Scale }

// Planted reports whether the data set generated its people from a model.
func (s *Split) Planted() bool { return s.corpus.info.Planted }

// Train is the part that recommenders are fitted on: it may be shown to plugins. What
// agents know of items in general is [Split.Evidence].
func (s *Split) Train() *Training { return s.train }

// Valid is the validation part. A recommender may ask for it in its folder.
func (s *Split) Valid() *HeldOut { return s.valid }

// Test is the part that results are judged by. No plugin and no agent ever sees
// it.
func (s *Split) Test() *HeldOut { return s.test }

// view is a part by user: item ids ascending, with their values.
type view struct {
	items   int
	offsets []int32
	ids     []int32
	values  []float32 // nil: implicit data
}

// view collects a part of some users. Walking by item files every user's items in order.
func (s *Split) view(byItem groups, which part, of func(user int32) bool) view {
	in := s.in
	v := view{items: in.Items, offsets: make([]int32, in.Users+1)}
	for row, p := range s.parts {
		if p == which && of(in.User[row]) {
			v.offsets[in.User[row]+1]++
		}
	}
	for u := range in.Users {
		v.offsets[u+1] += v.offsets[u]
	}
	v.ids = make([]int32, v.offsets[in.Users])
	if in.Value != nil {
		v.values = make([]float32, len(v.ids))
	}
	next := append([]int32(nil), v.offsets[:in.Users]...)
	for _, row := range byItem.rows {
		if s.parts[row] != which || !of(in.User[row]) {
			continue
		}
		at := &next[in.User[row]]
		v.ids[*at] = in.Item[row]
		if v.values != nil {
			v.values[*at] = in.Value[row]
		}
		*at++
	}
	return v
}

// Users counts users; ids are below it.
func (v view) Users() int { return len(v.offsets) - 1 }

// Items counts items; ids are below it.
func (v view) Items() int { return v.items }

// Rows counts the interactions of the part.
func (v view) Rows() int { return len(v.ids) }

// Of gives a user's items, ascending. The caller must not change them.
func (v view) Of(user int32) []int32 {
	return v.ids[v.offsets[user]:v.offsets[user+1]:v.offsets[user+1]]
}

// ValuesOf gives the values of Of's items; nil for implicit data. NaN is a
// missing value. The caller must not change them.
func (v view) ValuesOf(user int32) []float32 {
	if v.values == nil {
		return nil
	}
	return v.values[v.offsets[user]:v.offsets[user+1]:v.offsets[user+1]]
}

// Training is the part of the interactions that everything a plugin or an agent
// sees is computed from.
type Training struct {
	view
	counts []int32
	sums   []float64 // of values, by item
	valued []int32   // interactions with a value, by item
}

func newTraining(v view) *Training {
	t := &Training{v, make([]int32, v.items), make([]float64, v.items), make([]int32, v.items)}
	for at, item := range v.ids {
		t.counts[item]++
		if v.values != nil && v.values[at] == v.values[at] {
			t.valued[item]++
			t.sums[item] += float64(v.values[at])
		}
	}
	return t
}

// Count gives the number of an item's training interactions.
func (t *Training) Count(item int32) int { return int(t.counts[item]) }

// Mean gives the mean of the values of an item's training interactions; NaN where
// none has a value.
func (t *Training) Mean(item int32) float64 {
	return t.sums[item] / float64(t.valued[item]) // 0/0 is NaN
}

// Values gives the sum of the values of an item's training interactions, and how many
// have one.
func (t *Training) Values(item int32) (sum float64, n int) { return t.sums[item], int(t.valued[item]) }

// HeldOut is a part that nothing shown may depend on.
type HeldOut struct{ view }

// Parts says of every interaction, in the order of the data set's table, where it
// went: 0 training, 1 validation, 2 test.
func (s *Split) Parts() []uint8 {
	out := make([]uint8, len(s.parts))
	for row, p := range s.parts {
		out[row] = uint8(p)
	}
	return out
}

// interactions writes the rows of a part, of users who are judged, as a table: by user, and inside a user
// in the split's order, so that neither other parts nor the data set's own order
// leave a trace.
func (s *Split) interactions(name string, which part) sdk.Table {
	var rows []int32
	for _, row := range s.in.rows {
		if s.parts[row] == which && s.Judged(s.in.User[row]) {
			rows = append(rows, row)
		}
	}
	x := s.in.Interactions
	t := sdk.Table{Name: name, Columns: []sdk.Column{
		{Name: "user", Data: pick(x.User, rows)},
		{Name: "item", Data: pick(x.Item, rows)},
	}}
	if x.Value != nil {
		t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: pick(x.Value, rows)})
	}
	if x.Time != nil {
		t.Columns = append(t.Columns, sdk.Column{Name: "time", Data: pick(x.Time, rows)})
	}
	if x.Kind != nil {
		t.Columns = append(t.Columns, sdk.Column{Name: "kind", Data: pick(x.Kind, rows)})
	}
	return t
}

func pick[T any](from []T, rows []int32) []T {
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = from[row]
	}
	return out
}

// meta says over which ids the folder speaks: those of the whole catalogue.
func (s *Split) meta() columns.Meta { return columns.Meta{Users: s.in.Users, Items: s.in.Items} }
