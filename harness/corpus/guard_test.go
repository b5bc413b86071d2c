//go:build unix

package corpus

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestForeignCache: in a shared folder whoever came first owns the name.
func TestForeignCache(t *testing.T) {
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(shared, "cache")
	if err := os.Mkdir(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := guard(cache, os.Getuid()); err != nil {
		t.Errorf("one's own: %v", err)
	}
	if err := guard(cache, os.Getuid()+1); err == nil || !strings.Contains(err.Error(), "ALIGNUSER_CACHE") {
		t.Errorf("another user's: %v", err)
	}
	if err := os.Chmod(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := guard(cache, os.Getuid()+1); err != nil {
		t.Errorf("another user's, in a folder that is not shared: %v", err)
	}
}

func TestOpenRefusesForeignCache(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	shared := t.TempDir()
	cache := filepath.Join(shared, "cache")
	if err := os.Chmod(shared, 0o777|fs.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(cache, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(cache, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	f := small()
	if _, err := Open(t.Context(), Config{CacheDir: cache}, "identity", f); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(cache); len(left) != 0 || f.asked.CacheDir != "" {
		t.Errorf("the cache was used: %v, %q", left, f.asked.CacheDir)
	}
}
