package main

import (
	"io"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/run"
)

// TestProgressEndsAtOnce: a run that ends as soon as it is planned, because it
// was interrupted or the disk is full, must not wait for bars that were never
// drawn. Where it does, this test never ends.
func TestProgressEndsAtOnce(t *testing.T) {
	for range 20 {
		a := newApp(strings.NewReader(""), io.Discard, io.Discard, func(string) string { return "" })
		a.isTerminal = true
		d := newProgress(a)
		d.Event(run.Planned{Dir: "runs/x", Cells: 8})
		d.Close()
	}
}
