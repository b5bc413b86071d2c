package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/harness/run"
)

// TestLinesStayAboveBars: what is said while bars are drawn goes through them,
// so that it is neither drawn over nor leaves half a bar behind.
func TestLinesStayAboveBars(t *testing.T) {
	var screen bytes.Buffer
	a := newApp(strings.NewReader(""), &bytes.Buffer{}, &screen, func(string) string { return "" })
	a.isTerminal = true
	d := newProgress(a)
	d.Event(run.Planned{Dir: "runs/x", Cells: 8})
	if a.above.Load() == nil {
		t.Error("lines are written between bars")
	}
	a.notef("stopping")
	d.Close()
	if a.above.Load() != nil {
		t.Error("lines still go to bars that are drawn no more")
	}
	if !strings.Contains(screen.String(), "stopping\n") {
		t.Errorf("the line is lost: %q", screen.String())
	}
}
