package metric_test

import (
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// TestPageOfPeoplesPages: every metric of tasks on people's pages has a row that says
// what its head says, and a section with all of its parts. The task's tests compute them.
func TestPageOfPeoplesPages(t *testing.T) {
	text := readPage(t)
	for _, h := range metric.Actions() {
		holdSection(t, text, h, h.ID != metric.ActionCalibration, "")
	}
	for _, h := range metric.Worlds() {
		holdSection(t, text, h, true, "")
	}
}
