package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// examineKernel tries what a container may forbid: limits on another process.
// It also looks at memory.
func examineKernel() []check {
	var limit unix.Rlimit
	checks := []check{good("memory limits", "prlimit works")}
	if err := unix.Prlimit(os.Getpid(), unix.RLIMIT_DATA, nil, &limit); err != nil {
		checks[0] = check{Name: "memory limits", Status: checkNote, Found: "prlimit: " + err.Error(), Remedy: "limits.memory is then enforced by sampling only; in a container, allow prlimit"}
	}
	return append(checks, examineMemory("/proc/meminfo"))
}

// examineMemory reads MemTotal and MemAvailable.
func examineMemory(path string) check {
	f, err := os.Open(path)
	if err != nil {
		return check{Name: "memory", Status: checkNote, Found: err.Error()}
	}
	defer f.Close()
	values := map[string]uint64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kib uint64
		name, rest, _ := strings.Cut(lines.Text(), ":")
		if _, err := fmt.Sscanf(strings.TrimSpace(rest), "%d kB", &kib); err == nil {
			values[name] = kib << 10
		}
	}
	found := fmt.Sprintf("%s available of %s", size(values["MemAvailable"]), size(values["MemTotal"]))
	if values["MemAvailable"] < 1<<30 {
		return check{Name: "memory", Status: checkNote, Found: found, Remedy: "set limits.workers = 1 in suites"}
	}
	return good("memory", "%s", found)
}
