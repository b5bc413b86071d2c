//go:build !unix

package plugintest

import (
	"errors"
	"os"
	"syscall"
)

const hasSignals = false

func ownGroup() *syscall.SysProcAttr { return nil }

func killGroup(p *os.Process) { _ = p.Kill() }

func terminate(*os.Process) error { return errors.ErrUnsupported }

func groupAlive(*os.Process) bool { return false }

func cpuTicks(*os.Process) (int64, bool) { return 0, false }
