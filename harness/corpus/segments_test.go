package corpus

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nine gives user u u+4 interactions, so that only user 0 is cold (4 < 5): all
// of training when the last of ten is tested, which nobody has.
func nine(t *testing.T) *Split {
	t.Helper()
	var events []event
	for u := range int32(9) {
		for i := range u + 4 {
			events = append(events, event{u, i, 3, int64(i)})
		}
		events = append(events, event{u, 19, 3, 100})
	}
	f := newFake(9, 20, events)
	f.set("users", "gender", []string{"F", "M", "F", "M", "F", "M", "F", "M", ""})
	f.set("users", "age", []int32{20, 21, 22, 30, 31, 32, 40, 41, -1})
	f.set("users", "name", []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"})
	f.set("users", "same", []string{"x", "x", "x", "x", "x", "x", "x", "x", "x"})
	s, err := mustOpen(t, Config{}, f).Split(SplitParams{Method: "leave-one-out"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSegments(t *testing.T) {
	got := map[string]Segment{}
	var names []string
	for _, s := range nine(t).Segments() {
		got[s.Name] = s
		names = append(names, s.Name)
	}
	if want := []string{"activity", "start", "taste", "age", "gender", "name"}; !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(want))) {
		t.Fatalf("segments %v, want %v: one value divides nobody", names, want)
	}
	for _, want := range []Segment{
		// Eight users have 5 … 12 items: boundaries at the ceil(8/3) = 3rd, 7, and the
		// ceil(16/3) = 6th, 10; equal goes down.
		{"activity", []string{"low", "medium", "high"}, []int8{-1, 0, 0, 0, 1, 1, 1, 2, 2}},
		{"start", []string{"cold", "warm"}, []int8{0, 1, 1, 1, 1, 1, 1, 1, 1}},
		// Item i is had by the users above i-4, so a longer list reaches less popular items.
		{"taste", []string{"niche", "mixed", "popular"}, []int8{-1, 2, 2, 1, 1, 1, 0, 0, 0}},
		{"gender", []string{"F", "M"}, []int8{0, 1, 0, 1, 0, 1, 0, 1, -1}},
		// Eight ages, all different: 20 21 22 | 30 31 32 | 40 41.
		{"age", []string{"20", "21", "22", "30", "31", "32", "40", "41"}, []int8{0, 1, 2, 3, 4, 5, 6, 7, -1}},
	} {
		if diff := cmp.Diff(want, got[want.Name]); diff != "" {
			t.Errorf("%s: %s", want.Name, diff)
		}
	}
}

func TestSegmentsByRange(t *testing.T) {
	ages := []int32{18, 25, 25, 30, 31, 33, 45, 50, 62, -1}
	got, ok := byRange("age", ages, func(v int32) (float64, bool) { return float64(v), v >= 0 })
	// Nine ages: boundaries at the 3rd, 25, and the 6th, 33.
	want := Segment{"age", []string{"18–25", "30–33", "45–62"}, []int8{0, 0, 0, 1, 1, 1, 2, 2, 2, -1}}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Error(ok, diff)
	}
	if _, ok := byRange("age", []int32{7, 7, 7}, func(v int32) (float64, bool) { return float64(v), true }); ok {
		t.Error("one value divided")
	}
}
