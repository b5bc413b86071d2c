package llm

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

// Batches for local backends: at most so many calls at a time, each with at
// most so many questions and bytes. What comes while all calls are under way
// waits and goes out together.
const (
	batchLanes    = 2
	batchRequests = 128
	batchBytes    = 4 << 20
)

// batcher joins questions into calls.
type batcher struct {
	mu      sync.Mutex
	waiting []*asked
	lanes   int // at work
	running sync.WaitGroup
}

// asked is one question in a batch.
type asked struct {
	ctx     context.Context
	backend sdk.LLM
	request sdk.ChatRequest
	alone   bool // it may have brought the backend down
	result  sdk.GenerateResult
	err     error
	done    chan struct{}
}

func (b *batcher) ask(a *asked) (sdk.GenerateResult, error) {
	a.done = make(chan struct{})
	b.mu.Lock()
	b.waiting = append(b.waiting, a)
	if b.lanes < batchLanes {
		b.lanes++
		b.running.Go(b.lane)
	}
	b.mu.Unlock()
	select {
	case <-a.done:
		return a.result, a.err
	case <-a.ctx.Done():
		return sdk.GenerateResult{}, a.ctx.Err()
	}
}

// lane works until nothing waits.
func (b *batcher) lane() {
	for {
		b.mu.Lock()
		batch := b.next()
		if len(batch) == 0 {
			b.lanes--
			b.mu.Unlock()
			return
		}
		b.mu.Unlock()
		generate(batch)
	}
}

// next takes what goes out together. The lock is held.
func (b *batcher) next() (batch []*asked) {
	size := 0
	for len(b.waiting) > 0 && len(batch) < batchRequests {
		a := b.waiting[0]
		if a.ctx.Err() != nil {
			b.waiting = b.waiting[1:]
			continue
		}
		bytes := len(a.request.JSONSchema)
		for _, m := range a.request.Messages {
			bytes += len(m.Content)
		}
		if len(batch) > 0 && (a.alone || size+bytes > batchBytes) {
			break
		}
		batch, size = append(batch, a), size+bytes
		b.waiting = b.waiting[1:]
		if a.alone {
			break
		}
	}
	return batch
}

// generate makes one call. It goes on while anybody waits for it.
func generate(batch []*asked) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
	defer cancel()
	left := make(chan struct{}, len(batch))
	var stops []func() bool
	for _, a := range batch {
		stops = append(stops, context.AfterFunc(a.ctx, func() {
			left <- struct{}{}
			if len(left) == len(batch) {
				cancel()
			}
		}))
	}
	requests := make([]sdk.ChatRequest, len(batch))
	open := make(map[string]*asked, len(batch))
	for i, a := range batch {
		requests[i] = a.request
		requests[i].ID = strconv.Itoa(i)
		open[requests[i].ID] = a
	}
	err := batch[0].backend.Generate(ctx, requests, func(r sdk.GenerateResult) error {
		a := open[r.ID]
		if a == nil {
			return fmt.Errorf("request %q: not asked, or answered twice", r.ID)
		}
		delete(open, r.ID)
		a.result = r
		close(a.done)
		return nil
	})
	for _, stop := range stops {
		stop()
	}
	if err == nil && len(open) > 0 {
		err = fmt.Errorf("%d of %d requests without an answer", len(open), len(batch))
	}
	for _, a := range open {
		a.err = err
		close(a.done)
	}
}
