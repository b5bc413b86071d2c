package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/plugins/internal/dense"
	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// patienceOption is the option of components that rank. It has no default, so
// that a suite which does not name it is fitted, and named, as ever.
func patienceOption(unit string) sdk.OptionSpec {
	return sdk.OptionSpec{
		Name: "patience", Type: sdk.OptionInt, Min: sdk.Bound(1), Max: sdk.Bound(10000), Unit: unit,
		Doc: "Stop after so many " + unit + " without a larger nDCG@10 on the validation part, and keep the best. Needs split.valid. Not given: never stop.",
	}
}

// keeper stops a fit that no longer gets better and has the best model.
type keeper struct {
	patience int
	best     float64 // larger is better
	at       int     // epoch of the best, from 1
	model    *vectors
}

// offer takes note of a model after an epoch, and says whether to stop.
func (k *keeper) offer(epoch int, merit float64, v *vectors) (stop bool) {
	if k.at == 0 || merit > k.best {
		k.best, k.at, k.model = merit, epoch, v.copyTo(k.model)
	}
	return epoch-k.at >= k.patience
}

// said is the last word of a fit that was stopped.
func (k *keeper) said(unit string) string {
	return fmt.Sprintf("stopped early: nothing better in %d %s, kept number %d", k.patience, unit, k.at)
}

// watchUsers bounds what an epoch costs beside training: so many users say
// whether it got better.
const watchUsers = 1000

// watchedK is the cutoff of the nDCG that says so.
const watchedK = 10

// watch judges models by the validation part.
type watch struct {
	keeper
	threads      int
	train, valid *dense.Matrix
	users        []int32
	gains        []float64 // one per user
	scores       [][]float32
}

// newWatch gives nil where the option patience was not given.
func (m *latent) newWatch(data sdk.DataRef, train *dense.Matrix, seed uint64) (*watch, error) {
	if !m.options.Has("patience") {
		return nil, nil
	}
	valid, err := readValid(data)
	if err != nil {
		return nil, err
	}
	w := &watch{keeper: keeper{patience: m.options.Int("patience")}, threads: m.threads, train: train, valid: valid}
	for u := range valid.Rows {
		if len(valid.Row(u)) > 0 {
			w.users = append(w.users, int32(u))
		}
	}
	if len(w.users) == 0 {
		return nil, sdk.Invalidf("patience", "the validation part is empty, so nothing says when to stop: give split.valid, or leave patience out")
	}
	hash := func(u int32) uint64 { return sdk.Mix(seed, streamWatch, uint64(u)) }
	slices.SortFunc(w.users, func(a, b int32) int { return cmp.Or(cmp.Compare(hash(a), hash(b)), cmp.Compare(a, b)) })
	w.users = w.users[:min(len(w.users), watchUsers)]
	w.gains = make([]float64, len(w.users))
	w.scores = make([][]float32, cores.Threads(m.threads))
	return w, nil
}

// readValid gives the validation part as a matrix, without rows where the
// folder has no such table.
func readValid(data sdk.DataRef) (*dense.Matrix, error) {
	folder, err := columns.Open(data)
	if err != nil {
		return nil, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	if !slices.Contains(folder.Tables(), sdk.TableValid) {
		return &dense.Matrix{}, nil
	}
	x, err := folder.Interactions(sdk.TableValid)
	if err != nil {
		return nil, err
	}
	return dense.FromInteractions(x, false)
}

// fit repeats an epoch, up to so many times or until w, which may be nil, says
// that it is enough. It gives the model to keep, how many epochs there were, and
// the metrics of the epoch that is kept.
func (w *watch) fit(ctx context.Context, unit string, most int, emit sdk.Emit, v *vectors, epoch func() (map[string]float64, error)) (*vectors, int, map[string]float64, error) {
	var metrics map[string]float64
	for n := 1; n <= most; n++ {
		now, err := epoch()
		if err != nil {
			return nil, 0, nil, err
		}
		if w == nil {
			metrics = now
			note(emit, unit, n, most, now, "")
			continue
		}
		if now["valid-ndcg"], err = w.ndcg(ctx, v); err != nil {
			return nil, 0, nil, err
		}
		stop, said := w.offer(n, now["valid-ndcg"], v), ""
		if w.at == n {
			metrics = now
		}
		if stop {
			most, said = n, w.said(unit)
		}
		note(emit, unit, n, most, now, said)
	}
	if w == nil {
		return v, most, metrics, nil
	}
	metrics["best-epoch"] = float64(w.at)
	return w.model, most, metrics, nil
}

// ndcg is the mean nDCG@10 of the validation items among all that the user did
// not touch in training. An item stands behind those of equal score, so that a
// model which tells nothing apart gains nothing.
func (w *watch) ndcg(ctx context.Context, v *vectors) (float64, error) {
	err := cores.Each(ctx, len(w.users), w.threads, func(worker, i int) {
		if w.scores[worker] == nil {
			w.scores[worker] = make([]float32, v.items)
		}
		u, scores := w.users[i], w.scores[worker]
		p := v.userRow(u)
		for it := range scores {
			scores[it] = v.score(u, p, int32(it))
		}
		for _, it := range w.train.Row(int(u)) {
			scores[it] = float32(math.Inf(-1))
		}
		w.gains[i] = ndcgOf(scores, w.valid.Row(int(u)))
	})
	var sum float64
	for _, g := range w.gains {
		sum += g
	}
	return sum / float64(len(w.gains)), err
}

// ndcgOf is DCG over that of the best list of min(10, relevant) hits.
func ndcgOf(scores []float32, relevant []int32) float64 {
	var gain, ideal float64
	for n, it := range relevant {
		if n < watchedK {
			ideal += 1 / math.Log2(float64(n+2))
		}
		ahead := -1 // itself
		for _, s := range scores {
			if !(s < scores[it]) { // where a fit diverged, nothing is below anything
				if ahead++; ahead == watchedK {
					break
				}
			}
		}
		if ahead < watchedK {
			gain += 1 / math.Log2(float64(ahead+2))
		}
	}
	return gain / ideal
}
