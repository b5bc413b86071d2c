//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package record

import "os"

// openLocked opens the file only: this system has no lock that dies with its
// process, so two runs of one suite at once are the user's to avoid.
func openLocked(path string) (f *os.File, busy bool, err error) {
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	return f, false, err
}

// release does nothing: closing the file ends the lock.
func release(*os.File) error { return nil }

func syncDir(string) error { return nil }
