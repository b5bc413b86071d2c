package align

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// Names below the folder of a recipe.
const (
	trainFile = "train.jsonl" // what a job is given
	jobsFile  = "jobs.json"   // jobs under way
	modelFile = "model.json"
	lockFile  = "align.lock"
	tuneDir   = "tune" // of a local backend's output
)

// Workshop is the folder of one recipe, where it is built and tuned. Whatever is done is
// kept: whoever comes later finds it, and goes on from where somebody was stopped.
type Workshop struct {
	Dir    string
	Stage  func() *browse.Stage
	Recipe Recipe
	Data   string // digest of the split
	Digest string // of recipe, data and backend, its program included: names the folder's content
	Pin    string // the same of no program in particular: names the recipe in locks
	// Tuner gives the backend, started, and what ends it.
	Tuner func(ctx context.Context) (sdk.Tuner, func(), error)
	// Options of the backend's jobs; nil: its own defaults.
	Options sdk.Options
	Ask     Reflecting // who reflects
	Keep    bool       // training files are kept when a model is made of them
	Say     func(line string)
}

// claim takes the folder; release lets go of it.
func (w *Workshop) claim(ctx context.Context) (release func(), err error) {
	if err := os.MkdirAll(w.Dir, 0o700); err != nil {
		return nil, err
	}
	return record.WaitLock(ctx, filepath.Join(w.Dir, lockFile))
}

// Build makes the training files, where they are not there.
func (w *Workshop) Build(ctx context.Context) (*Manifest, error) {
	release, err := w.claim(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return w.build(ctx)
}

func (w *Workshop) build(ctx context.Context) (*Manifest, error) {
	m, err := ReadManifest(w.Dir)
	if err == nil && m.Signature == w.Digest && w.whole(m) {
		return m, nil
	}
	stale := []string{ManifestFile}
	if err == nil && m.Signature != w.Digest {
		stale = append(stale, jobsFile) // they learn from other data
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(w.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return Build(ctx, w.Stage(), Order{Recipe: w.Recipe, Data: w.Data, Signature: w.Digest, Ask: w.Ask, Progress: func(pages int) {
		w.Say(fmt.Sprintf("building: %d pages", pages))
	}}, w.Dir)
}

// whole reports whether the files that a manifest names are there.
func (w *Workshop) whole(m *Manifest) bool {
	return !slices.ContainsFunc(m.Files, func(f File) bool {
		_, err := os.Stat(filepath.Join(w.Dir, f.Name))
		return err != nil
	})
}

// Model gives the tuned model, made where it is not there.
func (w *Workshop) Model(ctx context.Context) (*Model, error) { return w.Tune(ctx, ctx) }

// Tune is Model with two stages of ending. When soft is done nothing more is begun, and a
// job under way is left to itself: the next call goes on watching it. Only hard, from
// which soft derives, ends the start of a job: a job whose name nobody has learned would
// be paid for and lost.
func (w *Workshop) Tune(hard, soft context.Context) (*Model, error) {
	release, err := w.claim(soft)
	if err != nil {
		return nil, err
	}
	defer release()
	if m, err := ReadModel(w.Dir); err == nil && m.Recipe == w.Digest {
		return m, nil
	}
	if _, err := w.build(soft); err != nil {
		return nil, err
	}
	tuner, end, err := w.Tuner(soft)
	if err != nil {
		return nil, err
	}
	defer end()
	m, err := w.tune(hard, soft, tuner)
	if err != nil {
		return nil, err
	}
	if err := record.WriteJSON(filepath.Join(w.Dir, modelFile), m); err != nil {
		return nil, err
	}
	return m, w.sweep()
}

// sweep removes what is not needed any more.
func (w *Workshop) sweep() error {
	names := []string{trainFile, jobsFile}
	if !w.Keep {
		names = append(names, WorldFile, PolicyFile, PairsFile, ReflectionFile)
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(w.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// tune runs the jobs of a recipe: cross-entropy of all that is taught, then, where the
// recipe says so, pairs against the model that this made.
func (w *Workshop) tune(hard, soft context.Context, t sdk.Tuner) (*Model, error) {
	m := &Model{Recipe: w.Digest, Objective: "cross-entropy of world model and decision", Metrics: map[string]float64{}}
	if w.Recipe.Counterfactuals {
		m.Objective = "cross-entropy of world model, reflection and decision"
	}
	if err := w.concatenate(); err != nil {
		return nil, err
	}
	done, err := w.job(hard, soft, t, "chat", sdk.TuneRequest{TrainFile: filepath.Join(w.Dir, trainFile), Format: "chat", Options: w.Options, Seed: w.Recipe.Seed})
	if err != nil {
		return nil, err
	}
	m.take("chat", done)
	if w.Recipe.Counterfactuals && w.Recipe.Objective == "pairs" {
		m.Objective += ", then pairs of decision and alternative with β = 0.1 against that model"
		done, err = w.job(hard, soft, t, "pairs", sdk.TuneRequest{TrainFile: filepath.Join(w.Dir, PairsFile), Format: "pairs", BaseModel: done.Model, Options: w.Options, Seed: w.Recipe.Seed})
		if err != nil {
			return nil, err
		}
		m.take("pairs", done)
	}
	m.Name = done.Model
	if content, err := os.ReadFile(done.Model); err == nil && len(done.Artifacts) > 0 {
		sum := sha256.Sum256(content)
		m.File, m.SHA256 = true, hex.EncodeToString(sum[:])
		if m.Name, err = filepath.Rel(w.Dir, done.Model); err != nil {
			return nil, err
		}
		return m, nil
	}
	jobs, err := w.Jobs()
	if err != nil {
		return nil, err
	}
	m.Jobs = slices.Sorted(maps.Values(jobs))
	sum := sha256.Sum256([]byte(m.Name))
	m.SHA256 = hex.EncodeToString(sum[:])
	return m, nil
}

// concatenate joins what is learned by cross-entropy.
func (w *Workshop) concatenate() error {
	out, err := os.Create(filepath.Join(w.Dir, trainFile))
	if err != nil {
		return err
	}
	defer out.Close() // closed below; this is for errors
	for _, name := range []string{PolicyFile, WorldFile, ReflectionFile} {
		in, err := os.Open(filepath.Join(w.Dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err = errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return out.Close()
}

// Jobs names the jobs under way, by part of the recipe.
func (w *Workshop) Jobs() (map[string]string, error) {
	jobs := map[string]string{}
	path := filepath.Join(w.Dir, jobsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return jobs, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &jobs)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: remove it to start again", path, err)
	}
	return jobs, nil
}

// job starts a job, or goes on watching one that an earlier attempt has started.
func (w *Workshop) job(hard, soft context.Context, t sdk.Tuner, name string, r sdk.TuneRequest) (sdk.TuneResult, error) {
	jobs, err := w.Jobs()
	if err != nil {
		return sdk.TuneResult{}, err
	}
	path := filepath.Join(w.Dir, jobsFile)
	if jobs[name] == "" {
		if jobs[name], err = w.start(hard, soft, t, name, r); err != nil {
			return sdk.TuneResult{}, err
		}
		if err := record.WriteJSON(path, jobs); err != nil {
			return sdk.TuneResult{}, err
		}
	} else {
		w.Say(fmt.Sprintf("tuning (%s): going on with job %s", name, jobs[name]))
	}
	done, err := t.WatchTune(soft, jobs[name], 0, w.watch(name))
	switch {
	case err == nil || soft.Err() != nil:
		return done, err
	case !errors.Is(err, sdk.ErrInvalid): // such as a server that is away: the job may go on without it
		return done, fmt.Errorf("tuning (%s): job %s: %w: the next attempt goes on watching it; without %s it starts a new one", name, jobs[name], err, path)
	}
	// A job that has failed or vanished is not watched again.
	err = fmt.Errorf("tuning (%s): job %s: %w: the next attempt starts a new one", name, jobs[name], err)
	delete(jobs, name)
	return done, errors.Join(err, record.WriteJSON(path, jobs))
}

func (w *Workshop) start(hard, soft context.Context, t sdk.Tuner, name string, r sdk.TuneRequest) (string, error) {
	if soft.Err() != nil {
		return "", soft.Err()
	}
	r.OutputDir = filepath.Join(w.Dir, tuneDir, name)
	if err := os.MkdirAll(r.OutputDir, 0o700); err != nil {
		return "", err
	}
	job, err := t.StartTune(hard, r)
	if err != nil {
		return "", fmt.Errorf("tuning (%s): %w", name, err)
	}
	return job, nil
}

func (w *Workshop) watch(name string) func(int64, sdk.Event) {
	return func(_ int64, e sdk.Event) {
		switch e := e.(type) {
		case sdk.Progress:
			line := fmt.Sprintf("tuning (%s): %s %d", name, e.Stage, e.Step)
			if e.Total > 0 {
				line += fmt.Sprintf(" of %d", e.Total)
			}
			if loss, ok := e.Metrics["loss"]; ok {
				line += fmt.Sprintf(", loss %.4f", loss)
			}
			w.Say(line)
		case sdk.Warning:
			w.Say("tuning: " + e.Summary + " " + e.Detail)
		}
	}
}
