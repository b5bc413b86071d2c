//go:build !linux

package run

// kernel is recorded on Linux only.
func kernel() string { return "" }
