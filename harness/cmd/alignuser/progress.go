package main

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/run"
)

// display shows a run's events on stderr: bars on a terminal, one line per
// finished thing everywhere else.
type display struct {
	app    *app
	mu     sync.Mutex
	closed bool
	seen   []string // plain mode: phases already printed, so that none repeats

	bars     progress.Writer
	total    *progress.Tracker
	trackers map[string]*progress.Tracker
	rendered chan struct{}
}

func newProgress(a *app) *display {
	return &display{app: a, trackers: map[string]*progress.Tracker{}}
}

// Event takes one event. It may be called from several goroutines.
func (d *display) Event(e run.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	switch e := e.(type) {
	case run.Phase:
		d.phase(e.Text)
	case run.Planned:
		d.plan(e)
	case run.Working:
		d.work(e)
	case run.Finished:
		if d.bars == nil { // a full bar says the same
			d.app.notef("%s: done in %s", e.Key, e.Took.Round(time.Millisecond))
		}
		d.count(e.Key, false)
	case run.Failed:
		d.app.notef("%s: FAILED: %s", e.Key, e.Reason)
		d.count(e.Key, true)
	case run.Note:
		d.app.notef("note: %s", e.Text)
	}
}

// Close stops drawing. What it drew stays on the screen.
func (d *display) Close() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	bars, rendered := d.bars, d.rendered
	d.mu.Unlock()
	for bars != nil {
		bars.Stop() // is lost where drawing has not begun
		select {
		case <-rendered:
			d.app.above.Store(nil)
			return
		case <-time.After(time.Millisecond):
		}
	}
}

func (d *display) phase(text string) {
	if slices.Contains(d.seen, text) {
		return
	}
	d.seen = append(d.seen, text)
	d.app.notef("%s", text)
}

func (d *display) plan(e run.Planned) {
	d.app.notef("%s: %d cells, %d done before", e.Dir, e.Cells, e.Done)
	if !d.app.isTerminal || e.Done == e.Cells {
		return
	}
	d.bars = progress.NewWriter()
	d.bars.SetOutputWriter(d.app.stderr)
	d.bars.SetTrackerLength(24)
	d.bars.SetMessageLength(34)
	d.bars.SetNumTrackersExpected(e.Cells + 1)
	d.bars.SetSortBy(progress.SortByIndex) // the run's own bar stays below the others
	style := d.bars.Style()
	style.Visibility.Value = false
	style.Visibility.ETA = true
	style.Options.PercentFormat = "%3.0f%%"
	style.Options.PercentIndeterminate = "    "
	style.Options.TimeInProgressPrecision = 100 * time.Millisecond
	d.total = &progress.Tracker{Message: "cells", Total: int64(e.Cells), Index: math.MaxUint64}
	d.bars.AppendTracker(d.total)
	d.total.SetValue(int64(e.Done))
	bars := d.bars
	above := func(line string) { bars.Log("%s", line) }
	d.app.above.Store(&above)
	d.rendered = make(chan struct{})
	go func(bars progress.Writer) {
		defer close(d.rendered)
		bars.Render()
	}(d.bars)
}

// work moves the bar of one unit. Stages start their bar anew.
func (d *display) work(e run.Working) {
	if d.bars == nil {
		return
	}
	name := run.UnitName(e.Arm, e.Repeat)
	t := d.trackers[name]
	if t == nil {
		t = &progress.Tracker{Index: uint64(len(d.trackers))}
		d.trackers[name] = t
		d.bars.AppendTracker(t)
	}
	t.UpdateMessage(printable(strings.TrimSpace(name + " " + e.Stage + " " + e.Progress.Stage)))
	t.UpdateTotal(e.Total)
	if e.Total == 0 || e.Step < e.Total { // a full bar would close the tracker
		t.SetValue(e.Step)
	}
}

func (d *display) count(key record.CellKey, failed bool) {
	if d.bars == nil {
		return
	}
	d.total.Increment(1)
	if t := d.trackers[run.UnitName(cmp.Or(key.Recommender, key.Agent), key.Repeat)]; t != nil {
		if failed {
			t.MarkAsErrored()
		} else {
			t.MarkAsDone()
		}
	}
}
