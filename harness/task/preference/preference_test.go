package preference

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/sdk"
)

// TestDeal: sets have the sizes that METHOD 5 asks for, positives of the part and
// negatives of none; draws differ, and a ratio does not depend on the others.
func TestDeal(t *testing.T) {
	split := crowd(5).split(t)
	b := bind(t, split, nil)
	alone := bind(t, split, sdk.Options{"negatives": []any{int64(3)}})
	for _, u := range b.users {
		sets := b.deal(u)
		if len(sets) != 5*3 {
			t.Fatalf("%d sets", len(sets))
		}
		if diff := cmp.Diff(sets[4].items, alone.deal(u)[1].items); diff != "" {
			t.Errorf("user %d: 1:3 by itself is another set: %s", u, diff)
		}
		if slices.Equal(sets[0].items, sets[3].items) {
			t.Errorf("user %d: two draws are the same", u)
		}
		if slices.Equal(b.chosen(u, 0, least), b.chosen(u, 1, least)) {
			t.Errorf("user %d: two draws have the same positives", u)
		}
		for _, s := range sets {
			held := split.Test().Of(u)
			positives := 0
			for i, it := range s.items {
				if slices.Contains(s.items[:i], it) {
					t.Errorf("item %d is there twice", it)
				}
				if s.positive[i] {
					positives++
				}
				if slices.Contains(held, it) != s.positive[i] || b.touched(u, it) != s.positive[i] {
					t.Errorf("user %d, item %d: positive %v", u, it, s.positive[i])
				}
			}
			// 10 + 10, 5 + 15, 2 + 18.
			if want := [][2]int{{10, 20}, {5, 20}, {2, 20}}[s.ratio]; positives != want[0] || len(s.items) != want[1] {
				t.Errorf("%d positives of %d items, want %v", positives, len(s.items), want)
			}
		}
	}
}

// TestOrderTellsNothing: positives stand in every place about as often.
func TestOrderTellsNothing(t *testing.T) {
	b := bind(t, crowd(30).split(t), sdk.Options{"negatives": []any{int64(1)}, "draws": int64(20)})
	var at [perUser]float64
	for _, u := range b.users {
		for _, s := range b.deal(u) {
			for i, positive := range s.positive {
				if positive {
					at[i]++
				}
			}
		}
	}
	for i, n := range at { // of 600 draws half, with a standard deviation of 12.2
		if math.Abs(n-300) > 60 {
			t.Errorf("place %d has a positive in %v of 600 sets", i, n)
		}
	}
}

// TestHard: each positive has as many negatives of its ventile as the ratio says.
func TestHard(t *testing.T) {
	w := crowd(40)
	b := bind(t, w.split(t), sdk.Options{"hard": true, "negatives": []any{int64(2)}})
	if len(b.users) == 0 || b.poor == 0 {
		t.Fatalf("%d users, and %d with too few items: this test needs both", len(b.users), b.poor)
	}
	parts := map[int32]bool{}
	for _, u := range b.users {
		for _, s := range b.deal(u) {
			balance := map[int32]int{}
			for i, it := range s.items {
				parts[b.part[it]] = true
				if s.positive[i] {
					balance[b.part[it]] += 2
				} else {
					balance[b.part[it]]--
				}
			}
			for part, n := range balance {
				if n != 0 {
					t.Errorf("user %d: part %d is off by %d", u, part, n)
				}
			}
		}
	}
	if len(parts) < 5 {
		t.Errorf("only %d parts", len(parts))
	}
}

// TestUsers: who has too few positives, no training, or everything.
func TestUsers(t *testing.T) {
	w := crowd(4)
	w.users, w.items = 6, 160
	for i := range int32(9) { // user 4: nine positives
		w.events = append(w.events, event{4, i, 5, uint8(2 * min(i, 1))})
	}
	for i := range int32(12) { // user 5: no training
		w.events = append(w.events, event{5, i, 5, 2})
	}
	for i := range w.events {
		if w.events[i].user == 3 && w.events[i].part == 2 && w.events[i].value < 4 {
			w.events[i].value = 5 // else user 3 had eight liked ones, as the others have
		}
	}
	b := bind(t, w.split(t), nil)
	if !slices.Equal(b.users, []int32{0, 1, 2, 3}) || b.few != 1 || b.strange != 1 || b.poor != 0 {
		t.Errorf("%v, %d, %d, %d", b.users, b.few, b.strange, b.poor)
	}
	if b := bind(t, w.split(t), sdk.Options{"positive": liked}); !slices.Equal(b.users, []int32{3}) {
		t.Errorf("liked: %v", b.users)
	}
	if b := bind(t, w.split(t), sdk.Options{"users": int64(2)}); len(b.users) != 2 || b.eligible != 4 {
		t.Errorf("drawn: %v of %d", b.users, b.eligible)
	}
}

// TestRefusals: what cannot be asked is told before anything runs, with the option.
func TestRefusals(t *testing.T) {
	full := crowd(3)
	full.items = 36
	full.events = nil
	for i := range int32(36) {
		full.events = append(full.events, event{0, i, 5, uint8(2 * (i % 2))}, event{1, 0, 5, 0})
	}
	full.events = slices.DeleteFunc(full.events, func(e event) bool { return e.user == 1 })
	few := crowd(3)
	few.events = slices.DeleteFunc(few.events, func(e event) bool { return e.part == 2 && e.item%2 == 0 })
	novalid := crowd(3)
	novalid.events = slices.DeleteFunc(novalid.events, func(e event) bool { return e.part == 1 })
	implicit := crowd(3)
	implicit.scale = nil
	for _, c := range []struct {
		w            *world
		given        sdk.Options
		option, want string
	}{
		{crowd(1), sdk.Options{"negatives": []any{}}, "negatives", "no ratio"},
		{crowd(1), sdk.Options{"negatives": []any{int64(3), int64(3)}}, "negatives", "3 is there twice"},
		{crowd(1), sdk.Options{"thresholds": []any{0.5, 0.2}}, "thresholds", "2 thresholds for 3 ratios"},
		{novalid, sdk.Options{"part": partValid}, "part", "the valid part is empty: set split.valid"},
		{crowd(3), sdk.Options{"part": partValid}, "part", "no user has 10 positives in the valid part: hold out more (split.valid)"},
		{few, nil, "part", "no user has 10 positives in the test part"},
		{full, nil, "negatives", "1 users have at least 10 positives, and none of them has left enough items untouched"},
		{implicit, sdk.Options{"positive": liked}, "positive", "the data set is implicit"},
	} {
		_, err := Task{}.Bind(options(t, c.given), c.w.split(t))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.option) {
			t.Errorf("%v: %v, want %q", c.given, err, c.want)
		}
	}
	if _, wrong := sdk.Canonical(Task{}.Options(), sdk.Options{"negatives": []any{int64(20)}}); len(wrong) != 1 {
		t.Errorf("a twentieth of a positive: %v", wrong)
	}
}

// TestHeldOutValuesLeaveNoTrace: other values of held-out items change no page.
func TestHeldOutValuesLeaveNoTrace(t *testing.T) {
	pages := func(change func(*event)) []agent.View {
		w := crowd(6)
		for i := range w.events {
			change(&w.events[i])
		}
		b := bind(t, w.split(t), nil)
		return b.views(browse.NewStage(b.split), b.sets(0))
	}
	want := pages(func(*event) {})
	held := pages(func(e *event) {
		if e.part > 0 {
			e.value = 8 - e.value
		}
	})
	if len(want) != 6*5*3*5 || fmt.Sprint(want) != fmt.Sprint(held) {
		t.Errorf("%d pages, and held-out values show on them", len(want))
	}
	if learned := pages(func(e *event) { e.value = 8 - e.value }); fmt.Sprint(want) == fmt.Sprint(learned) {
		t.Error("training values do not show: this test cannot fail")
	}
	seen := map[[2]int]bool{}
	for _, v := range want {
		if key := [2]int{int(v.User), v.Exposure}; seen[key] || v.Question != agent.AskWatch || len(v.State.Cards) > 4 {
			t.Errorf("user %d, exposure %d: %d cards, question %d", v.User, v.Exposure, len(v.State.Cards), v.Question)
		} else {
			seen[key] = true
		}
	}
}

// TestArms: the oracle is right everywhere, whoever skips everything is right about
// the negatives.
func TestArms(t *testing.T) {
	b := bind(t, crowd(40).split(t), nil)
	_, got := b.run(t, "", control.OracleName)
	for id, want := range map[string]float64{"pref.accuracy.1to1": 1, "pref.f1.1to9": 1, "pref.auc.1to3": 1, "pref.log-loss.1to1": 0, "pref.best-threshold.1to3": 0.5, "pref.invalid": 0} {
		if got[id] != want {
			t.Errorf("oracle: %s is %v, want %v", id, got[id], want)
		}
	}
	_, got = b.run(t, "always-skip", "")
	for id, want := range map[string]float64{
		"pref.accuracy.1to1": 0.5, "pref.accuracy.1to3": 0.75, "pref.accuracy.1to9": 0.9, "pref.precision.1to1": 0, "pref.f1.1to3": 0, "pref.empty.1to9": 1,
		"pref.balanced-accuracy.1to9": 0.5, "pref.auc.1to1": 0.5,
	} {
		if math.Abs(got[id]-want) > 1e-12 {
			t.Errorf("always-skip: %s is %v, want %v", id, got[id], want)
		}
	}
	_, got = b.run(t, "random", "")
	if v := got["pref.accuracy.1to1"]; math.Abs(v-0.5) > 0.04 || v == 0.5 { // 4,000 coins: 0.5 ± 0.008
		t.Errorf("random: %v", v)
	}
	if v := got["pref.empty.1to1"]; v != 0 {
		t.Errorf("random watches nothing in %v: pages share a coin", v)
	}
}

// TestResumeEqualsUnbroken cuts a cell after each batch and goes on from its log.
func TestResumeEqualsUnbroken(t *testing.T) {
	b := bind(t, crowd(70).split(t), sdk.Options{"draws": int64(1)})
	stage := browse.NewStage(b.split)
	var whole journal
	if err := b.Cell(t.Context(), whole.cell(t, stage, "random", "")); err != nil {
		t.Fatal(err)
	}
	if len(whole.logged) != 3 {
		t.Fatalf("%d batches", len(whole.logged))
	}
	for cut := range 4 {
		j := journal{done: whole.logged[:cut]}
		if err := b.Cell(t.Context(), j.cell(t, stage, "random", "")); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(j.evidence, whole.evidence) || len(j.logged) != 3-cut {
			t.Errorf("resumed after %d batches: other bytes, or %d log entries", cut, len(j.logged))
		}
	}
	bad := journal{done: append([][]byte{[]byte(`[{"w":true}]`)}, whole.logged[1:]...)}
	if err := b.Cell(t.Context(), bad.cell(t, stage, "random", "")); err == nil || !strings.Contains(err.Error(), "answers, and there are more cards") {
		t.Errorf("a log of other cards: %v", err)
	}
}

// TestFacts: what a reader must know is said.
func TestFacts(t *testing.T) {
	b := bind(t, crowd(3).split(t), sdk.Options{"thresholds": []any{0.5, 0.4, 0.25}, "ratio": int64(9)})
	facts := fmt.Sprint(b.Facts())
	for _, part := range []string{
		"3 of 3 with at least 10 positives, the same for every ratio", "10 + 10, 5 + 15, 2 + 18; 5 draws", "items of the test part", "0.5 at 1:1, 0.4 at 1:3, 0.25 at 1:9", "9 for each positive",
	} {
		if !strings.Contains(facts, part) {
			t.Errorf("no %q in %s", part, facts)
		}
	}
	if most := b.Most(); most.Steps != 3*5*3*5 || most.Users != 3 || most.Visits+most.Pages+most.Guesses != 0 {
		t.Errorf("asked at most: %+v", most)
	}
}
