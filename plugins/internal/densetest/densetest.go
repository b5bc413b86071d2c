// Package densetest holds what the tests of recommender plugins share: a
// training folder out of pairs, a component fitted as the host would, and the
// properties that every recommender has whatever its model.
package densetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// Row is one interaction.
type Row struct {
	User, Item int32
	Value      float32
}

// Folder writes a training folder.
func Folder(t testing.TB, users, items int, rows ...Row) sdk.DataRef {
	t.Helper()
	u, i, v := make([]int32, len(rows)), make([]int32, len(rows)), make([]float32, len(rows))
	for n, r := range rows {
		u[n], i[n], v[n] = r.User, r.Item, r.Value
	}
	ref, err := columns.Write(filepath.Join(t.TempDir(), "train"), columns.Meta{Users: users, Items: items}, sdk.Table{
		Name:    sdk.TableInteractions,
		Columns: []sdk.Column{{Name: "user", Data: u}, {Name: "item", Data: i}, {Name: "value", Data: v}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// Random gives rows of a small world with popular and rare items; some users
// have none.
func Random(users, items int, seed uint64) []Row {
	rng := rand.New(rand.NewPCG(seed, 0))
	var rows []Row
	for u := range users {
		if u%7 == 6 {
			continue
		}
		for i := range items {
			if rng.Float64() < 0.9/float64(1+i%5) {
				rows = append(rows, Row{int32(u), int32(i), float32(1 + rng.IntN(5))})
			}
		}
	}
	return rows
}

// Configured gives a component with checked options.
func Configured(t testing.TB, c sdk.Recommender, threads int, given sdk.Options) sdk.Recommender {
	t.Helper()
	o, ds := sdk.Canonical(c.Spec().Options, given)
	if v, ok := c.(sdk.Validator); ok && !sdk.Failed(ds) {
		ds = append(ds, v.Validate(context.Background(), o)...)
	}
	if sdk.Failed(ds) {
		t.Fatalf("options: %v", ds)
	}
	if err := c.Configure(context.Background(), sdk.Config{Component: c.Spec().Name, Options: o, Seed: 1, Threads: threads}); err != nil {
		t.Fatal(err)
	}
	return c
}

// Fitted gives a configured component fitted on a folder with seed 1.
func Fitted(t testing.TB, c sdk.Recommender, data sdk.DataRef, given sdk.Options) sdk.Recommender {
	t.Helper()
	Configured(t, c, 0, given)
	if _, err := c.Fit(context.Background(), sdk.FitRequest{Data: data, Seed: 1}, func(sdk.Event) {}); err != nil {
		t.Fatal(err)
	}
	return c
}

// Lists asks for slates and gives them without padding.
func Lists(t testing.TB, c sdk.Recommender, r sdk.RecommendRequest) (items [][]int32, scores [][]float32) {
	t.Helper()
	reply, err := c.Recommend(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range reply.Counts {
		items = append(items, reply.Items[i*r.K:i*r.K+int(n)])
		scores = append(scores, reply.Scores[i*r.K:i*r.K+int(n)])
	}
	return items, scores
}

// Properties checks what holds for every recommender fitted on a world of the
// given size: answers are permutations of what may be answered, scores fall,
// and neither batching nor order nor concurrency changes an answer.
func Properties(t *testing.T, c sdk.Recommender, users, items int) {
	t.Helper()
	r := request(users, items, 5)
	lists, scores := Lists(t, c, r)
	for i, list := range lists {
		seen := map[int32]bool{}
		for n, it := range list {
			if seen[it] || it < 0 || int(it) >= items || slices.Contains(r.Exclude.Row(i), it) {
				t.Fatalf("row %d: item %d repeated, out of range or excluded in %v", i, it, list)
			}
			seen[it] = true
			if n > 0 && scores[i][n] > scores[i][n-1] {
				t.Fatalf("row %d: scores %v rise", i, scores[i])
			}
		}
		if want := min(5, items-len(r.Exclude.Row(i))); len(list) != want {
			t.Fatalf("row %d: %d items, want %d", i, len(list), want)
		}
	}
	t.Run("k beyond items", func(t *testing.T) {
		whole, _ := Lists(t, c, request(users, items, items+10))
		for i, list := range whole {
			if len(list) != items-len(r.Exclude.Row(i)) {
				t.Errorf("row %d: %d items, want all %d that are allowed", i, len(list), items-len(r.Exclude.Row(i)))
			}
			if d := cmp.Diff(lists[i], list[:len(lists[i])]); d != "" {
				t.Errorf("row %d: the head depends on k: %s", i, d)
			}
		}
	})
	t.Run("candidates", func(t *testing.T) {
		only := request(users, items, items)
		only.Candidates = &sdk.Ragged{}
		for range only.Users {
			only.Candidates.Append(0, 2, 4)
		}
		whole, _ := Lists(t, c, request(users, items, items))
		got, _ := Lists(t, c, only)
		for i := range got {
			want := slices.DeleteFunc(slices.Clone(whole[i]), func(it int32) bool { return it != 0 && it != 2 && it != 4 })
			if d := cmp.Diff(want, slices.Clone(got[i])); d != "" {
				t.Errorf("row %d: %s", i, d)
			}
		}
	})
	t.Run("batches", func(t *testing.T) {
		var wg sync.WaitGroup
		errs := make([]error, len(r.Users))
		for i := range r.Users {
			wg.Go(func() { errs[i] = single(c, r, i, lists[i], scores[i]) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("bad requests", func(t *testing.T) {
		for _, bad := range []sdk.RecommendRequest{
			{Users: []int32{int32(users)}, K: 1},
			{Users: []int32{-2}, K: 1},
			{Users: []int32{0}, K: 1, Exclude: sdk.Ragged{Offsets: []uint32{0, 1}, Items: []int32{int32(items)}}},
			{Users: []int32{0}, K: 1, History: sdk.Ragged{Offsets: []uint32{0, 1}, Items: []int32{0}}},
		} {
			if _, err := c.Recommend(context.Background(), bad); err == nil {
				t.Errorf("%+v was answered", bad)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := c.Recommend(ctx, r); err == nil {
			t.Error("a cancelled request was answered")
		}
	})
}

// request asks for every user and one never seen, in falling order of ids, with
// some excluded items and some history.
func request(users, items, k int) sdk.RecommendRequest {
	r := sdk.RecommendRequest{K: k, Purpose: sdk.PurposePage, Seed: 9}
	for u := users - 1; u >= -1; u-- {
		r.Users = append(r.Users, int32(u))
		var out []int32
		for i := range items {
			if (i+u)%3 == 0 {
				out = append(out, int32(i))
			}
		}
		r.Exclude.Append(out...)
		if u%2 == 0 {
			r.History.Append(int32(items-1), 0)
			r.HistoryKinds = append(r.HistoryKinds, sdk.HistoryWatched, sdk.HistoryShown)
		} else {
			r.History.Append()
		}
	}
	return r
}

// single asks for row i alone and compares.
func single(c sdk.Recommender, r sdk.RecommendRequest, i int, items []int32, scores []float32) error {
	one := sdk.RecommendRequest{Users: r.Users[i : i+1], K: r.K, Purpose: r.Purpose, Seed: r.Seed}
	one.Exclude.Append(r.Exclude.Row(i)...)
	one.History.Append(r.History.Row(i)...)
	one.HistoryKinds = r.HistoryKinds[r.History.Offsets[i]:r.History.Offsets[i+1]]
	reply, err := c.Recommend(context.Background(), one)
	if err != nil {
		return err
	}
	n := reply.Counts[0]
	if !slices.Equal(reply.Items[:n], items) || !slices.Equal(reply.Scores[:n], scores) {
		return fmt.Errorf("user %d alone: %v %v, in the batch %v %v", r.Users[i], reply.Items[:n], reply.Scores[:n], items, scores)
	}
	return nil
}
