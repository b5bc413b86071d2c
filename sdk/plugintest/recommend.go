package plugintest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/sdk"
)

func recommendCases() []Case {
	c := func(id, doc string, check func(ask) error) Case {
		return Case{ID: "recommend/" + id, Doc: doc, kind: sdk.KindRecommender, run: func(ctx context.Context, b *bench) error {
			return b.askAll(ctx, check)
		}}
	}
	return []Case{
		c("shape", "answers have one row per user, at most k items, and are padded with -1 and 0", checkShape),
		c("range", "items are ids of the catalogue", checkRange),
		c("duplicates", "no item is answered twice to a user", checkDuplicates),
		c("finite", "scores are finite", checkFinite),
		c("sorted", "scores do not increase", checkSorted),
		c("ties", "items of equal score are in the order of the tie hash", checkTies),
		c("excludes", "excluded items are not answered", checkExcluded),
		c("candidates", "where candidates are given, nothing else is answered, and a candidate named twice counts once", checkCandidates),
		{ID: "recommend/k", Doc: "k may be 0, 1, the size of the catalogue, or larger", kind: sdk.KindRecommender, run: kCase},
		{ID: "recommend/cold", Doc: "a user never seen (-1) is answered like any other", kind: sdk.KindRecommender, run: coldCase},
		{ID: "recommend/batch", Doc: "a batch may hold no user, one, or 1,024", kind: sdk.KindRecommender, run: batchCase},
	}
}

// fit learns from one of the kit's folders.
func (b *bench) fit(ctx context.Context, p *Process, data string) error {
	ref, err := b.trainingFolder(data)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.kit.cfg.FitTimeout)
	defer cancel()
	_, err = p.Recommender(b.spec).Fit(ctx, b.fitRequest(ref), func(sdk.Event) {})
	if err != nil {
		return p.child.explain(fmt.Errorf("fit: %w", err))
	}
	return nil
}

func (b *bench) fitRequest(ref sdk.DataRef) sdk.FitRequest {
	return sdk.FitRequest{Data: ref, Seed: seed, Budget: b.kit.cfg.FitTimeout / 2}
}

// fitted gives the recommender that read-only cases share.
func (b *bench) fitted(ctx context.Context) (sdk.Recommender, error) {
	p, err := b.shared(ctx, func(ctx context.Context, p *Process) error { return b.fit(ctx, p, "base") })
	if err != nil {
		return nil, err
	}
	return p.Recommender(b.spec), nil
}

// fresh gives a recommender of its own process, fitted on some data.
func (b *bench) fresh(ctx context.Context, s setup, data string) (sdk.Recommender, error) {
	p, err := b.configured(ctx, s)
	if err == nil {
		err = b.fit(ctx, p, data)
	}
	if err != nil {
		return nil, err
	}
	return p.Recommender(b.spec), nil
}

// ask is a request and its answer.
type ask struct {
	name string
	sdk.RecommendRequest
	sdk.RecommendReply
}

// row gives the items and scores of user i.
func (a ask) row(i int) ([]int32, []float32) {
	n := min(max(0, int(a.Counts[i])), a.K)
	return a.Items[i*a.K : i*a.K+n], a.Scores[i*a.K : i*a.K+n]
}

// requests are the questions that every rule of an answer is held against.
func requests() []ask {
	r := random(seed + 2)
	var plain, session, narrow, most ask
	plain = ask{name: "plain ranking", RecommendRequest: sdk.RecommendRequest{Users: everyone(64), K: 20, Purpose: sdk.PurposeRanking, Seed: 11}}
	users := []int32{0, 1, 2, 17, 250, worldUsers - 1, -1}
	session = ask{name: "page of a session", RecommendRequest: sdk.RecommendRequest{Users: users, K: 10, Purpose: sdk.PurposePage, Seed: 12}}
	narrow = ask{name: "candidates", RecommendRequest: sdk.RecommendRequest{Users: users, K: 10, Purpose: sdk.PurposeRanking, Seed: 13, Candidates: &sdk.Ragged{}}}
	most = ask{name: "nearly all excluded", RecommendRequest: sdk.RecommendRequest{Users: users, K: 10, Purpose: sdk.PurposeRanking, Seed: 14}}
	for i := range users {
		shown := sample(&r, 3*i)
		session.History.Append(shown...)
		session.Exclude.Append(shown...)
		for j := range shown {
			session.HistoryKinds = append(session.HistoryKinds, uint8(j%4))
		}
		session.Pages = append(session.Pages, int32(i))
		session.Sessions = append(session.Sessions, int64(i))
		session.Times = append(session.Times, 978307200)
		candidates := sample(&r, 5*i)
		narrow.Candidates.Append(append(candidates, candidates...)...)
		narrow.Exclude.Append(sample(&r, 2*i)...)
		most.Exclude.Append(sample(&r, worldItems-i)...)
	}
	return []ask{plain, session, narrow, most}
}

// askAll asks every question and checks one property of the answers.
func (b *bench) askAll(ctx context.Context, check func(ask) error) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	for _, a := range requests() {
		if a.RecommendReply, err = rec.Recommend(ctx, a.RecommendRequest); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		if err := check(a); err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
	}
	return nil
}

// checkAll checks every property; the first one broken is told.
func checkAll(a ask) error {
	for _, check := range []func(ask) error{
		checkShape, checkRange, checkDuplicates, checkFinite, checkSorted, checkTies, checkExcluded, checkCandidates,
	} {
		if err := check(a); err != nil {
			return err
		}
	}
	return nil
}

func checkShape(a ask) error {
	n := len(a.Users)
	if len(a.Counts) != n || len(a.Items) != n*a.K || len(a.Scores) != n*a.K {
		return fmt.Errorf("%d counts, %d items and %d scores for %d users and k = %d", len(a.Counts), len(a.Items), len(a.Scores), n, a.K)
	}
	if a.Reasons != nil && len(a.Reasons) != n*a.K {
		return fmt.Errorf("%d reasons, want none or %d", len(a.Reasons), n*a.K)
	}
	for i, count := range a.Counts {
		if count < 0 || int(count) > a.K {
			return fmt.Errorf("row %d: count %d for k = %d", i, count, a.K)
		}
		for j := int(count); j < a.K; j++ {
			if item, score := a.Items[i*a.K+j], a.Scores[i*a.K+j]; item != -1 || score != 0 {
				return fmt.Errorf("row %d: place %d lies beyond the count %d and holds item %d with score %v, want -1 and 0", i, j, count, item, score)
			}
		}
	}
	return nil
}

// rows checks a property row by row.
func rows(a ask, check func(i int, items []int32, scores []float32) error) error {
	for i, user := range a.Users {
		items, scores := a.row(i)
		if err := check(i, items, scores); err != nil {
			return fmt.Errorf("row %d (user %d): %w", i, user, err)
		}
	}
	return nil
}

func checkRange(a ask) error {
	return rows(a, func(_ int, items []int32, _ []float32) error {
		for j, it := range items {
			if it < 0 || it >= worldItems {
				return fmt.Errorf("place %d: item %d of a catalogue of %d", j, it, worldItems)
			}
		}
		return nil
	})
}

func checkDuplicates(a ask) error {
	return rows(a, func(_ int, items []int32, _ []float32) error {
		seen := map[int32]bool{}
		for j, it := range items {
			if seen[it] {
				return fmt.Errorf("place %d: item %d was answered before", j, it)
			}
			seen[it] = true
		}
		return nil
	})
}

func checkFinite(a ask) error {
	return rows(a, func(_ int, _ []int32, scores []float32) error {
		for j, s := range scores {
			if v := float64(s); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("place %d: score %v", j, v)
			}
		}
		return nil
	})
}

func checkSorted(a ask) error {
	return rows(a, func(_ int, _ []int32, scores []float32) error {
		for j := 1; j < len(scores); j++ {
			if scores[j] > scores[j-1] {
				return fmt.Errorf("place %d: score %v after %v", j, scores[j], scores[j-1])
			}
		}
		return nil
	})
}

func checkTies(a ask) error {
	return rows(a, func(i int, items []int32, scores []float32) error {
		user := a.Users[i]
		for j := 1; j < len(items); j++ {
			one, two := items[j-1], items[j]
			if scores[j] == scores[j-1] && sdk.TieHash(a.Seed, user, one) > sdk.TieHash(a.Seed, user, two) {
				return fmt.Errorf("places %d and %d: items %d and %d have score %v and are in the wrong order: order ties by sdk.TieHash", j-1, j, one, two, scores[j])
			}
		}
		return nil
	})
}

func checkExcluded(a ask) error {
	return rows(a, func(i int, items []int32, _ []float32) error {
		for j, it := range items {
			if slices.Contains(a.Exclude.Row(i), it) {
				return fmt.Errorf("place %d: item %d was excluded", j, it)
			}
		}
		return nil
	})
}

func checkCandidates(a ask) error {
	if a.Candidates == nil {
		return nil
	}
	return rows(a, func(i int, items []int32, _ []float32) error {
		for j, it := range items {
			if !slices.Contains(a.Candidates.Row(i), it) {
				return fmt.Errorf("place %d: item %d is no candidate", j, it)
			}
			if slices.Contains(items[:j], it) {
				return fmt.Errorf("place %d: item %d was named twice and answered twice", j, it)
			}
		}
		return nil
	})
}

// good asks one question and checks all properties of the answer.
func good(ctx context.Context, rec sdk.Recommender, r sdk.RecommendRequest) (ask, error) {
	a := ask{RecommendRequest: r}
	var err error
	if a.RecommendReply, err = rec.Recommend(ctx, r); err != nil {
		return a, err
	}
	return a, checkAll(a)
}

func kCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	for _, k := range []int{0, 1, worldItems, worldItems + 37} {
		r := sdk.RecommendRequest{Users: everyone(20), K: k, Purpose: sdk.PurposeRanking, Seed: 21}
		if _, err := good(ctx, rec, r); err != nil {
			return fmt.Errorf("k = %d: %w", k, err)
		}
	}
	return nil
}

func coldCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	for _, purpose := range []sdk.Purpose{sdk.PurposePage, sdk.PurposeRanking} {
		a, err := good(ctx, rec, sdk.RecommendRequest{Users: []int32{-1, 4, -1}, K: 10, Purpose: purpose, Seed: 22})
		if err != nil {
			return err
		}
		if !sameRow(a, 0, a, 2, 0) {
			return errors.New("two users never seen are answered differently in one batch")
		}
	}
	return nil
}

func batchCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	for _, n := range []int{0, 1, 1024} {
		r := sdk.RecommendRequest{Users: everyone(n), K: 10, Purpose: sdk.PurposeRanking, Seed: 23}
		if _, err := good(ctx, rec, r); err != nil {
			return fmt.Errorf("%d users: %w", n, err)
		}
	}
	return nil
}
