package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// missesLimit is how often in a row a look at a job may go wrong.
const missesLimit = 10

// jobState is a job as the provider tells it. The library leaves out why a
// job failed.
type jobState struct {
	Status  string `json:"status"`
	Model   string `json:"fine_tuned_model"`
	Trained int64  `json:"trained_tokens"`
	Error   *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// ended reads the words of OpenAI and Azure.
func (j jobState) ended() bool {
	switch j.Status {
	case "succeeded", "failed", "cancelled", "canceled":
		return true
	}
	return false
}

// jobEvent is one line of a job's log. The library leaves out its name and
// its numbers.
type jobEvent struct {
	ID      string         `json:"id"`
	Level   string         `json:"level"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data"`
}

// WatchTune implements sdk.Tuner. Events are numbered from 1 in the order in
// which the provider keeps them, so numbers hold for every process that
// watches. A look that goes wrong is repeated: looking costs nothing.
func (c *chat) WatchTune(ctx context.Context, job string, from int64, emit func(int64, sdk.Event)) (sdk.TuneResult, error) {
	if err := checkJob(job); err != nil {
		return sdk.TuneResult{}, err
	}
	w := &watch{chat: c, job: job, from: from, emit: emit, metrics: map[string]float64{}}
	for misses := 0; ; {
		state, err := w.look(ctx)
		switch {
		case ctx.Err() != nil:
			return sdk.TuneResult{}, ctx.Err()
		case errors.Is(err, sdk.ErrInvalid) || errors.Is(err, sdk.ErrDenied):
			return sdk.TuneResult{}, err
		case err != nil:
			if misses++; misses >= missesLimit {
				return sdk.TuneResult{}, fmt.Errorf("%w (%d looks in a row; the job may still go on)", err, misses)
			}
			c.warn("%v", err)
		case state.ended():
			return w.result(state)
		default:
			misses = 0
		}
		timer := time.NewTimer(c.set.poll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// watch is one call of WatchTune.
type watch struct {
	*chat
	job     string
	from    int64
	emit    func(int64, sdk.Event)
	seen    int64  // events known so far
	last    string // the newest of them
	metrics map[string]float64
}

// look asks for the state first and the events second, so that an ended job
// has all of its events.
func (w *watch) look(ctx context.Context) (jobState, error) {
	state, err := w.chat.look(ctx, w.job)
	if err != nil {
		return state, err
	}
	news, err := w.news(ctx)
	if err != nil {
		return state, err
	}
	for _, e := range news {
		w.seen++
		w.last = e.ID
		event := e.progress(state.Status)
		for k, v := range event.Metrics {
			w.metrics[k] = v
		}
		if w.seen >= w.from && w.emit != nil {
			w.emit(w.seen, event)
		}
	}
	return state, nil
}

func (c *chat) look(ctx context.Context, job string) (jobState, error) {
	limited, cancel := context.WithTimeout(ctx, c.set.timeout)
	defer cancel()
	x := &exchange{}
	_, err := c.client.RetrieveFineTuningJob(x.with(limited), job)
	var state jobState
	if err == nil {
		err = json.Unmarshal(x.body, &state)
	}
	if err != nil {
		return state, c.tuneFault(ctx, "tuning job "+job, x, err)
	}
	return state, nil
}

// news gives the events since the last look, oldest first. The provider
// answers newest first, in pages.
func (w *watch) news(ctx context.Context) ([]jobEvent, error) {
	var out []jobEvent
	for after := ""; ; {
		page, more, err := w.page(ctx, after)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if e.ID == w.last && w.last != "" {
				more = false
				break
			}
			out = append(out, e)
		}
		if !more || len(page) == 0 || page[len(page)-1].ID == after {
			break
		}
		after = page[len(page)-1].ID
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, nil
}

func (w *watch) page(ctx context.Context, after string) ([]jobEvent, bool, error) {
	limited, cancel := context.WithTimeout(ctx, w.set.timeout)
	defer cancel()
	options := []openai.ListFineTuningJobEventsParameter{openai.ListFineTuningJobEventsWithLimit(100)}
	if after != "" {
		options = append(options, openai.ListFineTuningJobEventsWithAfter(after))
	}
	x := &exchange{}
	_, err := w.client.ListFineTuningJobEvents(x.with(limited), w.job, options...)
	var list struct {
		Data []jobEvent `json:"data"`
		More bool       `json:"has_more"`
	}
	if err == nil {
		err = json.Unmarshal(x.body, &list)
	}
	if err != nil {
		return nil, false, w.tuneFault(ctx, "events of tuning job "+w.job, x, err)
	}
	return list.Data, list.More, nil
}

// progress words an event. Its numbers are whatever the provider gives.
func (e jobEvent) progress(status string) sdk.Progress {
	p := sdk.Progress{Stage: status, Message: e.Message}
	for k, v := range e.Data {
		n, ok := v.(float64)
		switch {
		case !ok:
		case k == "step":
			p.Step = int64(n)
		case k == "total_steps":
			p.Total = int64(n)
		default:
			if p.Metrics == nil {
				p.Metrics = map[string]float64{}
			}
			p.Metrics[strings.ReplaceAll(k, "_", "-")] = n
		}
	}
	return p
}

// result words the end of a job. The tokens it was trained on count as its
// prompt: they are what a provider charges for.
func (w *watch) result(j jobState) (sdk.TuneResult, error) {
	switch {
	case j.Status == "failed" && j.Error != nil:
		return sdk.TuneResult{}, sdk.Invalidf("", "tuning job %s failed: %s", w.job, w.clean(j.Error.Message+" ["+j.Error.Code+"]"))
	case j.Status != "succeeded":
		return sdk.TuneResult{}, sdk.Invalidf("", "tuning job %s: %s", w.job, j.Status)
	case j.Model == "":
		return sdk.TuneResult{}, fmt.Errorf("tuning job %s succeeded without a model", w.job)
	}
	return sdk.TuneResult{Model: j.Model, Usage: sdk.Usage{Requests: 1, PromptTokens: max(0, j.Trained)}, Metrics: w.metrics}, nil
}
