//go:build unix

package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alignuser/alignuser/harness/host"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// TestOrderAndWorkers: neither the number of workers nor the order of arms in
// the suite changes a byte of an arm's evidence or of the cells.
func TestOrderAndWorkers(t *testing.T) {
	t.Parallel()
	arms := []string{
		armTable("basics", "popular"), armTable("neighbors", "itemknn"), armTable("bad", "good"), armTable("bad", "ties"),
	}
	serial := newBench(t, nil)
	p := serial.plan(suite(arms...), nil, "limits.workers=1")
	want := files(t, serial.execute(p).Dir)
	if len(want) != 3+2*6 { // cells, summary, failures; 2 repeats of 4 arms, random and oracle
		t.Fatalf("%d files", len(want))
	}

	wide := newBench(t, nil)
	q := wide.plan(suite(arms...), nil, "limits.workers=8")
	if q.ID() != p.ID() {
		t.Errorf("the number of workers makes another run: %s and %s", p.ID(), q.ID())
	}
	same(t, want, files(t, wide.execute(q).Dir))

	slices.Reverse(arms)
	turned := newBench(t, nil)
	same(t, want, files(t, turned.execute(turned.plan(suite(arms...), nil)).Dir))
}

// TestBrokenArmIsARow: whatever an arm does, its row says so and the others go on.
func TestBrokenArmIsARow(t *testing.T) {
	t.Parallel()
	reasons := map[string]string{
		"panic":         "the model is a teapot",
		"exit-zero":     "exited with status 0",
		"kill":          "killed by SIGKILL",
		"exit-fit":      "fit: exited with status 5",
		"nan":           "recommend: bad reply: ",
		"duplicate":     "recommend: bad reply: ",
		"excluded":      "recommend: bad reply: ",
		"out-of-range":  "recommend: bad reply: ",
		"wrong-options": "",
	}
	delete(reasons, "wrong-options")
	arms := []string{armTable("basics", "popular")}
	for name := range reasons {
		arms = append(arms, armTable("bad", name))
	}
	b := newBench(t, nil)
	var l listener
	res := b.execute(b.plan(suite(arms...), l.hear, "repeats=1"))
	if res.Cells != len(reasons)+3 || res.Done != 3 || len(res.Failures) != len(reasons) {
		t.Errorf("%d cells, %d done, %d failed; want %d, 3, %d", res.Cells, res.Done, len(res.Failures), len(reasons)+3, len(reasons))
	}
	for name, want := range reasons {
		if got := reason(res, name); !strings.Contains(got, want) || !strings.Contains(got, "recommender-bad/"+name) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	cells, err := record.ReadCells(filepath.Join(res.Dir, record.CellsFile))
	if err != nil {
		t.Fatal(err)
	}
	scored := map[string]bool{}
	for _, c := range cells {
		scored[c.Recommender] = true
	}
	if len(scored) != 3 || !scored["popular"] || !scored["random"] || !scored["oracle"] {
		t.Errorf("scored: %v", scored)
	}
	written, err := record.ReadFailures(filepath.Join(res.Dir, record.FailuresFile))
	if err != nil || len(written) != len(reasons) {
		t.Errorf("failures.csv: %d rows, %v", len(written), err)
	}
}

// TestHangingCalls: a call that is never answered, or whose process is stopped,
// ends at the deadline.
func TestHangingCalls(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(timing *host.Timing) {
		timing.Call, timing.PerRow, timing.MaxCrashes = 3*time.Second, time.Nanosecond, 1
	})
	res := b.execute(b.plan(suite(armTable("bad", "hang"), armTable("bad", "stop")), nil, "repeats=1", "limits.workers=4"))
	for _, arm := range []string{"hang", "stop"} {
		if got := reason(res, arm); !strings.Contains(got, "no answer within 3s") {
			t.Errorf("%s: %q", arm, got)
		}
	}
	if res.Done != 2 {
		t.Errorf("%d cells done, want those of random and oracle", res.Done)
	}
}

// TestFitTimeout: limits.fit-timeout ends a fit, and the reason names the key.
func TestFitTimeout(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	res := b.execute(b.plan(suite(armTable("bad", "stop-fit")), nil, "repeats=1", "limits.fit-timeout=3s"))
	const want = "fit: took longer than limits.fit-timeout, 3s: raise it, or make the arm smaller"
	if got := reason(res, "stop-fit"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if len(res.Failures) != 1 {
		t.Errorf("%v", res.Failures)
	}
}

// TestFailedCellsAreTriedAgain: the same plan carried out again asks for what
// failed, and only for that.
func TestFailedCellsAreTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(timing *host.Timing) { timing.MaxCrashes = 1 })
	mark := filepath.Join(t.TempDir(), "mark")
	good := filepath.Join(t.TempDir(), "good")
	text := suite(armTable("bad", "crash-once", marker(mark)), armTable("bad", "good", marker(good)))
	first := b.execute(b.plan(text, nil, "repeats=1"))
	if got := reason(first, "crash-once"); !strings.Contains(got, "exited with status 3") || first.Done != 3 {
		t.Fatalf("%q with %d done", got, first.Done)
	}
	second := b.execute(b.plan(text, nil, "repeats=1"))
	if second.Dir != first.Dir || len(second.Failures) != 0 || second.Done != 4 {
		t.Errorf("second: %+v", second)
	}
	if n := count(marks(t, good), "fit"); n != 1 {
		t.Errorf("the good arm was fitted %d times, want once", n)
	}
	if failed, err := record.ReadFailures(filepath.Join(second.Dir, record.FailuresFile)); err != nil || len(failed) != 0 {
		t.Errorf("failures.csv: %v, %v", failed, err)
	}
}

// stopAt makes a listener that closes the channel when an arm has done a step.
func stopAt(arm, stage string, step int64) (hear func(Event), stop chan struct{}) {
	stop = make(chan struct{})
	return func(e Event) {
		if w, ok := e.(Working); ok && w.Arm == arm && w.Stage == stage && w.Step == step && w.Repeat == 0 {
			close(stop)
		}
	}, stop
}

// interrupted carries a plan out until stop closes.
func (b *bench) interrupted(p *Plan, stop chan struct{}) Result {
	b.t.Helper()
	res, err := p.Execute(b.t.Context(), stop)
	if err != nil || !res.Interrupted || len(res.Failures) != 0 {
		b.t.Fatalf("%+v, %v: want an interrupted run without failures", res, err)
	}
	return res
}

// TestKeptModel: a run stopped while it ranks leaves the fitted model, and the
// next one loads it in place of a fit and gives the bytes of an unbroken run.
func TestKeptModel(t *testing.T) {
	t.Parallel()
	whole := newBench(t, nil)
	text := suite(armTable("neighbors", "itemknn"))
	want := files(t, whole.execute(whole.plan(text, nil)).Dir)

	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		note  string // of the second attempt
	}{
		{"whole", func(*testing.T, string) {}, ""},
		{"cut short", func(t *testing.T, dir string) {
			for _, f := range filesBelow(t, dir) {
				if err := os.Truncate(f, 5); err != nil {
					t.Fatal(err)
				}
			}
		}, "itemknn r0: the kept model does not load, fitting again: "},
		{"empty", func(t *testing.T, dir string) {
			for _, f := range filesBelow(t, dir) {
				if err := os.Remove(f); err != nil {
					t.Fatal(err)
				}
			}
		}, "itemknn r0: the kept model does not load, fitting again: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			hear, stop := stopAt("itemknn", "offline", 1)
			p := b.plan(text, hear, "limits.workers=1")
			p.keepAfter = 0
			res := b.interrupted(p, stop)
			models := filepath.Join(res.Dir, "models", "itemknn", "r0")
			if len(filesBelow(t, models)) == 0 {
				t.Fatal("no model was kept")
			}
			c.spoil(t, models)
			var l listener
			again := b.execute(b.plan(text, l.hear))
			same(t, want, files(t, again.Dir))
			notes := l.notes()
			if c.note == "" && len(notes) != 0 || c.note != "" && (len(notes) != 1 || !strings.HasPrefix(notes[0], c.note)) {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
			if _, err := os.Stat(filepath.Join(res.Dir, "models")); !os.IsNotExist(err) {
				t.Errorf("models of finished units are still there: %v", err)
			}
		})
	}
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestKeptModelSparesTheFit: with a model there is a load and no fit.
func TestKeptModelSparesTheFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		keepAfter time.Duration
		fits      int // of repeat 0, over both attempts
		loads     int
	}{{"kept", 0, 1, 1}, {"not kept: the fit was quick", time.Hour, 2, 0}} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			mark := filepath.Join(t.TempDir(), "mark")
			text := suite(armTable("bad", "saver", marker(mark)))
			hear, stop := stopAt("saver", "offline", 1)
			p := b.plan(text, hear, "repeats=1", "limits.workers=1")
			p.keepAfter = c.keepAfter
			b.interrupted(p, stop)
			b.execute(b.plan(text, nil, "repeats=1"))
			if m := marks(t, mark); count(m, "fit") != c.fits || count(m, "load") != c.loads {
				t.Errorf("%v: want %d fits and %d loads", m, c.fits, c.loads)
			}
		})
	}
}

// TestStopInOrder: closing stop lets the call in flight end and begins nothing
// new; what was logged is not asked for again.
func TestStopInOrder(t *testing.T) {
	t.Parallel()
	text := suite(armTable("bad", "good"), armTable("basics", "popular"))
	whole := newBench(t, nil)
	want := files(t, whole.execute(whole.plan(text, nil)).Dir)

	b := newBench(t, nil)
	hear, stop := stopAt("good", "offline", 1)
	res := b.interrupted(b.plan(text, hear, "limits.workers=1"), stop)
	if res.Done != 1 { // random was before it
		t.Errorf("%d cells done, want 1", res.Done)
	}
	if _, err := os.Stat(filepath.Join(res.Dir, "evidence", "offline", "good", "r0.partial")); err != nil {
		t.Errorf("the cell's log: %v", err)
	}
	var l listener
	same(t, want, files(t, b.execute(b.plan(text, l.hear)).Dir))
	for _, e := range l.events {
		if w, ok := e.(Working); ok && w.Arm == "good" && w.Repeat == 0 && w.Stage == "offline" && w.Step == 0 {
			t.Error("the batch that was logged was asked for again")
		}
	}
}

// TestStopCutsLongCalls: a call that outlasts the grace after stop is cut, and
// ending the context cuts it at once. Neither is a failure of the arm. Without
// the cut these tests would last an hour.
func TestStopCutsLongCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, mode, stage string
		hard              bool
	}{
		{"ranking, in order", "hang", "offline", false},
		{"ranking, at once", "hang", "offline", true},
		{"fitting, in order", "stop-fit", "start", false},
		{"fitting, at once", "stop-fit", "start", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(timing *host.Timing) { timing.Call, timing.Stall = time.Hour, time.Hour })
			hear, stop := stopAt(c.mode, c.stage, 0)
			p := b.plan(suite(armTable("bad", c.mode)), hear, "repeats=1", "limits.workers=1", "limits.fit-timeout=1h")
			p.grace = 300 * time.Millisecond
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			soft := (<-chan struct{})(stop)
			if c.hard {
				soft = nil
				p.grace = time.Hour
				go func() { <-stop; cancel() }()
			}
			res, err := p.Execute(ctx, soft)
			if err != nil || !res.Interrupted || len(res.Failures) != 0 {
				t.Errorf("%+v, %v", res, err)
			}
		})
	}
}

// TestOneRunAtATime: a run folder in use is refused, with the holder.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	text := suite(armTable("basics", "popular"))
	second := b.plan(text, nil)
	var refused error
	first := b.plan(text, func(e Event) {
		if _, ok := e.(Planned); ok {
			_, refused = second.Execute(t.Context(), nil)
		}
	})
	b.execute(first)
	var locked *record.LockedError
	if !errors.As(refused, &locked) || locked.PID != os.Getpid() {
		t.Errorf("%v, want a refusal that names process %d", refused, os.Getpid())
	}
	if res := b.execute(second); res.Done != res.Cells {
		t.Errorf("afterwards: %+v", res)
	}
}

// TestBrokenFolder: what the machine lacks is the run's error and no arm's.
func TestBrokenFolder(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	p := b.plan(suite(armTable("basics", "popular")), nil)
	dir := filepath.Join(b.root, "test", p.ID())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "evidence"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	res, err := p.Execute(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "evidence") || len(res.Failures) != 0 || res.Interrupted {
		t.Errorf("%+v, %v: want an error about the folder and no failed cell", res, err)
	}
}

// TestHeldOutPartLeavesNoTrace: what users did last changes their hits and
// nothing that a recommender is given or answers.
func TestHeldOutPartLeavesNoTrace(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	text := suite(armTable("basics", "popular"), armTable("neighbors", "itemknn"), armTable("neighbors", "ease"))
	type evidence struct {
		User     int32   `parquet:"user"`
		Relevant int32   `parquet:"relevant"`
		Hits     []int32 `parquet:"hits,list"`
		List     []int32 `parquet:"list,list"`
		Tied     int32   `parquet:"tied"`
		Catalog  int32   `parquet:"catalog"`
	}
	var folders, tests []string
	var rankings, hits []map[string][][]int32
	for _, what := range []string{"some", "others"} {
		p := b.plan(text, nil, "dataset.options.held-out="+what)
		ref, err := p.split.TrainingFolder([]string{sdk.TableItems, sdk.TableUsers, sdk.TableValid})
		if err != nil {
			t.Fatal(err)
		}
		folders, tests = append(folders, ref.ManifestSHA256), append(tests, p.split.Digest())
		res := b.execute(p)
		ranked, hit := map[string][][]int32{}, map[string][][]int32{}
		p.each(func(key record.CellKey) {
			rows, err := record.ReadParquet[evidence](record.EvidencePath(res.Dir, key))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				ranked[key.String()] = append(ranked[key.String()], r.List)
				hit[key.String()] = append(hit[key.String()], r.Hits)
			}
		})
		rankings, hits = append(rankings, ranked), append(hits, hit)
	}
	if folders[0] != folders[1] {
		t.Error("the training folder depends on the held-out part")
	}
	if tests[0] == tests[1] {
		t.Error("the held-out parts do not differ: this test shows nothing")
	}
	equal := func(a, b [][]int32) bool { return slices.EqualFunc(a, b, slices.Equal) }
	for cell, list := range rankings[0] {
		if strings.Contains(cell, "/oracle/") {
			continue // it alone is told
		}
		if !equal(list, rankings[1][cell]) {
			t.Errorf("%s: its rankings depend on the held-out part", cell)
		}
		if equal(hits[0][cell], hits[1][cell]) {
			t.Errorf("%s: its hits do not", cell)
		}
	}
}

// TestMistakesOfTheSuite: plugins, components and options that do not exist are
// told at their line, all at once.
func TestMistakesOfTheSuite(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	_, err := b.tryPlan(suite(armTable("neighbours", "ease"), armTable("basics", "popula"), armTable("bad", "good", "items = 0")), nil)
	var wrong spec.Errors
	if !errors.As(err, &wrong) || len(wrong) != 3 {
		t.Fatalf("%v, want three mistakes", err)
	}
	for i, want := range []string{
		"test.toml:11: recommender.ease: recommender-neighbours: no such recommender plugin (did you mean neighbors?)",
		"test.toml:15: recommender.popula: recommender plugin basics has no component \"popula\" (did you mean popular?): it has",
		"test.toml:19: recommender.good.options.items: want at least 1",
	} {
		if !strings.Contains(wrong[i].Error(), want) {
			t.Errorf("mistake %d: %s\nwant %s", i+1, wrong[i], want)
		}
	}
	if entries, _ := os.ReadDir(b.root); len(entries) != 0 {
		t.Errorf("a refused suite left %v", entries)
	}
}

// TestSeeds: streams and repeats differ, and nothing else goes in.
func TestSeeds(t *testing.T) {
	seen := map[uint64]string{}
	for _, suite := range []uint64{1, 2} {
		for _, stream := range []string{streamSplit, streamFit, streamTies, streamScore} {
			for repeat := range uint64(3) {
				seed := seedFor(suite, stream, repeat)
				if other, ok := seen[seed]; ok {
					t.Errorf("%s repeat %d of suite %d has the seed of %s", stream, repeat, suite, other)
				}
				seen[seed] = stream
				if again := seedFor(suite, stream, repeat); again != seed {
					t.Errorf("%s: %d and %d", stream, seed, again)
				}
			}
		}
	}
}
