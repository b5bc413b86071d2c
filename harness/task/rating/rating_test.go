package rating

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// event is an interaction of a made-up data set; part is 0 training, 2 test.
type event struct {
	user, item int32
	value      float32
	part       uint8
}

// world is a data set in memory that divides itself.
type world struct {
	users, items int
	events       []event
	scale        *sdk.Scale // nil: implicit data
}

func (*world) Spec() sdk.ComponentSpec {
	s := sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "world"}
	for _, name := range []string{sdk.TableUsers, sdk.TableItems, sdk.TableInteractions} {
		s.Tables = append(s.Tables, sdk.TableSpec{Name: name})
	}
	s.Tables[2].Columns = []sdk.ColumnSpec{{Name: "value", Type: sdk.ColumnF32, Nullable: true}}
	return s
}

func (*world) Configure(context.Context, sdk.Config) error { return nil }

func (w *world) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{Version: "1", License: "none", Scale: w.scale}, nil
}

func (w *world) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	names := func(letter string, n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprint(letter, i)
		}
		return out
	}
	t := sdk.Table{Name: r.Table}
	switch r.Table {
	case sdk.TableUsers:
		t.Columns = []sdk.Column{{Name: "uid", Data: names("u", w.users)}}
	case sdk.TableItems:
		t.Columns = []sdk.Column{{Name: "iid", Data: names("i", w.items)}, {Name: "title", Data: names("Title ", w.items)}}
	case sdk.TableInteractions:
		var users, items []int32
		var values []float32
		var parts []uint8
		for _, e := range w.events {
			users, items, values, parts = append(users, e.user), append(items, e.item), append(values, e.value), append(parts, e.part)
		}
		t.Columns = []sdk.Column{{Name: "user", Data: users}, {Name: "item", Data: items}, {Name: "part", Data: parts}}
		if w.scale != nil {
			t.Columns = append(t.Columns, sdk.Column{Name: "value", Data: values})
		}
	}
	return sdk.Cut(t, r.Columns, yield)
}

func (w *world) split(t testing.TB) *corpus.Split {
	t.Helper()
	c, err := corpus.Open(t.Context(), corpus.Config{CacheDir: t.TempDir()}, "world", w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := c.Split(corpus.SplitParams{Method: "given", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var stars = sdk.Scale{Min: 1, Max: 5, Step: 1, LikeAt: 4, DislikeAt: 2}

// tiny is four users and five items:
//
//	user  training (value)  test (value)
//	0     0 (5), 1 (3)      2 (4), 3 (2)
//	1     0 (4), 2 (2)      1 (5), 4 (3): nobody has item 4 in training
//	2     -                 0 (1): no training value
//	3     3 (1)             -
//
// Its training mean is (5 + 3 + 4 + 2 + 1) / 5 = 3, the item means are 4.5, 3, 2
// and 1.
func tiny() *world {
	return &world{users: 4, items: 5, scale: &stars, events: []event{
		{0, 0, 5, 0},
		{0, 1, 3, 0},
		{0, 2, 4, 2},
		{0, 3, 2, 2},
		{1, 0, 4, 0},
		{1, 2, 2, 0},
		{1, 1, 5, 2},
		{1, 4, 3, 2},
		{2, 0, 1, 2},
		{3, 3, 1, 0},
	}}
}

func bind(t testing.TB, w *world, cold string) *bound {
	t.Helper()
	b, err := Task{}.Bind(sdk.Options{"cold": cold}, w.split(t))
	if err != nil {
		t.Fatal(err)
	}
	return b.(*bound)
}

// journal is a cell's log and evidence in memory.
type journal struct {
	done, logged [][]byte
	evidence     []byte
	asked        int
}

func (j *journal) cell(rec sdk.Recommender) task.Cell {
	return task.Cell{
		Key:         record.CellKey{Task: Kind, Recommender: "arm"},
		Recommender: func(context.Context) (sdk.Recommender, error) { j.asked++; return rec, nil },
		Done:        j.done,
		Log:         func(p []byte) error { j.logged = append(j.logged, p); return nil },
		Seal: func(write func(io.Writer) error) error {
			var b bytes.Buffer
			err := write(&b)
			j.evidence = b.Bytes()
			return err
		},
		Step:     func(int) {},
		Stopping: func() bool { return false },
	}
}

// sheet carries a cell out and scores it from its file alone.
func (b *bound) sheet(t testing.TB, rec sdk.Recommender) ([]row, score.Sheet) {
	t.Helper()
	var j journal
	if err := b.Cell(t.Context(), j.cell(rec)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "r0.parquet")
	if err := os.WriteFile(path, j.evidence, 0o600); err != nil {
		t.Fatal(err)
	}
	rows, err := record.ReadParquet[row](path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Task{}.Scorer(nil)(path)
	if err != nil {
		t.Fatal(err)
	}
	return rows, s
}

func column(t testing.TB, s score.Sheet, id string) score.Column {
	t.Helper()
	i := slices.IndexFunc(s.Columns, func(c score.Column) bool { return c.Metric == id })
	if i < 0 {
		t.Fatalf("no %s", id)
	}
	return s.Columns[i]
}

func (b *bound) control(t testing.TB, name string) sdk.Recommender {
	t.Helper()
	for _, c := range b.Controls() {
		if c.Name == name {
			return c.Recommender
		}
	}
	t.Fatalf("no control %s", name)
	return nil
}

func predictions(rows []row) (out [][]float64) {
	for _, r := range rows {
		out = append(out, r.Predictions)
	}
	return out
}

func equal(a, b [][]float64) bool {
	return slices.EqualFunc(a, b, func(x, y []float64) bool {
		return slices.EqualFunc(x, y, func(v, w float64) bool { return math.Abs(v-w) < 1e-6 })
	})
}

// TestBaselines predicts by hand. The item mean of items 2, 3, 1, 0 is 2, 1, 3,
// 4.5; item 4 falls back on the global mean 3, and user 2 changes nothing.
func TestBaselines(t *testing.T) {
	b := bind(t, tiny(), coldInclude)
	for name, want := range map[string][][]float64{
		"global-mean": {{3, 3}, {3, 3}, {3}},
		"item-mean":   {{2, 1}, {3, 3}, {4.5}},
		"oracle":      {{4, 2}, {5, 3}, {1}},
	} {
		rows, s := b.sheet(t, b.control(t, name))
		if got := predictions(rows); !equal(got, want) {
			t.Errorf("%s predicts %v, want %v", name, got, want)
		}
		if v := column(t, s, "rating.rmse.expected").Values; name == "oracle" && !slices.Equal(v, []float64{0, 0, 0}) {
			t.Errorf("the oracle errs: %v", v)
		}
	}
}

// TestItemMeanByHand: differences of the item mean are 2 − 4 = −2 and 1 − 2 = −1
// for user 0, 3 − 5 = −2 and 3 − 3 = 0 for user 1, 4.5 − 1 = 3.5 for user 2. The
// half becomes answer 5, whose difference is 4.
func TestItemMeanByHand(t *testing.T) {
	b := bind(t, tiny(), coldInclude)
	_, s := b.sheet(t, b.control(t, "item-mean"))
	for id, want := range map[string][]float64{
		"rating.rmse.expected":        {math.Sqrt(2.5), math.Sqrt2, 3.5},
		"rating.mae.expected":         {1.5, 1, 3.5},
		"rating.rmse.answer":          {math.Sqrt(2.5), math.Sqrt2, 4},
		"rating.rmse.expected.pooled": {5, 4, 12.25},
		"rating.mae.answer.pooled":    {3, 2, 4},
		"rating.missing":              {0, 0, 0},
	} {
		if got := column(t, s, id); !equal([][]float64{got.Values}, [][]float64{want}) || got.Note != "" {
			t.Errorf("%s: %v %q, want %v", id, got.Values, got.Note, want)
		}
	}
	pooled := column(t, s, "rating.rmse.expected.pooled")
	if !slices.Equal(pooled.Over, []float64{2, 2, 1}) || !pooled.Root || column(t, s, "rating.mae.answer.pooled").Root {
		t.Errorf("%+v", pooled)
	}
	// Answers 2 1 3 3 5 against 4 2 5 3 1: shares differ by 0, 0, 1, 1 and 0 fifths
	// on the steps 1 to 5, half of which is 1/5.
	if w := s.Wholes[0]; math.Abs(w.Value-0.2) > 1e-12 || w.N != 3 || w.Why == "" {
		t.Errorf("%+v, want 0.2 of 3 users and no interval", w)
	}
}

// TestBiasSolvesItsEquations: at the fixed point each bias is the sum of what it
// has to explain over its count and λ. Ten sweeps are there within 1e-4.
func TestBiasSolvesItsEquations(t *testing.T) {
	b := bind(t, tiny(), coldInclude)
	user, item := b.train.biases()
	// Users count 2, 2, 0, 1; user 0 explains 5 − 3 − b_0 and 3 − 3 − b_1.
	want := []float64{(2 - item[0] - item[1]) / 17, (1 - item[0] - 1 - item[2]) / 17, 0, (-2 - item[3]) / 16}
	if !equal([][]float64{user}, [][]float64{want}) {
		t.Errorf("user biases %v, want %v", user, want)
	}
	// Items count 2, 1, 1, 1, 0; item 0 explains 2 − b_0 and 1 − b_1.
	items := []float64{(2 - user[0] + 1 - user[1]) / 12, (0 - user[0]) / 11, (-1 - user[1]) / 11, (-2 - user[3]) / 11, 0}
	for i := range items {
		if math.Abs(items[i]-item[i]) > 1e-4 {
			t.Errorf("item biases %v, want %v", item, items)
		}
	}
}

// TestCold: with include all five pairs are judged and those that training says
// nothing of are counted; with exclude they are gone, and user 2 with them.
func TestCold(t *testing.T) {
	for _, c := range []struct {
		cold  string
		users []int32
		pairs int
	}{{coldInclude, []int32{0, 1, 2}, 5}, {coldExclude, []int32{0, 1}, 3}} {
		b := bind(t, tiny(), c.cold)
		if !slices.Equal(b.users, c.users) || b.pairs != c.pairs || b.coldUsers != 1 || b.coldItems != 1 || b.leftOut != 4-len(c.users) {
			t.Errorf("%s: %+v", c.cold, b)
		}
		facts := fmt.Sprint(b.Facts())
		for _, part := range []string{fmt.Sprintf("%d held-out values of %d users", c.pairs, len(c.users)), "1 with a user and 1 with an item without a training value", "dist.tv of all training values"} {
			if !strings.Contains(facts, part) {
				t.Errorf("%s: no %q in %s", c.cold, part, facts)
			}
		}
	}
}

// partial predicts 9 for even items and nothing for odd ones.
type partial struct{ baseline }

func newPartial() sdk.Recommender {
	return &partial{baseline{name: "partial", predict: func() predictor {
		return func(_, item int32) float64 {
			if item%2 == 1 {
				return math.NaN()
			}
			return 9
		}
	}}}
}

// TestMissing: pairs without a prediction are in no error, and the table is told;
// user 0 keeps item 2, user 1 item 4. What lies beyond the scale answers its end.
func TestMissing(t *testing.T) {
	rows, s := bind(t, tiny(), coldInclude).sheet(t, newPartial())
	if r := rows[0]; !slices.Equal(r.Items, []int32{2}) || !slices.Equal(r.Missing, []int32{3}) || !slices.Equal(r.Answers, []float64{5}) || !slices.Equal(r.Predictions, []float64{9}) {
		t.Errorf("%+v", r)
	}
	if v := column(t, s, "rating.missing").Values; !slices.Equal(v, []float64{0.5, 0.5, 0}) {
		t.Errorf("missing: %v", v)
	}
	mae := column(t, s, "rating.mae.answer")
	if !slices.Equal(mae.Values, []float64{1, 2, 4}) || !strings.Contains(mae.Note, "over the 3 of 5 pairs") {
		t.Errorf("%+v", mae)
	}
}

// TestNoPrediction: an arm without any has no error, and the reason is told.
func TestNoPrediction(t *testing.T) {
	none := &baseline{name: "none", predict: func() predictor { return func(_, _ int32) float64 { return math.NaN() } }}
	_, s := bind(t, tiny(), coldInclude).sheet(t, none)
	for _, c := range s.Columns {
		if c.Metric == "rating.missing" {
			continue
		}
		if !math.IsNaN(c.Values[0]) || c.Why == "" || c.Note != "" {
			t.Errorf("%+v", c)
		}
	}
	if w := s.Wholes[0]; !math.IsNaN(w.Value) || w.N != 0 || w.Why == "" {
		t.Errorf("%+v", w)
	}
}

// TestScales: halves go up, ends hold what lies beyond, and a scale without steps
// answers the prediction itself.
func TestScales(t *testing.T) {
	halves := sdk.Scale{Min: 0.5, Max: 5, Step: 0.5}
	free := sdk.Scale{Min: 0, Max: 1}
	for _, c := range []struct {
		scale   sdk.Scale
		v, want float64
	}{
		{stars, 3.5, 4},
		{stars, 3.4999, 3},
		{stars, 0, 1},
		{stars, -7, 1},
		{stars, 6, 5},
		{halves, 3.25, 3.5},
		{halves, 3.2, 3},
		{halves, 5.1, 5},
		{free, 0.123, 0.123},
		{free, 1.5, 1},
		{sdk.Scale{Min: 0, Max: 1, Step: 0.1}, 0.31, 0.3},
	} {
		if got := answer(c.scale, c.v); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%+v: %v becomes %v, want %v", c.scale, c.v, got, c.want)
		}
	}
	if levelsOf(stars) != 5 || levelsOf(halves) != 10 || levelsOf(free) != 0 || levelsOf(sdk.Scale{Max: 1, Step: 1e-9}) != 0 {
		t.Error("levels")
	}
}

// TestRefusals: what cannot be judged is told before anything runs.
func TestRefusals(t *testing.T) {
	implicit, mute, cold := tiny(), tiny(), tiny()
	implicit.scale = nil
	for i := range mute.events {
		if mute.events[i].part == 0 {
			mute.events[i].value = float32(math.NaN())
		}
	}
	cold.events = []event{{0, 0, 5, 0}, {1, 1, 4, 2}}
	for _, c := range []struct {
		w    *world
		want string
	}{
		{implicit, "the data set is implicit"},
		{mute, "no training interaction has a value"},
		{cold, "no held-out interaction has a value"},
	} {
		_, err := Task{}.Bind(sdk.Options{"cold": coldExclude}, c.w.split(t))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	b := bind(t, tiny(), coldInclude)
	if why := b.Refuses(sdk.ComponentSpec{Features: []string{sdk.FeatureScore}}); !strings.Contains(why, "does not predict values") {
		t.Errorf("a scorer is judged: %q", why)
	}
	if why := b.Refuses(b.control(t, "bias").Spec()); why != "" {
		t.Errorf("the bias model is not judged: %s", why)
	}
}

// TestBaselinesDoNotSeeTheHeldOutPart: other held-out values change no baseline.
func TestBaselinesDoNotSeeTheHeldOutPart(t *testing.T) {
	other := tiny()
	for i := range other.events {
		if other.events[i].part == 2 {
			other.events[i].value = 6 - other.events[i].value
		}
	}
	a, b := bind(t, tiny(), coldInclude), bind(t, other, coldInclude)
	for _, name := range []string{"global-mean", "item-mean", "bias", "oracle"} {
		one, _ := a.sheet(t, a.control(t, name))
		two, _ := b.sheet(t, b.control(t, name))
		if same := equal(predictions(one), predictions(two)); same != (name != "oracle") {
			t.Errorf("%s: predictions the same: %t", name, same)
		}
	}
}

// crowd is 600 users, so that a cell has three batches.
func crowd() *world {
	w := &world{users: 600, items: 25, scale: &stars}
	for u := range int32(600) {
		for i := range int32(5) {
			w.events = append(w.events, event{u, (7*u + 5*i) % 25, float32(1 + (u+i)%5), uint8(2 * (i / 3))})
		}
	}
	return w
}

// TestResumeEqualsUnbroken cuts a cell after each batch and goes on from its log.
func TestResumeEqualsUnbroken(t *testing.T) {
	b := bind(t, crowd(), coldInclude)
	var whole journal
	if err := b.Cell(t.Context(), whole.cell(newPartial())); err != nil {
		t.Fatal(err)
	}
	for cut := range 4 {
		j := journal{done: whole.logged[:cut]}
		if err := b.Cell(t.Context(), j.cell(newPartial())); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(j.evidence, whole.evidence) || len(j.logged) != 3-cut || j.asked != min(1, 3-cut) {
			t.Errorf("resumed after %d batches: other bytes, or %d log entries and %d fits", cut, len(j.logged), j.asked)
		}
	}
	bad := journal{done: [][]byte{bytes.Replace(whole.logged[0], []byte(`"m":[`), []byte(`"m":[24,`), 1), whole.logged[1], whole.logged[2]}}
	if err := b.Cell(t.Context(), bad.cell(newPartial())); err == nil || !strings.Contains(err.Error(), "rating/arm/-/r0: log has") {
		t.Errorf("a log of other pairs: %v", err)
	}
}

// TestEvidenceThatDoesNotFit is refused, not scored.
func TestEvidenceThatDoesNotFit(t *testing.T) {
	good := row{Items: []int32{1}, Values: []float64{1}, Predictions: []float64{2}, Answers: []float64{2}, ScaleMax: 5}
	short, other := good, good
	short.Answers = nil
	other.ScaleMax = 6
	for name, rows := range map[string][]row{"no rows": {}, "1 items, 1 values, 1 predictions and 0 answers": {short}, "in the first row": {good, other}} {
		path := filepath.Join(t.TempDir(), "r0.parquet")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := record.WriteParquet(f, rows); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := (Task{}).Scorer(nil)(path); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}

// TestMetricsAreThoseOfTheTable: what is announced is what is computed.
func TestMetricsAreThoseOfTheTable(t *testing.T) {
	b := bind(t, tiny(), coldInclude)
	_, s := b.sheet(t, b.control(t, "bias"))
	var have []string
	for _, c := range s.Columns {
		have = append(have, c.Metric)
	}
	for _, w := range s.Wholes {
		have = append(have, w.Metric)
	}
	if !slices.Equal(have, Task{}.Metrics(nil)) || len(have) != len(metric.Ratings()) {
		t.Errorf("%v, announced are %v", have, Task{}.Metrics(nil))
	}
}
