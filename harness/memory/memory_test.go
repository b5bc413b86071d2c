package memory

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tiny is a data set of three users: 0 has a and b, 1 has a, b and c, 2 has c. One more
// interaction each of the users 0 and 2 is held out, with d where nothing else is said.
type tiny struct {
	held []int32 // the items that are held out; nil: d twice
	drop int     // the interaction that is not there; 0: all are
}

func (tiny) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "tiny", Tables: []sdk.TableSpec{{Name: sdk.TableUsers}, {Name: sdk.TableItems}, {Name: sdk.TableInteractions}}}
}

func (tiny) Configure(context.Context, sdk.Config) error { return nil }

func (tiny) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{Version: "1", License: "none", Sources: []sdk.File{{Path: "x", SHA256: "ab"}}}, nil
}

func (d tiny) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	held := d.held
	if held == nil {
		held = []int32{3, 3}
	}
	users, items := []int32{0, 0, 1, 1, 1, 0, 2, 2}, []int32{0, 1, 0, 1, 2, held[0], 2, held[1]}
	times, parts := []int64{1, 2, 1, 2, 3, 4, 1, 2}, []uint8{0, 0, 0, 0, 0, 2, 0, 2}
	if d.drop > 0 {
		users, items = slices.Delete(users, d.drop, d.drop+1), slices.Delete(items, d.drop, d.drop+1)
		times, parts = slices.Delete(times, d.drop, d.drop+1), slices.Delete(parts, d.drop, d.drop+1)
	}
	t := map[string]sdk.Table{
		sdk.TableUsers: {Name: sdk.TableUsers, Columns: []sdk.Column{{Name: "uid", Data: []string{"0", "1", "2"}}}},
		sdk.TableItems: {Name: sdk.TableItems, Columns: []sdk.Column{{Name: "iid", Data: []string{"a", "b", "c", "d"}}, {Name: "title", Data: []string{"a", "b", "c", "d"}}}},
		sdk.TableInteractions: {Name: sdk.TableInteractions, Columns: []sdk.Column{
			{Name: "user", Data: users}, {Name: "item", Data: items}, {Name: "time", Data: times}, {Name: "part", Data: parts},
		}},
	}[r.Table]
	return sdk.Cut(t, r.Columns, yield)
}

func graph(t *testing.T) *Graph { return NewGraph(training(t, tiny{})) }

// a and b are both had by users 0 and 1: 2·2/(2+2) = 1. a and c share user 1 of two
// each: 2·1/(2+2) = 0.5; without the asking user's own a: 2·(1−1)/(1+2) = 0. d was held out:
// nobody has it.
func TestPathSim(t *testing.T) {
	g := graph(t)
	sparse := newGraph(g.train, 0)
	for _, c := range []struct {
		x, z int32
		own  int
		want float64
	}{{0, 1, 0, 1}, {0, 2, 0, 0.5}, {0, 2, 1, 0}, {0, 1, 1, 2. / 3}, {3, 3, 0, 0}, {3, 0, 0, 0}} {
		if got := g.PathSim(c.x, c.z, c.own); got != c.want {
			t.Errorf("PathSim(%d, %d, %d) is %v, want %v", c.x, c.z, c.own, got, c.want)
		}
		if got := sparse.PathSim(c.x, c.z, c.own); got != c.want {
			t.Errorf("made on demand, PathSim(%d, %d, %d) is %v, want %v", c.x, c.z, c.own, got, c.want)
		}
	}
	if got := g.Affinity(0, 0, []int32{0, 1, 2}); got != 0.75 { // (1 + 0.5) / 2, itself left out
		t.Errorf("affinity %v", got)
	}
	if got := g.Affinity(0, 0, nil); got != 0 {
		t.Errorf("without a history %v", got)
	}
}

// Of the history b, c, for a: b has 0.8·1 + 0.2·0.5, c 0.8·0.5 + 0.2·0 and with the words
// 0.25·0.9 more; negative closeness counts 0.
func TestEvidence(t *testing.T) {
	g := graph(t)
	got := g.Evidence(0, 0, []int32{2, 1}, []float64{0, 0.5}, 5, func(_, z int32) float64 { return map[int32]float64{1: -1, 2: 0.9}[z] })
	want := []Link{{At: 1, Strength: 0.9}, {At: 0, Strength: 0.625}}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })); d != "" {
		t.Error(d)
	}
	if got := g.Evidence(0, 0, []int32{2, 1}, []float64{0, 0.5}, 1, nil); len(got) != 1 || got[0].At != 1 {
		t.Errorf("one: %v", got)
	}
}

// Equally strong ones go by item, wherever in the history they stand, and the item that is
// asked about is none of them.
func TestEvidenceTies(t *testing.T) {
	g := graph(t)
	got := g.Evidence(3, 0, []int32{2, 3, 0, 1}, make([]float64, 4), 5, nil) // d is alike to nothing
	if want := []Link{{At: 2}, {At: 3}, {At: 0}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// User 1's a, b and c, each against the other two without user 1. For a: with b
// 2·(2−1)/(1+2) = 2/3 and with c 2·(1−1)/(1+2) = 0, mean 1/3; for b the same; for c: with a
// and b 2·(1−1)/(1+2) = 0. A single item fits nothing. To a stranger with the same items,
// nothing is left out: a with b 1 and with c 0.5, mean 0.75; c with both 0.5.
func TestFits(t *testing.T) {
	g := graph(t)
	if got, want := g.Fits([]int32{0, 1, 2}, 1), []float64{1. / 3, 1. / 3, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := g.Fits([]int32{0, 1, 2}, 0), []float64{0.75, 0.75, 0.5}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := g.Fits([]int32{2}, 1); !slices.Equal(got, []float64{0}) {
		t.Errorf("one: %v", got)
	}
}

// TestCounting: a square, rows made on demand by many at once, and counting user by user
// say the same; similarity is within 0 and 1, and the same from both sides.
func TestCounting(t *testing.T) {
	const items = 40
	train := training(t, crowd{30, items, 12})
	square, rows := NewGraph(train), newGraph(train, 0)
	if square.dense == nil || rows.dense != nil {
		t.Fatal("the two graphs count the same way")
	}
	all := func(g *Graph) []float64 {
		var out []float64
		for x := range int32(items) {
			for z := range int32(items) {
				out = append(out, g.PathSim(x, z, 0))
			}
			out = append(out, g.Affinity(x, 1, train.Of(0)))
			for _, l := range g.Evidence(x, 0, train.Of(1), g.Fits(train.Of(1), 1), 3, nil) {
				out = append(out, float64(l.At), l.Strength)
			}
		}
		return out
	}
	want := all(square)
	var askers sync.WaitGroup
	for range 4 {
		askers.Go(func() {
			if !slices.Equal(want, all(rows)) {
				t.Error("rows on demand differ from the square")
			}
		})
	}
	askers.Wait()
	has := func(u, it int32) bool { return slices.Contains(train.Of(u), it) }
	for x := range int32(items) {
		for z := range int32(items) {
			both, any := 0, 0
			for u := range int32(train.Users()) {
				switch {
				case has(u, x) && has(u, z):
					both, any = both+1, any+2
				case has(u, x) || has(u, z):
					any++
				}
			}
			brute := 0.0
			if any > 0 {
				brute = 2 * float64(both) / float64(any)
			}
			got := square.PathSim(x, z, 0)
			if got != brute || got < 0 || got > 1 || got != square.PathSim(z, x, 0) {
				t.Fatalf("PathSim(%d, %d) is %v, want %v", x, z, got, brute)
			}
		}
	}
}

// TestTargetIsNoEvidence: without the asking user's own interaction with an item is as
// if it had never been (METHOD 2). User 1's b, left out by own, and not there at all.
func TestTargetIsNoEvidence(t *testing.T) {
	with, without := graph(t), NewGraph(training(t, tiny{drop: 3}))
	history := []int32{0, 2}
	if a, b := with.Affinity(1, 1, history), without.Affinity(1, 0, history); a != b {
		t.Errorf("affinity %v, never there %v", a, b)
	}
	fits := []float64{0.5, 0.25}
	if d := cmp.Diff(without.Evidence(1, 0, history, fits, 3, nil), with.Evidence(1, 1, history, fits, 3, nil)); d != "" {
		t.Error(d)
	}
	if with.Affinity(1, 0, history) == with.Affinity(1, 1, history) {
		t.Error("the interaction says nothing: this test could not fail")
	}
}

// TestAversionTellsNothingOfTheTarget: it is over everybody else, so it is the same with a
// user's own interaction and without. User 2's c beside a and b, which user 1 has with c:
// 2·1/(1+2) each. User 1's b beside a and c: with a, which user 0 has with b, 2·1/(1+1), and
// with c, which user 2 has alone, 0.
func TestAversionTellsNothingOfTheTarget(t *testing.T) {
	for _, c := range []struct {
		item int32
		has  []int32 // of the user, in training
		drop int     // the interaction with the item
		want float64
	}{
		{item: 2, has: []int32{2}, drop: 6, want: 2. / 3},
		{item: 1, has: []int32{0, 1, 2}, drop: 3, want: 1. / 2},
	} {
		passed := []int32{0, 1, 2}
		has := func(it int32) bool { return slices.Contains(c.has, it) }
		took, never := graph(t), NewGraph(training(t, tiny{drop: c.drop}))
		a := took.Aversion(c.item, passed, has)
		b := never.Aversion(c.item, passed, func(it int32) bool { return it != c.item && has(it) })
		if a != b || a != c.want {
			t.Errorf("item %d: %v where the user took it, %v where not, want %v", c.item, a, b, c.want)
		}
	}
	if got := graph(t).Aversion(0, []int32{0}, func(int32) bool { return true }); got != 0 {
		t.Errorf("nothing but itself was passed by: %v", got)
	}
}

// TestHeldOutLeavesNoTrace: what was held out, and what becomes of it, is on no path.
func TestHeldOutLeavesNoTrace(t *testing.T) {
	told := func(d tiny) string {
		g, out := NewGraph(training(t, d)), ""
		for x := range int32(4) {
			for z := range int32(4) {
				out += fmt.Sprint(g.PathSim(x, z, 0), " ")
			}
		}
		return out
	}
	plain := told(tiny{})
	if got := told(tiny{held: []int32{2, 1}}); got != plain {
		t.Errorf("other items held out: %s, want %s", got, plain)
	}
	if told(tiny{drop: 3}) == plain {
		t.Error("training is on no path: this test could not fail")
	}
}

// letters embeds a text by how often it has a, b and c.
type letters struct{}

func (letters) Embed(_ context.Context, r llm.EmbedRequest) (sdk.Embeddings, error) {
	out := sdk.Embeddings{Dimensions: 3}
	for _, text := range r.Texts {
		for _, l := range []string{"a", "b", "c"} {
			out.Vectors = append(out.Vectors, float32(strings.Count(text, l)))
		}
	}
	return out, nil
}

// The five closest come in the order in which they happened; among equally close ones
// the latest are taken.
func TestRecall(t *testing.T) {
	var sentences []string
	for i := range 8 {
		sentences = append(sentences, fmt.Sprintf("%d %s", i, []string{"a", "b"}[i%2]))
	}
	p, err := NewPast(t.Context(), letters{}, sentences)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Recall(t.Context(), letters{}, []string{"aa"})
	if d := cmp.Diff([]string{"0 a", "2 a", "4 a", "6 a", "7 b"}, got); err != nil || d != "" {
		t.Error(err, d)
	}
	if got, err := p.Recall(t.Context(), letters{}, nil); err != nil || got != nil {
		t.Errorf("without questions: %v, %v", got, err)
	}
	if (vector{}).cosine(vector{}) != 0 {
		t.Error("vectors without length are close")
	}
}

// strange embeds in as many numbers as it likes, another count from call to call.
type strange struct {
	dimensions []int
	number     float32
	calls      *int
}

func (s strange) Embed(_ context.Context, r llm.EmbedRequest) (sdk.Embeddings, error) {
	d := s.dimensions[*s.calls]
	*s.calls++
	out := sdk.Embeddings{Dimensions: d}
	for range d * len(r.Texts) {
		out.Vectors = append(out.Vectors, s.number)
	}
	return out, nil
}

// Vectors that cannot be compared are an error and no panic, within a memory, between it
// and a question, and where a number is none.
func TestStrangeVectors(t *testing.T) {
	calls := 0
	e := strange{dimensions: []int{3, 2}, number: 1, calls: &calls}
	p, err := NewPast(t.Context(), e, []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Recall(t.Context(), e, []string{"a"}); err == nil || !strings.Contains(err.Error(), "3 and of 2") {
		t.Errorf("another length: %v", err)
	}
	calls = 0
	if _, err := NewTexts(t.Context(), e, make([]string, 257)); err == nil || !strings.Contains(err.Error(), "3 and of 2") {
		t.Errorf("another length in the second call: %v", err)
	}
	for _, number := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		calls = 0
		if _, err := NewPast(t.Context(), strange{[]int{1}, number, &calls}, []string{"a"}); err == nil {
			t.Errorf("%v: no error", number)
		}
	}
}

// The closest question decides: "bb" is as close to b as can be, and aa to a. The word
// that fits neither is left out when there are enough.
func TestRecallOfManyQuestions(t *testing.T) {
	p, err := NewPast(t.Context(), letters{}, []string{"c", "a", "b", "a b", "c c", "a c", "b"})
	if err != nil {
		t.Fatal(err)
	}
	// Cosines with a or b, the larger: 0, 1, 1, 0.71, 0, 0.71, 1.
	got, err := p.Recall(t.Context(), letters{}, []string{"aa", "bb"})
	if d := cmp.Diff([]string{"a", "b", "a b", "a c", "b"}, got); err != nil || d != "" {
		t.Error(err, d)
	}
}
