package main

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/plugins/internal/densetest"
	"github.com/alignuser/alignuser/sdk"
)

func TestProperties(t *testing.T) {
	const users, items = 20, 30
	data := densetest.Folder(t, users, items, densetest.Random(users, items, 3)...)
	for _, c := range []sdk.Recommender{newRandom(), newPopular(), newTail(), newBestmean()} {
		t.Run(c.Spec().Name, func(t *testing.T) {
			densetest.Properties(t, densetest.Fitted(t, c, data, nil), users, items)
		})
	}
}

// Item 2 has users 0, 1, 2; item 0 has users 0 and 1, one of them twice; item 3
// has user 2; items 1 and 4 have nobody. Counts: 2, 0, 3, 1, 0.
func popularWorld(t *testing.T) sdk.Recommender {
	return densetest.Fitted(t, newPopular(), densetest.Folder(t, 3, 5,
		densetest.Row{User: 0, Item: 2}, densetest.Row{User: 1, Item: 2}, densetest.Row{User: 2, Item: 2},
		densetest.Row{User: 0, Item: 0}, densetest.Row{User: 0, Item: 0}, densetest.Row{User: 1, Item: 0},
		densetest.Row{User: 2, Item: 3},
	), nil)
}

func TestPopular(t *testing.T) {
	items, scores := densetest.Lists(t, popularWorld(t), sdk.RecommendRequest{Users: []int32{-1}, K: 5, Seed: 4})
	// The last two tie at nothing: the smaller hash comes first.
	tail := []int32{1, 4}
	if sdk.TieHash(4, -1, 4) < sdk.TieHash(4, -1, 1) {
		tail = []int32{4, 1}
	}
	if d := cmp.Diff([][]int32{append([]int32{2, 0, 3}, tail...)}, items); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]float32{{3, 2, 1, 0, 0}}, scores); d != "" {
		t.Error(d)
	}
}

func TestPopularScore(t *testing.T) {
	s := popularWorld(t).(sdk.Scorer)
	all, err := s.Score(context.Background(), sdk.ScoreRequest{Users: []int32{0, -1}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{2, 0, 3, 1, 0, 2, 0, 3, 1, 0}; !slices.Equal(all, want) {
		t.Errorf("scores %v, want %v", all, want)
	}
	some := sdk.ScoreRequest{Users: []int32{1, 2}, Candidates: &sdk.Ragged{}}
	some.Candidates.Append(3, 2)
	some.Candidates.Append(0)
	got, err := s.Score(context.Background(), some)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{1, 3, 2}; !slices.Equal(got, want) {
		t.Errorf("scores %v, want %v", got, want)
	}
	if _, err := s.Score(context.Background(), sdk.ScoreRequest{Users: []int32{3}}); err == nil {
		t.Error("a user outside the world was scored")
	}
}

// TestPopularTies: everybody has every item, so the order is the tie hash's
// alone and differs between users.
func TestPopularTies(t *testing.T) {
	var rows []densetest.Row
	for u := range int32(2) {
		for i := range int32(40) {
			rows = append(rows, densetest.Row{User: u, Item: i})
		}
	}
	c := densetest.Fitted(t, newPopular(), densetest.Folder(t, 2, 40, rows...), nil)
	lists, _ := densetest.Lists(t, c, sdk.RecommendRequest{Users: []int32{0, 1}, K: 10, Seed: 5})
	for u, list := range lists {
		want := make([]int32, 40)
		for i := range want {
			want[i] = int32(i)
		}
		slices.SortFunc(want, func(a, b int32) int {
			if sdk.TieHash(5, int32(u), a) < sdk.TieHash(5, int32(u), b) {
				return -1
			}
			return 1
		})
		if d := cmp.Diff(want[:10], list); d != "" {
			t.Errorf("user %d: %s", u, d)
		}
	}
	if slices.Equal(lists[0], lists[1]) {
		t.Error("two users have the same order of ties")
	}
}

func TestRandom(t *testing.T) {
	const users, items = 400, 10
	data := densetest.Folder(t, users, items)
	ask := func(seed uint64) [][]int32 {
		c := densetest.Configured(t, newRandom(), 0, nil)
		if _, err := c.Fit(context.Background(), sdk.FitRequest{Data: data, Seed: seed}, nil); err != nil {
			t.Fatal(err)
		}
		r := sdk.RecommendRequest{K: 1, Seed: 1}
		for u := range int32(users) {
			r.Users = append(r.Users, u)
		}
		lists, _ := densetest.Lists(t, c, r)
		return lists
	}
	first := ask(1)
	if d := cmp.Diff(first, ask(1)); d != "" {
		t.Errorf("the same seed gave another permutation: %s", d)
	}
	if cmp.Equal(first, ask(2)) {
		t.Error("another seed gave the same permutations")
	}
	// Each of 10 items leads for 40 of 400 users on average, sd 6: five sd each way.
	lead := make([]int, items)
	for _, list := range first {
		lead[list[0]]++
	}
	for it, n := range lead {
		if n < 10 || n > 70 {
			t.Errorf("item %d leads for %d of %d users", it, n, users)
		}
	}
}

// TestRandomScore: the scores of given items are those of all, and those that
// Recommend answers with.
func TestRandomScore(t *testing.T) {
	const users, items = 3, 8
	c := densetest.Fitted(t, newRandom(), densetest.Folder(t, users, items), nil)
	s := c.(sdk.Scorer)
	all, err := s.Score(context.Background(), sdk.ScoreRequest{Users: []int32{2, -1}})
	if err != nil || len(all) != 2*items {
		t.Fatalf("%d scores, %v", len(all), err)
	}
	some := sdk.ScoreRequest{Users: []int32{2, -1}, Candidates: &sdk.Ragged{}}
	some.Candidates.Append(5, 0)
	some.Candidates.Append(7)
	got, err := s.Score(context.Background(), some)
	if err != nil || !slices.Equal(got, []float32{all[5], all[0], all[items+7]}) {
		t.Errorf("%v, %v: not those of all items, %v", got, err, all)
	}
	lists, scores := densetest.Lists(t, c, sdk.RecommendRequest{Users: []int32{2, -1}, K: items, Seed: 1})
	for row := range lists {
		for j, it := range lists[row] {
			if scores[row][j] != all[row*items+int(it)] {
				t.Errorf("row %d: item %d was ranked by %v and scored %v", row, it, scores[row][j], all[row*items+int(it)])
			}
		}
	}
	if _, err := s.Score(context.Background(), sdk.ScoreRequest{Users: []int32{users}}); err == nil {
		t.Error("a user outside the world was scored")
	}
	outside := sdk.ScoreRequest{Users: []int32{0}, Candidates: &sdk.Ragged{}}
	outside.Candidates.Append(items)
	if _, err := s.Score(context.Background(), outside); err == nil {
		t.Error("an item outside the world was scored")
	}
}

func BenchmarkRecommend(b *testing.B) {
	const users, items = 256, 1682
	data := densetest.Folder(b, users, items, densetest.Random(users, items, 3)...)
	for _, c := range []sdk.Recommender{newRandom(), newPopular(), newTail(), newBestmean()} {
		b.Run(c.Spec().Name, func(b *testing.B) {
			densetest.Fitted(b, c, data, nil)
			r := sdk.RecommendRequest{K: 20, Purpose: sdk.PurposeRanking}
			for u := range int32(users) {
				r.Users = append(r.Users, u)
			}
			for b.Loop() {
				if _, err := c.Recommend(context.Background(), r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
