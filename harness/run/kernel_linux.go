package run

import "golang.org/x/sys/unix"

// kernel names the running kernel. Part of the environment that is recorded.
func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
