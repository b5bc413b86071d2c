package score

import (
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/harness/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func cell(arm string, repeat int, sheet Sheet) Judged {
	return Judged{record.CellKey{Task: "offline", Recommender: arm, Repeat: repeat}, sheet}
}

func column(metric string, users []int32, values ...float64) Column {
	return Column{Metric: metric, Version: 1, Users: users, Values: values}
}

func columns(c ...Column) Sheet { return Sheet{Columns: c} }

func mustScore(t testing.TB, in []Judged, repeats int) (cells, summary []record.Cell) {
	t.Helper()
	cells, summary, err := scoreTask(in, repeats, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	return cells, summary
}

// Two users with 0 and 1: a draw's mean is 0, 1/2 or 1 with chances 1/4, 1/2,
// 1/4, so the 2.5 % and 97.5 % points are 0 and 1, and a quarter of draws are 0.
func TestTwoUsers(t *testing.T) {
	cells, _ := mustScore(t, []Judged{cell("a", 0, columns(column("m", []int32{7, 3}, 0, 1)))}, 1)
	c := cells[0]
	if c.Value != 0.5 || c.N != 2 || c.Lo != 0 || c.Hi != 1 {
		t.Errorf("%+v", c)
	}
	means := newBlock([]series{{values: []float64{0, 1}}}).drawn(drawSeed(1, []int32{3, 7}), 1)[0]
	counts := map[float64]int{}
	for _, m := range means {
		counts[m]++
	}
	// A count of 10,000 draws at 1/4 has standard deviation 43; five of them are 217.
	if len(counts) != 3 || math.Abs(float64(counts[0]-2500)) > 217 || math.Abs(float64(counts[1]-2500)) > 217 {
		t.Errorf("counts %v", counts)
	}
}

// why gives a column its own reason for having no value.
func why(c Column) Column {
	c.Why = "it says nothing"
	return c
}

// Three users, one of whom is undefined: draws see 0, 1, 2 or 3 defined ones.
// Both defined users have the value 2, so every draw with any has the mean 2;
// a draw has none with chance 1/27.
func TestUndefinedUsersDoNotCount(t *testing.T) {
	in := []Judged{cell("a", 0, columns(
		column("m", []int32{0, 1, 2}, 2, math.NaN(), 2),
		column("all", []int32{0, 1, 2}, 1, 2, 3),
		column("none", []int32{0, 1, 2}, math.NaN(), math.NaN(), math.NaN()),
		column("one", []int32{2}, 5),
		why(column("silent", []int32{0, 1, 2}, math.NaN(), math.NaN(), math.NaN())),
		why(column("single", []int32{0, 1}, 7, math.NaN())),
	))}
	cells, summary := mustScore(t, in, 1)
	nan := math.NaN()
	want := []record.Cell{
		{Metric: "m", Value: 2, N: 2, Lo: 2, Hi: 2},
		{Metric: "all", Value: 2, N: 3, Lo: 1, Hi: 3}, // 1/27 of draws have the mean 1, more than 2.5 %
		{Metric: "none", Value: nan, N: 0, Lo: nan, Hi: nan, Warnings: []string{"undefined for every user"}},
		{Metric: "one", Value: 5, N: 1, Lo: nan, Hi: nan, Warnings: []string{"no interval: one user"}},
		{Metric: "silent", Value: nan, N: 0, Lo: nan, Hi: nan, Warnings: []string{"it says nothing"}},
		{Metric: "single", Value: 7, N: 1, Lo: nan, Hi: nan, Warnings: []string{"no interval: one user"}},
	}
	for i := range want {
		want[i].Task, want[i].Recommender, want[i].Version = "offline", "a", 1
	}
	if diff := cmp.Diff(want, cells, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	for i := range want {
		want[i].Repeat = 1
	}
	if diff := cmp.Diff(want, summary, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	lost := draws - len(newBlock([]series{{values: []float64{2, nan, 2}}}).drawn(drawSeed(1, []int32{0, 1, 2}), 1)[0])
	// 10,000/27 = 370 with standard deviation 19.
	if lost < 275 || lost > 465 {
		t.Errorf("%d draws without a defined user, want about 370", lost)
	}
	// Two of twenty defined: (18/20)^20 = 12 % of draws have none.
	sparse := make([]float64, 20)
	users := make([]int32, 20)
	for i := range sparse {
		sparse[i], users[i] = nan, int32(i)
	}
	sparse[4], sparse[9] = 1, 2
	cells, _ = mustScore(t, []Judged{cell("a", 0, columns(column("m", users, sparse...)))}, 1)
	if c := cells[0]; c.N != 2 || c.HasInterval() || len(c.Warnings) != 1 {
		t.Errorf("%+v", c)
	}
}

// User 0 has 1 and 3, user 1 has 5 in the first repeat only: inside users that
// is 2 and 5, so the summary is 3.5 over two users; the plain mean would be 3.
func TestRepeatsAreAveragedInsideTheUser(t *testing.T) {
	users := []int32{0, 1}
	first := columns(column("m", users, 1, 5))
	first.Wholes = []Whole{{Metric: "w", Version: 1, Value: 0.2, N: 10, Why: "whole"}}
	second := columns(column("m", users, 3, math.NaN()))
	second.Wholes = []Whole{{Metric: "w", Version: 1, Value: 0.4, N: 8, Why: "whole"}}
	cells, summary := mustScore(t, []Judged{cell("a", 0, first), cell("a", 1, second), cell("b", 0, columns(column("m", users, 0, 0)))}, 2)
	if len(cells) != 5 || len(summary) != 3 {
		t.Fatalf("%d cells, %d rows", len(cells), len(summary))
	}
	if s := summary[0]; s.Value != 3.5 || s.N != 2 || s.Repeat != 2 || s.Lo != 2 || s.Hi != 5 || s.Warnings != nil {
		t.Errorf("%+v", s)
	}
	if s := summary[1]; math.Abs(s.Value-0.3) > 1e-15 || s.N != 8 || s.Repeat != 2 || s.HasInterval() || !slices.Equal(s.Warnings, []string{"whole"}) {
		t.Errorf("%+v", s)
	}
	if s := summary[2]; s.Repeat != 1 || !slices.Equal(s.Warnings, []string{"1 of 2 repeats"}) {
		t.Errorf("%+v", s)
	}
	if c := cells[2]; c.Repeat != 1 || c.Value != 3 || c.N != 1 || c.Metric != "m" {
		t.Errorf("%+v", c)
	}
	second.Columns[0].Version = 2
	if _, _, err := scoreTask([]Judged{cell("a", 0, first), cell("a", 1, second)}, 2, 1, 1); err == nil {
		t.Error("two versions of a metric were averaged")
	}
}

func TestSheetsThatScorersGetWrong(t *testing.T) {
	users := []int32{0, 1}
	for want, s := range map[string]Sheet{
		"there twice":           columns(column("m", users, 1, 2), column("m", users, 1, 2)),
		"2 users and 1 values":  columns(column("m", users, 1)),
		"+Inf":                  columns(column("m", users, 1, math.Inf(1))),
		"user 3 is there":       columns(column("m", []int32{3, 3}, 1, 1)),
		"metric w is there":     {Wholes: []Whole{{Metric: "w", Why: "whole"}, {Metric: "w", Why: "whole"}}},
		"nor why there is none": {Wholes: []Whole{{Metric: "w", Note: "qualifies"}}},
	} {
		if err := s.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// noisy makes cells with values of a given distribution, some undefined.
func noisy(arms, repeats, metrics, users int, undefined float64) []Judged {
	r := rand.New(rand.NewPCG(1, 1))
	ids := make([]int32, users)
	for i := range ids {
		ids[i] = int32(i)
	}
	var in []Judged
	for a := range arms {
		for rep := range repeats {
			var s Sheet
			for m := range metrics {
				values := make([]float64, users)
				for u := range values {
					values[u] = r.NormFloat64()
					if r.Float64() < undefined {
						values[u] = math.NaN()
					}
				}
				s.Columns = append(s.Columns, column("m"+string(rune('a'+m)), ids, values...))
			}
			in = append(in, cell("arm-"+string(rune('a'+a)), rep, s))
		}
	}
	return in
}

func TestWorkersDoNotMatter(t *testing.T) {
	in := noisy(3, 2, 15, 101, 0.1) // more columns than a block
	var first []record.Cell
	for _, workers := range []int{1, 2, 8, 3} {
		cells, summary, err := scoreTask(in, 2, 9, workers)
		if err != nil {
			t.Fatal(err)
		}
		all := append(cells, summary...)
		if first == nil {
			first = all
			continue
		}
		if diff := cmp.Diff(first, all, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("%d workers:\n%s", workers, diff)
		}
	}
}

// The draws are the same for every arm and metric: a column shifted by a
// constant has its interval shifted by that constant, wherever it stands.
func TestDrawsAreShared(t *testing.T) {
	in := noisy(1, 1, 1, 50, 0)
	base := in[0].Sheet.Columns[0]
	shifted := slices.Clone(base.Values)
	for i := range shifted {
		shifted[i] += 8
	}
	more := noisy(1, 1, 20, 50, 0)[0].Sheet
	more.Columns = append(more.Columns, column("z", base.Users, shifted...))
	both := append(in, cell("b", 0, more))
	alone, _ := mustScore(t, in, 1)
	cells, _ := mustScore(t, both, 1)
	if diff := cmp.Diff(alone[0], cells[0], cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("another arm changed the interval:\n%s", diff)
	}
	z := cells[len(cells)-1]
	if math.Abs(z.Lo-alone[0].Lo-8) > 1e-9 || math.Abs(z.Hi-alone[0].Hi-8) > 1e-9 {
		t.Errorf("[%v, %v] is not [%v, %v] + 8", z.Lo, z.Hi, alone[0].Lo, alone[0].Hi)
	}
	other, _, err := scoreTask(in, 1, 2, 1)
	if err != nil || other[0].Lo == alone[0].Lo {
		t.Errorf("another seed drew the same: %v", err)
	}
}

// 300 samples of 100 normal values: the 95 % interval should hold the true
// mean about 283 times (94.4 % for the percentile method at this n); four
// standard deviations are 16.
func TestCoverage(t *testing.T) {
	in := noisy(1, 1, 300, 100, 0)
	held := 0
	cells, _ := mustScore(t, in, 1)
	for _, c := range cells {
		if c.Lo <= 0 && 0 <= c.Hi {
			held++
		}
		// The normal interval has half-width 1.96 s/10; the spread of s is 7 %.
		if w := (c.Hi - c.Lo) / 2; w < 0.14 || w > 0.26 {
			t.Errorf("half-width %v", w)
		}
	}
	if held < 267 || held > 299 {
		t.Errorf("%d of 300 intervals hold the mean", held)
	}
}

func TestIntervalProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 2, 12).Draw(t, "values")
		users := make([]int32, len(values))
		for i := range users {
			users[i] = int32(i * 3)
		}
		cells, summary, err := scoreTask([]Judged{cell("a", 0, columns(column("m", users, values...)))}, 1, 5, 2)
		if err != nil {
			t.Fatal(err)
		}
		c, low, high := cells[0], slices.Min(values), slices.Max(values)
		slack := 1e-9 * (1 + math.Abs(low) + math.Abs(high))
		if c.N != len(values) || c.Lo > c.Hi || c.Lo < low-slack || c.Hi > high+slack || c.Value < low-slack || c.Value > high+slack {
			t.Fatalf("%+v of %v", c, values)
		}
		if summary[0].Lo != c.Lo || summary[0].Hi != c.Hi || summary[0].Value != c.Value {
			t.Fatal("one repeat differs from its summary")
		}
	})
}

func TestQuantile(t *testing.T) {
	x := []float64{10, 20, 30, 40, 50}
	// h = p (n-1): 0.025*4 = 0.1 -> 10 + 0.1*10; 0.975*4 = 3.9 -> 40 + 0.9*10
	for p, want := range map[float64]float64{0: 10, 0.025: 11, 0.5: 30, 0.975: 49, 1: 50} {
		if got := Quantile(x, p); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile(%v) = %v, want %v", p, got, want)
		}
	}
}

func TestScoreReadsSealedCellsOnly(t *testing.T) {
	run, err := record.OpenRun(t.TempDir(), "s", record.Identity{})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	sealed := record.CellKey{Task: "offline", Recommender: "a"}
	missing := record.CellKey{Task: "offline", Recommender: "a", Repeat: 1}
	type rows struct {
		User  int32   `parquet:"user"`
		Value float64 `parquet:"value"`
	}
	if err := run.Seal(sealed, func(w io.Writer) error {
		return record.WriteParquet(w, []rows{{1, 0.5}, {2, 0.25}})
	}); err != nil {
		t.Fatal(err)
	}
	scorers := map[string]Scorer{"offline": func(path string) (Sheet, error) {
		in, err := record.ReadParquet[rows](path)
		c := Column{Metric: "m", Version: 3}
		for _, r := range in {
			c.Users, c.Values = append(c.Users, r.User), append(c.Values, r.Value)
		}
		return columns(c), err
	}}
	keys := []record.CellKey{missing, sealed}
	cells, summary, err := Score(run, keys, scorers, 1)
	if err != nil || len(cells) != 1 || len(summary) != 1 {
		t.Fatalf("%v, %v, %v", cells, summary, err)
	}
	if s := summary[0]; s.Value != 0.375 || s.Version != 3 || !slices.Equal(s.Warnings, []string{"1 of 2 repeats"}) {
		t.Errorf("%+v", s)
	}
	if err := errors.Join(record.WriteCells(run.Dir()+"/c.csv", cells), record.WriteSummary(run.Dir()+"/s.csv", summary)); err != nil {
		t.Error(err)
	}
	if _, _, err := Score(run, keys, nil, 1); err == nil || !strings.Contains(err.Error(), "no scorer") {
		t.Errorf("no scorer: %v", err)
	}
	bad := errors.New("bad")
	scorers["offline"] = func(string) (Sheet, error) { return Sheet{}, bad }
	if _, _, err := Score(run, keys, scorers, 1); !errors.Is(err, bad) || !strings.Contains(err.Error(), "offline/a/-/r0") {
		t.Errorf("a scorer's error: %v", err)
	}
}

// The size of MovieLens 100K with 10 arms of 10 metrics.
func BenchmarkScore(b *testing.B) {
	in := noisy(10, 1, 10, 943, 0.02)
	for b.Loop() {
		mustScore(b, in, 1)
	}
}

func BenchmarkScoreAllDefined(b *testing.B) {
	in := noisy(10, 1, 10, 943, 0)
	for b.Loop() {
		mustScore(b, in, 1)
	}
}
