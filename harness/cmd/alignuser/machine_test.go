package main

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/alignuser/alignuser/harness/spec"
)

// TestFullDiskIsNoMistakeInTheSuite: plugins are asked about a suite while it is
// checked, and a host that cannot make their folders must not blame the line
// that names them.
func TestFullDiskIsNoMistakeInTheSuite(t *testing.T) {
	cause := fmt.Errorf("host: mkdir /tmp/x: %w", syscall.ENOSPC)
	mistake := spec.Error{Pos: spec.Pos{File: "s.toml", Line: 6}, Where: "dataset", What: cause.Error(), Cause: cause}
	err := suiteError(spec.Errors{mistake})
	a := newApp(strings.NewReader(""), io.Discard, io.Discard, func(string) string { return "" })
	a.started = true
	if code := a.exitStatus(err); code != exitFailed || !strings.Contains(err.Error(), "free some space") {
		t.Errorf("status %d: %v", code, err)
	}
}
