package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// answer is one prepared ranking.
type answer struct {
	items  []int32
	scores []float32
}

// scripted answers from a script and remembers what it was asked.
type scripted struct {
	sdk.Recommender
	answers map[int32]answer
	asked   []sdk.RecommendRequest
}

func (s *scripted) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	s.asked = append(s.asked, r)
	reply := sdk.NewReply(len(r.Users), r.K)
	for i, u := range r.Users {
		a := s.answers[u]
		reply.Counts[i] = int32(len(a.items))
		copy(reply.Items[i*r.K:], a.items)
		copy(reply.Scores[i*r.K:], a.scores)
	}
	return reply, nil
}

// hashed ranks by a hash of user and item, whatever the batch.
type hashed struct {
	sdk.Recommender
	items int
	calls int
}

func (h *hashed) Recommend(_ context.Context, r sdk.RecommendRequest) (sdk.RecommendReply, error) {
	h.calls++
	reply := sdk.NewReply(len(r.Users), r.K)
	var rank sdk.Ranker
	for i, u := range r.Users {
		scores := make([]float32, h.items)
		for it := range scores {
			scores[it] = float32(sdk.Mix(5, uint64(u), uint64(it)) % 7) // with ties
		}
		rank.Fill(&reply, &r, i, scores)
	}
	return reply, nil
}

// options gives the task's canonical options.
func options(t testing.TB, given sdk.Options) sdk.Options {
	t.Helper()
	o, diagnostics := sdk.Canonical(Task{}.Options(), given)
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	if err := (Task{}).Check(o); err != nil {
		t.Fatal(err)
	}
	return o
}

func bind(t testing.TB, o sdk.Options, split *corpus.Split) task.Bound {
	t.Helper()
	b, err := Task{}.Bind(o, split)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// journal is a cell's log and evidence in memory.
type journal struct {
	done     [][]byte
	logged   [][]byte
	evidence []byte
	asked    int // how often the recommender was wanted
}

// cell makes a cell of a recommender, with the journal as its log.
func (j *journal) cell(rec sdk.Recommender) task.Cell {
	return task.Cell{
		Key: record.CellKey{Task: Kind, Recommender: "arm"}, Seed: 99,
		Recommender: func(context.Context) (sdk.Recommender, error) { j.asked++; return rec, nil },
		Done:        j.done,
		Log:         func(p []byte) error { j.logged = append(j.logged, bytes.Clone(p)); return nil },
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

// rows reads the evidence back.
func (j *journal) rows(t testing.TB) []row {
	t.Helper()
	rows, err := record.ReadParquet[row](j.file(t))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (j *journal) file(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r0.parquet")
	if err := os.WriteFile(path, j.evidence, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rankings are answers to three places (the longest cutoff, 2, and one more):
// user 0 has a tie across the cut, user 1 a list that is too short, user 3 a
// tie within it.
func rankings() map[int32]answer {
	return map[int32]answer{
		0: {[]int32{5, 3, 4}, []float32{3, 2, 2}},
		1: {[]int32{0}, []float32{1}},
		3: {[]int32{5, 1, 3}, []float32{1, 1, 0}},
	}
}

func TestEvidence(t *testing.T) {
	split := tiny().split(t, 0.4, 0.2)
	b := bind(t, options(t, sdk.Options{"cutoffs": []any{int64(2), int64(1)}}), split)
	rec := &scripted{answers: rankings()}
	var j journal
	if err := b.Cell(t.Context(), j.cell(rec)); err != nil {
		t.Fatal(err)
	}
	want := []row{
		{User: 0, Relevant: 2, Hits: []int32{2}, List: []int32{5, 3}, Tied: 1, Catalog: 6}, // 3 ties with 4, beyond the cut
		{User: 1, Relevant: 2, Hits: []int32{1}, List: []int32{0}, Tied: 0, Catalog: 6},
		{User: 3, Relevant: 2, Hits: []int32{2}, List: []int32{5, 1}, Tied: 2, Catalog: 6},
	}
	if diff := cmp.Diff(want, j.rows(t)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	if len(rec.asked) != 1 {
		t.Fatalf("asked %d times, want once", len(rec.asked))
	}
	r := rec.asked[0]
	if !slices.Equal(r.Users, []int32{0, 1, 3}) || r.K != 3 || r.Purpose != sdk.PurposeRanking || r.Seed != 99 || r.Candidates != nil {
		t.Errorf("asked for %+v", r)
	}
	// Training and validation items are excluded, test items never.
	for i, want := range [][]int32{{0, 1, 2}, {3, 4, 5}, {0, 2, 4}} {
		if got := slices.Sorted(slices.Values(r.Exclude.Row(i))); !slices.Equal(got, want) {
			t.Errorf("user %d: excludes %v, want %v", r.Users[i], got, want)
		}
	}
}

func TestMetricsByHand(t *testing.T) {
	// ideal is IDCG@2 of two relevant items: 1/log2(2) + 1/log2(3) = 1.6309…;
	// at k = 1 it is 1/log2(2) = 1.
	second := 1 / math.Log2(3)
	ideal := 1 + second
	// Users 0, 1 and 3 have a hit at places 2, 1 and 2 and two relevant items
	// each. User 1 has one place filled of two: precision@2 is 1/2, not 1/1.
	interacted := map[string][]float64{
		"ndcg@2":      {second / ideal, 1 / ideal, second / ideal},
		"ndcg@1":      {0, 1, 0},
		"recall@2":    {1. / 2, 1. / 2, 1. / 2},
		"recall@1":    {0, 1. / 2, 0},
		"precision@2": {1. / 2, 1. / 2, 1. / 2},
		"precision@1": {0, 1, 0},
		"hit@2":       {1, 1, 1},
		"hit@1":       {0, 1, 0},
		"mrr@2":       {1. / 2, 1, 1. / 2},
		"mrr@1":       {0, 1, 0},
		"tie.share":   {1. / 2, 0, 1},
	}
	// Liked is a value of 4 or 5: item 3 of user 0, both of user 1, none of user
	// 3, who is left out. User 0 now has one relevant item, IDCG@2 = 1.
	liked := map[string][]float64{
		"ndcg@2":      {second, 1 / ideal},
		"ndcg@1":      {0, 1},
		"recall@2":    {1, 1. / 2},
		"recall@1":    {0, 1. / 2},
		"precision@2": {1. / 2, 1. / 2},
		"precision@1": {0, 1},
		"hit@2":       {1, 1},
		"hit@1":       {0, 1},
		"mrr@2":       {1. / 2, 1},
		"mrr@1":       {0, 1},
		"tie.share":   {1. / 2, 0},
	}
	for _, c := range []struct {
		relevance string
		users     []int32
		values    map[string][]float64
		coverage  map[string]float64 // distinct items in the lists of those users, of 6
		leftOut   string
	}{
		{
			// Lists 5 3, 0 and 5 1: {0, 1, 3, 5}; heads {0, 5}.
			"interacted",
			[]int32{0, 1, 3},
			interacted,
			map[string]float64{"coverage@2": 4. / 6, "coverage@1": 2. / 6},
			"1 without a relevant held-out item (1 of them without any held-out item)",
		},
		{
			// Lists 5 3 and 0: {0, 3, 5}; heads {0, 5}.
			"liked",
			[]int32{0, 1},
			liked,
			map[string]float64{"coverage@2": 3. / 6, "coverage@1": 2. / 6},
			"2 without a relevant held-out item (1 of them without any held-out item)",
		},
	} {
		t.Run(c.relevance, func(t *testing.T) {
			o := options(t, sdk.Options{"cutoffs": []any{int64(2), int64(1)}, "relevance": c.relevance})
			b := bind(t, o, tiny().split(t, 0.4, 0.2))
			var j journal
			if err := b.Cell(t.Context(), j.cell(&scripted{answers: rankings()})); err != nil {
				t.Fatal(err)
			}
			sheet, err := Task{}.Scorer(o)(j.file(t))
			if err != nil {
				t.Fatal(err)
			}
			ids := map[string]bool{}
			for _, col := range sheet.Columns {
				ids[col.Metric] = true
				want, ok := c.values[col.Metric]
				if !ok || !slices.Equal(col.Users, c.users) || !closeTo(col.Values, want) {
					t.Errorf("%s of %v: %v, want %v of %v", col.Metric, col.Users, col.Values, want, c.users)
				}
			}
			for _, w := range sheet.Wholes {
				ids[w.Metric] = true
				if w.Value != c.coverage[w.Metric] || w.N != len(c.users) || w.Why == "" {
					t.Errorf("%+v, want %v over %d", w, c.coverage[w.Metric], len(c.users))
				}
			}
			declared := Task{}.Metrics(o)
			if declared[0] != "ndcg@2" {
				t.Errorf("%s is primary, want the first metric at the first cutoff", declared[0])
			}
			if got := slices.Sorted(maps.Keys(ids)); !slices.Equal(got, slices.Sorted(slices.Values(declared))) {
				t.Errorf("scored %v, declared %v", got, declared)
			}
			if got := fact(b, "users left out"); got != c.leftOut {
				t.Errorf("left out: %q, want %q", got, c.leftOut)
			}
			if got := fact(b, "users judged"); got != fmt.Sprint(len(c.users)) || b.Users() != len(c.users) {
				t.Errorf("judged: %q and %d, want %d", got, b.Users(), len(c.users))
			}
		})
	}
}

func closeTo(got, want []float64) bool {
	return slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
}

func fact(b task.Bound, name string) string {
	for _, f := range b.Facts() {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// TestOracle: held-out items first, so nDCG is exactly 1, also where fewer
// items are left than places.
func TestOracle(t *testing.T) {
	for _, k := range []int64{1, 2, 3, 6, 100} {
		o := options(t, sdk.Options{"cutoffs": []any{k}, "metrics": []any{"ndcg", "hit"}})
		b := bind(t, o, tiny().split(t, 0.4, 0.2))
		var j journal
		if err := b.Cell(t.Context(), j.cell(b.Controls()[0].Recommender)); err != nil {
			t.Fatal(err)
		}
		sheet, err := Task{}.Scorer(o)(j.file(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, col := range sheet.Columns[:2] {
			if !slices.Equal(col.Values, []float64{1, 1, 1}) {
				t.Errorf("k = %d: %s of the oracle is %v, want exactly 1", k, col.Metric, col.Values)
			}
		}
		for _, r := range j.rows(t) {
			if want := min(int(k), 3); len(r.List) != want { // three of six items are excluded
				t.Errorf("k = %d: user %d has %d places, want %d", k, r.User, len(r.List), want)
			}
		}
	}
}

// TestResumeEqualsUnbroken cuts a cell after each batch and goes on from its log.
func TestResumeEqualsUnbroken(t *testing.T) {
	b := bind(t, options(t, nil), crowd().split(t, 0.4, 0))
	if b.Size() != 3 {
		t.Fatalf("%d batches, want 3", b.Size())
	}
	var whole journal
	if err := b.Cell(t.Context(), whole.cell(&hashed{items: 25})); err != nil {
		t.Fatal(err)
	}
	if len(whole.logged) != 3 {
		t.Fatalf("%d log entries, want 3", len(whole.logged))
	}
	for cut := range 4 {
		rec := &hashed{items: 25}
		j := journal{done: whole.logged[:cut]}
		if err := b.Cell(t.Context(), j.cell(rec)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(j.evidence, whole.evidence) {
			t.Errorf("resumed after %d batches: other bytes", cut)
		}
		if rec.calls != 3-cut || len(j.logged) != 3-cut {
			t.Errorf("resumed after %d batches: %d calls and %d log entries, want %d", cut, rec.calls, len(j.logged), 3-cut)
		}
		if want := min(1, 3-cut); j.asked != want {
			t.Errorf("resumed after %d batches: the fitted arm was wanted %d times, want %d", cut, j.asked, want)
		}
	}
}

// TestBadLog: what cannot be the beginning of this cell is refused, not used.
func TestBadLog(t *testing.T) {
	b := bind(t, options(t, nil), crowd().split(t, 0.4, 0))
	var whole journal
	if err := b.Cell(t.Context(), whole.cell(&hashed{items: 25})); err != nil {
		t.Fatal(err)
	}
	log := whole.logged
	for _, c := range []struct {
		name string
		done [][]byte
		want string
	}{
		{"batches exchanged", [][]byte{log[1], log[0]}, "log has user 256 in place 0, want 0"},
		{"a batch twice", [][]byte{log[0], log[0]}, "log has user 0 in place 256, want 256"},
		{"the last batch early", [][]byte{log[2]}, "log holds 88 users"},
		{"more than there are", [][]byte{log[0], log[1], log[2], log[0]}, "log holds 856 users"},
		{"another user", [][]byte{bytes.Replace(log[0], []byte(`{"u":1,`), []byte(`{"u":2,`), 1)}, "log has user 2 in place 1, want 1"},
		{"no rows", [][]byte{[]byte(`"x"`)}, "log entry 1"},
	} {
		j := journal{done: c.done}
		err := b.Cell(t.Context(), j.cell(&hashed{items: 25}))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "offline/arm/-/r0: ") {
			t.Errorf("%s: %v, want the cell and %q", c.name, err, c.want)
		}
		if j.evidence != nil || j.asked != 0 {
			t.Errorf("%s: the cell went on", c.name)
		}
	}
}

// TestEndsEarly: a cell asked to stop keeps what it logged, and errors of the
// log and of the arm come back as they are.
func TestEndsEarly(t *testing.T) {
	b := bind(t, options(t, nil), crowd().split(t, 0.4, 0))
	broken := errors.New("broken")

	var j journal
	c := j.cell(&hashed{items: 25})
	c.Stopping = func() bool { return len(j.logged) == 1 }
	if err := b.Cell(t.Context(), c); !errors.Is(err, task.ErrStopped) || len(j.logged) != 1 || j.evidence != nil {
		t.Errorf("stopped: %v with %d log entries", err, len(j.logged))
	}

	c = j.cell(&hashed{items: 25})
	c.Log = func([]byte) error { return broken }
	if err := b.Cell(t.Context(), c); !errors.Is(err, broken) {
		t.Errorf("log: %v", err)
	}

	c = j.cell(nil)
	c.Recommender = func(context.Context) (sdk.Recommender, error) { return nil, broken }
	if err := b.Cell(t.Context(), c); !errors.Is(err, broken) {
		t.Errorf("fit: %v", err)
	}

	c = j.cell(&hashed{items: 25})
	c.Seal = func(func(io.Writer) error) error { return broken }
	if err := b.Cell(t.Context(), c); !errors.Is(err, broken) {
		t.Errorf("seal: %v", err)
	}
}

func TestBindRefuses(t *testing.T) {
	implicit := tiny()
	implicit.scale = nil
	disliked := tiny()
	for i := range disliked.events {
		disliked.events[i].value = 1
	}
	for _, c := range []struct {
		name string
		w    *world
		want string
	}{
		{"liked without values", implicit, `relevance: "liked" needs values, and the data set is implicit: use "interacted"`},
		{"nothing liked", disliked, "no user has a relevant held-out item"},
	} {
		_, err := Task{}.Bind(options(t, sdk.Options{"relevance": "liked"}), c.w.split(t, 0.4, 0.2))
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		given sdk.Options
		want  string
	}{
		{sdk.Options{"cutoffs": []any{}}, "cutoffs: the list is empty"},
		{sdk.Options{"cutoffs": []any{int64(5), int64(10), int64(5)}}, "cutoffs: 5 is named twice"},
		{sdk.Options{"metrics": []any{}}, "metrics: the list is empty"},
		{sdk.Options{"metrics": []any{"hit", "hit"}}, "metrics: hit is named twice"},
	} {
		o, diagnostics := sdk.Canonical(Task{}.Options(), c.given)
		if len(diagnostics) > 0 {
			t.Fatal(diagnostics)
		}
		if err := (Task{}).Check(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.given, err, c.want)
		}
	}
}

// TestTieShareOfShortLists: it is a share of the places that are filled.
func TestTieShareOfShortLists(t *testing.T) {
	s := sheet([]wideRow{
		{row: row{User: 0, Relevant: 1, List: []int32{4, 1, 2}, Tied: 2, Catalog: 6}}, // 2 of 3 places
		{row: row{User: 1, Relevant: 1, List: []int32{3}, Tied: 1, Catalog: 6}},       // the only one
		{row: row{User: 2, Relevant: 1, List: nil, Catalog: 6}},                       // none filled, none tied
	}, []int{3}, nil)
	if got := s.Columns[0]; got.Metric != "tie.share" || !closeTo(got.Values, []float64{2. / 3, 1, 0}) {
		t.Errorf("%s %v, want 2/3, 1, 0", got.Metric, got.Values)
	}
}

// TestDamagedEvidence: a scorer says which file is wrong.
func TestDamagedEvidence(t *testing.T) {
	o := options(t, nil)
	var empty bytes.Buffer
	if err := record.WriteParquet(&empty, []row{}); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"no rows": empty.Bytes(), "no parquet": []byte("PAR1")} {
		j := journal{evidence: content}
		path := j.file(t)
		if _, err := (Task{}).Scorer(o)(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want the path", name, err)
		}
	}
}
