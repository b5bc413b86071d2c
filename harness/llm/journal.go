package llm

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// Store is where answers are looked for: a [Journal] or a [Cassette].
type Store interface {
	// Lookup gives the encoded answer; ok is false where there is none.
	Lookup(Key) (entry []byte, ok bool, err error)
}

// Binding says whose answers a file holds. Nothing in it may be a secret.
type Binding struct {
	Suite     string `json:"suite"`     // its name
	Run       string `json:"run"`       // the run's id
	Signature string `json:"signature"` // of the run; empty: not known yet
}

// journalFormat is the number of the layout below. Others are refused.
const journalFormat = 1

// The buckets of the file. Answers are by key; the bucket's sequence is their
// number, so that counting them is reading one number. Usage is one row per
// backend, cell and role, kept in the transactions of the answers, so that
// money and answers cannot disagree and opening reads no answer.
var (
	bucketMeta    = []byte("meta")
	bucketAnswers = []byte("answers")
	bucketUsage   = []byte("usage")
	metaHeader    = []byte("header")
)

type journalHeader struct {
	Format  int     `json:"format"`
	Binding Binding `json:"binding"`
}

// A batch is what waited while the batch before was synced, up to this many.
const mostInBatch = 4096

// lockPatience is how long to wait for a process that is about to let go.
const lockPatience = time.Second

// Journal keeps answers and what they cost in one file that one process may
// write. Its methods may be called from several goroutines.
type Journal struct {
	path    string
	db      *bbolt.DB
	header  journalHeader
	packer  *packer
	writes  chan *write // nil: read only
	written sync.WaitGroup

	mu     sync.RWMutex // of closed; held for reading while a write is handed over
	closed bool
}

// write is an answer, a change of usage, or both, on the way to the disk.
type write struct {
	key   Key
	entry []byte // nil: usage alone
	use   Usage
	done  chan error
}

// OpenJournal opens or begins the journal of a run. A journal that is damaged,
// in use, of another format or of another run is an error that says so.
func OpenJournal(path string, b Binding) (*Journal, error) {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := beginJournal(path, b); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	j, err := openJournal(path, false)
	if err != nil {
		return nil, err
	}
	if h := j.header.Binding; h.Suite != b.Suite || h.Run != b.Run {
		_ = j.Close()
		return nil, fmt.Errorf("%s: answers of suite %s, run %s: this is suite %s, run %s (move the file away to begin anew)", path, h.Suite, h.Run, b.Suite, b.Run)
	}
	j.writes = make(chan *write, mostInBatch)
	j.written.Go(j.write)
	return j, nil
}

// ReadJournal opens a journal that is no longer written, as a layer.
func ReadJournal(path string) (*Journal, error) { return openJournal(path, true) }

// beginJournal makes the file beside its place, so that a file in its place
// is always whole: one of no bytes is damage and not a beginning.
func beginJournal(path string, b Binding) error {
	temp := filepath.Join(filepath.Dir(path), ".tmp-"+filepath.Base(path))
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bbolt.Open(temp, 0o644, &bbolt.Options{Timeout: lockPatience})
	if err != nil {
		return err
	}
	header, err := json.Marshal(journalHeader{journalFormat, b})
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			meta, err := tx.CreateBucket(bucketMeta)
			if err != nil {
				return err
			}
			for _, name := range [][]byte{bucketAnswers, bucketUsage} {
				if _, err := tx.CreateBucket(name); err != nil {
					return err
				}
			}
			return meta.Put(metaHeader, header)
		})
	}
	if e := db.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		_ = d.Sync() // not every system can sync a folder
		_ = d.Close()
	}
	return nil
}

func openJournal(path string, readOnly bool) (*Journal, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, damaged(path, errors.New("the file is empty"))
	}
	j := &Journal{path: path}
	err = guard(func() error {
		j.db, err = bbolt.Open(path, 0o644, &bbolt.Options{Timeout: lockPatience, ReadOnly: readOnly, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			return err
		}
		return j.db.View(func(tx *bbolt.Tx) error {
			if tx.Size() > info.Size() {
				return fmt.Errorf("%d bytes are missing at its end", tx.Size()-info.Size())
			}
			return j.readHeader(tx)
		})
	})
	switch {
	case errors.Is(err, bbolterrors.ErrTimeout):
		return nil, fmt.Errorf("%s: another process has it open (wait for that run to end)", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%s: %w", path, err)
	case err != nil:
		if j.db != nil {
			_ = j.db.Close()
		}
		var old *formatError
		if errors.As(err, &old) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return nil, damaged(path, err)
	}
	if j.packer, err = newPacker(); err != nil {
		_ = j.db.Close()
		return nil, err
	}
	return j, nil
}

// formatError is a journal that is whole and not ours to read.
type formatError struct{ have int }

func (e *formatError) Error() string {
	return fmt.Sprintf("format %d: this program reads format %d (open it with the program that wrote it, or move it away to begin anew)", e.have, journalFormat)
}

func (j *Journal) readHeader(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if meta == nil || tx.Bucket(bucketAnswers) == nil || tx.Bucket(bucketUsage) == nil {
		return errors.New("it lacks a table")
	}
	if err := json.Unmarshal(meta.Get(metaHeader), &j.header); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if j.header.Format != journalFormat {
		return &formatError{j.header.Format}
	}
	return nil
}

func damaged(path string, err error) error {
	return fmt.Errorf("%s: the journal of answers is damaged: %w (restore it from a copy, or move it away: its answers are then asked and paid for again)", path, err)
}

// guard turns what a damaged file makes of a memory map into an error.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return f()
}

// Binding says whose journal it is.
func (j *Journal) Binding() Binding { return j.header.Binding }

// Len counts the answers.
func (j *Journal) Len() (n int) {
	_ = j.view(func(tx *bbolt.Tx) error {
		n = int(tx.Bucket(bucketAnswers).Sequence())
		return nil
	})
	return n
}

func (j *Journal) view(f func(*bbolt.Tx) error) error {
	err := guard(func() error { return j.db.View(f) })
	if err != nil && !errors.Is(err, bbolterrors.ErrDatabaseNotOpen) {
		return damaged(j.path, err)
	}
	return err
}

// Lookup implements [Store].
func (j *Journal) Lookup(k Key) (entry []byte, ok bool, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		entry = bytes.Clone(tx.Bucket(bucketAnswers).Get(k[:]))
		return nil
	})
	return entry, entry != nil, err
}

// put returns when the answer and the change of usage are on the disk.
func (j *Journal) put(w *write) error {
	w.done = make(chan error, 1)
	j.mu.RLock()
	if j.closed || j.writes == nil {
		j.mu.RUnlock()
		return fmt.Errorf("%s: the journal is closed", j.path)
	}
	j.writes <- w
	j.mu.RUnlock()
	return <-w.done
}

// write commits what waits, again and again: while one batch is synced the
// next gathers, so that many calls share a sync and one alone does not wait.
func (j *Journal) write() {
	for first := range j.writes {
		batch := []*write{first}
	gather:
		for len(batch) < mostInBatch {
			select {
			case w, ok := <-j.writes:
				if !ok {
					break gather
				}
				batch = append(batch, w)
			default:
				break gather
			}
		}
		err := j.commit(batch)
		for _, w := range batch {
			w.done <- err
		}
	}
}

// commit writes in the order of keys, which is the order of the file's pages.
func (j *Journal) commit(batch []*write) error {
	sorted := slices.Clone(batch)
	slices.SortFunc(sorted, func(a, b *write) int { return bytes.Compare(a.key[:], b.key[:]) })
	var failed error // of the disk, as opposed to damage
	err := guard(func() error {
		failed = j.db.Update(func(tx *bbolt.Tx) error {
			answers, usage := tx.Bucket(bucketAnswers), tx.Bucket(bucketUsage)
			added := uint64(0)
			uses := map[useKey]Usage{}
			for _, w := range sorted {
				if w.entry != nil && answers.Get(w.key[:]) == nil {
					if err := answers.Put(w.key[:], w.entry); err != nil {
						return err
					}
					added++
				}
				sum := uses[w.use.key()]
				sum.add(w.use)
				uses[w.use.key()] = sum
			}
			if err := addUsage(usage, uses); err != nil {
				return err
			}
			return answers.SetSequence(answers.Sequence() + added)
		})
		return nil
	})
	if err != nil {
		return damaged(j.path, err)
	}
	if failed != nil {
		return fmt.Errorf("%s: %w", j.path, failed)
	}
	return nil
}

func addUsage(bucket *bbolt.Bucket, uses map[useKey]Usage) error {
	for key, add := range uses {
		if add == (Usage{}) {
			continue
		}
		name := []byte(strings.Join([]string{key.backend, key.cell, string(key.role)}, "\x00"))
		var row Usage
		if old := bucket.Get(name); old != nil {
			if err := json.Unmarshal(old, &row); err != nil {
				return fmt.Errorf("usage: %w", err)
			}
		}
		row.add(add)
		raw, err := json.Marshal(row)
		if err != nil {
			return err
		}
		if err := bucket.Put(name, raw); err != nil {
			return err
		}
	}
	return nil
}

// Usage gives what the run has paid for so far, sorted.
func (j *Journal) Usage() (rows []Usage, err error) {
	err = j.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketUsage).ForEach(func(_, raw []byte) error {
			var row Usage
			if err := json.Unmarshal(raw, &row); err != nil {
				return fmt.Errorf("usage: %w", err)
			}
			rows = append(rows, row)
			return nil
		})
	})
	slices.SortFunc(rows, Usage.compare)
	return rows, err
}

// Close waits for what is being written and closes the file. A second call
// does nothing.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	if j.writes != nil {
		close(j.writes)
	}
	j.mu.Unlock()
	j.written.Wait()
	if j.packer != nil {
		j.packer.close()
	}
	return j.db.Close()
}

func (u Usage) compare(o Usage) int {
	return cmp.Or(cmp.Compare(u.Backend, o.Backend), cmp.Compare(u.Cell, o.Cell), cmp.Compare(u.Role, o.Role))
}
