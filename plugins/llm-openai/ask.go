package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// question is one request in one form.
type question struct {
	sdk.ChatRequest
	shape *shape // nil: free text
	form  form
}

// answer asks one question and words what came back.
func (c *chat) answer(ctx context.Context, r sdk.ChatRequest) sdk.GenerateResult {
	wrong := func(format string, args ...any) sdk.GenerateResult {
		return sdk.GenerateResult{ID: r.ID, Failure: &sdk.CallFailure{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}}
	}
	if len(r.Messages) == 0 {
		return wrong("a request without messages (not sent)")
	}
	q := question{ChatRequest: r, form: formText}
	if r.JSONSchema != nil {
		var err error
		if q.shape, err = c.shapes.of(r.JSONSchema); err != nil {
			return wrong("the schema is none (not sent): %v", err)
		}
		if q.form, err = c.begin(q.shape); err != nil {
			return wrong("%v (not sent)", err)
		}
	}
	for refusals := int64(0); ; refusals++ {
		out, refused := c.ask(ctx, q)
		if !refused {
			out.Usage.Requests += refusals
			return out
		}
		q.form = q.form.next(q.shape)
	}
}

// ask sends a question once. Refused means that the server does not take its
// form and there is another.
func (c *chat) ask(ctx context.Context, q question) (out sdk.GenerateResult, refused bool) {
	ctx, cancel := context.WithTimeout(ctx, c.set.timeout)
	defer cancel()
	x := &exchange{fields: c.fields(q)}
	resp, err := c.client.CreateChatCompletion(x.with(ctx), c.request(q))
	if err == nil && len(resp.Choices) == 0 {
		err = fmt.Errorf("no choices in it: %s", hear(x).message)
	}
	if err != nil {
		if c.refuses(q, x) {
			return out, true
		}
		return c.failed(q, x, err), false
	}
	out = c.result(q, x, resp)
	c.learn(q, out)
	return out, false
}

// failed is the result of a question without an answer. A prompt that Azure's
// filter stopped is an answer that a filter took away.
func (c *chat) failed(q question, x *exchange, err error) sdk.GenerateResult {
	out := sdk.GenerateResult{ID: q.ID, RateLimits: rateLimits(x.header, time.Now())}
	if x.status == http.StatusBadRequest && hear(x).code == "content_filter" {
		out.Finish, out.Model, out.Usage = sdk.FinishFilter, c.set.model, sdk.Usage{Requests: 1, ProviderWait: x.wait}
		return out
	}
	out.Failure = c.failure(x, err)
	out.Usage = sdk.Usage{Requests: 1, ProviderWait: x.wait}
	return out
}

// request is the part of the body that the library writes. It is not told the
// model, so that it cannot refuse a parameter by the model's name.
func (c *chat) request(q question) openai.ChatCompletionRequest {
	out := openai.ChatCompletionRequest{
		ReasoningEffort: c.set.effort, Verbosity: c.set.verbosity, ServiceTier: openai.ServiceTier(c.set.tier), ChatTemplateKwargs: c.set.template,
	}
	roles := map[sdk.Role]string{sdk.RoleSystem: openai.ChatMessageRoleSystem, sdk.RoleUser: openai.ChatMessageRoleUser, sdk.RoleAssistant: openai.ChatMessageRoleAssistant}
	for _, m := range q.messages() {
		out.Messages = append(out.Messages, openai.ChatCompletionMessage{Role: roles[m.Role], Content: m.Content})
	}
	if !slices.Contains(c.set.omit, "stop") {
		out.Stop = q.Stop
	}
	switch q.form {
	case formSchema:
		out.ResponseFormat = &openai.ChatCompletionResponseFormat{
			Type:       openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: "answer", Strict: true, Schema: q.shape.strict},
		}
	case formJSON:
		out.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
	}
	return out
}

// fields is the part of the body that the library would not write: zeros, and
// what it refuses for some models.
func (c *chat) fields(q question) map[string]any {
	out := map[string]any{"model": c.set.model}
	for k, v := range c.set.extra {
		out[k] = v
	}
	set := func(option, field string, v any, given bool) {
		if given && !slices.Contains(c.set.omit, option) {
			out[field] = v
		}
	}
	set("temperature", "temperature", q.Temperature, q.Temperature != nil)
	set("top_p", "top_p", q.TopP, q.TopP != nil)
	if q.Seed != nil {
		set("seed", "seed", wireSeed(*q.Seed), true)
	}
	set("max-tokens", c.set.limitField, q.MaxTokens, q.MaxTokens > 0)
	if n := max(q.Logprobs, c.wantedLogprobs(q)); n > 0 {
		out["logprobs"], out["top_logprobs"] = true, n
	}
	return out
}

// wantedLogprobs is what the option asks for: choices there are only under a
// schema.
func (c *chat) wantedLogprobs(q question) int {
	if q.shape == nil {
		return 0
	}
	return c.set.logprobs
}

// wireSeed folds a seed into 31 bits, which every server takes: some keep it
// in 32 bits, some in a float. Small seeds stay as they are.
func wireSeed(seed uint64) uint64 { return (seed ^ seed>>31 ^ seed>>62) & math.MaxInt32 }

// result words an answer.
func (c *chat) result(q question, x *exchange, resp openai.ChatCompletionResponse) sdk.GenerateResult {
	choice := resp.Choices[0]
	content := choice.Message.Content
	out := sdk.GenerateResult{
		ID: q.ID, Text: content, Finish: finish(choice.FinishReason), Model: c.clean(resp.Model), Fingerprint: c.clean(resp.SystemFingerprint),
		RateLimits: rateLimits(x.header, time.Now()),
	}
	if out.Model == "" {
		out.Model = c.set.model
	}
	if r := choice.Message.Refusal; r != "" {
		out.Finish, out.Text = sdk.FinishRefusal, r
	}
	tokens := tokensOf(choice.LogProbs)
	if q.Logprobs > 0 {
		out.Tokens = tokens
	}
	if q.shape != nil {
		out.Fingerprint += " structured=" + q.form.String()
		if at, ok := q.find(content, out.Finish); ok {
			out.JSON = compact(prune(q.shape.raw, json.RawMessage(content[at.from:at.to])))
			out.Choices = choices(content, at, q.shape.raw, tokens)
		}
	}
	var estimated bool
	out.Usage, estimated = usage(resp.Usage, x, q.promptBytes(), len(content)+len(choice.Message.ReasoningContent))
	if estimated {
		out.Fingerprint += " usage=estimated"
	}
	out.Fingerprint = strings.TrimSpace(out.Fingerprint)
	return out
}

// find finds the answer in a text. In one that was cut off, only a valid one:
// what else can be read there is a piece of the answer.
func (q question) find(content string, finish sdk.FinishReason) (span, bool) {
	good := func(v json.RawMessage) bool { return fits(q.shape.valid, v) }
	at, ok := extract(content, good)
	switch finish {
	case sdk.FinishRefusal:
		return span{}, false
	case sdk.FinishStop:
		return at, ok
	}
	return at, ok && good(json.RawMessage(content[at.from:at.to]))
}

func compact(raw json.RawMessage) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return raw
	}
	return b.Bytes()
}

func finish(r openai.FinishReason) sdk.FinishReason {
	switch r {
	case openai.FinishReasonLength:
		return sdk.FinishLength
	case openai.FinishReasonContentFilter:
		return sdk.FinishFilter
	}
	return sdk.FinishStop
}

// tokensOf reads log-probabilities. Rounding makes some of them positive.
func tokensOf(l *openai.LogProbs) []sdk.TokenLogprob {
	if l == nil {
		return nil
	}
	log := func(v float64) float32 { return float32(min(0, max(-9999, v))) }
	out := make([]sdk.TokenLogprob, 0, len(l.Content))
	for _, t := range l.Content {
		x := sdk.TokenLogprob{Token: t.Token, Logprob: log(t.LogProb)}
		for _, a := range t.TopLogProbs {
			x.Alternatives = append(x.Alternatives, sdk.TokenLogprob{Token: a.Token, Logprob: log(a.LogProb)})
		}
		out = append(out, x)
	}
	return out
}
