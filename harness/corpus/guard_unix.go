//go:build unix

package corpus

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// guard refuses a cache that another user has laid ready for user uid: in a
// folder such as /tmp anybody may make any name first, and data that somebody
// else can exchange is not what was read. Elsewhere the owner does not matter.
func guard(dir string, uid int) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	parent, err := os.Stat(filepath.Dir(dir))
	if err != nil {
		return err
	}
	if parent.Mode()&fs.ModeSticky == 0 || parent.Mode().Perm()&0o002 == 0 {
		return nil
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != uid {
		return fmt.Errorf("%s belongs to user %d, not to you, and anybody may make folders beside it: set ALIGNUSER_CACHE to a folder of your own", dir, owner.Uid)
	}
	return nil
}
