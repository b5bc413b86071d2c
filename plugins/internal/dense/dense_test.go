package dense

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

func TestFromInteractions(t *testing.T) {
	// User 0: items 2, 0 and 2 again with another value; user 1 nothing; user 2: item 1.
	x := columns.Interactions{
		Users: 3, Items: 3,
		User: []int32{0, 2, 0, 0}, Item: []int32{2, 1, 0, 2}, Value: []float32{3, 4, 5, 1},
	}
	m, err := FromInteractions(x, true)
	if err != nil {
		t.Fatal(err)
	}
	want := &Matrix{Rows: 3, Cols: 3, Offsets: []int{0, 2, 2, 3}, Index: []int32{0, 2, 1}, Value: []float32{5, 1, 4}}
	if d := cmp.Diff(want, m); d != "" {
		t.Error(d)
	}
	wantT := &Matrix{Rows: 3, Cols: 3, Offsets: []int{0, 1, 2, 3}, Index: []int32{0, 2, 0}, Value: []float32{5, 4, 1}}
	if d := cmp.Diff(wantT, m.Transpose()); d != "" {
		t.Error(d)
	}
	x.Value = nil
	if _, err := FromInteractions(x, true); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("values of implicit data: error %v, want ErrInvalid", err)
	}
}

func TestMatrixProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := columns.Interactions{Users: 5, Items: 7}
		set := map[[2]int32]bool{}
		for range rapid.IntRange(0, 40).Draw(t, "rows") {
			u, i := rapid.Int32Range(0, 4).Draw(t, "u"), rapid.Int32Range(0, 6).Draw(t, "i")
			x.User, x.Item = append(x.User, u), append(x.Item, i)
			set[[2]int32{u, i}] = true
		}
		m, err := FromInteractions(x, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Index) != len(set) || len(m.Offsets) != 6 {
			t.Fatalf("%d entries, want %d", len(m.Index), len(set))
		}
		for u := range 5 {
			row := m.Row(u)
			for k, i := range row {
				if !set[[2]int32{int32(u), i}] || k > 0 && row[k-1] >= i {
					t.Fatalf("row %d is %v", u, row)
				}
			}
		}
		if d := cmp.Diff(m, m.Transpose().Transpose()); d != "" {
			t.Fatal(d)
		}
	})
}

func TestCounts(t *testing.T) {
	// Users have items {0, 1}, {1, 2}, {1}, {}; values play no part.
	x := &Matrix{Rows: 4, Cols: 3, Offsets: []int{0, 2, 4, 5, 5}, Index: []int32{0, 1, 1, 2, 1}, Value: []float32{1, 2, 3, 4, 5}}
	g := []float32{9, 9, 9, 9, 9, 9, 9, 9, 9}
	if err := Counts(context.Background(), x, g, 2); err != nil {
		t.Fatal(err)
	}
	if want := []float32{1, 1, 0, 1, 3, 1, 0, 1, 1}; !slices.Equal(g, want) {
		t.Errorf("counts %v, want %v", g, want)
	}
}

// TestCountsPlainly compares with a count over all pairs, on more items than
// one tile of Mirror, and with what AddCooccurrence gives.
func TestCountsPlainly(t *testing.T) {
	const users, items = 12, 150
	rng := rand.New(rand.NewPCG(4, 4))
	x := &Matrix{Rows: users, Cols: items, Offsets: []int{0}}
	want, sums := make([]float64, items*items), make([]float64, items*items)
	for range users {
		var row []int32
		for i := range int32(items) {
			if rng.IntN(3) == 0 {
				row = append(row, i)
			}
		}
		for _, i := range row {
			for _, j := range row {
				want[int(i)*items+int(j)]++
			}
		}
		x.Index = append(x.Index, row...)
		x.Offsets = append(x.Offsets, len(x.Index))
	}
	g := make([]float64, items*items)
	if err := Counts(context.Background(), x, g, 3); err != nil {
		t.Fatal(err)
	}
	byItem := x.Transpose()
	for i := range items {
		AddCooccurrence(x, byItem, int32(i), sums[i*items:][:items])
	}
	if !slices.Equal(g, want) || !slices.Equal(sums, want) {
		t.Error("counts differ from a count over all pairs")
	}
}

func TestAddCooccurrence(t *testing.T) {
	// X = [1 2 0; 0 3 4]: row 1 of XᵀX is [2 4+9 12].
	x := &Matrix{Rows: 2, Cols: 3, Offsets: []int{0, 2, 4}, Index: []int32{0, 1, 1, 2}, Value: []float32{1, 2, 3, 4}}
	g := make([]float64, 3)
	AddCooccurrence(x, x.Transpose(), 1, g)
	if want := []float64{2, 13, 12}; !slices.Equal(g, want) {
		t.Errorf("row %v, want %v", g, want)
	}
}

// randomSPD gives BᵀB + I for a random B.
func randomSPD(n int) []float64 {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	b := make([]float64, n*n)
	for i := range b {
		b[i] = rng.NormFloat64()
	}
	a := make([]float64, n*n)
	for i := range n {
		for j := range n {
			for k := range n {
				a[i*n+j] += b[k*n+i] * b[k*n+j]
			}
		}
		a[i*n+i]++
	}
	return a
}

func TestInvert(t *testing.T) {
	for _, n := range []int{1, 2, 127, 128, 129, 300} {
		a := randomSPD(n)
		inv := slices.Clone(a)
		var steps []int
		if err := Invert(context.Background(), inv, n, 2, func(done int) { steps = append(steps, done) }); err != nil {
			t.Fatal(err)
		}
		if steps[len(steps)-1] != n {
			t.Errorf("n %d: steps %v", n, steps)
		}
		worst := 0.0
		for i := range n {
			for j := range n {
				var dot float64
				for k := range n {
					dot += a[i*n+k] * inv[k*n+j]
				}
				if i == j {
					dot--
				}
				worst = max(worst, math.Abs(dot))
			}
		}
		if worst > 1e-8 {
			t.Errorf("n %d: a × inverse differs from identity by %g", n, worst)
		}
	}
}

func TestInvertRefuses(t *testing.T) {
	if err := Invert(context.Background(), []float64{1, 2, 2, 1}, 2, 1, nil); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("indefinite matrix: error %v, want ErrInvalid", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	n := 3 * panel
	a := randomSPD(n)
	err := Invert(ctx, a, n, 1, func(int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled after the first panel: error %v, want context.Canceled", err)
	}
}

func TestInvertSameOnAnyThreads(t *testing.T) {
	n := 300
	one := randomSPD(n)
	if err := Invert(context.Background(), one, n, 1, nil); err != nil {
		t.Fatal(err)
	}
	for _, threads := range []int{2, 5} {
		many := randomSPD(n)
		if err := Invert(context.Background(), many, n, threads, nil); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one, many) {
			t.Errorf("the inverse on %d threads is another", threads)
		}
	}
}

func TestBasket(t *testing.T) {
	train := &Matrix{Rows: 1, Cols: 9, Offsets: []int{0, 2}, Index: []int32{3, 7}}
	r := &sdk.RecommendRequest{Users: []int32{0, -1, 0}}
	r.History.Append(8, 3, 1, 2)
	r.History.Append(5)
	r.History.Append()
	r.HistoryKinds = []uint8{sdk.HistoryLiked, sdk.HistoryWatched, sdk.HistoryShown, sdk.HistoryDisliked, sdk.HistoryWatched}
	for i, want := range [][]int32{{3, 7, 8}, {5}, {3, 7}} {
		if got := Basket(nil, train, r, i); !slices.Equal(got, want) {
			t.Errorf("row %d: basket %v, want %v", i, got, want)
		}
	}
}

func TestModelFile(t *testing.T) {
	dir := t.TempDir()
	h := Header{Format: "toy/1", Options: `{"a":1}`, Data: "abc", Users: 2, Items: 3}
	ints, floats, longs := []int32{1, -2, 3}, []float32{.5, float32(math.Inf(1))}, []int64{1 << 40}
	first, err := WriteModel(dir, "a.bin", h, ints, floats, longs)
	if err != nil {
		t.Fatal(err)
	}
	second, _ := WriteModel(dir, "b.bin", h, ints, floats, longs)
	if first.SHA256 != second.SHA256 {
		t.Error("the same model gave two files")
	}
	var i2 []int32
	var f2 []float32
	var l2 []int64
	if err := ReadModel(dir, "a.bin", h, &i2, &f2, &l2); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(i2, ints) || !slices.Equal(f2, floats) || !slices.Equal(l2, longs) {
		t.Errorf("read %v %v %v", i2, f2, l2)
	}
	anyData := h
	anyData.Data = ""
	if err := ReadModel(dir, "a.bin", anyData, &i2, &f2, &l2); err != nil {
		t.Errorf("unknown data: %v", err)
	}
	refuse := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: error %v, want ErrInvalid", what, err)
		}
	}
	refuse("no file", ReadModel(dir, "c.bin", h))
	for _, change := range []func(*Header){
		func(h *Header) { h.Format = "toy/2" }, func(h *Header) { h.Options = "{}" },
		func(h *Header) { h.Data = "def" }, func(h *Header) { h.Items = 4 },
	} {
		other := h
		change(&other)
		refuse("another header", ReadModel(dir, "a.bin", other, &i2, &f2, &l2))
	}
	refuse("too few arrays", ReadModel(dir, "a.bin", h, &i2, &f2))
	refuse("too many arrays", ReadModel(dir, "a.bin", h, &i2, &f2, &l2, &l2))
	refuse("another type", ReadModel(dir, "a.bin", h, &l2, &f2, &f2))
	raw, err := os.ReadFile(filepath.Join(dir, "a.bin"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		damaged := slices.Clone(raw)
		damaged[n] ^= 0x10
		for what, content := range map[string][]byte{"flipped": damaged, "cut": raw[:n]} {
			if err := os.WriteFile(filepath.Join(dir, "d.bin"), content, 0o600); err != nil {
				t.Fatal(err)
			}
			refuse(what, ReadModel(dir, "d.bin", h, &i2, &f2, &l2))
		}
	}
}

func BenchmarkInvert1682(b *testing.B) {
	n := 1682
	a := make([]float64, n*n)
	for b.Loop() {
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range n {
			for j := i; j < n; j++ {
				a[i*n+j] = rng.Float64()
			}
			a[i*n+i] += float64(n)
		}
		if err := Invert(context.Background(), a, n, 0, nil); err != nil {
			b.Fatal(err)
		}
	}
}
