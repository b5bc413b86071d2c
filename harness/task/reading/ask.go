package reading

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// atOnce bounds the questions that wait for a client, which sets the pace itself.
const atOnce = 256

// reply is what became of one question.
type reply struct {
	at     int
	row    row
	reason error // why the backend could not be asked this one; nil: it was
}

// asking hands out the questions of a cell that have no row yet.
type asking struct {
	*bound
	cell    task.Cell
	backend *task.Backend
	rows    map[int]row
	replies chan reply
	reasons map[int]error

	once   sync.Once
	halted chan struct{} // closed: no more are handed out, those in flight may finish
	why    error         // of the halt
}

// halt ends the handing out for the first reason given.
func (a *asking) halt(why error) {
	a.once.Do(func() {
		a.why = why
		close(a.halted)
	})
}

// askAll fills in the rows that are missing. Answers come in any order and are
// logged together as they are at hand. Whatever goes wrong, calls in flight are
// waited for: somebody may have to pay for them.
func (b *bound) askAll(ctx context.Context, c task.Cell, rows map[int]row) error {
	c.Step(len(rows))
	if len(rows) == len(b.questions) {
		return nil
	}
	backend, err := c.Backend("")
	if err != nil {
		return err
	}
	a := &asking{
		bound: b, cell: c, backend: backend, rows: rows, replies: make(chan reply, atOnce), reasons: map[int]error{}, halted: make(chan struct{}),
	}
	missing := a.missing()
	questions := make(chan int)
	var workers sync.WaitGroup
	for range min(atOnce, len(missing)) {
		workers.Go(func() {
			for i := range questions {
				r, err := a.ask(ctx, i)
				if err != nil {
					a.halt(err)
					continue
				}
				a.replies <- r
			}
		})
	}
	workers.Go(func() { a.handOut(ctx, missing, questions) })
	go func() { workers.Wait(); close(a.replies) }()
	a.collect()
	a.halt(nil) // nothing runs any more: why may be read
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case a.why != nil:
		return a.why
	}
	return a.hopeless()
}

func (a *asking) missing() (list []int) {
	for i := range a.questions {
		if _, done := a.rows[i]; !done {
			list = append(list, i)
		}
	}
	return list
}

func (a *asking) handOut(ctx context.Context, list []int, questions chan<- int) {
	defer close(questions)
	for _, i := range list {
		if a.cell.Stopping() {
			a.halt(task.ErrStopped)
		}
		select {
		case <-a.halted:
			return
		default:
		}
		select {
		case questions <- i:
		case <-a.halted:
			return
		case <-ctx.Done():
			return
		}
	}
}

// collect takes replies until all workers have ended.
func (a *asking) collect() {
	var failed error
	for r := range a.replies {
		group := []reply{r}
		for more := true; more && len(group) < atOnce; {
			select {
			case r, ok := <-a.replies:
				if more = ok; ok {
					group = append(group, r)
				}
			default:
				more = false
			}
		}
		if failed != nil {
			continue // only drained, so that no worker waits for ever
		}
		if failed = a.keep(group); failed != nil {
			a.halt(failed)
		}
	}
}

// keep logs replies and then counts them. Questions that could not be asked are not
// logged: another attempt may.
func (a *asking) keep(group []reply) error {
	var part []logged
	for _, r := range group {
		a.rows[r.at] = r.row
		if r.reason != nil {
			a.reasons[r.at] = r.reason
			continue
		}
		part = append(part, logged{r.at, r.row.Answer, r.row.Tries, r.row.Invalid, r.row.P, r.row.Tokens})
	}
	if len(part) > 0 {
		payload, err := json.Marshal(part)
		if err != nil {
			return fmt.Errorf("%s: log: %w", a.cell.Key, err)
		}
		if err := a.cell.Log(payload); err != nil {
			return err
		}
	}
	a.cell.Step(len(a.rows))
	return nil
}

// hopeless is the reason of the first question where not one could be asked:
// what is wrong is then not the question.
func (a *asking) hopeless() error {
	if len(a.reasons) < len(a.questions) {
		return nil
	}
	return a.reasons[0]
}

// ask puts one question. An error ends the cell.
func (a *asking) ask(ctx context.Context, i int) (reply, error) {
	r := reply{at: i, row: a.blank(i)}
	request, err := a.request(i, a.cell.Seed, a.cell.Key.Repeat)
	if err != nil {
		return r, err
	}
	answer, err := a.backend.Ask(ctx, request)
	var one *llm.RequestError
	if errors.As(err, &one) {
		r.row.Tries, r.row.Invalid, r.reason = 1, invalidNone, err
		return r, nil
	}
	if err != nil {
		return r, err
	}
	r.row.Tries = int32(answer.Tries)
	r.row.Tokens = answer.Usage.PromptTokens + answer.Usage.CompletionTokens
	if p, said := answer.Chance("answer", r.row.Truth); said {
		r.row.P = &p
	}
	if answer.Invalid != "" {
		r.row.Invalid = class(answer.Finish)
		return r, nil
	}
	var given struct {
		Answer string `json:"answer"`
	}
	if err := json.Unmarshal(answer.JSON, &given); err != nil || !slices.Contains(r.row.Choices, given.Answer) {
		r.row.Invalid = invalidForm
		return r, nil
	}
	r.row.Answer = given.Answer
	return r, nil
}

func class(f sdk.FinishReason) string {
	switch f {
	case sdk.FinishLength:
		return invalidCut
	case sdk.FinishRefusal:
		return invalidRefused
	case sdk.FinishFilter:
		return invalidFiltered
	}
	return invalidForm
}
