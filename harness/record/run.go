package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Names of the files in a run folder.
const (
	LockFile     = "run.lock"
	ManifestFile = "manifest.json"
	CellsFile    = "cells.csv"
	SummaryFile  = "summary.csv"
	FailuresFile = "failures.csv"
	TimingsFile  = "timings.csv"
	progressFile = "progress.journal"

	rowsSuffix    = ".parquet"
	sessionSuffix = ".sessions.jsonl.zst"
	partialSuffix = ".partial"
)

// ErrSealed says that the cell's evidence exists: evidence is never rewritten.
var ErrSealed = errors.New("evidence is sealed")

// Run is a run folder that this process holds. Its methods may be called from
// several goroutines.
type Run struct {
	dir  string
	lock *os.File
	disk disk

	mu       sync.Mutex
	progress *Journal
	failures map[CellKey]string
	timings  map[CellKey]Timing
	open     map[CellKey]*Partial
	sealing  map[CellKey]bool
}

// OpenRun takes the folder root/suite/id, which it makes or resumes. It is a
// *LockedError when another process holds it.
func OpenRun(root, suite string, id Identity) (*Run, error) { return openRun(disk{}, root, suite, id) }

func openRun(d disk, root, suite string, id Identity) (r *Run, err error) {
	if err := CheckName(suite); err != nil {
		return nil, fmt.Errorf("run folder: suite: %w", err)
	}
	dir := filepath.Join(root, suite, id.ID())
	if err := makeDirs(dir); err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, LockFile))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = unlock(lock) // the first error counts
		}
	}()
	r = &Run{
		dir: dir, lock: lock, disk: d,
		failures: map[CellKey]string{}, timings: map[CellKey]Timing{},
		open: map[CellKey]*Partial{}, sealing: map[CellKey]bool{},
	}
	if err := id.check(dir); err != nil {
		return nil, err
	}
	if err := r.tidy(); err != nil {
		return nil, err
	}
	if err := r.recall(); err != nil {
		return nil, err
	}
	return r, nil
}

// Dir is the run folder.
func (r *Run) Dir() string { return r.dir }

// tidy removes what an earlier process left half done: files on their way, and
// journals of cells that it had just sealed.
func (r *Run) tidy() error {
	if err := removeTemps(r.dir); err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(r.dir, "evidence"), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		cell, partial := strings.CutSuffix(path, partialSuffix)
		if err != nil || e.IsDir() || !partial {
			return err
		}
		if sealedAt(cell) {
			return os.Remove(path)
		}
		return nil
	})
}

// progressEntry is a line of progress.journal: a failure or a timing.
type progressEntry struct {
	CellKey
	Reason *string `json:"reason,omitempty"`
	Timing *Timing `json:"timing,omitempty"`
}

// recall reads the failures and timings of earlier processes.
func (r *Run) recall() error {
	failures, err := ReadFailures(filepath.Join(r.dir, FailuresFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: remove the file to go on without it", err)
	}
	for _, f := range failures {
		r.failures[f.CellKey] = f.Reason
	}
	timings, err := ReadTimings(filepath.Join(r.dir, TimingsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: remove the file to go on without it", err)
	}
	for _, t := range timings {
		r.timings[t.CellKey] = t.Timing
	}
	r.progress, err = openJournal(r.disk, filepath.Join(r.dir, progressFile), "progress")
	if err != nil {
		return err
	}
	for _, b := range r.progress.Entries() {
		var e progressEntry
		if err := json.Unmarshal(b, &e); err != nil {
			_ = r.progress.Close()
			return fmt.Errorf("%s: %w", progressFile, err)
		}
		if e.Reason != nil {
			r.failures[e.CellKey] = *e.Reason
		}
		if e.Timing != nil {
			r.timings[e.CellKey] = *e.Timing
		}
	}
	maps.DeleteFunc(r.failures, func(k CellKey, _ string) bool { return r.Sealed(k) })
	return nil
}

// Evidence gives the path of a cell's evidence, sealed or not.
func (r *Run) Evidence(key CellKey) string { return EvidencePath(r.dir, key) }

// EvidencePath gives the path of a cell's evidence below a run folder: that of its
// sessions where they are there, else that of its rows.
func EvidencePath(dir string, key CellKey) string {
	sessions := filepath.Join(dir, key.path()+sessionSuffix)
	if _, err := os.Stat(sessions); err == nil {
		return sessions
	}
	return filepath.Join(dir, key.path()+rowsSuffix)
}

// sealedAt reports whether there is evidence of either kind.
func sealedAt(cell string) bool {
	for _, suffix := range []string{rowsSuffix, sessionSuffix} {
		if _, err := os.Stat(cell + suffix); err == nil {
			return true
		}
	}
	return false
}

// Sealed reports whether a cell's evidence is there.
func (r *Run) Sealed(key CellKey) bool {
	_, err := os.Stat(r.Evidence(key))
	return err == nil
}

// Seal writes a cell's evidence of rows in one step, read-only, and removes the
// cell's journal and its failure. It is ErrSealed where evidence is there already.
func (r *Run) Seal(key CellKey, write func(io.Writer) error) error {
	return r.seal(key, rowsSuffix, write)
}

// SealSessions is Seal for evidence of sessions (see [WriteSessions]).
func (r *Run) SealSessions(key CellKey, write func(io.Writer) error) error {
	return r.seal(key, sessionSuffix, write)
}

func (r *Run) seal(key CellKey, suffix string, write func(io.Writer) error) error {
	if err := key.Check(); err != nil {
		return fmt.Errorf("cell %s: %w", key, err)
	}
	r.mu.Lock()
	busy := r.sealing[key]
	r.sealing[key] = true
	r.mu.Unlock()
	if busy {
		return fmt.Errorf("cell %s: sealed by two callers at once: %w", key, ErrSealed)
	}
	defer func() {
		r.mu.Lock()
		delete(r.sealing, key)
		r.mu.Unlock()
	}()
	if r.Sealed(key) {
		return fmt.Errorf("cell %s: %w", key, ErrSealed)
	}
	path := filepath.Join(r.dir, key.path()+suffix)
	if err := makeDirs(filepath.Dir(path)); err != nil {
		return err
	}
	if err := r.disk.writeFile(path, 0o444, write); err != nil {
		return fmt.Errorf("cell %s: %w", key, err)
	}
	r.mu.Lock()
	partial := r.open[key]
	delete(r.failures, key)
	r.mu.Unlock()
	if partial != nil {
		_ = partial.Close() // its content is in the evidence
	}
	if err := os.Remove(r.partialPath(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Partial is the journal of a cell that is not sealed yet.
type Partial struct {
	*Journal
	run *Run
	key CellKey
}

// Partial opens a cell's journal, with what an earlier process wrote. One
// caller at a time may hold it.
func (r *Run) Partial(key CellKey) (*Partial, error) {
	if err := key.Check(); err != nil {
		return nil, fmt.Errorf("cell %s: %w", key, err)
	}
	if r.Sealed(key) {
		return nil, fmt.Errorf("cell %s: %w", key, ErrSealed)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.open[key] != nil {
		return nil, fmt.Errorf("cell %s: its journal is open already", key)
	}
	path := r.partialPath(key)
	if err := makeDirs(filepath.Dir(path)); err != nil {
		return nil, err
	}
	j, err := openJournal(r.disk, path, "cell "+key.String())
	if err != nil {
		return nil, err
	}
	p := &Partial{Journal: j, run: r, key: key}
	r.open[key] = p
	return p, nil
}

// Forget removes the journal of a cell that is not open: its cell starts over.
func (r *Run) Forget(key CellKey) error {
	if err := os.Remove(r.partialPath(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cell %s: %w", key, err)
	}
	return nil
}

// Close syncs the journal and leaves it for whoever resumes the cell.
func (p *Partial) Close() error {
	p.run.mu.Lock()
	held := p.run.open[p.key] == p
	if held {
		delete(p.run.open, p.key)
	}
	p.run.mu.Unlock()
	if !held {
		return nil
	}
	return p.Journal.Close()
}

func (r *Run) partialPath(key CellKey) string {
	return filepath.Join(r.dir, key.path()+partialSuffix)
}

// Fail records why a cell has no evidence. A later failure of the cell
// replaces it, and Seal removes it.
func (r *Run) Fail(key CellKey, reason string) error {
	reason = cleanText(reason)
	if reason == "" {
		reason = "unknown"
	}
	return r.note(progressEntry{CellKey: key, Reason: &reason}, func() { r.failures[key] = reason })
}

// Time records what a cell cost, in place of what was recorded before.
func (r *Run) Time(key CellKey, t Timing) error {
	t = t.clean()
	if err := t.check(); err != nil {
		return fmt.Errorf("cell %s: %w", key, err)
	}
	return r.note(progressEntry{CellKey: key, Timing: &t}, func() { r.timings[key] = t })
}

func (r *Run) note(e progressEntry, remember func()) error {
	if err := e.CellKey.Check(); err != nil {
		return fmt.Errorf("cell %s: %w", e.CellKey, err)
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	remember() // even when the disk is full, the table of this process is whole
	return r.progress.Append(b)
}

// Failures gives the cells that failed last time, sorted.
func (r *Run) Failures() []Failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Failure, 0, len(r.failures))
	for _, k := range slices.SortedFunc(maps.Keys(r.failures), CellKey.Compare) {
		out = append(out, Failure{k, r.failures[k]})
	}
	return out
}

// Timings gives what cells cost, sorted.
func (r *Run) Timings() []CellTiming {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]CellTiming, 0, len(r.timings))
	for _, k := range slices.SortedFunc(maps.Keys(r.timings), CellKey.Compare) {
		out = append(out, CellTiming{k, r.timings[k]})
	}
	return out
}

// Flush writes failures.csv and timings.csv. Reports read them, so call it
// before one is made; Close does it too.
func (r *Run) Flush() error {
	if err := WriteFailures(filepath.Join(r.dir, FailuresFile), r.Failures()); err != nil {
		return err
	}
	return WriteTimings(filepath.Join(r.dir, TimingsFile), r.Timings())
}

// Close flushes, closes journals and lets go of the folder.
func (r *Run) Close() error {
	r.mu.Lock()
	open := slices.Collect(maps.Values(r.open))
	r.mu.Unlock()
	var errs []error
	for _, p := range open {
		errs = append(errs, p.Close())
	}
	flushed := r.Flush()
	errs = append(errs, flushed, r.progress.Close())
	if flushed == nil {
		errs = append(errs, os.Remove(filepath.Join(r.dir, progressFile)))
	}
	errs = append(errs, unlock(r.lock))
	return errors.Join(errs...)
}

// cleanText makes a text that a CSV field keeps as it is, and that a terminal
// shows and does not obey.
func cleanText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
}
