//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package columns

import (
	"io"
	"os"

	"github.com/alignuser/alignuser/sdk/internal/le"
)

// mmap reads the file instead: slower to open, the same to use.
func mmap(f *os.File, size int) ([]byte, error) {
	b := le.Buffer(size)
	_, err := io.ReadFull(f, b)
	return b, err
}

func munmap([]byte) error { return nil }

func syncDir(string) error { return nil }
