package serve

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alignuser/alignuser/sdk"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// record collects what is sent as one letter each: h for a heartbeat, the
// step's digit for progress, w for a warning.
func record() (send func(*pb.Event) error, text func() string) {
	var mu sync.Mutex
	var out []byte
	return func(m *pb.Event) error {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case m.GetHeartbeat() != nil:
				out = append(out, 'h')
			case m.GetWarning() != nil:
				out = append(out, 'w')
			default:
				out = append(out, byte('0'+m.GetProgress().GetStep()))
			}
			return nil
		}, func() string {
			mu.Lock()
			defer mu.Unlock()
			return string(out)
		}
}

// TestEventPacing runs on a fake clock.
func TestEventPacing(t *testing.T) {
	step := func(n int64) sdk.Event { return sdk.Progress{Step: n} }
	for _, tt := range []struct {
		name string
		do   func(*events)
		want string
	}{
		{"nothing", func(*events) {}, ""},
		{"silence", func(*events) { time.Sleep(16 * time.Second) }, "hhh"},
		{"first at once, last at the end", func(e *events) {
			e.emit(step(1))
			e.emit(step(2))
			e.emit(step(3))
		}, "13"},
		{"held back, then sent", func(e *events) {
			e.emit(step(1))
			e.emit(step(2))
			time.Sleep(time.Second)
			e.emit(step(3))
		}, "123"},
		{"warnings keep their place", func(e *events) {
			e.emit(step(1))
			e.emit(step(2))
			e.emit(sdk.Warning{})
			e.emit(step(3))
		}, "12w3"},
		{"talk puts off heartbeats", func(e *events) {
			for n := range int64(4) {
				e.emit(step(n))
				time.Sleep(3 * time.Second)
			}
			time.Sleep(3 * time.Second)
		}, "0123h"},
		{"unknown events are dropped", func(e *events) { e.emit(nil) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				send, text := record()
				e := newEvents(defaultPace(), send)
				tt.do(e)
				e.close()
				e.emit(step(9)) // too late
				if err := e.locked(func() error { t.Error("sent"); return nil }); err == nil {
					t.Error("no error after the end")
				}
				if got := text(); got != tt.want {
					t.Errorf("sent %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestProgressRate: at most ten a second, in order, the last one included.
func TestProgressRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var steps []int64
		e := newEvents(defaultPace(), func(m *pb.Event) error {
			steps = append(steps, m.GetProgress().GetStep())
			return nil
		})
		for n := range int64(3000) {
			e.emit(sdk.Progress{Step: n})
			time.Sleep(time.Millisecond)
		}
		e.close()
		if len(steps) > 32 || len(steps) < 25 || !slices.IsSorted(steps) || steps[len(steps)-1] != 2999 {
			t.Errorf("%d in 3 s: %v", len(steps), steps)
		}
	})
}
