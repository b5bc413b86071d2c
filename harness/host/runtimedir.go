package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// socketTail is the longest thing that is put behind a host's folder:
// process, and the names that go-plugin gives a socket's folder and a socket.
const socketTail = len("/p99999/plugin-dir4294967295/plugin4294967295")

// makeRuntimeDir makes the private folder of a host and locks a file in it, and
// removes the folders of hosts that were killed.
func makeRuntimeDir(base string) (string, *os.File, error) {
	if base == "" {
		base = os.TempDir()
		if tooLong(base) && runtime.GOOS != "windows" {
			base = "/tmp"
		}
	}
	if tooLong(base) {
		return "", nil, fmt.Errorf("runtime folder: %s: the path is too long for sockets: want at most %d bytes", base, socketLimit-socketTail-len(runtimePrefix)-11)
	}
	sweep(base)
	dir, err := os.MkdirTemp(base, runtimePrefix)
	if err != nil {
		return "", nil, fmt.Errorf("runtime folder: %w", err)
	}
	// Locked before it has its name, so that nobody sees it unlocked.
	half := filepath.Join(dir, "lock.new")
	claim, err := os.OpenFile(half, os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		_, err = lockFolder(claim)
	}
	if err == nil {
		err = os.Rename(half, filepath.Join(dir, "lock"))
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return "", nil, fmt.Errorf("runtime folder: %w", err)
	}
	return dir, claim, nil
}

func tooLong(base string) bool {
	return len(base)+1+len(runtimePrefix)+10+socketTail > socketLimit
}

// sweep removes folders whose host is gone: their lock can be taken. A folder
// without a lock file is left alone, it may be half a moment old.
func sweep(base string) {
	stale, _ := filepath.Glob(filepath.Join(base, runtimePrefix+"*", "lock"))
	for _, path := range stale {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue // someone else's
		}
		if free, _ := lockFolder(f); free {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		_ = f.Close()
	}
}
