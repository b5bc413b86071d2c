package corpus

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

// shownRows are the columns of table sessions, one row per shown card, by user,
// session, page and slot.
type shownRows struct {
	user, session, page, slot, item []int32
	watched, left                   []uint8
	value                           []float32 // nil: no values
	time                            []int64   // nil: no times
	propensity                      []float64 // nil: unknown
}

// readShown takes the columns out of a table and wants their types.
func readShown(t sdk.Table) (r shownRows, err error) {
	for _, c := range []struct {
		name string
		to   *[]int32
	}{{"user", &r.user}, {"session", &r.session}, {"page", &r.page}, {"slot", &r.slot}, {"item", &r.item}} {
		if *c.to, err = column[int32](t, c.name, true); err != nil {
			return r, err
		}
	}
	if r.watched, err = column[uint8](t, "watched", true); err != nil {
		return r, err
	}
	if r.left, err = column[uint8](t, "left", false); err != nil {
		return r, err
	}
	if r.value, err = column[float32](t, "value", false); err != nil {
		return r, err
	}
	if r.time, err = column[int64](t, "time", false); err != nil {
		return r, err
	}
	c, ok := t.Column("propensity")
	switch d := c.Data.(type) {
	case []float64:
		r.propensity = d
	case []float32:
		for _, p := range d {
			r.propensity = append(r.propensity, float64(p))
		}
	default:
		if ok {
			return r, sdk.Invalidf("", "column propensity is %s, want f32 or f64", c.Type())
		}
	}
	return r, nil
}

// checkSessions wants cards of known users and items, in order, and no item twice on
// a page.
func checkSessions(users, items int, scale *sdk.Scale, t sdk.Table) error {
	r, err := readShown(t)
	if err != nil {
		return err
	}
	for row := range r.user {
		if err := r.check(row, users, items, scale); err != nil {
			return err
		}
	}
	return nil
}

func (r shownRows) check(row, users, items int, scale *sdk.Scale) error {
	wrong := func(format string, args ...any) error {
		return sdk.Invalidf("", "row %d: "+format, append([]any{row}, args...)...)
	}
	switch {
	case r.user[row] < 0 || int(r.user[row]) >= users:
		return wrong("user %d: the table of users has rows 0 to %d", r.user[row], users-1)
	case r.item[row] < 0 || int(r.item[row]) >= items:
		return wrong("item %d: the table of items has rows 0 to %d", r.item[row], items-1)
	case r.session[row] < 0 || r.page[row] < 0 || r.slot[row] < 0:
		return wrong("session %d, page %d, slot %d: want 0 or more", r.session[row], r.page[row], r.slot[row])
	case r.watched[row] > 1 || r.left != nil && r.left[row] > 1:
		return wrong("watched and left are 0 or 1")
	case r.propensity != nil && !math.IsNaN(r.propensity[row]) && !(r.propensity[row] > 0 && r.propensity[row] <= 1):
		return wrong("propensity %v: want more than 0 and at most 1, or NaN", r.propensity[row])
	}
	if r.value != nil {
		v := float64(r.value[row])
		switch {
		case math.IsNaN(v):
		case r.watched[row] == 0:
			return wrong("value %v of a card that was not watched", v)
		case scale == nil || v < scale.Min || v > scale.Max:
			return wrong("value %v is not on the scale", v)
		}
	}
	if row == 0 {
		return nil
	}
	switch c := r.compare(row-1, row); {
	case c > 0:
		return wrong("comes before row %d in the order of user, session, page and slot", row-1)
	case c == 0:
		return wrong("is the slot of row %d", row-1)
	}
	same := r.user[row] == r.user[row-1] && r.session[row] == r.session[row-1]
	if same && r.page[row] > r.page[row-1]+1 || !same && r.page[row] != 0 {
		return wrong("page %d: the pages of a session are numbered from 0", r.page[row])
	}
	if !same || r.page[row] != r.page[row-1] {
		return nil
	}
	if r.left != nil && r.left[row] != r.left[row-1] {
		return wrong("left differs between cards of a page")
	}
	for at := row - 1; at >= 0 && r.onPage(at, row); at-- {
		if r.item[at] == r.item[row] {
			return wrong("item %d is also in row %d, on the same page", r.item[row], at)
		}
	}
	return nil
}

func (r shownRows) compare(a, b int) int {
	return cmp.Or(cmp.Compare(r.user[a], r.user[b]), cmp.Compare(r.session[a], r.session[b]), cmp.Compare(r.page[a], r.page[b]), cmp.Compare(r.slot[a], r.slot[b]))
}

func (r shownRows) onPage(a, b int) bool {
	return r.user[a] == r.user[b] && r.session[a] == r.session[b] && r.page[a] == r.page[b]
}

// Visit is a session of a person.
type Visit struct {
	Session int32
	Start   int64 // time of the first card; sdk.MissingTime: none
	Pages   []Page
}

// Page is a page that a person saw.
type Page struct {
	Items      []int32
	Watched    []bool
	Values     []float32 // NaN: not watched, or no value
	Left       bool      // the person left after it
	Propensity []float64 // with which the log showed each card here; nil: unknown
}

// Sessions are those that lie wholly before anything held out of their user: no card
// is shown at or after the time of the first held-out interaction, and what was
// watched is training. They may be shown, as [Training] may.
type Sessions struct{ visits }

// HeldOutSessions are the others. Only the code that judges may hold them.
type HeldOutSessions struct{ visits }

// visits are some of the sessions of a data set.
type visits struct {
	rows           shownRows
	from           []int32 // first row of each user, and the end
	in             []bool  // by row: the session is one of these
	shown, watched []int32 // cards, by item
	count          int
}

// Count is the number of sessions.
func (v *visits) Count() int { return v.count }

// ShownCount is how many cards showed an item.
func (v *visits) ShownCount(item int32) int { return int(v.shown[item]) }

// WatchedCount is how many of them were watched.
func (v *visits) WatchedCount(item int32) int { return int(v.watched[item]) }

// Of gives the sessions of a user, the oldest first.
func (v *visits) Of(user int32) (out []Visit) {
	r := v.rows
	for row := int(v.from[user]); row < int(v.from[user+1]); row++ {
		if !v.in[row] {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Session != r.session[row] {
			out = append(out, Visit{Session: r.session[row], Start: sdk.MissingTime})
			if r.time != nil {
				out[n].Start = r.time[row]
			}
		}
		s := &out[len(out)-1]
		if len(s.Pages) <= int(r.page[row]) {
			s.Pages = append(s.Pages, Page{Left: r.left != nil && r.left[row] == 1})
		}
		p := &s.Pages[len(s.Pages)-1]
		p.Items, p.Watched = append(p.Items, r.item[row]), append(p.Watched, r.watched[row] == 1)
		value := float32(math.NaN())
		if r.value != nil {
			value = r.value[row]
		}
		p.Values = append(p.Values, value)
		if r.propensity != nil {
			p.Propensity = append(p.Propensity, r.propensity[row])
		}
	}
	slices.SortStableFunc(out, func(a, b Visit) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

// Sessions gives the training sessions; nil where the corpus was opened without any.
func (s *Split) Sessions() *Sessions {
	s.readSessions()
	return s.sessions
}

// HeldOutSessions gives those that are not training, and do not straddle: they begin
// with or after what is held out. Nil where the corpus was opened without any.
func (s *Split) HeldOutSessions() *HeldOutSessions {
	s.readSessions()
	return s.later
}

// readSessions divides the sessions once.
func (s *Split) readSessions() {
	s.once.Do(func() {
		t, ok := s.corpus.folder.Table(sdk.TableSessions)
		if !ok || t.Rows() == 0 {
			return
		}
		r, err := readShown(t)
		if err != nil {
			panic(fmt.Sprintf("sessions were checked when the corpus was built: %v", err))
		}
		s.sessions, s.later = s.divideSessions(r)
	})
}

func (s *Split) divideSessions(r shownRows) (*Sessions, *HeldOutSessions) {
	early, late := &Sessions{newVisits(r, s.in.Users, s.in.Items)}, &HeldOutSessions{}
	late.visits = newVisits(r, s.in.Users, s.in.Items)
	late.from = early.from
	for u := range s.in.Users {
		held := map[int32]bool{}
		first := int64(math.MaxInt64)
		for _, row := range s.in.of(u) {
			if s.parts[row] == partTrain {
				continue
			}
			held[s.in.Item[row]] = true
			if s.in.Time != nil && s.in.Time[row] != sdk.MissingTime {
				first = min(first, s.in.Time[row])
			}
		}
		for from := int(early.from[u]); from < int(early.from[u+1]); {
			to := from
			before, after := true, true
			for ; to < int(early.from[u+1]) && r.session[to] == r.session[from]; to++ {
				heldOut := r.watched[to] == 1 && held[r.item[to]]
				timed := r.time != nil && s.in.Time != nil
				before = before && !heldOut && !(timed && r.time[to] >= first)
				after = after && (r.watched[to] == 0 || held[r.item[to]]) && !(timed && r.time[to] < first)
			}
			switch {
			case before:
				early.take(from, to)
			case after:
				late.take(from, to)
			}
			from = to
		}
	}
	return early, late
}

func newVisits(r shownRows, users, items int) visits {
	v := visits{rows: r, from: make([]int32, users+1), in: make([]bool, len(r.user)), shown: make([]int32, items), watched: make([]int32, items)}
	for _, u := range r.user {
		v.from[u+1]++
	}
	for u := range users {
		v.from[u+1] += v.from[u]
	}
	return v
}

// take makes a session one of these.
func (v *visits) take(from, to int) {
	v.count++
	for row := from; row < to; row++ {
		v.in[row] = true
		v.shown[v.rows.item[row]]++
		v.watched[v.rows.item[row]] += int32(v.rows.watched[row])
	}
}

// keptSessions gives the cards of kept users and items. A watched card whose
// interaction was filtered out goes with it; a page closes the ranks.
func keptSessions(t sdk.Table, users, items []int32, kept func(user, item int32) bool) (sdk.Table, error) {
	r, err := readShown(t)
	if err != nil {
		return t, err
	}
	isIn := func(list []int32, id int32) bool { _, ok := slices.BinarySearch(list, id); return ok }
	var rows []int32
	for row := range r.user {
		if isIn(users, r.user[row]) && isIn(items, r.item[row]) && (r.watched[row] == 0 || kept(r.user[row], r.item[row])) {
			rows = append(rows, int32(row))
		}
	}
	out := pickRows(t, rows)
	renumberPages(out)
	return out, nil
}

// renumberPages closes gaps that pages without a card left.
func renumberPages(t sdk.Table) {
	r, err := readShown(t)
	if err != nil {
		panic(fmt.Sprintf("a copy of checked rows: %v", err))
	}
	old, number := int32(0), int32(0)
	for row := range r.user {
		if row == 0 || r.user[row] != r.user[row-1] || r.session[row] != r.session[row-1] {
			old, number = r.page[row], 0
		} else if r.page[row] != old {
			old, number = r.page[row], number+1
		}
		r.page[row] = number
	}
}
