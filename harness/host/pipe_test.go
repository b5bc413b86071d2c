//go:build linux

package host

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipeIsNoPlugin: opening a named pipe waits for somebody to write to it,
// and no context can end that wait.
func TestPipeIsNoPlugin(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "recommender-pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	both, err := os.OpenFile(pipe, os.O_RDWR, 0) // with both ends open, a mistake here fails instead of waiting
	if err != nil {
		t.Fatal(err)
	}
	defer both.Close()
	if _, err := Inspect(pipe); err == nil || !strings.Contains(err.Error(), "neither file nor folder") {
		t.Errorf("inspect: %v", err)
	}
	if _, err := (Executable{Path: pipe}).open(); err == nil || !strings.Contains(err.Error(), "no longer a file") {
		t.Errorf("open: %v", err)
	}
}
