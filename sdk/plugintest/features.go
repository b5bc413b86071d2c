package plugintest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/sdk"
)

func featureCases() []Case {
	return []Case{
		{ID: "score/agrees", Doc: "Score puts two items in the order in which Recommend answers them", kind: sdk.KindRecommender, feature: sdk.FeatureScore, run: scoreAgrees},
		{ID: "score/all", Doc: "Score without candidates is Score of every item in order of id", kind: sdk.KindRecommender, feature: sdk.FeatureScore, run: scoreAll},
		{ID: "score/batch", Doc: "Score of a batch is Score of its users one by one", kind: sdk.KindRecommender, feature: sdk.FeatureScore, run: scoreBatch},
		{ID: "score/values", Doc: "predicted values lie on the scale of the training values; NaN says that there is no prediction", kind: sdk.KindRecommender, feature: sdk.FeaturePredictValues, run: scoreValues},
		{ID: "save/files", Doc: "Save lists what it wrote, with true sizes and hashes, and writes nothing else", kind: sdk.KindRecommender, feature: sdk.FeatureSave, run: saveFiles},
		{ID: "save/equal", Doc: "a model that was saved and loaded by another process answers as before", kind: sdk.KindRecommender, feature: sdk.FeatureSave, run: saveEqual},
		{ID: "save/missing", Doc: "Load of an empty folder is refused, and the process lives", kind: sdk.KindRecommender, feature: sdk.FeatureSave, run: loadMissing},
		{ID: "update/accepts", Doc: "Update takes events, and answers stay well-formed", kind: sdk.KindRecommender, feature: sdk.FeatureUpdate, run: updateAccepts},
	}
}

// as gives a client's optional interface.
func as[T any](rec any) (T, error) {
	t, ok := rec.(T)
	if !ok {
		return t, fmt.Errorf("plugintest: %T does not implement %T", rec, &t)
	}
	return t, nil
}

func scoreAgrees(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	scorer, err := as[sdk.Scorer](rec)
	if err != nil {
		return err
	}
	a, err := good(ctx, rec, sdk.RecommendRequest{Users: everyone(64), K: worldItems, Purpose: sdk.PurposeRanking, Seed: 41})
	if err != nil {
		return err
	}
	pairs := &sdk.Ragged{}
	for i := range a.Users {
		items, _ := a.row(i)
		pairs.Append(items...)
	}
	scores, err := scorer.Score(ctx, sdk.ScoreRequest{Users: a.Users, Candidates: pairs})
	if err != nil {
		return err
	}
	for i, user := range a.Users {
		items, ranked := a.row(i)
		row := scores[pairs.Offsets[i]:pairs.Offsets[i+1]]
		for j := range row {
			v := float64(row[j])
			if math.IsNaN(v) && b.spec.Has(sdk.FeaturePredictValues) {
				continue
			}
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("user %d, item %d: score %v", user, items[j], v)
			}
			if j > 0 && ranked[j-1] > ranked[j] && row[j] > row[j-1] {
				return fmt.Errorf("user %d: Recommend puts item %d before item %d, Score gives them %v and %v", user, items[j-1], items[j], row[j-1], row[j])
			}
		}
	}
	return nil
}

func (b *bench) near(x, y float32) bool {
	return x == y || x != x && y != y || math.Abs(float64(x)-float64(y)) <= b.tolerance()*max(1, math.Abs(float64(x)))
}

func scoreAll(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	scorer, err := as[sdk.Scorer](rec)
	if err != nil {
		return err
	}
	users := []int32{0, 7, 250, worldUsers - 1, -1}
	every := &sdk.Ragged{}
	ids := make([]int32, worldItems)
	for i := range ids {
		ids[i] = int32(i)
	}
	for range users {
		every.Append(ids...)
	}
	named, err1 := scorer.Score(ctx, sdk.ScoreRequest{Users: users, Candidates: every})
	all, err2 := scorer.Score(ctx, sdk.ScoreRequest{Users: users})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if len(all) != len(named) {
		return fmt.Errorf("%d scores, want %d users x %d items", len(all), len(users), worldItems)
	}
	for i := range all {
		if !b.near(all[i], named[i]) {
			return fmt.Errorf("user %d, item %d: %v, and %v when it is named", users[i/worldItems], i%worldItems, all[i], named[i])
		}
	}
	return nil
}

func scoreBatch(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	scorer, err := as[sdk.Scorer](rec)
	if err != nil {
		return err
	}
	users, pairs, r := everyone(32), &sdk.Ragged{}, random(seed+4)
	for i := range users {
		pairs.Append(sample(&r, i%9)...)
	}
	batch, err := scorer.Score(ctx, sdk.ScoreRequest{Users: users, Candidates: pairs})
	if err != nil {
		return err
	}
	for i, user := range users {
		one := &sdk.Ragged{}
		one.Append(pairs.Row(i)...)
		single, err := scorer.Score(ctx, sdk.ScoreRequest{Users: []int32{user}, Candidates: one})
		if err != nil {
			return err
		}
		for j, v := range batch[pairs.Offsets[i]:pairs.Offsets[i+1]] {
			if !b.near(v, single[j]) {
				return fmt.Errorf("user %d, item %d: %v alone, %v in a batch", user, one.Items[j], single[j], v)
			}
		}
	}
	return nil
}

// scoreValues looks at predictions for everybody, users never seen among them.
func scoreValues(ctx context.Context, b *bench) error {
	rec, err := b.fitted(ctx)
	if err != nil {
		return err
	}
	scorer, err := as[sdk.Scorer](rec)
	if err != nil {
		return err
	}
	users := append(everyone(worldUsers), -1)
	scores, err := scorer.Score(ctx, sdk.ScoreRequest{Users: users})
	if err != nil {
		return err
	}
	if len(scores) != len(users)*worldItems {
		return fmt.Errorf("%d scores, want %d users x %d items", len(scores), len(users), worldItems)
	}
	for i, v := range scores {
		if v < worldLow || v > worldHigh { // NaN is neither
			return fmt.Errorf("user %d, item %d: predicted value %v, where training values go from %d to %d", users[i/worldItems], i%worldItems, v, worldLow, worldHigh)
		}
	}
	return nil
}

// save writes the shared model into a new folder.
func (b *bench) save(ctx context.Context) (rec sdk.Recommender, dir string, res sdk.SaveResult, err error) {
	if rec, err = b.fitted(ctx); err != nil {
		return nil, "", res, err
	}
	if dir, err = b.folder("model"); err != nil {
		return nil, "", res, err
	}
	saver, err := as[sdk.Saver](rec)
	if err == nil {
		res, err = saver.Save(ctx, dir)
	}
	return rec, dir, res, err
}

func saveFiles(ctx context.Context, b *bench) error {
	_, dir, res, err := b.save(ctx)
	if err != nil {
		return err
	}
	if res.Format == "" {
		return errors.New("no name of the format")
	}
	return listed(dir, res.Files)
}

// listed compares the files of a folder with what a plugin says of them.
func listed(dir string, files []sdk.File) error {
	told := map[string]bool{}
	for _, f := range files {
		if !filepath.IsLocal(f.Path) {
			return fmt.Errorf("file %q lies outside of the folder", f.Path)
		}
		raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil {
			return fmt.Errorf("file %q was named, but: %w", f.Path, err)
		}
		sum := sha256.Sum256(raw)
		if f.Bytes != int64(len(raw)) || f.SHA256 != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("file %q has %d bytes and hash %x, told were %d and %s", f.Path, len(raw), sum, f.Bytes, f.SHA256)
		}
		told[filepath.FromSlash(f.Path)] = true
	}
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if rel, _ := filepath.Rel(dir, path); err == nil && !d.IsDir() && !told[rel] {
			return fmt.Errorf("file %q was written and not named", rel)
		}
		return err
	})
}

func saveEqual(ctx context.Context, b *bench) error {
	rec, dir, _, err := b.save(ctx)
	if err != nil {
		return err
	}
	before, err := good(ctx, rec, wide(batchUsers))
	if err != nil {
		return err
	}
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	ref, err := b.trainingFolder("base")
	if err != nil {
		return err
	}
	loaded := p.Recommender(b.spec)
	if err := loaded.Load(ctx, dir, ref); err != nil {
		return p.child.explain(fmt.Errorf("load: %w", err))
	}
	after, err := good(ctx, loaded, wide(batchUsers))
	if err != nil || b.spec.Determinism == sdk.DeterminismNone {
		return err
	}
	return sameReply("after Save and Load", before, after, b.tolerance())
}

func loadMissing(ctx context.Context, b *bench) error {
	p, err := b.configured(ctx, setup{})
	if err != nil {
		return err
	}
	ref, err := b.trainingFolder("base")
	if err != nil {
		return err
	}
	dir, err := b.folder("model")
	if err != nil {
		return err
	}
	err = p.Recommender(b.spec).Load(ctx, dir, ref)
	if dead := lives(ctx, p); dead != nil {
		return dead
	}
	if err == nil {
		return errors.New("an empty folder was loaded as a model")
	}
	return nil
}

func updateAccepts(ctx context.Context, b *bench) error {
	rec, err := b.fresh(ctx, setup{}, "base")
	if err != nil {
		return err
	}
	updater, err := as[sdk.Updater](rec)
	if err != nil {
		return err
	}
	events := sdk.UpdateRequest{
		Users: []int32{0, 0, 1, -1}, Items: []int32{1, 2, 3, 4}, Kinds: []uint8{sdk.HistoryWatched, sdk.HistoryLiked, sdk.HistoryShown, sdk.HistoryWatched},
		Values: []float32{3, 5, float32(math.NaN()), 4}, Times: []int64{1, 2, 3, 4}, Sessions: []int64{1, 1, 2, 3},
	}
	res, err := updater.Update(ctx, events)
	if err != nil {
		return err
	}
	if res.Accepted < 0 || res.Accepted > int64(len(events.Users)) {
		return fmt.Errorf("%d of %d events accepted", res.Accepted, len(events.Users))
	}
	_, err = good(ctx, rec, wide(32))
	return err
}
