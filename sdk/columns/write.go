package columns

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/le"
)

// Write writes tables into a new folder. It appears complete or not at all:
// the files are written under another name, synced, made read-only and renamed.
// Errors keep their cause, so errors.Is(err, syscall.ENOSPC) works.
func Write(dir string, m Meta, tables ...sdk.Table) (sdk.DataRef, error) {
	fail := func(err error) (sdk.DataRef, error) {
		return sdk.DataRef{}, fmt.Errorf("write %s: %w", filepath.Base(dir), err)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fail(err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fail(fmt.Errorf("%w: remove it first", fs.ErrExist))
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".tmp-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(tmp) // of no effect once renamed
	man := manifest{Format: Format, Users: m.Users, Items: m.Items, Tables: []tableFile{}}
	for _, t := range tables {
		tf, err := writeTable(tmp, t)
		if err != nil {
			return fail(err)
		}
		man.Tables = append(man.Tables, tf)
	}
	raw, err := json.MarshalIndent(man, "", " ")
	if err != nil {
		return fail(err)
	}
	if _, err := parse(raw); err != nil {
		return fail(err)
	}
	mf, err := writeFile(tmp, ManifestName, append(raw, '\n'))
	if err != nil {
		return fail(err)
	}
	if err := syncDir(tmp); err != nil {
		return fail(err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fail(err)
	}
	if err := syncDir(filepath.Dir(dir)); err != nil {
		return fail(err)
	}
	return sdk.DataRef{Dir: dir, ManifestSHA256: mf.SHA256, Format: Format}, nil
}

func writeTable(dir string, t sdk.Table) (tableFile, error) {
	out := tableFile{Name: t.Name, Rows: t.Rows(), Columns: []columnFile{}}
	if !name(t.Name) {
		return out, sdk.Invalidf("", "table %q: want a name of letters, digits, - and _", t.Name)
	}
	if err := t.Check(); err != nil {
		return out, err
	}
	for _, c := range t.Columns {
		if !name(c.Name) {
			return out, sdk.Invalidf("", "table %s: column %q: want a name of letters, digits, - and _", t.Name, c.Name)
		}
		cf, err := writeColumn(dir, t.Name+"."+c.Name, c)
		if err != nil {
			return out, fmt.Errorf("table %s: column %s: %w", t.Name, c.Name, err)
		}
		out.Columns = append(out.Columns, cf)
	}
	return out, nil
}

func writeColumn(dir, base string, c sdk.Column) (columnFile, error) {
	out := columnFile{Name: c.Name, Type: c.Type().String()}
	var err error
	switch d := c.Data.(type) {
	case []int32:
		out.file, err = writeFile(dir, base+".i32", le.Bytes(d))
	case []int64:
		out.file, err = writeFile(dir, base+".i64", le.Bytes(d))
	case []float32:
		out.file, err = writeFile(dir, base+".f32", le.Bytes(d))
	case []float64:
		out.file, err = writeFile(dir, base+".f64", le.Bytes(d))
	case []uint8:
		out.file, err = writeFile(dir, base+".u8", d)
	case []string:
		var offsets []uint32
		if offsets, err = stringOffsets(d); err != nil {
			return out, err
		}
		if out.file, err = writeStrings(dir, base+".str", d); err != nil {
			return out, err
		}
		out.Offsets, err = optional(writeFile(dir, base+".offsets", le.Bytes(offsets)))
	}
	if err == nil && c.Lists != nil {
		out.Lists, err = optional(writeFile(dir, base+".lists", le.Bytes(c.Lists)))
	}
	return out, err
}

func optional(f file, err error) (*file, error) { return &f, err }

func stringOffsets(d []string) ([]uint32, error) {
	offsets := make([]uint32, len(d)+1)
	at := uint64(0)
	for i, s := range d {
		at += uint64(len(s))
		if at > math.MaxUint32 {
			return nil, sdk.Invalidf("", "more than 4 GiB of text")
		}
		offsets[i+1] = uint32(at)
	}
	return offsets, nil
}

func writeFile(dir, name string, b []byte) (file, error) {
	return write(dir, name, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func writeStrings(dir, name string, d []string) (file, error) {
	return write(dir, name, func(w io.Writer) error {
		for _, s := range d {
			if _, err := io.WriteString(w, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// write makes one synced, read-only file and hashes it on the way.
func write(dir, name string, fill func(io.Writer) error) (out file, err error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash, count := sha256.New(), counter(0)
	w := bufio.NewWriterSize(io.MultiWriter(f, hash, &count), 1<<18)
	if err := fill(w); err != nil {
		return out, err
	}
	if err := w.Flush(); err != nil {
		return out, err
	}
	if err := f.Chmod(0o444); err != nil {
		return out, err
	}
	if err := f.Sync(); err != nil {
		return out, err
	}
	return file{File: name, Bytes: int64(count), SHA256: hex.EncodeToString(hash.Sum(nil))}, nil
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
