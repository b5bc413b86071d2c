package host

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketLimit is the longest path of a unix socket.
const socketLimit = 107

// attributes put a process into a group of its own and have it killed when the
// host ends, however the host ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// restrict sets limits on a running process: no core files, and at most memory
// bytes of data (0: no limit). What the process starts inherits them.
func restrict(pid int, memory int64) error {
	if err := unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil); err != nil {
		return fmt.Errorf("limit core files: %w", err)
	}
	if memory > 0 {
		lim := &unix.Rlimit{Cur: uint64(memory), Max: uint64(memory)}
		if err := unix.Prlimit(pid, unix.RLIMIT_DATA, lim, nil); err != nil {
			return fmt.Errorf("limit memory to %d bytes: %w", memory, err)
		}
	}
	return nil
}

// reap waits for the process to exit, ends what is left of its group while the
// exited leader still holds the group's id, and then collects its status.
func reap(cmd *exec.Cmd, g *group) {
	for unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	g.release()
	_ = cmd.Wait()
}

// residentByGroup adds up the resident memory of every process group.
func residentByGroup() map[int]int64 {
	out := map[int]int64{}
	page := int64(os.Getpagesize())
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The command in brackets may hold anything, so count from its end:
		// state, ppid, pgrp are fields 0, 1, 2 after it, rss is 21.
		f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
		if len(f) < 22 {
			continue
		}
		pgid, err1 := strconv.Atoi(string(f[2]))
		pages, err2 := strconv.ParseInt(string(f[21]), 10, 64)
		if err1 == nil && err2 == nil {
			out[pgid] += pages * page
		}
	}
	return out
}

// highWater is the largest resident memory of a living process so far; 0 where
// it has ended. What the kernel accounts to an ended process is of no use: it
// includes what this process held when it made the other.
func highWater(pid int) int64 {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(b, []byte("\nVmHWM:"))
	f := bytes.Fields(after)
	if len(f) == 0 {
		return 0
	}
	kib, err := strconv.ParseInt(string(f[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// peakResident is not to be had of an ended process; see highWater.
func peakResident(*os.ProcessState) int64 { return 0 }

// descriptorPath names an open file so that exactly the file that was hashed is
// executed, whatever has become of its path since. Scripts cannot be run this
// way: their interpreter would find the descriptor closed.
func descriptorPath(f *os.File) string {
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil || string(magic[:]) == "#!" {
		return ""
	}
	path := fmt.Sprintf("/proc/self/fd/%d", f.Fd())
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
