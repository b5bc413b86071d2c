package host

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// socketLimit is not a concern: go-plugin listens on TCP here.
const socketLimit = 1 << 10

// systemVariables pass through to plugins where the host has them.
var systemVariables = []string{"SystemRoot", "SystemDrive", "TEMP", "TMP"}

// group is a job object that ends its processes when it is closed, and so with
// the host.
type group struct {
	mu  sync.Mutex
	job windows.Handle
}

func newGroup(p *os.Process) (*group, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return nil, fmt.Errorf("job object: %w", err)
	}
	info := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	info.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	if err == nil {
		err = assign(job, p.Pid)
	}
	if err != nil {
		_ = windows.CloseHandle(job)
		return nil, fmt.Errorf("job object: %w", err)
	}
	return &group{job: job}, nil
}

func assign(job windows.Handle, pid int) error {
	h, err := windows.OpenProcess(windows.PROCESS_SET_QUOTA|windows.PROCESS_TERMINATE, false, uint32(pid))
	if err != nil {
		return err
	}
	defer windows.CloseHandle(h)
	return windows.AssignProcessToJobObject(job, h)
}

// terminate does nothing: there is no polite signal here.
func (g *group) terminate() {}

// kill ends every process of the job.
func (g *group) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.TerminateJobObject(g.job, 1)
	}
}

// release ends what is left of the job and forgets it.
func (g *group) release() {
	g.kill()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.job != 0 {
		_ = windows.CloseHandle(g.job)
		g.job = 0
	}
}

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// restrict does nothing here.
func restrict(int, int64) error { return nil }

// reap waits for the process and then ends what it left behind.
func reap(cmd *exec.Cmd, g *group) {
	_ = cmd.Wait()
	g.release()
}

// residentByGroup knows nothing here.
func residentByGroup() map[int]int64 { return nil }

// highWater knows nothing here.
func highWater(int) int64 { return 0 }

// peakResident knows nothing here.
func peakResident(*os.ProcessState) int64 { return 0 }

// descriptorPath is not to be had; the hash is checked right before the start.
func descriptorPath(*os.File) string { return "" }

// endedBy says how a process ended.
func endedBy(ps *os.ProcessState) string {
	if ps == nil {
		return "ended without a status"
	}
	return fmt.Sprintf("exited with status %d", ps.ExitCode())
}

// killedOutright reports whether a process ended as kill ends it.
func killedOutright(ps *os.ProcessState) bool { return ps.ExitCode() == 1 }

// lockFolder takes no lock here: stale folders are left to the system.
func lockFolder(*os.File) (bool, error) { return false, nil }
