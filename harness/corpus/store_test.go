package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestLeftoversAreSwept: a killed process leaves its half-made folder, which
// nobody else would ever remove. A young one may be another process's work.
func TestLeftoversAreSwept(t *testing.T) {
	cache := t.TempDir()
	dir := filepath.Join(cache, "corpora")
	for name, age := range map[string]time.Duration{".tmp-old": 25 * time.Hour, ".tmp-young": time.Hour, "old-corpus": 25 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Join(path, ".data.tmp-1"), 0o700); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	mustOpen(t, Config{CacheDir: cache}, small())
	var left []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if len(e.Name()) != 32 { // the corpus
			left = append(left, e.Name())
		}
	}
	if !slices.Equal(left, []string{".tmp-young", "old-corpus"}) {
		t.Errorf("left: %q", left)
	}
}

// TestDownloadsAreApart: what one plugin downloaded is no other's, though their
// components have the same name.
func TestDownloadsAreApart(t *testing.T) {
	cache, seen := t.TempDir(), map[string]string{}
	for _, plugin := range []string{"here", "there"} {
		f := small()
		mustOpen(t, Config{CacheDir: cache, Plugin: plugin}, f)
		if other, twice := seen[f.asked.CacheDir]; twice {
			t.Errorf("%s and %s keep downloads in %s", other, plugin, f.asked.CacheDir)
		}
		seen[f.asked.CacheDir] = plugin
	}
}
