package run

import (
	"fmt"
	"time"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// Event is something that a run says while it works: one of the types below.
// Events may come from several goroutines at once.
type Event interface{ event() }

// Phase says what the run as a whole does now.
type Phase struct{ Text string }

// Planned says how many cells there are, and how many were done before.
type Planned struct {
	Dir         string
	Cells, Done int
}

// Working says what one unit of work (an arm and a repeat) is at.
type Working struct {
	Arm      string
	Repeat   int
	Stage    string // "start", "fit", or a task's kind
	Step     int64
	Total    int64 // 0: unknown
	Progress sdk.Progress
}

// Finished says that a cell has its evidence.
type Finished struct {
	Key  record.CellKey
	Took time.Duration
}

// Failed says that a cell has none, and why.
type Failed struct {
	Key    record.CellKey
	Reason string
}

// Note is a remark for the log.
type Note struct{ Text string }

func (Phase) event()    {}
func (Planned) event()  {}
func (Working) event()  {}
func (Finished) event() {}
func (Failed) event()   {}
func (Note) event()     {}

// UnitName names an arm and a repeat in messages.
func UnitName(arm string, repeat int) string { return fmt.Sprintf("%s r%d", arm, repeat) }
