package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// LockedError says who holds a run folder.
type LockedError struct {
	PID  int    `json:"pid"` // 0: the holder has not said yet
	Host string `json:"host"`
	Path string `json:"-"` // the lock file
}

// Error names the holder.
func (e *LockedError) Error() string {
	who := "another process"
	if e.PID != 0 {
		who = fmt.Sprintf("process %d on %s", e.PID, e.Host)
	}
	return fmt.Sprintf("%s: %s is at work in this run folder: wait for it, or choose another --out", e.Path, who)
}

// lockFile takes the lock at path and writes the holder into it.
func lockFile(path string) (*os.File, error) {
	f, busy, err := openLocked(path)
	if busy {
		held := &LockedError{Path: path}
		if b, err := os.ReadFile(path); err == nil {
			_ = json.Unmarshal(b, held) // an unreadable holder stays unnamed
		}
		return nil, held
	}
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	b, err := json.Marshal(LockedError{PID: os.Getpid(), Host: host})
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(append(b, '\n'), 0)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// unlock empties the file, so that finished folders do not differ by process.
func unlock(f *os.File) error {
	return errors.Join(f.Truncate(0), release(f), f.Close())
}
