package corpus

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// shownCard is a row of table sessions of a fake.
type shownCard struct {
	user, session, page, slot, item int32
	watched                         uint8
	value                           float32
	time                            int64
	left                            uint8
}

// nan32 is the value of a card that has none.
var nan32 = float32(math.NaN())

// show gives a fake its sessions.
func (f *fake) show(rows ...shownCard) *fake {
	n := len(rows)
	var ids [5][]int32
	watched, left, values, times, propensity := make([]uint8, n), make([]uint8, n), make([]float32, n), make([]int64, n), make([]float32, n)
	for i, r := range rows {
		for at, id := range []int32{r.user, r.session, r.page, r.slot, r.item} {
			ids[at] = append(ids[at], id)
		}
		watched[i], left[i], values[i], times[i], propensity[i] = r.watched, r.left, r.value, r.time, 0.25
	}
	f.tables[sdk.TableSessions] = sdk.Table{Name: sdk.TableSessions, Columns: []sdk.Column{
		{Name: "user", Data: ids[0]},
		{Name: "session", Data: ids[1]},
		{Name: "page", Data: ids[2]},
		{Name: "slot", Data: ids[3]},
		{Name: "item", Data: ids[4]},
		{Name: "watched", Data: watched},
		{Name: "value", Data: values},
		{Name: "time", Data: times},
		{Name: "left", Data: left},
		{Name: "propensity", Data: propensity},
	}}
	f.spec.Tables = append(f.spec.Tables, sdk.TableSpec{Name: sdk.TableSessions})
	return f
}

// browsed is small with what its two people were shown. With half of it tested,
// user 0 trains on items 0 and 1 (times 10 and 20) and is tested on 2 and 3 (30
// and 40); user 1 trains on item 1 (time 5) and is tested on 3 (6).
func browsed() *fake { return small().show(browsing()...) }

func browsing() []shownCard {
	return []shownCard{
		// User 0: a session before the test, of two pages; one that reaches into it; one
		// inside; one of which nothing was watched.
		{0, 0, 0, 0, 3, 0, nan32, 9, 0},
		{0, 0, 0, 1, 0, 1, 5, 10, 0},
		{0, 0, 1, 0, 2, 0, nan32, 11, 1},
		{0, 2, 0, 0, 1, 1, 3, 20, 0},
		{0, 2, 1, 0, 2, 1, 1, 30, 0},
		{0, 3, 0, 0, 3, 1, 4, 40, 1},
		{0, 4, 0, 0, 2, 0, nan32, 50, 0},
		// User 1: one before, numbered after one at the moment of the test.
		{1, 0, 0, 0, 3, 1, 5, 6, 0},
		{1, 7, 0, 0, 0, 0, nan32, 1, 0},
		{1, 7, 0, 1, 1, 1, 2, 5, 0},
	}
}

func mustSplit(t testing.TB, c *Corpus, p SplitParams) *Split {
	t.Helper()
	s, err := c.Split(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// numbers lists the sessions of each user.
func numbers(v visits) [][]int32 {
	var out [][]int32
	for u := range int32(v.Users()) {
		of := []int32{}
		for _, visit := range v.Of(u) {
			of = append(of, visit.Session)
		}
		out = append(out, of)
	}
	return out
}

func TestSessionsByHand(t *testing.T) {
	s := mustSplit(t, mustOpen(t, Config{}, browsed()), SplitParams{Method: "user-temporal", Test: 0.5})
	train, test := s.Sessions(), s.HeldOutSessions()
	if diff := cmp.Diff([][]int32{{0}, {7}}, numbers(train.visits)); diff != "" {
		t.Errorf("training (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]int32{{3, 4}, {0}}, numbers(test.visits)); diff != "" {
		t.Errorf("test (-want +got):\n%s", diff)
	}
	quarter := []float32{0.25, 0.25}
	want := []Visit{{Session: 0, Start: 9, Pages: []Page{
		{Number: 0, Slots: []int32{0, 1}, Items: []int32{3, 0}, Watched: []bool{false, true}, Values: []float32{nan32, 5}, Time: 9, Propensity: quarter},
		{Number: 1, Slots: []int32{0}, Items: []int32{2}, Watched: []bool{false}, Values: []float32{nan32}, Left: true, Time: 11, Propensity: quarter[:1]},
	}}}
	if diff := cmp.Diff(want, train.Of(0), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if s := s.Stats(); s.TrainSessions != 2 || s.TestSessions != 3 || s.ValidSessions != 0 || s.SessionsStraddling != 1 || train.Len() != 2 {
		t.Errorf("%+v", s)
	}
	var counts [][2]int
	for item := range int32(4) {
		counts = append(counts, [2]int{train.ShownCount(item), train.WatchedCount(item)})
	}
	if diff := cmp.Diff([][2]int{{2, 1}, {1, 1}, {1, 0}, {1, 0}}, counts); diff != "" {
		t.Errorf("shown and watched (-want +got):\n%s", diff)
	}
	if s := mustSplit(t, mustOpen(t, Config{}, small()), SplitParams{Method: "user-temporal", Test: 0.5}); s.Sessions() != nil || s.HeldOutSessions() != nil {
		t.Error("sessions of data that has none")
	}
}

// The validation part holds back too, and its sessions are in neither.
func TestSessionsOfValidation(t *testing.T) {
	s := mustSplit(t, mustOpen(t, Config{}, browsed()), SplitParams{Method: "user-temporal", Test: 0.25, Valid: 0.25})
	// User 0: item 2 at 30 validates, 3 at 40 is tested. User 1 has too few for either.
	if diff := cmp.Diff([][]int32{{0}, {7, 0}}, numbers(s.Sessions().visits)); diff != "" {
		t.Errorf("training (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]int32{{3, 4}, {}}, numbers(s.HeldOutSessions().visits)); diff != "" {
		t.Errorf("test (-want +got):\n%s", diff)
	}
}

// Data that is divided already is divided in time where no user's held-out part is
// earlier than the training part, whoever did it; else only what was watched counts.
func TestSessionsOfGivenParts(t *testing.T) {
	for name, c := range map[string]struct {
		parts       []uint8
		train, test [][]int32
	}{
		"in time":      {[]uint8{0, 0, 2, 2, 0, 2}, [][]int32{{0}, {7}}, [][]int32{{3, 4}, {0}}},
		"not in time":  {[]uint8{2, 0, 0, 0, 0, 2}, [][]int32{{2, 3, 4}, {7}}, [][]int32{{0}, {0}}},
		"a validation": {[]uint8{2, 1, 0, 0, 0, 2}, [][]int32{{3, 4}, {7}}, [][]int32{{0}, {0}}},
	} {
		f := browsed()
		f.set(sdk.TableInteractions, "part", c.parts)
		s := mustSplit(t, mustOpen(t, Config{}, f), SplitParams{Method: "given"})
		if diff := cmp.Diff(c.train, numbers(s.Sessions().visits)); diff != "" {
			t.Errorf("%s: training (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.test, numbers(s.HeldOutSessions().visits)); diff != "" {
			t.Errorf("%s: test (-want +got):\n%s", name, diff)
		}
	}
	f := browsed()
	f.set(sdk.TableInteractions, "time", nil)
	f.set(sdk.TableInteractions, "part", []uint8{0, 0, 2, 2, 0, 2})
	s := mustSplit(t, mustOpen(t, Config{}, f), SplitParams{Method: "given"})
	if diff := cmp.Diff([][]int32{{0, 4}, {7}}, numbers(s.Sessions().visits)); diff != "" {
		t.Errorf("no times: training (-want +got):\n%s", diff)
	}
}

// The test that holds what is later than the cut of everybody back: user 1 has
// nothing held out, and a session in which nothing was watched after it.
func TestSessionsOfForecasts(t *testing.T) {
	rows := append(browsing(), shownCard{1, 8, 0, 0, 2, 0, nan32, 35, 1}) // the cut of everybody is at 30
	c := mustOpen(t, Config{}, small().show(rows...))
	s := mustSplit(t, c, SplitParams{Method: "global-temporal", Test: 0.34})
	if diff := cmp.Diff([][]int32{{0}, {7, 0}}, numbers(s.Sessions().visits)); diff != "" {
		t.Errorf("training (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]int32{{3, 4}, {8}}, numbers(s.HeldOutSessions().visits)); diff != "" {
		t.Errorf("test (-want +got):\n%s", diff)
	}
}

func TestByTime(t *testing.T) {
	for _, c := range []struct {
		times []int64
		parts []part
		want  bool
	}{
		{[]int64{1, 2, 3}, []part{partTrain, partValid, partTest}, true},
		{[]int64{1, 2, 2}, []part{partTrain, partTest, partTrain}, true}, // at once is not earlier
		{[]int64{1, 2, 2}, []part{partTest, partTest, partTrain}, false},
		{[]int64{1, 2, 2}, []part{partTest, partTrain, partTrain}, false},
		{[]int64{1, 2, 3}, []part{partTrain, partTest, partValid}, false},
		{[]int64{sdk.MissingTime, 2, 3}, []part{partTrain, partTest, partTest}, false},
		{nil, []part{partTrain, partTest, partTest}, false},
	} {
		x := columns.Interactions{Users: 1, Items: 3, User: []int32{0, 0, 0}, Item: []int32{0, 1, 2}, Time: c.times}
		for seed := range uint64(4) { // orders what is at once
			if got := byTime(order(x, seed), c.parts); got != c.want {
				t.Errorf("times %v, parts %v: %t", c.times, c.parts, got)
			}
		}
	}
}

// An unknown moment is not known to be before the test.
func TestSessionsWithoutTimesStraddle(t *testing.T) {
	rows := browsing()
	rows[0].time = sdk.MissingTime
	s := mustSplit(t, mustOpen(t, Config{}, small().show(rows...)), SplitParams{Method: "user-temporal", Test: 0.5})
	if got := s.Sessions().Of(0); len(got) != 0 || s.Stats().SessionsStraddling != 2 {
		t.Errorf("%v, %+v", got, s.Stats())
	}
}

func TestSessionsAreChecked(t *testing.T) {
	change := func(at int, c func(r *shownCard)) func(*fake) {
		return func(f *fake) {
			rows := browsing()
			c(&rows[at])
			f.show(rows...)
		}
	}
	for want, spoil := range map[string]func(*fake){
		"row 1: user 2: the table of users has rows 0 to 1":                           change(1, func(r *shownCard) { r.user = 2 }),
		"row 1: item 4: the table of items has rows 0 to 3":                           change(1, func(r *shownCard) { r.item = 4 }),
		"row 0: session -1, page 0, slot 0: all count from 0":                         change(0, func(r *shownCard) { r.session = -1 }),
		"row 1: watched 2: want 0 or 1":                                               change(1, func(r *shownCard) { r.watched = 2 }),
		"row 2: left 3: want 0 or 1":                                                  change(2, func(r *shownCard) { r.left = 3 }),
		"row 0: value 4 on a card that was not watched":                               change(0, func(r *shownCard) { r.value = 4 }),
		"row 1: value 6 is outside the scale 1 to 5":                                  change(1, func(r *shownCard) { r.value = 6 }),
		"row 1: left is 1, and 0 in row 0 of the same page":                           change(1, func(r *shownCard) { r.left = 1 }),
		"row 4: page 1 of session 2 comes after the person left in row 3":             change(3, func(r *shownCard) { r.left = 1 }),
		"row 1: item 3 is twice on page 0 of session 0 of user 0":                     change(1, func(r *shownCard) { r.item, r.watched, r.value = 3, 0, nan32 }),
		"row 8: user 1 watched item 0, and table interactions has no such pair":       change(8, func(r *shownCard) { r.watched = 1 }),
		"row 1: session 0, page 0, slot 0 of user 0 comes after row 0 with session 0": change(1, func(r *shownCard) { r.slot = 0 }),
		"row 3: session 0, page 0, slot 0 of user 0 comes after row 2":                change(3, func(r *shownCard) { r.session = 0 }),
		"column watched is i32, want u8":                                              func(f *fake) { f.show(browsing()...).set(sdk.TableSessions, "watched", make([]int32, 10)) },
		"column left is missing":                                                      func(f *fake) { f.show(browsing()...).set(sdk.TableSessions, "left", nil) },
		"row 0: propensity 0: want a probability":                                     func(f *fake) { f.show(browsing()...).set(sdk.TableSessions, "propensity", make([]float32, 10)) },
		"row 1: value 5 but no scale: give the scale, or NaN for implicit data":       func(f *fake) { f.show(browsing()...).implicit() },
	} {
		f := small()
		spoil(f)
		_, err := Open(t.Context(), Config{CacheDir: t.TempDir()}, "identity", f)
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "table sessions: "+want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	f := browsed() // what is nullable may be absent
	f.implicit()
	f.set(sdk.TableSessions, "value", nil)
	f.set(sdk.TableSessions, "propensity", nil)
	s := mustSplit(t, mustOpen(t, Config{}, f), SplitParams{Method: "user-temporal", Test: 0.5})
	page := s.Sessions().Of(0)[0].Pages[0]
	if page.Values[1] == page.Values[1] || page.Propensity[0] == page.Propensity[0] {
		t.Errorf("values %v, propensities %v: want none", page.Values, page.Propensity)
	}
}

// implicit takes scale and values of the interactions away.
func (f *fake) implicit() {
	f.info.Scale = nil
	f.set(sdk.TableInteractions, "value", nil)
}

// Sessions count in the digest of the data, but not in that of its core, nor in
// that of the split; a table of none is no table.
func TestDigestOfSessions(t *testing.T) {
	cfg := Config{CacheDir: t.TempDir()}
	plain, with := mustOpen(t, Config{}, small()), mustOpen(t, cfg, browsed())
	if plain.Digest() != plain.CoreDigest() || with.Digest() == plain.Digest() || with.CoreDigest() != plain.Digest() {
		t.Errorf("plain %s, core %s; with sessions %s, core %s", plain.Digest(), plain.CoreDigest(), with.Digest(), with.CoreDigest())
	}
	p := SplitParams{Method: "user-temporal", Test: 0.5}
	if mustSplit(t, plain, p).Digest() != mustSplit(t, with, p).Digest() {
		t.Error("the split of interactions depends on sessions")
	}
	if mustOpen(t, Config{}, small().show(browsing()[:9]...)).Digest() == with.Digest() {
		t.Error("a missing card does not count")
	}
	rows := browsing()
	rows[9].time++
	if mustOpen(t, Config{}, small().show(rows...)).Digest() == with.Digest() {
		t.Error("times do not count")
	}
	if empty := mustOpen(t, Config{}, small().show()); empty.Digest() != plain.Digest() {
		t.Error("no sessions count as some")
	}
	f := browsed()
	again := mustOpen(t, cfg, f)
	if f.reads != 0 || again.Digest() != with.Digest() || again.CoreDigest() != with.CoreDigest() {
		t.Errorf("%d reads, digest %s, want %s", f.reads, again.Digest(), with.Digest())
	}
	edit(t, find(t, cfg.CacheDir, "propensity"), func(b []byte) []byte { b[0] ^= 1; return b })
	var warned warnings
	cfg.Emit = warned.emit
	if mustOpen(t, cfg, f); f.reads != 4 || len(warned) != 1 {
		t.Errorf("%d reads and warnings %q of a damaged cache", f.reads, warned)
	}
}

func TestFilterSessions(t *testing.T) {
	c := mustOpen(t, Config{}, browsed())
	least := 2.0
	// Item 2 of user 0 has value 1 and leaves; then items 0 and 2 have fewer than 2
	// interactions, and leave.
	part, stats, err := c.Filter(FilterParams{MinValue: &least, ItemCore: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	if stats.Items != 2 || stats.Users != 0 {
		t.Fatalf("%+v", stats)
	}
	got, _ := part.Table(sdk.TableSessions)
	want := small().show(
		shownCard{0, 0, 0, 0, 1, 0, nan32, 9, 0},
		shownCard{0, 2, 0, 0, 0, 1, 3, 20, 0},
		shownCard{0, 3, 0, 0, 1, 1, 4, 40, 1},
		shownCard{1, 0, 0, 0, 1, 1, 5, 6, 0},
		shownCard{1, 7, 0, 1, 0, 1, 2, 5, 0}, // its place is still the second
	).tables[sdk.TableSessions]
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o := part.Origin()
	if o.Item(0) != 1 || o.Item(1) != 3 || o.User(1) != 1 {
		t.Errorf("origin %+v", o)
	}
	// By value alone: item 2 stays, user 0 skips it still, but never watched it.
	valued, _, err := c.Filter(FilterParams{MinValue: &least})
	if err != nil {
		t.Fatal(err)
	}
	defer valued.Close()
	got, _ = valued.Table(sdk.TableSessions)
	if items, _ := got.Column("item"); !slices.Equal(items.Data.([]int32), []int32{3, 0, 2, 1, 3, 2, 3, 0, 1}) {
		t.Errorf("items %v", items.Data)
	}
	// A user who leaves takes all sessions along; a filter of a filter knows the first
	// rows still.
	four, _, err := part.Filter(FilterParams{UserCore: 2, MaxValue: new(4.0)})
	if err != nil {
		t.Fatal(err)
	}
	defer four.Close()
	got, _ = four.Table(sdk.TableSessions)
	if users, _ := got.Column("user"); !slices.Equal(users.Data.([]int32), []int32{0, 0, 0}) {
		t.Errorf("users %v", users.Data)
	}
	if o := four.Origin(); o.User(0) != 0 || o.Item(1) != 3 {
		t.Errorf("origin %+v", o)
	}
	if o := c.Origin(); o.User(1) != 1 || o.Item(3) != 3 {
		t.Errorf("origin %+v of what was not filtered", o)
	}
	// What is left passes the checks of a data set.
	if err := checkSessions(stars(), four.folder.Meta(), mustTable(t, four, sdk.TableInteractions), got); err != nil {
		t.Error(err)
	}
}

func mustTable(t *testing.T, c *Corpus, name string) sdk.Table {
	t.Helper()
	out, ok := c.Table(name)
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return out
}

func TestEvidence(t *testing.T) {
	f := browsed()
	f.set(sdk.TableItems, "summary", []string{"a", "b", "", "d"})
	f.set(sdk.TableUsers, "age", []int32{20, 30})
	s := mustSplit(t, mustOpen(t, Config{}, f), SplitParams{Method: "user-temporal", Test: 0.5})
	if diff := cmp.Diff([]Event{{0, 5, 10}, {1, 3, 20}}, s.History(0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Item 1 has values 3 and 2 in training; item 3 only in the test.
	if m := s.Train(); m.Mean(0) != 5 || m.Mean(1) != 2.5 || !math.IsNaN(m.Mean(3)) {
		t.Errorf("means %v, %v, %v", m.Mean(0), m.Mean(1), m.Mean(3))
	}
	if got := s.Summaries(); !slices.Equal(got, []string{"a", "b", "", "d"}) {
		t.Errorf("summaries %q", got)
	}
	if age, ok := s.UserTable().Column("age"); !ok || fmt.Sprint(age.Data) != "[20 30]" {
		t.Errorf("ages %v", age)
	}
	f = small()
	f.implicit()
	f.set(sdk.TableInteractions, "time", nil)
	s = mustSplit(t, mustOpen(t, Config{}, f), SplitParams{Method: "random", Test: 0.5})
	history := s.History(0)
	if len(history) != 2 || history[0].Value == history[0].Value || history[0].Time != sdk.MissingTime || s.Summaries() != nil || !math.IsNaN(s.Train().Mean(history[0].Item)) {
		t.Errorf("bare data: %+v", history)
	}
}
