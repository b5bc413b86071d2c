package host

import (
	"os"
	"os/exec"
	"syscall"
)

// socketLimit is the longest path of a unix socket.
const socketLimit = 103

// attributes put a process into a group of its own. There is no parent-death
// signal here; plugins end when their standard input does.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// restrict does nothing: limits of another process cannot be set here.
func restrict(int, int64) error { return nil }

// reap waits for the process and then ends what it left behind.
func reap(cmd *exec.Cmd, g *group) {
	_ = cmd.Wait()
	g.release()
}

// residentByGroup knows nothing here.
func residentByGroup() map[int]int64 { return nil }

// highWater is not to be had of a living process; see peakResident.
func highWater(int) int64 { return 0 }

// peakResident is the largest resident memory of a process that has ended.
func peakResident(ps *os.ProcessState) int64 {
	if ru, ok := ps.SysUsage().(*syscall.Rusage); ok {
		return ru.Maxrss // bytes, unlike Linux
	}
	return 0
}

// descriptorPath is not to be had; the hash is checked right before the start.
func descriptorPath(*os.File) string { return "" }
