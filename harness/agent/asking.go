package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/page"
	"github.com/alignuser/alignuser/harness/trace"
	"github.com/alignuser/alignuser/sdk"
)

// Decisions about a card.
const (
	watch = "WATCH"
	skip  = "SKIP"
)

// atOnce bounds the pages that wait for a client, which sets the pace itself.
const atOnce = 256

// maxTokens is more than the longest answer takes.
const maxTokens = 800

// asking is an arm that asks a language model.
type asking struct {
	Config
	*Script
	temperature float64

	mu      sync.Mutex
	schemas map[string]*llm.Schema
}

func newAsking(c Config) (*asking, error) {
	s, err := NewScript(c.Fields)
	if err != nil {
		return nil, err
	}
	return &asking{Config: c, Script: s, temperature: c.Options.Float("temperature"), schemas: map[string]*llm.Schema{}}, nil
}

// Decide asks about every page.
func (a *asking) Decide(ctx context.Context, views []View) ([]trace.Decision, error) {
	out := make([]trace.Decision, len(views))
	whole := map[string]func(context.Context, *View) (trace.Decision, error){ModeFused: a.fused, ModeStaged: a.staged, ModeSteps: a.steps}[Text(a.Options, "mode")]
	err := Each(ctx, len(views), func(ctx context.Context, i int) (err error) {
		if views[i].Question == AskPage {
			out[i], err = whole(ctx, &views[i])
		} else {
			out[i], err = a.single(ctx, &views[i])
		}
		return err
	})
	return out, err
}

// Interview asks every user how it was.
func (a *asking) Interview(ctx context.Context, closed []Closing) ([]*trace.Interview, error) {
	if !a.Options.Bool("interview") {
		return nil, nil
	}
	out := make([]*trace.Interview, len(closed))
	err := Each(ctx, len(closed), func(ctx context.Context, i int) (err error) {
		out[i], err = a.interview(ctx, &closed[i])
		return err
	})
	return out, err
}

// Each runs f for 0 to n-1, many at a time, and ends the others at the first error. It
// gives the error that stopped them, of the smallest index, rather than one of being
// stopped.
func Each(ctx context.Context, n int, f func(context.Context, int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(atOnce, n) {
		workers.Go(func() {
			for i := range next {
				if errs[i] = f(ctx, i); errs[i] != nil {
					cancel()
				}
			}
		})
	}
	var stopped error
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			stopped = ctx.Err()
			break feed
		}
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return stopped
}

// dialogue is the questions about one page.
type dialogue struct {
	*asking
	view     *View
	messages []sdk.Message
	steps    uint64
	usage    trace.Usage
	invalid  string
	answer   llm.Answer // the last
}

func (a *asking) open(v *View) *dialogue {
	return &dialogue{asking: a, view: v, messages: []sdk.Message{a.prompts.system(v)}}
}

// ask puts the next question and reads the answer into out. It is false where the
// answer cannot be used; invalid then says why.
func (d *dialogue) ask(ctx context.Context, question string, shape *object, out any) (bool, error) {
	return d.put(ctx, sdk.Message{Role: sdk.RoleUser, Content: question}, shape.String(), out)
}

func (d *dialogue) put(ctx context.Context, question sdk.Message, shape string, out any) (bool, error) {
	schema, err := d.schema(shape)
	if err != nil {
		return false, err
	}
	d.messages = append(d.messages, question)
	d.steps++
	seed := sdk.Mix(d.view.Seed, streamAsk, uint64(d.view.State.Page), d.steps)
	answer, err := d.Backend.Ask(ctx, llm.Request{
		Role: llm.RoleAgent, Repeat: d.view.Repeat, Messages: slices.Clone(d.messages), Schema: schema,
		MaxTokens: maxTokens, Temperature: d.heat(), Seed: &seed,
	})
	var one *llm.RequestError
	if errors.As(err, &one) {
		d.usage.Requests++
		d.invalid = one.Reason
		return false, nil
	}
	if err != nil {
		return false, err
	}
	d.usage.Add(trace.Usage{Requests: answer.Usage.Requests, PromptTokens: answer.Usage.PromptTokens, CompletionTokens: answer.Usage.CompletionTokens})
	if d.invalid = answer.Invalid; d.invalid != "" {
		return false, nil
	}
	if err := json.Unmarshal(answer.JSON, out); err != nil {
		d.invalid = err.Error()
		return false, nil
	}
	d.answer = answer
	d.messages = append(d.messages, sdk.Message{Role: sdk.RoleAssistant, Content: string(answer.JSON)})
	return true, nil
}

// heat is the arm's temperature; what is foreseen is the likeliest, and no draw.
func (d *dialogue) heat() *float64 {
	if d.view.Question == AskNext {
		return new(float64)
	}
	return &d.temperature
}

// schema compiles a schema once.
func (a *asking) schema(raw string) (*llm.Schema, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.schemas[raw]; s != nil {
		return s, nil
	}
	s, err := llm.NewSchema([]byte(raw))
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	a.schemas[raw] = s
	return s, nil
}

// chance gives the probability that the answer before gave to a word at a path;
// nil: the backend did not say.
func (d *dialogue) chance(path, word string) *float64 { return known(d.answer.Chance(path, word)) }

// expected gives Σ value·p(value) at a path; nil: the backend did not say.
func (d *dialogue) expected(path string) *float64 { return known(d.answer.Expected(path)) }

func known(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &v
}

// given reads a value that a schema offered as a number or by name.
func given(raw json.RawMessage) *float64 {
	var v float64
	if json.Unmarshal(raw, &v) == nil {
		return &v
	}
	var word string
	if json.Unmarshal(raw, &word) == nil {
		if v, err := strconv.ParseFloat(word, 64); err == nil {
			return &v
		}
	}
	return nil
}

// act turns the word of an answer into the decision's action.
func (d *dialogue) act(out *trace.Decision, word string) {
	out.Action, out.Clicked, _ = page.Parse(word) // the schema offers no other words
	out.Leave = d.chance("action", string(trace.Exit))
}
