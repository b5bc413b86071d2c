package compare

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
)

// judged is a cell of task offline with one value per user and metric.
func judged(arm string, repeat int, users []int32, values map[string][]float64) score.Judged {
	j := score.Judged{Key: record.CellKey{Task: "offline", Recommender: arm, Repeat: repeat}}
	for _, id := range []string{"recall@10", "ndcg@10", "mrr@10"} {
		if v, ok := values[id]; ok {
			j.Sheet.Columns = append(j.Sheet.Columns, score.Column{Metric: id, Version: 1, Users: users, Values: v})
		}
	}
	j.Sheet.Wholes = []score.Whole{{Metric: "coverage@10", Version: 1, Value: 0.5, N: 1, Why: "no interval: it counts distinct items"}}
	return j
}

// manifest names the arms of cells; oracle is a control.
func manifest(cells []score.Judged) record.Manifest {
	m := record.Manifest{Tasks: []record.TaskFacts{{Kind: "offline", Primary: "ndcg@10"}}}
	for _, c := range cells {
		name := c.Key.Recommender
		if !slices.ContainsFunc(m.Arms, func(a record.ArmFacts) bool { return a.Name == name }) {
			m.Arms = append(m.Arms, record.ArmFacts{Name: name, Control: name == "oracle"})
		}
	}
	return m
}

func table(t testing.TB, cells ...score.Judged) *Table {
	t.Helper()
	tables := Tables(manifest(cells), cells)
	if len(tables) != 1 {
		t.Fatalf("%d tables", len(tables))
	}
	return &tables[0]
}

// noise gives each user a level and each arm its own noise and shift.
func noise(seed uint64, users int, shifts ...float64) [][]float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([][]float64, len(shifts))
	level := make([]float64, users)
	for u := range level {
		level[u] = r.NormFloat64()
	}
	for a, shift := range shifts {
		out[a] = make([]float64, users)
		for u := range out[a] {
			out[a][u] = level[u] + shift + r.NormFloat64()
		}
	}
	return out
}

func study(t testing.TB, tab *Table, metrics ...string) *Study {
	t.Helper()
	s, err := tab.Study(metrics...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// five arms: c is best, b and its copy follow, a is far behind, d has no value for half the users.
func five(t testing.TB) []score.Judged {
	t.Helper()
	values := noise(3, 200, 0, 1, 1.5, 1.2)
	for u := range 100 {
		values[3][u] = math.NaN()
	}
	users := numbered(200)
	var cells []score.Judged
	for i, name := range []string{"a", "b", "c", "d"} {
		cells = append(cells, judged(name, 0, users, map[string][]float64{"ndcg@10": values[i], "recall@10": values[i]}))
	}
	cells = append(cells, judged("b-copy", 0, users, map[string][]float64{"ndcg@10": values[1], "recall@10": values[1]}))
	oracle := make([]float64, 200)
	for u := range oracle {
		oracle[u] = 9
	}
	return append(cells, judged("oracle", 0, users, map[string][]float64{"ndcg@10": oracle, "recall@10": oracle}))
}

func TestAgainstBest(t *testing.T) {
	tab := table(t, five(t)...)
	got := study(t, tab, "ndcg@10").Against(nil)
	if len(got) != 4 {
		t.Fatalf("%d comparisons: want those of a, b, b-copy and d with c", len(got))
	}
	for _, c := range got {
		if c.To.Recommender != "c" || c.Against != record.AgainstBest || c.Arm.Recommender == "oracle" {
			t.Errorf("%s against %s (%s)", c.Arm, c.To, c.Against)
		}
		wantN, wantLeft := 200, 0
		if c.Arm.Recommender == "d" {
			wantN, wantLeft = 100, 100
		}
		if c.N != wantN || c.LeftOut != wantLeft {
			t.Errorf("%s: n %d, left out %d", c.Arm, c.N, c.LeftOut)
		}
		if !(c.Lo < c.Difference && c.Difference < c.Hi && c.BCaLo < c.Difference && c.Difference < c.BCaHi) {
			t.Errorf("%s: %v [%v, %v] [%v, %v]", c.Arm, c.Difference, c.Lo, c.Hi, c.BCaLo, c.BCaHi)
		}
		if c.Holm < c.P || c.BH > c.Holm {
			t.Errorf("%s: p %v, Holm %v, BH %v", c.Arm, c.P, c.Holm, c.BH)
		}
	}
	if !got[0].Resolved() {
		t.Errorf("a is 1.5 behind: %+v", got[0])
	}
	b, copied := got[1], got[2]
	copied.Arm = b.Arm
	if diff := cmp.Diff(b, copied); diff != "" {
		t.Errorf("a copy compares otherwise:\n%s", diff)
	}
}

// The difference of two means of a sample is the mean of the sample's differences, and so for
// sums under signs: what is shared agrees with what is computed for a pair alone.
func TestSharedSamples(t *testing.T) {
	tab := table(t, five(t)...)
	s := study(t, tab)
	m := tab.MetricIndex("ndcg@10")
	q := pair{m, tab.ArmIndex(record.Arm{Recommender: "a"}), tab.ArmIndex(record.Arm{Recommender: "b"})}
	d := s.differences(q)
	alone := score.Resample(tab.Users, [][]float64{d}, luck, 1)[0]
	if diff := cmp.Diff(alone, s.bootOf([]pair{q})[0], cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Error(diff)
	}
	near(t, "p", s.pvalues([]pair{q})[0], SignFlip(d, TwoSided), 0.01)
	flips := flipSums(tab.Users, [][]float64{d}, 1)[0]
	if diff := cmp.Diff(flips, minus(s.flips[m][q.a], s.flips[m][q.b]), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
}

// Signs are even, and differ from draw to draw.
func TestSignsAreEven(t *testing.T) {
	users := 1001
	ones := make([]float64, users)
	for u := range ones {
		ones[u] = 1
	}
	sums := flipSums(numbered(users), [][]float64{ones}, 2)[0]
	mean, sd := meanSD(sums)
	near(t, "mean of sums", mean, 0, 4*math.Sqrt(float64(users))/100) // four standard errors
	near(t, "deviation of sums over √n", sd/math.Sqrt(float64(users)), 1, 0.03)
}

func TestRank(t *testing.T) {
	tab := table(t, five(t)...)
	got := study(t, tab, "ndcg@10").Rank()
	var order []string
	group := map[string]record.Standing{}
	for _, s := range got {
		order = append(order, s.Arm.Recommender)
		group[s.Arm.Recommender] = s
	}
	if diff := cmp.Diff([]string{"c", "d", "b", "b-copy", "a"}, order); diff != "" {
		t.Fatalf("order:\n%s", diff)
	}
	b, copied := group["b"], group["b-copy"]
	if b.Group != copied.Group || b.Rank != copied.Rank || b.RankLo != copied.RankLo || b.RankHi != copied.RankHi || b.MeanRank != copied.MeanRank {
		t.Errorf("copies stand apart:\n%+v\n%+v", b, copied)
	}
	if !group["c"].Leads || group["a"].Group == group["c"].Group {
		t.Errorf("c %+v\na %+v", group["c"], group["a"])
	}
	if group["a"].RankLo != 5 || group["a"].RankHi != 5 {
		t.Errorf("rank of a: [%d, %d]", group["a"].RankLo, group["a"].RankHi)
	}
	if b.Blocks != 100 {
		t.Errorf("%d users have a value in every arm, want 100", b.Blocks)
	}
	sum := 0.0
	for _, s := range got {
		sum += s.WinRate
	}
	near(t, "win rates sum to k/2", sum, 2.5, 1e-12)
}

// shuffled gives cells with rows in another order, and cells in another order.
func shuffled(cells []score.Judged, seed uint64) []score.Judged {
	r := rand.New(rand.NewPCG(seed, 2))
	out := slices.Clone(cells)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for i := range out {
		out[i].Sheet.Columns = slices.Clone(out[i].Sheet.Columns)
		for c := range out[i].Sheet.Columns {
			col := &out[i].Sheet.Columns[c]
			col.Users, col.Values = slices.Clone(col.Users), slices.Clone(col.Values)
			r.Shuffle(len(col.Users), func(a, b int) {
				col.Users[a], col.Users[b] = col.Users[b], col.Users[a]
				col.Values[a], col.Values[b] = col.Values[b], col.Values[a]
			})
		}
	}
	return out
}

// everything that a table says, as text: NaN is equal to NaN.
func everything(t testing.TB, tab *Table, workers int) string {
	t.Helper()
	s, err := tab.study(workers, nil)
	if err != nil {
		t.Fatal(err)
	}
	best := record.Arm{Recommender: "oracle"}
	return fmt.Sprintf("%v\n%v\n%v\n%v", s.Against(nil), s.Against(&best), s.AllPairs(), s.Rank())
}

func TestOrderAndThreadsChangeNothing(t *testing.T) {
	cells := five(t)
	want := everything(t, table(t, cells...), 1)
	for seed := range uint64(3) {
		tab := Tables(manifest(cells), shuffled(cells, seed))[0]
		for _, workers := range []int{1, 2, 7} {
			if got := everything(t, &tab, workers); got != want {
				t.Errorf("seed %d, %d workers: another result", seed, workers)
			}
		}
	}
}

// Copies land in one group whatever stands around them.
func TestCopiesAlwaysTie(t *testing.T) {
	for seed := range uint64(20) {
		users := numbered(30 + int(seed))
		values := noise(seed, len(users), 0, 0.2, 0.4, 0.6)
		values = append(values, values[seed%4])
		var cells []score.Judged
		for i, v := range values {
			cells = append(cells, judged(fmt.Sprintf("arm-%d", i), 0, users, map[string][]float64{"ndcg@10": v}))
		}
		standings := study(t, table(t, cells...)).Rank()
		groups := map[string]int{}
		for _, s := range standings {
			groups[s.Arm.Recommender] = s.Group
		}
		if a, b := groups[fmt.Sprintf("arm-%d", seed%4)], groups["arm-4"]; a != b {
			t.Errorf("seed %d: copies are in groups %d and %d", seed, a, b)
		}
	}
}

func TestSmallTables(t *testing.T) {
	one := table(t,
		judged("a", 0, []int32{7}, map[string][]float64{"ndcg@10": {0.5}}),
		judged("b", 0, []int32{7}, map[string][]float64{"ndcg@10": {0.25}}),
	)
	c := study(t, one).Against(nil)[0]
	if c.N != 1 || c.Difference != -0.25 || !math.IsNaN(c.Lo) || c.P != 1 || len(c.Warnings) == 0 {
		t.Errorf("one user: %+v", c)
	}
	if s := study(t, one).Rank(); len(s) != 2 || s[1].Group != 1 {
		t.Errorf("one user: %+v", s)
	}
	apart := table(t,
		judged("a", 0, []int32{1, 2}, map[string][]float64{"ndcg@10": {0.5, 1}}),
		judged("b", 0, []int32{3, 4}, map[string][]float64{"ndcg@10": {0.25, 0}}),
	)
	c = study(t, apart).Against(nil)[0]
	if c.N != 0 || c.LeftOut != 4 || !math.IsNaN(c.P) || !math.IsNaN(c.Holm) {
		t.Errorf("no user in common: %+v", c)
	}
	if got := study(t, table(t, judged("a", 0, []int32{1}, map[string][]float64{"ndcg@10": {1}}))).Against(nil); len(got) != 0 {
		t.Errorf("one arm: %+v", got)
	}
}

// Two repeats of user 1, one undefined, one of 0.5: the mean is over the defined one.
func TestRepeatsAreAveragedInsideUsers(t *testing.T) {
	nan := math.NaN()
	tab := table(t,
		judged("a", 0, []int32{1, 2}, map[string][]float64{"ndcg@10": {nan, 0.2}}),
		judged("a", 1, []int32{1, 2}, map[string][]float64{"ndcg@10": {0.5, 0.4}}),
	)
	near(t, "user 1", tab.Values[0][0][0], 0.5, 0)
	near(t, "user 2", tab.Values[0][0][1], 0.3, 1e-15)
	if a := tab.Arms[0]; a.Fits != 2 || !a.Varies {
		t.Errorf("%+v", a)
	}
}

func TestUnknownMetrics(t *testing.T) {
	tab := table(t, five(t)...)
	for id, want := range map[string]string{
		"coverage@10": "offline: metric coverage@10 has no value per user, so no test can tell its differences from chance",
		"ndgc@10":     "offline: metric ndgc@10: unknown (this task has ndcg@10, recall@10)",
	} {
		if _, err := tab.Study(id); err == nil || err.Error() != want {
			t.Errorf("%s: %v", id, err)
		}
	}
}
