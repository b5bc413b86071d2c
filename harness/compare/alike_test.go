package compare

import (
	"flag"
	"math"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

var calibrate = flag.Bool("calibrate", false, "measure error and power of choosing the best in many studies, which takes minutes")

// batch is how many studies are one table, a metric each, of users of their own.
const batch = 100

// studiesOf draws studies of arms with the given shifts. Users have a level that all arms
// share, so differences share the noise of their arms and nothing else.
func studiesOf(number uint64, shifts ...float64) *Study {
	tab := Table{Task: "offline", Users: numbered(calibUsers)}
	for u := range tab.Users {
		tab.Users[u] += int32(number) * calibUsers
	}
	for a := range shifts {
		tab.Arms = append(tab.Arms, Arm{Arm: record.Arm{Recommender: string(rune('a' + a))}, Fits: 1})
	}
	s := &Study{Table: &tab, every: map[[2]int]tested{}, workers: workers()}
	var columns [][]float64
	for m := range batch {
		tab.Metrics = append(tab.Metrics, Metric{ID: "m", Version: 1, Direction: 1})
		tab.Values = append(tab.Values, noise(number*batch+uint64(m), calibUsers, shifts...))
		s.metrics, s.pattern = append(s.metrics, m), append(s.pattern, make([]int, len(shifts)))
		columns = append(columns, tab.Values[m]...)
	}
	for sums := range slices.Chunk(flipSums(tab.Users, columns, s.workers), len(shifts)) {
		s.flips = append(s.flips, sums)
	}
	return s
}

// grouped gives the tie group of each arm of a study.
func grouped(s *Study, m int) []int {
	league := s.leagues()[0]
	order := s.order(m, league)
	standings := make([]record.Standing, len(order))
	s.tieGroups(m, order, s.everyPair(m, league), standings)
	groups := make([]int, len(order))
	for i, a := range order {
		groups[a] = standings[i].Group
	}
	return groups
}

// groupedAlone divides arms as if each leader had been named in advance: Holm over those
// compared with it only. It is what choosing costs where nobody pays for it.
func groupedAlone(s *Study, m int) []int {
	left := s.order(m, s.leagues()[0])
	groups := make([]int, len(left))
	for group := 1; len(left) > 0; group++ {
		var pairs []pair
		for _, a := range left[1:] {
			pairs = append(pairs, pair{m, a, left[0]})
		}
		groups[left[0]] = group
		var rest []int
		for i, p := range Holm(s.pvalues(pairs)) {
			if p > Alpha {
				groups[left[i+1]] = group
			} else {
				rest = append(rest, left[i+1])
			}
		}
		left = rest
	}
	return groups
}

// parted counts the studies in which two arms of one shift are in different groups.
func parted(number, count int, divide func(*Study, int) []int, shifts ...float64) (n int) {
	for b := range count / batch {
		s := studiesOf(uint64(number+b), shifts...)
		for m := range s.metrics {
			groups := divide(s, m)
			of := map[float64]int{}
			wrong := false
			for a, g := range groups {
				first, ok := of[shifts[a]]
				wrong = wrong || ok && first != g
				if !ok {
					of[shifts[a]] = g
				}
			}
			if wrong {
				n++
			}
		}
	}
	return n
}

// limit is what a share of 5 % stays below in 39 of 40 series of studies.
func limit(count int) int {
	n := float64(count)
	return int(Alpha*n + 1.96*math.Sqrt(Alpha*(1-Alpha)*n))
}

// Of four arms that are all alike, none is told from the best in more than 5 % of studies, though
// the same data choose the best; nor are arms of a kind told apart where another kind leads.
func TestAlikeArmsAreTied(t *testing.T) {
	numeric(t)
	for name, shifts := range map[string][]float64{
		"all alike": {0, 0, 0, 0},
		"two kinds": {1, 1, 0, 0, 0},
	} {
		n := parted(0, studies, grouped, shifts...)
		t.Logf("%s: %d of %d studies", name, n, studies)
		if n > limit(studies) {
			t.Errorf("%s: %d of %d studies tell arms of a kind apart, more than %d", name, n, studies, limit(studies))
		}
	}
}

// Families: what is said against the best, of all pairs, and in tie groups is one.
func TestOneFamily(t *testing.T) {
	s := study(t, table(t, five(t)...), "ndcg@10")
	holm := map[[2]string]float64{}
	for _, c := range s.AllPairs() {
		holm[[2]string{c.Arm.Recommender, c.To.Recommender}] = c.Holm
		holm[[2]string{c.To.Recommender, c.Arm.Recommender}] = c.Holm
	}
	if len(holm) != 5*4 {
		t.Fatalf("%d pairs of five arms", len(holm)/2)
	}
	for _, c := range s.Against(nil) {
		if want := holm[[2]string{c.Arm.Recommender, "c"}]; c.Holm != want {
			t.Errorf("%s: %v against the best, %v among all pairs", c.Arm, c.Holm, want)
		}
	}
	for _, st := range s.Rank() {
		if st.Group == 1 && !st.Leads && st.GroupP != holm[[2]string{st.Arm.Recommender, "c"}] {
			t.Errorf("%s: %v in its group, %v among all pairs", st.Arm, st.GroupP, holm[[2]string{st.Arm.Recommender, "c"}])
		}
	}
}

// TestCalibrate measures what docs/statistics.md says of choosing:
//
//	go test ./harness/compare -run TestCalibrate -calibrate -v
func TestCalibrate(t *testing.T) {
	if !*calibrate {
		t.Skip("takes minutes: -calibrate")
	}
	const count = 10 * studies
	ways := []struct {
		name   string
		divide func(*Study, int) []int
	}{{"leader alone", groupedAlone}, {"all pairs", grouped}}
	drop := Detectable(math.Sqrt2, calibUsers, Alpha, Power)
	for _, k := range []int{4, 10, 20} {
		alike, kinds, worse := make([]float64, k), make([]float64, k), make([]float64, k)
		for a := range k / 2 {
			kinds[a] = 1
		}
		worse[k-1] = -drop
		for _, w := range ways {
			t.Logf("%2d arms, Holm over %-12s: of %d studies all alike %d apart, two kinds %d apart", k, w.name, count,
				parted(1000, count, w.divide, alike...), parted(2000, count, w.divide, kinds...))
			for _, times := range []float64{1, 1.5} {
				worse[k-1] = -drop * times
				t.Logf("%2d arms, Holm over %-12s: a drop of %.1f times the detectable one is found in %d of %d", k, w.name, times,
					found(3000, studies, w.divide, worse), studies)
			}
		}
	}
	covers(t)
}

// found counts studies whose last arm is not in the group of the best.
func found(number, count int, divide func(*Study, int) []int, shifts []float64) (n int) {
	for b := range count / batch {
		s := studiesOf(uint64(number+b), shifts...)
		for m := range s.metrics {
			if divide(s, m)[len(shifts)-1] > 1 {
				n++
			}
		}
	}
	return n
}

// covers says how often intervals against the best, and against an arm named in advance, hold
// the true difference of 0.
func covers(t *testing.T) {
	best, named, all := 0, 0, 0
	for b := range studies / batch {
		s := studiesOf(uint64(4000+b), 0, 0, 0, 0)
		var columns [][]float64
		for m := range s.metrics {
			columns = append(columns, s.Values[m]...)
		}
		for means := range slices.Chunk(score.Resample(s.Users, columns, luck, s.workers), len(s.Arms)) {
			s.boot = append(s.boot, means)
		}
		holds := func(found []record.Comparison) (n int) {
			for _, c := range found {
				if c.Lo <= 0 && 0 <= c.Hi {
					n++
				}
			}
			return n
		}
		first := s.Against(nil)
		best, named, all = best+holds(first), named+holds(s.Against(&s.Arms[0].Arm)), all+len(first)
	}
	t.Logf("of %d intervals of alike arms, %d against the best hold 0, %d against a named arm", all, best, named)
}
