package memory

import (
	"context"
	"fmt"
	"testing"

	"github.com/alignuser/alignuser/harness/corpus"
	"github.com/alignuser/alignuser/sdk"
)

// crowd is a data set of users who have so many items each, famous ones more often.
type crowd struct{ users, items, each int }

func (crowd) Spec() sdk.ComponentSpec { return tiny{}.Spec() }

func (crowd) Configure(context.Context, sdk.Config) error { return nil }

func (crowd) Prepare(ctx context.Context, r sdk.PrepareRequest, emit sdk.Emit) (sdk.PrepareResult, error) {
	return tiny{}.Prepare(ctx, r, emit)
}

func (c crowd) Read(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
	names := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = fmt.Sprint(i)
		}
		return out
	}
	t := sdk.Table{Name: r.Table}
	switch r.Table {
	case sdk.TableUsers:
		t.Columns = []sdk.Column{{Name: "uid", Data: names(c.users)}}
	case sdk.TableItems:
		t.Columns = []sdk.Column{{Name: "iid", Data: names(c.items)}, {Name: "title", Data: names(c.items)}}
	case sdk.TableInteractions:
		var users, items []int32
		var parts []uint8
		for u := range int32(c.users) {
			have := map[int32]bool{}
			for n := uint64(0); len(have) < c.each; n++ {
				x := float64(sdk.Mix(1, uint64(u), n)>>11) / (1 << 53)
				it := int32(x * x * float64(c.items))
				if have[it] {
					continue
				}
				have[it] = true
				part := uint8(0)
				if len(have) == c.each {
					part = 2
				}
				users, items, parts = append(users, u), append(items, it), append(parts, part)
			}
		}
		t.Columns = []sdk.Column{{Name: "user", Data: users}, {Name: "item", Data: items}, {Name: "part", Data: parts}}
	}
	return sdk.Cut(t, r.Columns, yield)
}

// sizes are those of MovieLens 1M, of a small catalogue, and of one too large for a
// square.
func sizes() map[string]crowd {
	return map[string]crowd{
		"6040x3706":  {6040, 3706, 165},
		"1000x800":   {1000, 800, 60},
		"6000x20000": {6000, 20000, 150},
	}
}

func training(tb testing.TB, d sdk.Dataset) *corpus.Training {
	tb.Helper()
	c, err := corpus.Open(tb.Context(), corpus.Config{CacheDir: tb.TempDir()}, "tiny", d)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	s, err := c.Split(corpus.SplitParams{Method: "given", Seed: 1})
	if err != nil {
		tb.Fatal(err)
	}
	return s.Train()
}

func BenchmarkNewGraph(b *testing.B) {
	for name, size := range sizes() {
		b.Run(name, func(b *testing.B) {
			train := training(b, size)
			for b.Loop() {
				NewGraph(train)
			}
		})
	}
}

// A page of 100 cards for a user who has nothing of them, each against the whole
// history: users in turn.
func BenchmarkAffinity(b *testing.B) {
	for name, size := range sizes() {
		b.Run(name, func(b *testing.B) {
			train := training(b, size)
			g := NewGraph(train)
			u := int32(0)
			for b.Loop() {
				for n := range uint64(100) {
					g.Affinity(int32(sdk.Mix(uint64(u), n)%uint64(size.items)), 0, train.Of(u))
				}
				u = (u + 1) % int32(size.users)
			}
		})
	}
}

// The first look at an item, which counts its row.
func BenchmarkRow(b *testing.B) {
	size := sizes()["6000x20000"]
	g := NewGraph(training(b, size))
	x := int32(0)
	for b.Loop() {
		clear(g.rows)
		g.row(x % 1000)
		x++
	}
}
