package sdk_test

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
)

// TestTieHash pins the hash: plugins in other languages compute the same. The
// vectors were computed with Python's integers.
func TestTieHash(t *testing.T) {
	for _, tt := range []struct {
		seed       uint64
		user, item int32
		want       uint64
	}{
		{0, 0, 0, 0xfbe988335f36c931},
		{1, 0, 0, 0x6df1421574b0d586},
		{0, 1, 0, 0x224c0bb5384adaa0},
		{0, 0, 1, 0x78482dbe776f39d9},
		{0, -1, 0, 0xda973677a9eb5b50},
		{42, 7, 1000000, 0x0ec0578941af8e19},
		{1<<64 - 1, 2147483647, 2147483647, 0x7e286e6f538d03ac},
	} {
		if got := sdk.TieHash(tt.seed, tt.user, tt.item); got != tt.want {
			t.Errorf("TieHash(%d, %d, %d) = %#016x, want %#016x", tt.seed, tt.user, tt.item, got, tt.want)
		}
	}
}

// naive ranks by sorting everything.
func naive(r sdk.RecommendRequest, i int, scores []float32) []int32 {
	var pool []int32
	if r.Candidates != nil {
		for _, item := range r.Candidates.Row(i) {
			if item >= 0 && int(item) < len(scores) && !slices.Contains(pool, item) {
				pool = append(pool, item)
			}
		}
	} else {
		for item := range scores {
			pool = append(pool, int32(item))
		}
	}
	pool = slices.DeleteFunc(pool, func(item int32) bool {
		return slices.Contains(r.Exclude.Row(i), item) || math.IsNaN(float64(scores[item]))
	})
	slices.SortFunc(pool, func(a, b int32) int {
		return cmp.Or(
			cmp.Compare(scores[b], scores[a]),
			cmp.Compare(sdk.TieHash(r.Seed, r.Users[i], a), sdk.TieHash(r.Seed, r.Users[i], b)),
		)
	})
	return pool[:min(r.K, len(pool))]
}

func TestRankerIsASort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "items")
		users := rapid.SliceOfN(rapid.Int32Range(-1, 5), 1, 4).Draw(t, "users")
		// Few distinct scores make many ties.
		score := rapid.SampledFrom([]float32{0, 1, 1, 2, -3, float32(math.NaN()), float32(math.Inf(1))})
		scores := rapid.SliceOfN(score, n, n).Draw(t, "scores")
		ids := rapid.SliceOfN(rapid.Int32Range(-2, int32(n)+2), 0, 60)
		r := sdk.RecommendRequest{Users: users, K: rapid.IntRange(0, 50).Draw(t, "k"), Seed: rapid.Uint64().Draw(t, "seed")}
		if rapid.Bool().Draw(t, "candidates?") {
			r.Candidates = &sdk.Ragged{}
		}
		for range users {
			r.Exclude.Append(ids.Draw(t, "exclude")...)
			if r.Candidates != nil {
				r.Candidates.Append(ids.Draw(t, "candidates")...)
			}
		}
		reply := sdk.NewReply(len(users), r.K)
		var ranker sdk.Ranker
		for i := range users {
			ranker.Fill(&reply, &r, i, scores)
			want := naive(r, i, scores)
			row := reply.Items[i*r.K : (i+1)*r.K]
			if got := row[:reply.Counts[i]]; !slices.Equal(got, want) {
				t.Fatalf("user %d: got %v, want %v", i, got, want)
			}
			for j, item := range row {
				if j >= len(want) && (item != -1 || reply.Scores[i*r.K+j] != 0) || j < len(want) && reply.Scores[i*r.K+j] != scores[item] {
					t.Fatalf("user %d: place %d: item %d, score %v", i, j, item, reply.Scores[i*r.K+j])
				}
			}
		}
	})
}

func TestRaggedCheck(t *testing.T) {
	var r sdk.Ragged
	if err := r.Check("x", 5, 3); err != nil || r.Row(4) != nil {
		t.Errorf("zero value: %v", err)
	}
	r.Append(1, 2)
	r.Append()
	r.Append(0)
	if err := r.Check("x", 3, 3); err != nil {
		t.Error(err)
	}
	if diff := gocmp.Diff(sdk.Ragged{Offsets: []uint32{0, 2, 2, 3}, Items: []int32{1, 2, 0}}, r); diff != "" {
		t.Error(diff)
	}
	for name, bad := range map[string]sdk.Ragged{
		"no offsets": {Items: []int32{1}},
		"rows":       {Offsets: []uint32{0, 0, 0}},
		"start":      {Offsets: []uint32{1, 1, 1, 1}, Items: []int32{1}},
		"end":        {Offsets: []uint32{0, 0, 0, 2}, Items: []int32{1}},
		"decreasing": {Offsets: []uint32{0, 2, 1, 1}, Items: []int32{1}},
		"id":         {Offsets: []uint32{0, 0, 0, 1}, Items: []int32{3}},
		"negative":   {Offsets: []uint32{0, 0, 0, 1}, Items: []int32{-1}},
	} {
		if err := bad.Check("x", 3, 3); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := (sdk.Ragged{Offsets: []uint32{0, 1}, Items: []int32{9}}).Check("x", 1, -1); err != nil {
		t.Errorf("unlimited: %v", err)
	}
}
