//go:build !linux

package main

// examineKernel has nothing to try: supervision on this platform uses what
// every version of it has.
func examineKernel() []check {
	return []check{{Name: "memory limits", Status: checkNote, Found: "not available on this platform", Remedy: "limits.memory has no effect here"}}
}
