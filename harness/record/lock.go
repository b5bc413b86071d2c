package record

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
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

// WaitLock takes the lock at a path, waiting for whoever holds it. It is for folders that
// several runs make together, such as that of a model.
func WaitLock(ctx context.Context, path string) (release func(), err error) {
	const pause = 200 * time.Millisecond
	for {
		f, err := lockFile(path)
		var held *LockedError
		if err == nil {
			return func() { _ = unlock(f) }, nil // what was made there has its name already
		}
		if !errors.As(err, &held) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}
