package plugintest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

func dataCases() []Case {
	c := func(id, doc, data string) Case {
		return Case{ID: "data/" + id, Doc: doc, kind: sdk.KindRecommender, run: func(ctx context.Context, b *bench) error {
			return b.fitsOn(ctx, data)
		}}
	}
	return []Case{
		c("empty", "an empty training table is fitted", "empty"),
		c("one-row", "a training table of one row is fitted", "one"),
		c("chunk-minus-1", "32,767 rows are fitted", "chunk-1"),
		c("chunk", "32,768 rows are fitted", "chunk"),
		c("chunk-plus-1", "32,769 rows are fitted", "chunk+1"),
		c("unsorted", "rows in any order are fitted", "unsorted"),
		c("repeated", "pairs that occur twice are fitted", "repeated"),
		c("implicit", "a table without values and times is fitted", "implicit"),
		c("untimed", "rows without a time are fitted", "untimed"),
		{ID: "data/unseen", Doc: "users and items of no interaction are asked for and do no harm", kind: sdk.KindRecommender, run: unseenCase},
		{ID: "data/untouched", Doc: "Fit leaves the training folder as it was", kind: sdk.KindRecommender, run: untouchedCase},
	}
}

// fitsOn fits a folder and asks a few questions.
func (b *bench) fitsOn(ctx context.Context, data string) error {
	rec, err := b.fresh(ctx, setup{}, data)
	if err != nil {
		return err
	}
	if strings.HasPrefix(data, "chunk") { // another world: more users and items
		_, err := rec.Recommend(ctx, sdk.RecommendRequest{Users: []int32{0, 999}, K: 10, Purpose: sdk.PurposeRanking, Seed: 51})
		return err
	}
	_, err = good(ctx, rec, sdk.RecommendRequest{Users: []int32{0, 3, worldUsers - 1, -1}, K: 10, Purpose: sdk.PurposeRanking, Seed: 51})
	return err
}

func unseenCase(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	candidates := &sdk.Ragged{}
	var users []int32
	for u := worldUsers - unseenUsers - 1; u < worldUsers; u++ {
		users = append(users, int32(u))
		for it := worldItems - unseenItems; it < worldItems; it++ {
			candidates.Items = append(candidates.Items, int32(it))
		}
	}
	for i := range len(users) + 1 {
		candidates.Offsets = append(candidates.Offsets, uint32(i*unseenItems))
	}
	_, err = good(ctx, rec, sdk.RecommendRequest{Users: users, K: unseenItems, Purpose: sdk.PurposeRanking, Seed: 52, Candidates: candidates})
	return err
}

func untouchedCase(ctx context.Context, b *bench) error {
	if _, err := b.fresh(ctx, setup{}, "base"); err != nil {
		return err
	}
	ref, err := b.trainingFolder("base")
	if err != nil {
		return err
	}
	folder, err := columns.Open(ref)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	if err := folder.Verify(); err != nil {
		return err
	}
	return onlyColumns(ref.Dir)
}

// onlyColumns finds files that columns.Write did not write.
func onlyColumns(dir string) error {
	manifest, err := os.ReadFile(filepath.Join(dir, columns.ManifestName))
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != columns.ManifestName && !strings.Contains(string(manifest), fmt.Sprintf("%q", e.Name())) {
			return fmt.Errorf("%s was written into the training folder", e.Name())
		}
	}
	return err
}

func determinismCases() []Case {
	c := func(id, doc string, run func(context.Context, *bench) error) Case {
		return Case{ID: "determinism/" + id, Doc: doc, kind: sdk.KindRecommender, run: func(ctx context.Context, b *bench) error {
			if b.spec.Determinism > sdk.DeterminismSameMachine {
				return skipf("it declares determinism %q", b.spec.Determinism)
			}
			return run(ctx, b)
		}}
	}
	return []Case{
		c("restart", "a second process, fitted with the same seed on the same data, gives the same answers", restartCase),
		c("threads", "one thread or four: the answers are the same", threadsCase),
	}
}

func restartCase(ctx context.Context, b *bench) error {
	one, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	two, err := b.fresh(ctx, setup{}, "base")
	if err != nil {
		return err
	}
	return answerAlike(ctx, "in another process", one, two)
}

func threadsCase(ctx context.Context, b *bench) error {
	one, err := b.fresh(ctx, setup{threads: 1}, "base")
	if err != nil {
		return err
	}
	four, err := b.fresh(ctx, setup{threads: 4}, "base")
	if err != nil {
		return err
	}
	return answerAlike(ctx, "with four threads", one, four)
}

func answerAlike(ctx context.Context, what string, one, two sdk.Recommender) error {
	a, err := good(ctx, one, wide(batchUsers))
	if err != nil {
		return err
	}
	b, err := good(ctx, two, wide(batchUsers))
	if err != nil {
		return err
	}
	return sameReply(what, a, b, 0)
}

func cancelCases() []Case {
	return []Case{
		{ID: "cancel/fit", Doc: "Fit, cancelled at its start, at 10, 50 or 90 %, stops within 2 s; the process ends or can fit again", kind: sdk.KindRecommender, run: cancelFit},
		{ID: "cancel/deadline", Doc: "Fit obeys a deadline in the same way", kind: sdk.KindRecommender, run: deadlineFit},
	}
}

// cancelData is large enough that most fits take a while.
const cancelData = "chunk"

func cancelFit(ctx context.Context, b *bench) error {
	begin := time.Now()
	if _, err := b.fresh(ctx, setup{}, cancelData); err != nil {
		return err
	}
	whole := time.Since(begin)
	for _, percent := range []int{0, 10, 50, 90} {
		err := b.interruptedFit(ctx, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			timer := time.AfterFunc(whole*time.Duration(percent)/100, cancel)
			return ctx, func() { timer.Stop(); cancel() }
		})
		if err != nil {
			return fmt.Errorf("cancelled at %d %%: %w", percent, err)
		}
		b.end()
	}
	return nil
}

// fitDeadline is long enough for the request to reach a plugin on a busy
// machine, and shorter than most fits.
const fitDeadline = 100 * time.Millisecond

func deadlineFit(ctx context.Context, b *bench) error {
	return b.interruptedFit(ctx, func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, fitDeadline)
	})
}

// interruptedFit starts a Fit whose context ends, and looks at what is left.
// That Fit was faster than its interruption is as good.
func (b *bench) interruptedFit(ctx context.Context, limit func(context.Context) (context.Context, context.CancelFunc)) error {
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	ref, err := b.trainingFolder(cancelData)
	if err != nil {
		return err
	}
	short, cancel := limit(ctx)
	_, err = p.Recommender(b.spec).Fit(short, b.fitRequest(ref), func(sdk.Event) {})
	ended := short.Err()
	if _, limited := short.Deadline(); limited && errors.Is(err, context.DeadlineExceeded) {
		ended = context.DeadlineExceeded // the plugin's clock may strike first
	}
	cancel()
	switch {
	case err == nil:
		return nil
	case ended == nil:
		return p.child.explain(err)
	case !errors.Is(err, ended) && !p.Exited():
		return fmt.Errorf("want the error %q, have: %w", ended.Error(), err)
	}
	return b.settled(ctx, p)
}

// settled wants a process that has stopped working on an interrupted call
// within the grace: either it ends, or it rests and fits again.
func (b *bench) settled(ctx context.Context, p *Process) error {
	deadline := time.Now().Add(grace)
	for !p.child.resting(ctx) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("still computing %s after the end of the call", grace)
		}
	}
	if p.Exited() {
		return nil
	}
	if err := lives(ctx, p); err != nil {
		return err
	}
	again, cancel := context.WithTimeout(ctx, b.kit.cfg.FitTimeout)
	defer cancel()
	if err := b.fit(again, p, "base"); err != nil && !p.Exited() {
		return fmt.Errorf("the next %w", err)
	}
	return nil
}

// resting watches a process for a quarter of a second and reports whether it
// ended or used next to no processor time. Where the system does not tell, it
// is believed to rest.
func (c *child) resting(ctx context.Context) bool {
	before, known := cpuTicks(c.cmd.Process)
	ctx, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
	defer cancel()
	if c.ended(ctx) || !known {
		return true
	}
	after, known := cpuTicks(c.cmd.Process)
	return !known || after-before <= 2
}
