package corpus

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// store keeps folders by key. A folder is whole or absent; it is made under
// another name and renamed, so processes that make the same one at once all end
// with a whole one.
type store struct {
	dir    string
	config Config
}

func openStore(cfg Config, kind string) (store, error) {
	if cfg.CacheDir == "" {
		return store{}, errors.New("no cache folder: give one with --cache")
	}
	dir := filepath.Join(cfg.CacheDir, kind)
	if err := os.MkdirAll(cfg.CacheDir, 0o700); err != nil {
		return store{}, err
	}
	if err := guard(cfg.CacheDir, os.Getuid()); err != nil {
		return store{}, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return store{}, err
	}
	s := store{dir, cfg}
	s.sweep()
	return s, nil
}

// tempPrefix begins the names of folders that are being made or removed, and
// abandoned is the age at which nobody can still be at work on one.
const (
	tempPrefix = ".tmp-"
	abandoned  = 24 * time.Hour
)

// sweep removes what killed processes left half made.
func (s store) sweep() {
	entries, _ := os.ReadDir(s.dir) // what is left costs space, nothing else
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), tempPrefix) && time.Since(info.ModTime()) > abandoned {
			_ = os.RemoveAll(filepath.Join(s.dir, e.Name()))
		}
	}
}

// folder loads a folder, building it where it is missing. One that cannot be
// loaded is damaged: it is put aside with a warning and built again.
func (s store) folder(key string, load, build func(dir string) error) error {
	path := filepath.Join(s.dir, key)
	if _, err := os.Lstat(path); err == nil {
		damage := load(path)
		if damage == nil {
			return nil
		}
		s.config.warn("cached data %s is damaged and is made again: %v", path, damage)
		if err := s.discard(path); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temp, err := os.MkdirTemp(s.dir, tempPrefix) // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp) // of no effect once renamed
	if err := build(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		if _, e := os.Lstat(path); e != nil {
			return err
		}
		// Another process was quicker: its folder has the same content.
	}
	if err := load(path); err != nil {
		return fmt.Errorf("%s was written but cannot be used: %w", path, err)
	}
	return nil
}

// discard takes a folder out of the way in one step, then removes it.
func (s store) discard(path string) error {
	aside, err := os.MkdirTemp(s.dir, tempPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside) // leftovers are harmless
	err = os.Rename(path, filepath.Join(aside, "damaged"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process did it
	}
	return err
}
