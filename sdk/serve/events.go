package serve

import (
	"errors"
	"sync"
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/convert"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// pace is how often a stream speaks.
type pace struct {
	heartbeat time.Duration // the longest silence
	progress  time.Duration // the shortest time between two pieces of progress
}

func defaultPace() pace { return pace{heartbeat: 5 * time.Second, progress: 100 * time.Millisecond} }

// events sends what a component emits. Progress is thinned out, but the last
// piece before the end is always sent; warnings and checkpoints never wait.
// Heartbeats come from a goroutine of its own, so a component that computes
// for a minute is not taken for dead.
type events struct {
	pace pace
	stop chan struct{}
	gone sync.WaitGroup

	mu       sync.Mutex // also keeps two sends apart
	send     func(*pb.Event) error
	waiting  *pb.Event // progress held back
	progress time.Time // when progress was last sent
	spoke    time.Time // when anything was last sent
	closed   bool
}

// newEvents starts the goroutine; close ends it.
func newEvents(p pace, send func(*pb.Event) error) *events {
	e := &events{pace: p, stop: make(chan struct{}), send: send, spoke: time.Now()}
	e.gone.Go(func() {
		tick := time.NewTicker(p.progress)
		defer tick.Stop()
		for {
			select {
			case now := <-tick.C:
				e.beat(now)
			case <-e.stop:
				return
			}
		}
	})
	return e
}

// emit is the component's sdk.Emit. After close it does nothing.
func (e *events) emit(event sdk.Event) {
	m := convert.ToEvent(event)
	if m == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	switch {
	case e.closed:
	case m.GetProgress() == nil:
		e.flush(now) // keep the order
		e.say(m, now)
	case now.Sub(e.progress) < e.pace.progress:
		e.waiting = m
	default:
		e.waiting = nil // older than this
		e.progress = now
		e.say(m, now)
	}
}

// locked runs another send on the same stream.
func (e *events) locked(send func() error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errors.New("sent after the call had returned")
	}
	e.spoke = time.Now()
	return send()
}

func (e *events) beat(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.waiting != nil && now.Sub(e.progress) >= e.pace.progress {
		e.flush(now)
	}
	if now.Sub(e.spoke) >= e.pace.heartbeat {
		e.say(convert.Heartbeat(), now)
	}
}

// flush sends progress that was held back.
func (e *events) flush(now time.Time) {
	if e.waiting != nil {
		e.say(e.waiting, now)
		e.waiting, e.progress = nil, now
	}
}

// say sends. The error of a broken stream also ends the call's context, which
// the component watches, so it is not reported here.
func (e *events) say(m *pb.Event, now time.Time) {
	e.spoke = now
	_ = e.send(m)
}

// close sends what was held back and ends the goroutine; nothing is sent
// afterwards.
func (e *events) close() {
	e.mu.Lock()
	e.flush(time.Now())
	e.closed = true
	e.mu.Unlock()
	close(e.stop)
	e.gone.Wait()
}
