package metric_test

import (
	"testing"

	"github.com/alignuser/alignuser/harness/metric"
)

// TestPageOfPeoplesPages: every metric of what single people do has a row that says what
// its head says, and a section with all of its parts. Other tests compute them.
func TestPageOfPeoplesPages(t *testing.T) {
	text := readPage(t)
	for _, h := range metric.Actions() {
		holdSection(t, text, h, h.ID != metric.ActionCalibration, "")
	}
	for _, h := range metric.Worlds() {
		holdSection(t, text, h, true, "")
	}
}
