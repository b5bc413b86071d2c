package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A journal's line is {"sum":"<16 hex>","entry":<json>}. The sum is the head of
// SHA-256 over the previous line's sum and the entry, so that a lost, doubled
// or exchanged line shows as well as a torn one. The first entry is the header.
const (
	linePrefix = `{"sum":"`
	lineMiddle = `","entry":`
	lineSuffix = "}\n"
	sumLen     = 16
)

// A batch is synced to disk when it has this many entries or is this old. The
// write itself is not delayed, so only a power cut can lose a batch.
const (
	syncEntries = 256
	syncAge     = time.Second
)

// Journal is an append-only file of JSON values that survives being cut off
// anywhere. Its methods may be called from several goroutines; the order of
// entries is then the order of calls, so whoever needs equal bytes sorts.
type Journal struct {
	mu      sync.Mutex
	f       file
	path    string
	size    int64 // of the lines that are whole
	sum     string
	entries [][]byte
	dropped int64
	pending int
	synced  time.Time
	broken  error // set when nobody knows what the file holds
}

// OpenJournal opens or begins a journal. Kind goes into the header: a journal
// of another kind or schema is an error. Lines from the first bad one on are
// cut away; Dropped counts their bytes.
func OpenJournal(path, kind string) (*Journal, error) { return openJournal(disk{}, path, kind) }

type journalHeader struct {
	Schema int    `json:"schema"`
	Kind   string `json:"kind"`
}

func openJournal(d disk, path, kind string) (*Journal, error) {
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	fresh := err != nil
	header, err := json.Marshal(journalHeader{Schema, kind})
	if err != nil {
		return nil, err
	}
	p := parseJournal(old)
	if len(p.entries) > 0 {
		if err := checkHeader(p.entries[0], kind); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	f, err := d.openAppend(path)
	if err != nil {
		return nil, err
	}
	j := &Journal{f: f, path: path, size: p.size, sum: p.sum, dropped: int64(len(old)) - p.size, synced: time.Now()}
	if j.dropped > 0 {
		err = f.Truncate(p.size)
	}
	if err == nil && len(p.entries) == 0 {
		err = j.write(header)
	} else if err == nil {
		j.entries = p.entries[1:]
	}
	if err == nil && fresh {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return j, nil
}

func checkHeader(entry []byte, kind string) error {
	var h journalHeader
	if err := json.Unmarshal(entry, &h); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if err := checkSchema(h.Schema, ""); err != nil {
		return err
	}
	if h.Kind != kind {
		return fmt.Errorf("journal of %s, want %s: was the file moved?", h.Kind, kind)
	}
	return nil
}

// Append adds one JSON value, which must not hold a line break. After a failed
// write the journal is as it was before, and appending may be tried again.
// After a failed sync nobody knows what the disk holds: no more is taken.
func (j *Journal) Append(payload []byte) error {
	if !json.Valid(payload) || bytes.ContainsAny(payload, "\r\n") {
		return fmt.Errorf("%s: entry %d: want one line of JSON", j.path, len(j.entries))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.write(payload); err != nil {
		return fmt.Errorf("%s: %w", j.path, err)
	}
	j.entries = append(j.entries, bytes.Clone(payload))
	if j.pending >= syncEntries || time.Since(j.synced) >= syncAge {
		return j.sync()
	}
	return nil
}

// write appends a line, or restores the file's end.
func (j *Journal) write(payload []byte) error {
	if j.broken != nil {
		return j.broken
	}
	sum := lineSum(j.sum, payload)
	line := make([]byte, 0, len(linePrefix)+sumLen+len(lineMiddle)+len(payload)+len(lineSuffix))
	line = append(append(append(line, linePrefix...), sum...), lineMiddle...)
	line = append(append(line, payload...), lineSuffix...)
	if _, err := j.f.Write(line); err != nil {
		if e := j.f.Truncate(j.size); e != nil {
			j.broken = fmt.Errorf("the end of the journal is unknown: %w", errors.Join(err, e))
		}
		return err
	}
	j.size += int64(len(line))
	j.sum = sum
	j.pending++
	return nil
}

func (j *Journal) sync() error {
	if err := j.f.Sync(); err != nil {
		j.broken = fmt.Errorf("%s: %w", j.path, err)
		return j.broken
	}
	j.pending, j.synced = 0, time.Now()
	return nil
}

// Sync makes every entry so far survive a power cut.
func (j *Journal) Sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.sync()
}

// Entries gives what was found on opening and what was appended since, in
// order. The caller must not change the bytes.
func (j *Journal) Entries() [][]byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.entries[:len(j.entries):len(j.entries)]
}

// Dropped counts the bytes that opening cut away: what a killed process was
// writing, or damage.
func (j *Journal) Dropped() int64 { return j.dropped }

// Close syncs and closes.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	err := j.sync()
	if e := j.f.Close(); err == nil && e != nil {
		err = fmt.Errorf("%s: %w", j.path, e)
	}
	return err
}

func lineSum(previous string, payload []byte) string {
	h := sha256.New()
	h.Write([]byte(previous))
	h.Write(payload)
	return hex.EncodeToString(h.Sum(nil)[:sumLen/2])
}

// parsed is the whole part of a journal: its entries with the header first,
// their size in the file, and the last sum.
type parsed struct {
	entries [][]byte
	size    int64
	sum     string
}

func parseJournal(data []byte) (p parsed) {
	for {
		end := bytes.IndexByte(data[p.size:], '\n')
		if end < 0 {
			return p
		}
		line := data[p.size : p.size+int64(end)+1]
		const overhead = len(linePrefix) + sumLen + len(lineMiddle)
		if len(line) < overhead+len(lineSuffix) ||
			string(line[:len(linePrefix)]) != linePrefix ||
			string(line[len(linePrefix)+sumLen:overhead]) != lineMiddle ||
			string(line[len(line)-len(lineSuffix):]) != lineSuffix {
			return p
		}
		payload := line[overhead : len(line)-len(lineSuffix)]
		sum := lineSum(p.sum, payload)
		if string(line[len(linePrefix):len(linePrefix)+sumLen]) != sum || !json.Valid(payload) {
			return p
		}
		p.entries = append(p.entries, payload)
		p.size += int64(len(line))
		p.sum = sum
	}
}
