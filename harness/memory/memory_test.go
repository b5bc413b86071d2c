package memory

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/sdk"
)

// tiny is a data set of three users: 0 has a and b, 1 has a, b and c, 2 has c. The last
// interaction of user 1 and 2 (d) is held out.
type tiny struct{}

func (tiny) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{Kind: sdk.KindDataset, Name: "tiny", Tables: []sdk.TableSpec{{Name: sdk.TableUsers}, {Name: sdk.TableItems}, {Name: sdk.TableInteractions}}}
}

func (tiny) Configure(context.Context, sdk.Config) error { return nil }

func (tiny) Prepare(context.Context, sdk.PrepareRequest, sdk.Emit) (sdk.PrepareResult, error) {
	return sdk.PrepareResult{Version: "1", License: "none", Sources: []sdk.File{{Path: "x", SHA256: "ab"}}}, nil
}

func (tiny) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	t := map[string]sdk.Table{
		sdk.TableUsers: {Name: sdk.TableUsers, Columns: []sdk.Column{{Name: "uid", Data: []string{"0", "1", "2"}}}},
		sdk.TableItems: {Name: sdk.TableItems, Columns: []sdk.Column{{Name: "iid", Data: []string{"a", "b", "c", "d"}}, {Name: "title", Data: []string{"a", "b", "c", "d"}}}},
		sdk.TableInteractions: {Name: sdk.TableInteractions, Columns: []sdk.Column{
			{Name: "user", Data: []int32{0, 0, 1, 1, 1, 1, 2, 2}},
			{Name: "item", Data: []int32{0, 1, 0, 1, 2, 3, 2, 3}},
			{Name: "time", Data: []int64{1, 2, 1, 2, 3, 4, 1, 2}},
			{Name: "part", Data: []uint8{0, 0, 0, 0, 0, 2, 0, 2}},
		}},
	}[r.Table]
	return sdk.Cut(t, r.Columns, yield)
}

func graph(t *testing.T) *Graph {
	t.Helper()
	c, err := corpus.Open(t.Context(), corpus.Config{CacheDir: t.TempDir()}, "tiny", tiny{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s, err := c.Split(corpus.SplitParams{Method: "given", Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return NewGraph(s.Train())
}

// a and b are both had by users 0 and 1: 2·2/(2+2) = 1. a and c share user 1 of two
// each: 2·1/(2+2) = 0.5; without the asking user's own a: 2·(1−1)/(1+2) = 0. d was held out:
// nobody has it.
func TestPathSim(t *testing.T) {
	g := graph(t)
	sparse := &Graph{train: g.train, users: g.users, rows: map[int32]row{}}
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
