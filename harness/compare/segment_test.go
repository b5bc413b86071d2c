package compare

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// thirds puts users into high, low, and for the last third into none.
func thirds(users int) record.Segment {
	s := record.Segment{Name: "activity", Groups: []string{"high", "low"}, Of: make([]int8, users)}
	for u := range s.Of {
		s.Of[u] = int8(u % 3)
		if s.Of[u] == 2 {
			s.Of[u] = -1
		}
	}
	return s
}

func segmented(t testing.TB, s *Study, segments ...record.Segment) *Segmented {
	t.Helper()
	g, err := s.In(segments)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// A comparison inside a group is that of a table which has the users of the group and no other,
// but for its p-values: those of all groups and arms are one family.
func TestGroupsByThemselves(t *testing.T) {
	values := noise(5, 90, 0, 0.4, 0.5)
	users := numbered(90)
	whole := table(t,
		judged("a", 0, users, map[string][]float64{"ndcg@10": values[0]}),
		judged("b", 0, users, map[string][]float64{"ndcg@10": values[1]}),
		judged("c", 0, users, map[string][]float64{"ndcg@10": values[2]}),
	)
	to := record.Arm{Recommender: "a"}
	got := segmented(t, study(t, whole), thirds(90)).Against(&to)
	if len(got) != 4 {
		t.Fatalf("%d comparisons, want two arms in two groups", len(got))
	}
	var want []record.Comparison
	var p []float64
	for group, name := range []string{"low", "high"} {
		part := table(t, only(1-group, "a", values[0]), only(1-group, "b", values[1]), only(1-group, "c", values[2]))
		for _, c := range study(t, part).Against(&to) {
			c.Segment, c.Group = "activity", name
			want, p = append(want, c), append(p, c.P)
		}
	}
	holm, bh := Holm(p), BenjaminiHochberg(p)
	for i := range want {
		want[i].Holm, want[i].BH = holm[i], bh[i]
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

// only has every third user, from the given one.
func only(first int, name string, values []float64) score.Judged {
	var users []int32
	var kept []float64
	for u := first; u < len(values); u += 3 {
		users, kept = append(users, int32(u)), append(kept, values[u])
	}
	return judged(name, 0, users, map[string][]float64{"ndcg@10": kept})
}

// The reference is who is best among all, and what is said against it is read off every pair
// in every group.
func TestBestInGroups(t *testing.T) {
	g := segmented(t, study(t, table(t, five(t)...), "ndcg@10"), thirds(200))
	holm := map[[3]string]float64{}
	for _, c := range g.AllPairs() {
		holm[[3]string{c.Group, c.Arm.Recommender, c.To.Recommender}] = c.Holm
		holm[[3]string{c.Group, c.To.Recommender, c.Arm.Recommender}] = c.Holm
	}
	got := g.Against(nil)
	if len(got) != 4*2 || len(holm) != 10*2*2 {
		t.Fatalf("%d against the best, %d pairs", len(got), len(holm)/2)
	}
	for _, c := range got {
		if c.To.Recommender != "c" || c.Holm != holm[[3]string{c.Group, c.Arm.Recommender, "c"}] {
			t.Errorf("%s in %s against %s: Holm %v", c.Arm, c.Group, c.To, c.Holm)
		}
	}
}

// A group without users has no numbers; rows that are no users have no groups.
func TestGroupsOfNobody(t *testing.T) {
	tab := table(t, five(t)...)
	seg := record.Segment{Name: "start", Groups: []string{"warm", "cold"}, Of: make([]int8, 200)}
	got := segmented(t, study(t, tab, "ndcg@10"), seg).Against(nil)
	for _, c := range got[:4] {
		if c.Group != "cold" || c.N != 0 || !math.IsNaN(c.P) || !math.IsNaN(c.Holm) || len(c.Warnings) == 0 {
			t.Errorf("nobody is cold: %+v", c)
		}
	}
	if c := got[4]; c.Group != "warm" || c.N != 200 {
		t.Errorf("everybody is warm: %+v", c)
	}
	tab.Unit = "questions"
	if _, err := study(t, tab).In([]record.Segment{seg}); err == nil || err.Error() != "offline: its rows are questions, and segments are of users" {
		t.Error(err)
	}
}

// Numbers in the order of numbers, words as people say them.
func TestReadingOrder(t *testing.T) {
	for _, want := range [][]string{{"low", "medium", "high"}, {"cold", "warm"}, {"7–18", "19–35", "36–101"}, {"F", "M"}} {
		got := readingOrder([]string{want[len(want)-1], want[0]})
		if len(want) == 3 {
			got = readingOrder([]string{want[1], want[2], want[0]})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// Arms that are all alike are not told from the best in any of six groups, in 200 studies but for
// 5 % and what chance adds.
func TestAlikeArmsInGroups(t *testing.T) {
	numeric(t)
	const count = 200
	found := 0
	for b := range count / batch {
		s := studiesOf(uint64(50+b), 0, 0, 0)
		seg := record.Segment{Name: "age", Groups: []string{"1", "2", "3", "4", "5", "6"}, Of: make([]int8, calibUsers*(51+b))}
		for u := range seg.Of {
			seg.Of[u] = int8(u % 6)
		}
		differ := map[string]bool{}
		for m := range s.Metrics {
			s.Metrics[m].ID = string(rune('a' + m))
		}
		for _, c := range segmented(t, s, seg).Against(nil) {
			if c.Resolved() {
				differ[c.Metric] = true
			}
		}
		found += len(differ)
	}
	t.Logf("%d of %d", found, count)
	if found > limit(count) {
		t.Errorf("%d of %d studies find a difference in a group, more than %d", found, count, limit(count))
	}
}
