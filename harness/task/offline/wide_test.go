package offline

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/harness/metric"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/record/score"
	"github.com/alignuser/alignuser/sdk"
)

// scoring is a scripted arm that scores too.
type scoring struct {
	scripted
	scores map[int32][]float32 // by user, over all items
	err    error
	calls  int
}

func (s *scoring) Score(_ context.Context, r sdk.ScoreRequest) ([]float32, error) {
	s.calls++
	var out []float32
	for _, u := range r.Users {
		out = append(out, s.scores[u]...)
	}
	return out, s.err
}

// Score gives what hashed ranks by.
func (h *hashed) Score(_ context.Context, r sdk.ScoreRequest) ([]float32, error) {
	var out []float32
	for _, u := range r.Users {
		for it := range h.items {
			out = append(out, float32(sdk.Mix(5, uint64(u), uint64(it))%7))
		}
	}
	return out, nil
}

// arm answers the rankings of the other tests. Items that a user has met in
// training or validation are scored 9, above all others: they must not count.
//
//	user  relevant  others  scores
//	0     3, 4      5       3: 2, 4: 2, 5: 3
//	1     0, 2      1       0: 1, 2: 0, 1: 0
//	3     1, 3      5       1: 1, 3: 0, 5: 1
func arm() *scoring {
	return &scoring{scripted: scripted{answers: rankings()}, scores: map[int32][]float32{
		0: {9, 9, 9, 2, 2, 3},
		1: {1, 0, 0, 9, 9, 9},
		3: {9, 1, 9, 0, 9, 1},
	}}
}

// films is tiny with categories: art is number 0, sea 1, war 2.
func films() *world {
	w := tiny()
	w.categories = [][]string{{"art"}, {"sea", "art"}, {}, {"war", "sea"}, {"war"}, {"sea", "war"}}
	return w
}

// further are the families that are not reported unless asked for.
func further() []any {
	return []any{"auc", "recall-capped", "map", "gini", "novelty", "diversity", "arp"}
}

func wideOptions(t testing.TB) sdk.Options {
	return options(t, sdk.Options{"cutoffs": []any{int64(2), int64(1)}, "metrics": further()})
}

// TestDefaultsStand: published suites name no metrics, so a default that changes
// changes what they are.
func TestDefaultsStand(t *testing.T) {
	var names []any
	for _, m := range families(options(t, nil)) {
		if slices.Contains(further(), any(m.Name)) || isWide(m) {
			t.Errorf("%s is reported by default", m.Name)
		}
		names = append(names, m.Name)
	}
	if len(names)+len(further()) != len(metric.Names()) {
		t.Errorf("%v and %v, of %v", names, further(), metric.Names())
	}
}

func TestWideEvidence(t *testing.T) {
	b := bind(t, wideOptions(t), films().split(t, 0.4, 0.2))
	var j journal
	if err := b.Cell(t.Context(), j.cell(arm())); err != nil {
		t.Fatal(err)
	}
	got, err := record.ReadParquet[wideRow](j.file(t))
	if err != nil {
		t.Fatal(err)
	}
	// Training: 0 and 1 of user 0, 4 and 5 of user 1, 1 of user 2, 0 and 2 of user 3.
	want := []wideRow{
		{
			row:    row{User: 0, Relevant: 2, Hits: []int32{2}, List: []int32{5, 3}, Tied: 1, Catalog: 6},
			Counts: []int32{1, 0}, TrainUsers: 4, Categories: []int32{1, 2, 1, 2}, CategoryCounts: []int32{2, 2},
			Scored: true, Above: []int32{1, 1}, Equal: []int32{0, 0}, Others: 1,
		},
		{
			row:    row{User: 1, Relevant: 2, Hits: []int32{1}, List: []int32{0}, Catalog: 6},
			Counts: []int32{2}, TrainUsers: 4, Categories: []int32{0}, CategoryCounts: []int32{1},
			Scored: true, Above: []int32{0, 0}, Equal: []int32{0, 1}, Others: 1,
		},
		{
			row:    row{User: 3, Relevant: 2, Hits: []int32{2}, List: []int32{5, 1}, Tied: 2, Catalog: 6},
			Counts: []int32{1, 2}, TrainUsers: 4, Categories: []int32{1, 2, 0, 1}, CategoryCounts: []int32{2, 2},
			Scored: true, Above: []int32{0, 1}, Equal: []int32{1, 0}, Others: 1,
		},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(wideRow{})); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
}

func TestFurtherMetricsByHand(t *testing.T) {
	nan := math.NaN()
	// Of 4 training users c have an item: log2(5/(c+1)) bits.
	bits := func(c float64) float64 { return math.Log2(5 / (c + 1)) }
	columns := map[string][]float64{
		"auc":             {0, 1.5 / 2, 0.5 / 2}, // beaten twice; won and drawn; drawn and beaten
		"recall-capped@2": {1. / 2, 1. / 2, 1. / 2},
		"recall-capped@1": {0, 1, 0}, // one place holds one of two
		"map@2":           {1. / 2 / 2, 1. / 2, 1. / 2 / 2},
		"map@1":           {0, 1, 0},
		"novelty@2":       {(bits(1) + bits(0)) / 2, bits(2), (bits(1) + bits(2)) / 2},
		"novelty@1":       {bits(1), bits(2), bits(1)},
		"diversity@2":     {0, nan, 2. / 3}, // alike; one item; 1 of 3 categories shared
		"diversity@1":     {nan, nan, nan},
		"arp@2":           {1. / 2, 2, 3. / 2},
		"arp@1":           {1, 2, 1},
		"tie.share":       {1. / 2, 0, 1},
	}
	// Lists 5 3, 0 and 5 1: exposures 0 0 1 1 1 2, weighed −5 −3 −1 1 3 5, are 13 of
	// 5·5. Heads 5, 0 and 5: 0 0 0 0 1 2 are 13 of 5·3.
	wholes := map[string]float64{"gini@2": 13. / 25, "gini@1": 13. / 15}

	s := scored(t, films(), wideOptions(t), arm())
	order := []string{}
	for _, c := range s.Columns {
		order = append(order, c.Metric)
		if diff := cmp.Diff(columns[c.Metric], c.Values, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.Metric, diff)
		}
		if c.Metric == "diversity@1" && !strings.Contains(c.Why, "no two items") {
			t.Errorf("%s: %q", c.Metric, c.Why)
		}
	}
	for _, w := range s.Wholes {
		if math.Abs(w.Value-wholes[w.Metric]) > 1e-12 || w.N != 3 || !strings.HasPrefix(w.Why, "no interval: ") {
			t.Errorf("%+v, want %v", w, wholes[w.Metric])
		}
	}
	if len(s.Columns) != len(columns) || len(s.Wholes) != len(wholes) {
		t.Errorf("%d columns and %d wholes", len(s.Columns), len(s.Wholes))
	}
	declared := Task{}.Metrics(wideOptions(t))
	if declared[0] != "auc" || len(declared) != len(columns)+len(wholes) || strings.Count(strings.Join(declared, " "), "auc") != 1 {
		t.Errorf("declared %v", declared)
	}
	declared = slices.DeleteFunc(declared, func(id string) bool { return strings.HasPrefix(id, "gini") })
	if !slices.Equal(order, declared) {
		t.Errorf("columns %v, declared %v", order, declared)
	}
}

// scored makes a cell and scores it.
func scored(t *testing.T, w *world, o sdk.Options, rec sdk.Recommender) score.Sheet {
	t.Helper()
	var j journal
	if err := bind(t, o, w.split(t, 0.4, 0.2)).Cell(t.Context(), j.cell(rec)); err != nil {
		t.Fatal(err)
	}
	s, err := Task{}.Scorer(o)(j.file(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWithoutScores: an arm that ranks only has no AUC, and not one of 0; its
// other metrics stand.
func TestWithoutScores(t *testing.T) {
	unable := arm()
	unable.err = sdk.Unsupportedf("no feature %q", sdk.FeatureScore)
	for name, rec := range map[string]sdk.Recommender{"no scorer": &scripted{answers: rankings()}, "lacks the feature": unable} {
		s := scored(t, films(), wideOptions(t), rec)
		for _, c := range s.Columns {
			undefined := !slices.ContainsFunc(c.Values, func(v float64) bool { return !math.IsNaN(v) })
			if want := c.Metric == "auc" || c.Metric == "diversity@1"; undefined != want {
				t.Errorf("%s: %s is %v", name, c.Metric, c.Values)
			}
			if c.Metric == "auc" && !strings.Contains(c.Why, `feature "score"`) {
				t.Errorf("%s: %q", name, c.Why)
			}
		}
	}
}

// TestScoringFails: what breaks while scoring is the cell's failure, and a
// reply of the wrong length is not read.
func TestScoringFails(t *testing.T) {
	broken := errors.New("broken")
	b := bind(t, wideOptions(t), films().split(t, 0.4, 0.2))
	rec := arm()
	rec.err = broken
	var j journal
	if err := b.Cell(t.Context(), j.cell(rec)); !errors.Is(err, broken) || len(j.logged) != 0 {
		t.Errorf("%v, %d log entries", err, len(j.logged))
	}
	rec = arm()
	rec.scores[3] = nil
	if err := b.Cell(t.Context(), j.cell(rec)); err == nil || !strings.Contains(err.Error(), "12 values for 3 users and 6 items") {
		t.Errorf("%v", err)
	}
}

// TestScoresAreAskedInParts: the size of a reply is bounded, and that changes
// no byte.
func TestScoresAreAskedInParts(t *testing.T) {
	b := bind(t, wideOptions(t), films().split(t, 0.4, 0.2)).(*bound)
	var whole, parts journal
	if err := b.Cell(t.Context(), whole.cell(arm())); err != nil {
		t.Fatal(err)
	}
	b.perCall = 13 // two users of six items
	rec := arm()
	if err := b.Cell(t.Context(), parts.cell(rec)); err != nil || rec.calls != 2 {
		t.Fatalf("%v, %d calls", err, rec.calls)
	}
	if !bytes.Equal(whole.evidence, parts.evidence) {
		t.Error("other bytes")
	}
}

// TestWideResume cuts a cell after each batch and goes on from its log.
func TestWideResume(t *testing.T) {
	w := crowd()
	for range w.items {
		w.categories = append(w.categories, []string{"a", "b"})
	}
	b := bind(t, wideOptions(t), w.split(t, 0.4, 0))
	var whole journal
	if err := b.Cell(t.Context(), whole.cell(&hashed{items: 25})); err != nil {
		t.Fatal(err)
	}
	for cut := range 4 {
		j := journal{done: whole.logged[:cut]}
		if err := b.Cell(t.Context(), j.cell(&hashed{items: 25})); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(j.evidence, whole.evidence) {
			t.Errorf("resumed after %d batches: other bytes", cut)
		}
	}
}

// TestNothingShown: an arm that lists nothing has no gini and no popularity,
// with n = 0 and the reason.
func TestNothingShown(t *testing.T) {
	w := films()
	w.users++ // one without any interaction, who is no training user
	silent := arm()
	silent.answers = nil
	s := scored(t, w, wideOptions(t), silent)
	for _, w := range s.Wholes {
		if !math.IsNaN(w.Value) || w.N != 0 || !strings.Contains(w.Why, "nothing is shown") {
			t.Errorf("%+v", w)
		}
	}
	for _, c := range s.Columns {
		if strings.HasPrefix(c.Metric, "arp") && (!math.IsNaN(c.Values[0]) || !strings.Contains(c.Why, "empty list")) {
			t.Errorf("%+v", c)
		}
	}
	if n := bind(t, wideOptions(t), w.split(t, 0.4, 0.2)).(*bound).trainUsers; n != 4 {
		t.Errorf("%d training users, want 4", n)
	}
}

// TestOracleOrdersPerfectly: it is worth exactly 1 wherever 1 is the best.
func TestOracleOrdersPerfectly(t *testing.T) {
	o := options(t, sdk.Options{"cutoffs": []any{int64(1), int64(3)}, "metrics": []any{"auc", "map", "recall-capped"}})
	b := bind(t, o, films().split(t, 0.4, 0.2))
	for _, c := range scored(t, films(), o, b.Controls()[0].Recommender).Columns {
		if c.Metric != metric.TieShare && !slices.Equal(c.Values, []float64{1, 1, 1}) {
			t.Errorf("%s of the oracle is %v, want exactly 1", c.Metric, c.Values)
		}
	}
}

// TestNarrowEvidence: what no metric reads is neither asked for nor written.
func TestNarrowEvidence(t *testing.T) {
	o := options(t, sdk.Options{"cutoffs": []any{int64(2)}, "metrics": []any{"ndcg", "recall-capped", "map", "gini"}})
	rec := arm()
	var j journal
	if err := bind(t, o, films().split(t, 0.4, 0.2)).Cell(t.Context(), j.cell(rec)); err != nil {
		t.Fatal(err)
	}
	if rec.calls != 0 || len(j.rows(t)) != 3 {
		t.Errorf("%d calls of Score", rec.calls)
	}
	if _, err := (Task{}).Scorer(wideOptions(t))(j.file(t)); err == nil || !strings.Contains(err.Error(), "columns are not those") {
		t.Errorf("narrow evidence read as wide: %v", err)
	}
}

func TestDiversityNeedsCategories(t *testing.T) {
	o := options(t, sdk.Options{"metrics": []any{"ndcg", "diversity"}})
	if _, err := (Task{}).Bind(o, tiny().split(t, 0.4, 0.2)); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "diversity compares categories") {
		t.Errorf("%v", err)
	}
	// The others do without.
	o = options(t, sdk.Options{"metrics": []any{"novelty", "arp", "auc"}})
	for _, c := range scored(t, tiny(), o, arm()).Columns {
		if slices.ContainsFunc(c.Values, math.IsNaN) {
			t.Errorf("%s: %v", c.Metric, c.Values)
		}
	}
}

// TestDamagedWideEvidence: columns that do not belong together are refused.
func TestDamagedWideEvidence(t *testing.T) {
	for name, spoil := range map[string]func(r *wideRow){
		"counts":              func(r *wideRow) { r.Counts = r.Counts[1:] },
		"numbers":             func(r *wideRow) { r.CategoryCounts = r.CategoryCounts[1:] },
		"too many categories": func(r *wideRow) { r.Categories = append(r.Categories, 3) },
		"fewer than none":     func(r *wideRow) { r.CategoryCounts = []int32{-1, 5} },
		"relevant":            func(r *wideRow) { r.Above, r.Equal = r.Above[1:], r.Equal[1:] },
	} {
		var j journal
		if err := bind(t, wideOptions(t), films().split(t, 0.4, 0.2)).Cell(t.Context(), j.cell(arm())); err != nil {
			t.Fatal(err)
		}
		rows, err := record.ReadParquet[wideRow](j.file(t))
		if err != nil {
			t.Fatal(err)
		}
		spoil(&rows[0])
		var b bytes.Buffer
		if err := record.WriteParquet(&b, rows); err != nil {
			t.Fatal(err)
		}
		path := (&journal{evidence: b.Bytes()}).file(t)
		if _, err := (Task{}).Scorer(wideOptions(t))(path); err == nil || !strings.Contains(err.Error(), path+": row 0: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPlaceIsOfPairs holds place to what it says, pair by pair, with buffers
// that other users have used.
func TestPlaceIsOfPairs(t *testing.T) {
	const items = 30
	p := placer{role: make([]uint8, items)}
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 5), func(n int) float32 { return float32(n) - 2 }), items, items).Draw(t, "scores")
		role := rapid.SliceOfN(rapid.IntRange(0, 2), items, items).Draw(t, "role")
		var relevant, seen, others []int32
		for it, r := range role {
			switch r {
			case 0:
				others = append(others, int32(it))
			case 1:
				relevant = append(relevant, int32(it))
			case 2:
				seen = append(seen, int32(it))
			}
		}
		best := slices.SortedFunc(slices.Values(relevant), func(a, b int32) int { return int(scores[b] - scores[a]) })
		var above, equal []int32
		for _, r := range best {
			a, e := int32(0), int32(0)
			for _, o := range others {
				if scores[o] > scores[r] {
					a++
				} else if scores[o] == scores[r] {
					e++
				}
			}
			above, equal = append(above, a), append(equal, e)
		}
		gotAbove, gotEqual, n := p.place(scores, relevant, seen)
		if !slices.Equal(gotAbove, above) || !slices.Equal(gotEqual, equal) || int(n) != len(others) {
			t.Fatalf("%v %v of %d, want %v %v of %d", gotAbove, gotEqual, n, above, equal, len(others))
		}
	})
}

// BenchmarkOrder is a cell of 6,000 users and 3,700 items whose scores are
// there: what the host adds to a dense scorer.
func BenchmarkOrder(b *testing.B) {
	const items, users = 3700, 6000
	scores := make([]float32, items)
	for i := range scores {
		scores[i] = float32(sdk.Mix(1, uint64(i))>>40) / (1 << 24)
	}
	var relevant, seen []int32
	for i := range int32(items) {
		switch {
		case i%110 == 0:
			relevant = append(relevant, i)
		case i%28 == 1:
			seen = append(seen, i)
		}
	}
	p := placer{role: make([]uint8, items)}
	for b.Loop() {
		for range users {
			p.place(scores, relevant, seen)
		}
	}
}
