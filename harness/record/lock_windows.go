//go:build windows

package record

import (
	"errors"
	"os"
	"syscall"
)

// openLocked opens a file so that nobody else can open it for writing; Windows
// ends that when the process ends. Untested.
func openLocked(path string) (f *os.File, busy bool, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, false, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE,
		syscall.FILE_SHARE_READ, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		const sharingViolation = syscall.Errno(32)
		return nil, errors.Is(err, sharingViolation), &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), false, nil
}

// release does nothing: closing the file ends the lock.
func release(*os.File) error { return nil }

// syncDir does nothing: Windows has no sync of folders.
func syncDir(string) error { return nil }
