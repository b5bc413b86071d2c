package corpus

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// partsOf gives the part of every interaction of a data set, in its order.
func partsOf(t *testing.T, f *fake, p SplitParams) ([]part, SplitStats) {
	t.Helper()
	s, err := mustOpen(t, Config{}, f).Split(p)
	if err != nil {
		t.Fatal(err)
	}
	return s.parts, s.Stats()
}

// Ten interactions of three users. floor(0.2*10) = 2 test; the cut before the
// 9th time is between 8 and 9. floor(0.3*10) = 3 validate: the cut before the
// 6th time lies inside 5, 5, which goes to training whole.
func TestGlobalTemporalByHand(t *testing.T) {
	f := newFake(3, 10, []event{
		{0, 0, 3, 1},
		{1, 1, 3, 2},
		{2, 2, 3, 3},
		{0, 3, 3, 4},
		{1, 4, 3, 5},
		{2, 5, 3, 5},
		{0, 6, 3, 7},
		{2, 7, 3, 8},
		{2, 8, 3, 9},
		{2, 9, 3, 10},
	})
	parts, stats := partsOf(t, f, SplitParams{Method: "global-temporal", Test: 0.2, Valid: 0.3})
	if want := []part{0, 0, 0, 0, 0, 0, 1, 1, 2, 2}; !slices.Equal(parts, want) {
		t.Errorf("parts %v, want %v", parts, want)
	}
	// Users 1 and 2 share the straddling time; users 0 and 1 have nothing to test.
	if stats.UsersTied != 2 || stats.UsersWithoutTest != 2 || stats.TemporalLeak {
		t.Errorf("%+v", stats)
	}
}

// User 0 tests item 2, at 30; user 1's last two share a moment and train; user 2
// has one interaction only; user 3 has floor(0.25*4) = 1 to validate.
func TestLeaveOneOutByHand(t *testing.T) {
	f := newFake(4, 4, []event{
		{0, 0, 3, 20},
		{0, 1, 3, 10},
		{0, 2, 3, 30},
		{1, 0, 3, 1},
		{1, 1, 3, 5},
		{1, 2, 3, 5},
		{2, 0, 3, 1},
		{3, 0, 3, 4},
		{3, 1, 3, 3},
		{3, 2, 3, 2},
		{3, 3, 3, 1},
	})
	parts, stats := partsOf(t, f, SplitParams{Method: "leave-one-out", Valid: 0.25})
	if want := []part{0, 0, 2, 0, 0, 0, 0, 2, 1, 0, 0}; !slices.Equal(parts, want) {
		t.Errorf("parts %v, want %v", parts, want)
	}
	if stats.UsersTied != 1 || stats.UsersWithoutTest != 2 || !stats.TemporalLeak {
		t.Errorf("%+v", stats)
	}
}

// Without times the seed chooses, one of each user.
func TestLeaveOneOutWithoutTimes(t *testing.T) {
	choose := func(seed uint64) []part {
		var events []event
		for u := range int32(20) {
			for i := range int32(10) {
				events = append(events, event{u, i, 3, 0})
			}
		}
		f := newFake(20, 10, events)
		x := f.tables[sdk.TableInteractions]
		x.Columns = slices.DeleteFunc(slices.Clone(x.Columns), func(c sdk.Column) bool { return c.Name == "time" })
		f.tables[sdk.TableInteractions] = x
		parts, stats := partsOf(t, f, SplitParams{Method: "leave-one-out", Seed: seed})
		if stats.TestRows != 20 || stats.UsersWithoutTest != 0 {
			t.Errorf("%+v", stats)
		}
		return parts
	}
	if slices.Equal(choose(1), choose(2)) {
		t.Error("another seed chose the same")
	}
}

func withParts(parts ...uint8) *fake {
	var events []event
	for i := range parts {
		events = append(events, event{0, int32(i), 3, int64(i)})
	}
	f := newFake(1, len(parts), events)
	x := f.tables[sdk.TableInteractions]
	x.Columns = append(x.Columns, sdk.Column{Name: "part", Data: parts})
	f.tables[sdk.TableInteractions] = x
	return f
}

func TestGiven(t *testing.T) {
	parts, _ := partsOf(t, withParts(2, 0, 1, 0), SplitParams{Method: "given"})
	if want := []part{2, 0, 1, 0}; !slices.Equal(parts, want) {
		t.Errorf("parts %v, want %v", parts, want)
	}
	s, err := mustOpen(t, Config{}, withParts(2, 0, 1, 0)).Split(SplitParams{Method: "given"})
	if err != nil {
		t.Fatal(err)
	}
	if _, told := s.interactions(sdk.TableInteractions, partTrain).Column("part"); told {
		t.Error("the training folder tells the split")
	}
}

func TestMethodsRefused(t *testing.T) {
	plain := func() *fake { return newFake(1, 2, []event{{0, 0, 3, 1}, {0, 1, 3, sdk.MissingTime}}) }
	for want, c := range map[string]struct {
		data *fake
		p    SplitParams
	}{
		"given needs data that is divided already":   {plain(), SplitParams{Method: "given"}},
		"given knows by itself what is tested":       {withParts(0, 2), SplitParams{Method: "given", Test: 0.1}},
		"given knows by itself what validates":       {withParts(0, 2), SplitParams{Method: "given", Valid: 0.1}},
		"no interaction is left to test on":          {withParts(0, 1), SplitParams{Method: "given"}},
		"leave-one-out knows by itself":              {plain(), SplitParams{Method: "leave-one-out", Test: 0.1}},
		"needs times for all interactions or":        {plain(), SplitParams{Method: "leave-one-out"}},
		"global-temporal needs times and interactio": {plain(), SplitParams{Method: "global-temporal", Test: 0.5}},
		"0: want a fraction between 0 and 1":         {plain(), SplitParams{Method: "global-temporal"}},
	} {
		_, err := mustOpen(t, Config{}, c.data).Split(c.p)
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	_, err := Open(t.Context(), Config{CacheDir: t.TempDir()}, "x", withParts(0, 3))
	if err == nil || !strings.Contains(err.Error(), "row 1: part 3: want 0 for training") {
		t.Errorf("a fourth part: %v", err)
	}
}
