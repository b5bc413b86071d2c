package record

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// tempPrefix marks files on their way to a name. OpenRun removes leftovers.
const tempPrefix = ".tmp-"

// file is what this package needs of *os.File, so that tests can fill a disk.
type file interface {
	io.Writer
	Name() string
	Sync() error
	Truncate(size int64) error
	Close() error
}

// disk makes files. The zero value is the real one.
type disk struct {
	temp func(dir, pattern string) (file, error)
	open func(path string) (file, error) // for appending
}

func (d disk) createTemp(dir, pattern string) (file, error) {
	if d.temp != nil {
		return d.temp(dir, pattern)
	}
	return os.CreateTemp(dir, pattern)
}

func (d disk) openAppend(path string) (file, error) {
	if d.open != nil {
		return d.open(path)
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
}

// WriteFile replaces a file in one step: written beside its place, synced,
// renamed, and the folder synced. On any error the old file is still there.
func WriteFile(path string, write func(io.Writer) error) error {
	return disk{}.writeFile(path, 0o644, write)
}

// WriteJSON is [WriteFile] of a value as indented JSON.
func WriteJSON(path string, v any) error {
	return WriteFile(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	})
}

func (d disk) writeFile(path string, mode os.FileMode, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	f, err := d.createTemp(dir, tempPrefix+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // a second close is harmless; the first error counts
			_ = os.Remove(f.Name())
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	buf := bufio.NewWriterSize(f, 1<<16)
	if err := write(buf); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Chmod(f.Name(), mode); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// makeDirs is os.MkdirAll that also syncs the folder that got the first child.
func makeDirs(dir string) error {
	missing := ""
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); err == nil || at == filepath.Dir(at) {
			break
		}
		missing = at
	}
	if missing == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if err := syncDir(filepath.Dir(at)); err != nil {
			return err
		}
		if at == missing {
			return nil
		}
	}
}

// removeTemps clears what an earlier process left on its way.
func removeTemps(dir string) error {
	return filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		switch {
		case err != nil || !strings.HasPrefix(e.Name(), tempPrefix):
			return err
		case e.IsDir():
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			return filepath.SkipDir
		default:
			return os.Remove(path)
		}
	})
}
