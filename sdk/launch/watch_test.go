package launch

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatch: silence ends a stream after the limit, and not before; a message
// begins it anew; the host's own time does not count.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		w := newWatch(t.Context(), 30*time.Second)
		defer w.stop()
		time.Sleep(29 * time.Second)
		w.pause()
		time.Sleep(time.Hour)
		w.resume()
		<-w.ctx.Done()
		if took := time.Since(begun) - time.Hour; took != 59*time.Second || !errors.Is(context.Cause(w.ctx), errStalled) {
			t.Errorf("ended by %v after %v", context.Cause(w.ctx), took)
		}
	})
}

// TestWatchOfAStoppedProcess: while this process is stopped its timers run out,
// but what the plugin sent is there and has only not been read yet.
func TestWatchOfAStoppedProcess(t *testing.T) {
	w := newWatch(t.Context(), time.Hour)
	defer w.stop()
	for range looks - 1 { // an hour's stop makes a single one fall due
		w.look()
	}
	if err := w.ctx.Err(); err != nil {
		t.Fatalf("ended early: %v", err)
	}
	w.pause() // a message
	w.look()
	w.resume()
	for range looks {
		w.look()
	}
	if !errors.Is(context.Cause(w.ctx), errStalled) {
		t.Errorf("ended by %v", context.Cause(w.ctx))
	}
}
