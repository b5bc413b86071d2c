package control

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

func held(relevant map[int32][]int32) func(int32) []int32 {
	return func(u int32) []int32 { return relevant[u] }
}

// byHash orders items as ties are broken.
func byHash(seed uint64, user int32, items ...int32) []int32 {
	slices.SortFunc(items, func(a, b int32) int { return cmp.Compare(sdk.TieHash(seed, user, a), sdk.TieHash(seed, user, b)) })
	return items
}

func TestOracleRanks(t *testing.T) {
	o := NewOracle(6, held(map[int32][]int32{0: {2, 4}, 1: {0}}))
	r := sdk.RecommendRequest{Users: []int32{0, 1, 0}, K: 4, Purpose: sdk.PurposeRanking, Seed: 3}
	r.Exclude.Append(1)
	r.Exclude.Append(5)
	r.Exclude.Append(1)
	reply, err := o.Recommend(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	// Held-out items first, then the others; in both groups the hash decides.
	// One user's held-out items leave no trace in another's row.
	first := append(byHash(3, 0, 2, 4), byHash(3, 0, 0, 3, 5)...)[:4]
	second := append([]int32{0}, byHash(3, 1, 1, 2, 3, 4)...)[:4]
	for i, want := range [][]int32{first, second, first} {
		if got := reply.Items[4*i : 4*i+4]; !slices.Equal(got, want) {
			t.Errorf("row %d: %v, want %v", i, got, want)
		}
	}
	if want := []float32{1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}; !slices.Equal(reply.Scores, want) {
		t.Errorf("scores %v, want %v", reply.Scores, want)
	}
}

func TestOracleScores(t *testing.T) {
	o := NewOracle(5, held(map[int32][]int32{0: {2, 4}, 1: {0}}))
	all, err := o.Score(t.Context(), sdk.ScoreRequest{Users: []int32{1, 0}})
	if want := []float32{1, 0, 0, 0, 0, 0, 0, 1, 0, 1}; err != nil || !slices.Equal(all, want) {
		t.Errorf("%v, %v, want %v", all, err, want)
	}
	some := sdk.ScoreRequest{Users: []int32{0, 1, 7}, Candidates: &sdk.Ragged{}}
	some.Candidates.Append(4, 3)
	some.Candidates.Append(2)
	some.Candidates.Append(0)
	got, err := o.Score(t.Context(), some)
	if want := []float32{1, 0, 0, 0}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	some.Candidates = &sdk.Ragged{}
	some.Users = some.Users[:1]
	some.Candidates.Append(5)
	if _, err := o.Score(t.Context(), some); err == nil {
		t.Error("an item outside the catalogue was scored")
	}
}

func TestOracleBeyondCatalogue(t *testing.T) {
	o := NewOracle(3, held(map[int32][]int32{0: {1}}))
	reply, err := o.Recommend(t.Context(), sdk.RecommendRequest{Users: []int32{0, 7}, K: 5})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(reply.Counts, []int32{3, 3}) {
		t.Errorf("counts %v, want all 3 items for each user", reply.Counts)
	}
	if reply.Items[0] != 1 || reply.Items[3] != -1 || reply.Items[4] != -1 {
		t.Errorf("items %v: want the held-out one first and places 4 and 5 empty", reply.Items[:5])
	}
}

func TestOracleHeedsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := NewOracle(1, held(nil)).Recommend(ctx, sdk.RecommendRequest{Users: []int32{0}, K: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want canceled", err)
	}
}

func TestOracleSpec(t *testing.T) {
	s := NewOracle(1, held(nil)).Spec()
	if s.Name != OracleName || s.Kind != sdk.KindRecommender || s.Determinism != sdk.DeterminismBitwise || s.Doc == "" || !s.Has(sdk.FeatureScore) {
		t.Errorf("%+v", s)
	}
}
