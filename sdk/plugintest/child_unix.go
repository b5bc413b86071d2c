//go:build unix

package plugintest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// hasSignals tells whether a process can be asked to end by a signal here.
const hasSignals = true

// ownGroup starts a process as the leader of a group.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends a process and what it started.
func killGroup(p *os.Process) { _ = syscall.Kill(-p.Pid, syscall.SIGKILL) }

// terminate asks a process to end.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

// groupAlive reports whether any process of an ended leader's group runs.
func groupAlive(leader *os.Process) bool {
	if syscall.Kill(-leader.Pid, 0) != nil {
		return false
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		f := statFields(path)
		if len(f) > 2 && string(f[2]) == strconv.Itoa(leader.Pid) && string(f[0]) != "Z" {
			return true
		}
	}
	return len(stats) == 0 // without /proc the signal is all there is to go by
}

// cpuTicks gives the processor time of a process in hundredths of a second;
// ok is false where the system does not tell.
func cpuTicks(p *os.Process) (ticks int64, ok bool) {
	f := statFields("/proc/" + strconv.Itoa(p.Pid) + "/stat")
	if len(f) < 13 {
		return 0, false
	}
	user, err1 := strconv.ParseInt(string(f[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(f[12]), 10, 64)
	return user + system, err1 == nil && err2 == nil
}

// statFields reads the fields after the command of a /proc stat file: state,
// parent and group come first, user and system time are 11 and 12.
func statFields(path string) [][]byte {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
}
