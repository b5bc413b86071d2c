package consistency

import (
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/record"
)

func watch(w bool) look { return look{Watch: w} }

// User 0 was asked twice about a page of two cards, content (5) and staying the first
// time, content (4) and leaving the second; and about a page of four. User 1 was asked
// twice about one card, not content (1) and leaving, then neither (3). User 2 gave no
// answer the second time, and its good page none at all.
func rows() []row {
	return []row{
		{User: 0, Item: 0, First: look{Watch: true, Satisfaction: 5}, Second: look{Watch: true, Satisfaction: 4, Leave: true}},
		{User: 0, Item: 1, First: look{Watch: false, Satisfaction: 5}, Second: look{Watch: true, Satisfaction: 4, Leave: true}},
		{User: 0, Page: 1, Item: 2, Shows: good, First: watch(true)},
		{User: 0, Page: 1, Item: 3, Shows: good, First: watch(false)},
		{User: 0, Page: 2, Item: 4, Shows: foreign, First: watch(false)},
		{User: 1, Item: 5, First: look{Satisfaction: 1, Leave: true}, Second: look{Satisfaction: 3}},
		{User: 1, Page: 1, Item: 6, Shows: foreign, First: watch(true)},
		{User: 2, Item: 7, First: look{Watch: true, Satisfaction: 2}, Second: look{Invalid: true, Leave: true}},
		{User: 2, Page: 1, Item: 8, Shows: good, First: look{Invalid: true, Leave: true}},
	}
}

func TestSheet(t *testing.T) {
	s := sheet(rows())
	got, n := map[string]float64{}, map[string]int{}
	for _, c := range s.Columns {
		sum := 0.0
		for _, v := range c.Values {
			if !math.IsNaN(v) {
				sum += v
				n[c.Metric]++
			}
		}
		got[c.Metric] = sum / float64(n[c.Metric])
	}
	for _, w := range s.Wholes {
		got[w.Metric], n[w.Metric] = w.Value, w.N
	}
	for id, want := range map[string]struct {
		value float64
		n     int
	}{
		"consistency.self": {(0.5 + 1) / 2, 2}, // user 2 has one answer
		// Three cards: both yes 1, second alone 1, both no 1. Alike 2/3; by chance
		// (1·2 + 2·1)/9 = 4/9: (6 − 4)/(9 − 4).
		"consistency.kappa": {2.0 / 5, 2},
		// User 0 one of two; user 2 no answer: nothing watched.
		"coherence.accept-good": {(0.5 + 0) / 2, 2},
		"coherence.accept-bad":  {(0 + 1.0) / 2, 2},
		// User 0: 5 stays, 4 leaves; user 1: 1 leaves, 3 says nothing; user 2: 2 stays.
		"consistency.thought-action": {(0.5 + 1 + 0) / 3, 3},
		// Answers: user 0 four, user 1 three, user 2 three of which two are none.
		"consistency.invalid": {(0 + 0 + 2.0/3) / 3, 3},
	} {
		if v := got[id]; math.Abs(v-want.value) > 1e-12 || n[id] != want.n {
			t.Errorf("%s is %v of %d, want %v of %d", id, v, n[id], want.value, want.n)
		}
	}
	if len(got) != len(Task{}.Metrics(nil)) {
		t.Errorf("%d metrics, %d declared", len(got), len(Task{}.Metrics(nil)))
	}
	// Of two users a quarter of the draws has user 1 alone, who skips both times.
	if w := s.Wholes[0]; w.Interval != nil || !strings.HasPrefix(w.Why, "no interval: undefined in ") {
		t.Errorf("%+v", w)
	}
	var many []row // of whom a draw has all but surely some that watch
	for i := range int32(6) {
		for _, r := range rows() {
			r.User += 3 * i
			many = append(many, r)
		}
	}
	if w := sheet(many).Wholes[0]; w.Interval == nil || w.Why != "" || !(w.Interval.Lo <= w.Value && w.Value <= w.Interval.Hi) {
		t.Errorf("%+v", w)
	}
}

// Whoever watches nothing agrees with itself, but not beyond chance.
func TestNothingWatched(t *testing.T) {
	s := sheet([]row{{User: 0}, {User: 1}})
	if w := s.Wholes[0]; !math.IsNaN(w.Value) || w.N != 0 || w.Why != "undefined: everything is watched, or nothing" {
		t.Errorf("%+v", w)
	}
	if v := s.Columns[0].Values; v[0] != 1 || v[1] != 1 {
		t.Error(v)
	}
	if v := s.Columns[3].Values; !math.IsNaN(v[0]) {
		t.Error("a feeling that was not stated agrees or not")
	}
}

// Evidence reads back to the same numbers.
func TestEvidence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r0.parquet")
	if err := record.WriteFile(path, func(w io.Writer) error { return record.WriteParquet(w, rows()) }); err != nil {
		t.Fatal(err)
	}
	s, err := Task{}.Scorer(nil)(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sheet(rows()), s, cmp.Comparer(func(a, b float64) bool { return a == b || a != a && b != b })); d != "" {
		t.Error(d)
	}
}
