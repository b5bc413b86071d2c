package plugintest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

// batchUsers is the size of the batch that is compared with single users.
const batchUsers = 256

func statelessCases() []Case {
	c := func(id, doc string, run func(context.Context, *bench) error) Case {
		return Case{ID: "recommend/" + id, Doc: doc, kind: sdk.KindRecommender, run: func(ctx context.Context, b *bench) error {
			if b.spec.Determinism == sdk.DeterminismNone {
				return skipf("it declares no determinism")
			}
			return run(ctx, b)
		}}
	}
	return []Case{
		c("repeatable", "the same question has the same answer, whatever was asked between", repeatCase),
		c("batch-equals-singles", "a batch of 256 users is answered like 256 batches of one", singlesCase),
		c("order", "the order of users in a batch does not matter", userOrderCase),
		c("concurrent", "answers to concurrent calls are those of calls one by one", concurrentCase),
	}
}

// tolerance of scores: none where bits are promised.
func (b *bench) tolerance() float64 {
	if b.spec.Determinism <= sdk.DeterminismSameMachine {
		return 0
	}
	return 1e-4
}

// wide is the question of these cases: everyone, with a session behind them.
func wide(n int) sdk.RecommendRequest {
	r := sdk.RecommendRequest{Users: everyone(n), K: 10, Purpose: sdk.PurposePage, Seed: 31}
	draw := random(seed + 3)
	for i := range n {
		shown := sample(&draw, i%7)
		r.History.Append(shown...)
		r.Exclude.Append(shown...)
		for j := range shown {
			r.HistoryKinds = append(r.HistoryKinds, uint8(j%4))
		}
		r.Pages = append(r.Pages, int32(i%5))
		r.Sessions = append(r.Sessions, int64(i))
		r.Times = append(r.Times, 978307200+int64(i))
	}
	return r
}

// pick makes a batch of some rows of another one.
func pick(r sdk.RecommendRequest, rows ...int) sdk.RecommendRequest {
	out := sdk.RecommendRequest{K: r.K, Purpose: r.Purpose, Seed: r.Seed}
	for _, i := range rows {
		out.Users = append(out.Users, r.Users[i])
		out.History.Append(r.History.Row(i)...)
		out.Exclude.Append(r.Exclude.Row(i)...)
		out.HistoryKinds = append(out.HistoryKinds, r.HistoryKinds[r.History.Offsets[i]:r.History.Offsets[i+1]]...)
		out.Pages, out.Sessions, out.Times = append(out.Pages, r.Pages[i]), append(out.Sessions, r.Sessions[i]), append(out.Times, r.Times[i])
	}
	return out
}

// sameRow compares the answers to two rows.
func sameRow(a ask, i int, b ask, j int, tolerance float64) bool {
	x, xs := a.row(i)
	y, ys := b.row(j)
	return slices.Equal(x, y) && slices.EqualFunc(xs, ys, func(p, q float32) bool {
		return p == q || math.Abs(float64(p)-float64(q)) <= tolerance*max(1, math.Abs(float64(p)))
	})
}

func different(what string, a ask, i int, b ask, j int) error {
	x, xs := a.row(i)
	y, ys := b.row(j)
	return fmt.Errorf("%s: user %d: items %v scores %v, before %v %v", what, a.Users[i], y, ys, x, xs)
}

// sameReply compares row after row.
func sameReply(what string, a, b ask, tolerance float64) error {
	for i := range a.Users {
		if !sameRow(a, i, b, i, tolerance) {
			return different(what, a, i, b, i)
		}
	}
	return nil
}

func repeatCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	first, err := good(ctx, rec, wide(batchUsers))
	if err != nil {
		return err
	}
	for _, other := range requests() {
		if _, err := rec.Recommend(ctx, other.RecommendRequest); err != nil {
			return err
		}
	}
	second, err := good(ctx, rec, wide(batchUsers))
	if err != nil {
		return err
	}
	return sameReply("asked again", first, second, b.tolerance())
}

func singlesCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	all := wide(batchUsers)
	batch, err := good(ctx, rec, all)
	if err != nil {
		return err
	}
	for i := range all.Users {
		single, err := good(ctx, rec, pick(all, i))
		if err != nil {
			return err
		}
		if !sameRow(batch, i, single, 0, b.tolerance()) {
			return different("asked alone", batch, i, single, 0)
		}
	}
	return nil
}

func userOrderCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	all := wide(batchUsers)
	batch, err := good(ctx, rec, all)
	if err != nil {
		return err
	}
	var backwards []int
	for i := range all.Users {
		backwards = append(backwards, len(all.Users)-1-i)
	}
	turned, err := good(ctx, rec, pick(all, backwards...))
	if err != nil {
		return err
	}
	for i, from := range backwards {
		if !sameRow(batch, from, turned, i, b.tolerance()) {
			return different("asked in reverse order", batch, from, turned, i)
		}
	}
	return nil
}

func concurrentCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	all := wide(batchUsers)
	const parts = 16
	want, have := make([]ask, parts), make([]ask, parts)
	errs := make([]error, parts)
	question := func(part int) sdk.RecommendRequest {
		var rows []int
		for i := part; i < batchUsers; i += parts {
			rows = append(rows, i)
		}
		return pick(all, rows...)
	}
	for part := range parts {
		if want[part], err = good(ctx, rec, question(part)); err != nil {
			return err
		}
	}
	var group sync.WaitGroup
	for part := range parts {
		group.Go(func() { have[part], errs[part] = good(ctx, rec, question(part)) })
	}
	group.Wait()
	for part := range parts {
		if errs[part] != nil {
			return fmt.Errorf("%d calls at once: %w", parts, errs[part])
		}
		if err := sameReply("asked at the same time as others", want[part], have[part], b.tolerance()); err != nil {
			return err
		}
	}
	return nil
}
