package corpus

import (
	"fmt"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// means are item means and counts as a page shows them, over whatever
// interactions they are computed from.
func means(items []int32, values []float32) string {
	sum, n := map[int32]float32{}, map[int32]int{}
	for row, it := range items {
		sum[it] += values[row]
		n[it]++
	}
	out := ""
	for it := range int32(31) {
		out += fmt.Sprintf("item %d: mean %g of %d\n", it, sum[it]/float32(n[it]), n[it])
	}
	return out
}

// TestItemMeansOverTestRatingsAreCaught: Agent4Rec (arXiv 2310.10108) showed its
// agents item means that included the test ratings. Where held-out ratings are
// all made fives, means shown from the training folder or from Training stay as
// they are, and means over everything, which is that set-up, do not: so a leak of
// this kind is one that TestHeldOutRowsLeaveNoTrace finds.
func TestItemMeansOverTestRatingsAreCaught(t *testing.T) {
	shown := func(fives bool) map[string]string {
		c := mustOpen(t, Config{}, world(func(e event, held bool) (event, bool) {
			if held && fives {
				e.value = 5
			}
			return e, true
		}))
		s, err := c.Split(SplitParams{Method: "user-temporal", Test: 0.5, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		ref, err := s.TrainingFolder(nil)
		if err != nil {
			t.Fatal(err)
		}
		f, err := columns.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		x, err := f.Interactions(sdk.TableInteractions)
		if err != nil {
			t.Fatal(err)
		}
		train := s.Train()
		return map[string]string{
			"the training folder": means(x.Item, x.Value),
			"Training":            means(train.ids, train.values),
			"all ratings":         means(c.rows.Item, c.rows.Value),
		}
	}
	as, fives := shown(false), shown(true)
	if as["the training folder"] != as["Training"] {
		t.Error("the training folder and Training have different means")
	}
	for from, leaks := range map[string]bool{"the training folder": false, "Training": false, "all ratings": true} {
		if caught := as[from] != fives[from]; caught != leaks {
			t.Errorf("means over %s: held-out ratings show: %v, want %v", from, caught, leaks)
		}
	}
}

// shownWorld is world with sessions: every interaction was watched on a page of
// its own, beside item 30, which nobody wanted. A session is four moments long, so
// the fourth of each user, from 12 to 15, reaches into what is held out.
func shownWorld(change func(e event, held bool) (event, bool)) *fake {
	var rows []shownCard
	f := world(func(e event, held bool) (event, bool) {
		at := e.time
		e, keep := change(e, held)
		if keep {
			card := shownCard{user: e.user, session: int32(at / 4), page: int32(at % 4), item: e.item, watched: 1, value: e.value, time: e.time}
			rows = append(rows, card)
			if e.item != 30 {
				card.slot, card.item, card.watched, card.value = 1, 30, 0, nan32
				rows = append(rows, card)
			}
		}
		return e, keep
	})
	slices.SortStableFunc(rows, func(a, b shownCard) int {
		return slices.Compare([]int32{a.user, a.session, a.page, a.slot}, []int32{b.user, b.session, b.page, b.slot})
	})
	return f.show(rows...)
}

// evidence prints all that agents may be shown of people: sessions, counts,
// histories and means.
func evidence(s *Split) string {
	out := ""
	for u := range int32(20) {
		out += fmt.Sprintf("user %d: %v, %v\n", u, s.Sessions().Of(u), s.History(u))
	}
	for it := range int32(31) {
		out += fmt.Sprintf("item %d: %d shown, %d watched, mean %v\n", it, s.Sessions().ShownCount(it), s.Sessions().WatchedCount(it), s.Train().Mean(it))
	}
	return out
}

// TestHeldOutSessionsLeaveNoTrace: whatever happens to held-out interactions and to
// the sessions they were watched in, what agents may be shown stays as it is. The
// division is by time, or by what was watched alone.
func TestHeldOutSessionsLeaveNoTrace(t *testing.T) {
	division := func(held func(in ordered, row int) bool) method {
		return method{name: "fixed", divide: func(in ordered, _ SplitParams) division {
			d := division{parts: make([]part, in.Rows())}
			for row := range in.User {
				if held(in, row) {
					d.parts[row] = partTest
				}
			}
			return d
		}}
	}
	byTime := division(func(in ordered, row int) bool { return in.Time[row] >= 15 })
	split := func(m method, f *fake) *Split {
		c := mustOpen(t, Config{}, f)
		in := order(c.rows, 1)
		s, err := newSplit(c, SplitParams{Method: "fixed", Seed: 1}, m, in, m.divide(in, SplitParams{}))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	as := shownWorld(func(e event, _ bool) (event, bool) { return e, true })
	s := split(byTime, as)
	want, judged := evidence(s), fmt.Sprint(s.HeldOutSessions().list)
	// Moments 0 to 11 train, 16 to 29 are the test; of the last, 28 and 29.
	if st := s.Stats(); st.TrainSessions != 20*3 || st.TestSessions != 20*4 || st.SessionsStraddling != 20 {
		t.Errorf("%+v", st)
	}
	changes := map[string]func(e event, held bool) (event, bool){
		"all but the first removed": func(e event, held bool) (event, bool) { return e, !held || e.time == 15 },
		"other values": func(e event, held bool) (event, bool) {
			if held {
				e.value = 6 - e.value
			}
			return e, true
		},
		"other times": func(e event, held bool) (event, bool) {
			if held {
				e.time += 100
			}
			return e, true
		},
		"another item": func(e event, held bool) (event, bool) {
			if held && e.item == 3 {
				e.item = 30
			}
			return e, true
		},
	}
	for name, change := range changes {
		s := split(byTime, shownWorld(change))
		if evidence(s) != want {
			t.Errorf("%s: evidence changed", name)
		}
		if fmt.Sprint(s.HeldOutSessions().list) == judged {
			t.Errorf("%s: the test sessions did not", name)
		}
	}
	leak := func(e event, held bool) (event, bool) {
		if !held {
			e.value = 6 - e.value
		}
		return e, true
	}
	if evidence(split(byTime, shownWorld(leak))) == want {
		t.Error("the test cannot fail: training rows changed and the evidence did not")
	}

	// Held out by item, which is no order of time: values are free to change.
	byItem := division(func(in ordered, row int) bool { return in.Item[row]%10 == 7 })
	values := func(change bool) string {
		return evidence(split(byItem, shownWorld(func(e event, _ bool) (event, bool) {
			if change && e.item%10 == 7 {
				e.value = 6 - e.value
			}
			return e, true
		})))
	}
	if values(false) != values(true) {
		t.Error("by item: evidence changed")
	}
}
