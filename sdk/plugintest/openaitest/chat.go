package openaitest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Chat is the body of a chat completion, as far as the server reads it. A nil
// pointer is a field that was not sent.
type Chat struct {
	Model               string    `json:"model"`
	Messages            []Message `json:"messages"`
	MaxTokens           *int      `json:"max_tokens"`
	MaxCompletionTokens *int      `json:"max_completion_tokens"`
	Temperature         *float64  `json:"temperature"`
	TopP                *float64  `json:"top_p"`
	Seed                *int64    `json:"seed"`
	Logprobs            bool      `json:"logprobs"`
	TopLogprobs         int       `json:"top_logprobs"`
	Stream              bool      `json:"stream"`
	ResponseFormat      *struct {
		Type       string `json:"type"`
		JSONSchema *struct {
			Name   string          `json:"name"`
			Strict bool            `json:"strict"`
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
}

// Format is the type of response_format, "text" where there is none.
func (c *Chat) Format() string {
	if c.ResponseFormat == nil {
		return "text"
	}
	return c.ResponseFormat.Type
}

// Prompt is the content of all messages.
func (c *Chat) Prompt() string {
	var all []string
	for _, m := range c.Messages {
		all = append(all, m.Content)
	}
	return strings.Join(all, "\n")
}

func readChat(body []byte) (*Chat, error) {
	c := &Chat{}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(c); err != nil {
		return nil, err
	}
	if len(c.Messages) == 0 {
		return nil, errors.New("messages: expected at least one")
	}
	return c, nil
}

// chat answers a chat completion.
func (s *Server) chat(r *Request, planned Behaviour) *Behaviour {
	if r.Chat == nil {
		_, err := readChat(r.Body)
		return wrong("messages", "", "We could not parse the body of your request: %v", err)
	}
	c := *r.Chat
	if r.Model == "" {
		return wrong("model", "", "you must provide a model parameter")
	}
	c.Model = r.Model
	if b := s.check(&c); b != nil {
		return b
	}
	promptTokens := countPrompt(c.Messages)
	if limit := s.options.Context; limit > 0 && promptTokens > limit {
		return wrong("messages", "context_length_exceeded", "This model's maximum context length is %d tokens. However, your messages resulted in %d tokens.", limit, promptTokens)
	}
	return ok(s.completion(r, &c, planned, promptTokens))
}

// check refuses what a provider refuses.
func (s *Server) check(c *Chat) *Behaviour {
	switch {
	case c.Stream:
		return wrong("stream", "", "this server does not stream")
	case c.Temperature != nil && !(*c.Temperature >= 0 && *c.Temperature <= 2):
		return wrong("temperature", "", "temperature: want 0 to 2")
	case c.TopP != nil && !(*c.TopP >= 0 && *c.TopP <= 1):
		return wrong("top_p", "", "top_p: want 0 to 1")
	case c.TopLogprobs < 0 || c.TopLogprobs > 20 || c.TopLogprobs > 0 && !c.Logprobs:
		return wrong("top_logprobs", "", "top_logprobs: want 0 to 20, and logprobs")
	case c.limit() < 0:
		return wrong("max_tokens", "integer_below_min_value", "max_tokens: want at least 1")
	case s.options.Reasoning && c.MaxTokens != nil:
		return wrong("max_tokens", "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	case s.options.Reasoning && c.Temperature != nil && *c.Temperature != 1:
		return wrong("temperature", "unsupported_value", "Unsupported value: 'temperature' does not support %v with this model. Only the default (1) value is supported.", *c.Temperature)
	case s.options.Reasoning && c.TopP != nil && *c.TopP != 1:
		return wrong("top_p", "unsupported_parameter", "Unsupported parameter: 'top_p' is not supported with this model.")
	case s.options.Reasoning && c.Logprobs:
		return wrong("logprobs", "unsupported_parameter", "Unsupported parameter: 'logprobs' is not supported with this model.")
	}
	return s.checkFormat(c)
}

// checkFormat judges response_format.
func (s *Server) checkFormat(c *Chat) *Behaviour {
	known := map[Structured][]string{Schemas: {"text", "json_object", "json_schema"}, Objects: {"text", "json_object"}, Unknown: {"text"}}[s.options.Structured]
	if s.options.Structured == Ignored {
		return nil
	}
	if !slices.Contains(known, c.Format()) {
		if s.options.Refusal != nil {
			b := *s.options.Refusal
			return &b
		}
		return wrong("response_format", "", "Invalid parameter: 'response_format' of type '%s' is not supported with this model.", c.Format())
	}
	switch c.Format() {
	case "json_object":
		if !strings.Contains(strings.ToLower(c.Prompt()), "json") {
			return wrong("messages", "", "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.")
		}
	case "json_schema":
		f := c.ResponseFormat.JSONSchema
		if f == nil || f.Name == "" {
			return wrong("response_format.json_schema.name", "missing_required_parameter", "Missing required parameter: 'response_format.json_schema.name'.")
		}
		if err := checkSchema(f.Schema, f.Strict); err != nil {
			return wrong("response_format", "invalid_json_schema", "Invalid schema for response_format '%s': %v", f.Name, err)
		}
	}
	return nil
}

// limit is the most tokens of an answer; 0: any number, negative: not sensible.
func (c *Chat) limit() int {
	for _, n := range []*int{c.MaxCompletionTokens, c.MaxTokens} {
		if n != nil {
			if *n < 1 {
				return -1
			}
			return *n
		}
	}
	return 0
}

// completion is the body of an answer.
func (s *Server) completion(r *Request, c *Chat, planned Behaviour, promptTokens int) map[string]any {
	tokens := s.content(c, planned)
	finish := "stop"
	if planned.Finish != "" {
		finish = planned.Finish
	}
	switch limit := c.limit(); {
	case finish == "length":
		tokens = tokens[:(len(tokens)+1)/2]
	case finish == "content_filter":
		tokens = nil
	case limit > 0 && len(tokens) > limit:
		tokens, finish = tokens[:limit], "length"
	}
	message := map[string]any{"role": "assistant", "content": join(tokens), "refusal": nil}
	if planned.Refusal != "" {
		tokens = nil
		message["content"], message["refusal"] = nil, planned.Refusal
	}
	choice := map[string]any{"index": 0, "message": message, "finish_reason": finish, "logprobs": nil}
	if c.Logprobs {
		choice["logprobs"] = map[string]any{"content": logprobs(tokens, c.TopLogprobs), "refusal": nil}
	}
	out := map[string]any{
		"id": "chatcmpl-" + r.Canonical, "object": "chat.completion", "created": created, "model": c.Model,
		"choices": []any{choice}, "system_fingerprint": "fp_openaitest", "service_tier": "default",
	}
	switch {
	case planned.NoUsage:
	case planned.Usage != nil:
		out["usage"] = planned.Usage
	default:
		completion := int64(max(1, len(tokens))) + s.options.ReasoningTokens
		out["usage"] = map[string]any{
			"prompt_tokens": promptTokens, "completion_tokens": completion, "total_tokens": int64(promptTokens) + completion,
			"prompt_tokens_details":     map[string]any{"cached_tokens": min(s.options.CachedTokens, int64(promptTokens)), "audio_tokens": 0},
			"completion_tokens_details": map[string]any{"reasoning_tokens": s.options.ReasoningTokens, "audio_tokens": 0},
		}
	}
	return out
}

// content makes the answer, in tokens.
func (s *Server) content(c *Chat, planned Behaviour) []token {
	if planned.Content != "" {
		return split(planned.Content)
	}
	if s.options.Answer != nil {
		if text, ok := s.options.Answer(*c); ok {
			return split(text)
		}
	}
	schema, fenced := c.schema(s.options.Structured == Ignored)
	if schema == nil {
		return split(fmt.Sprintf("I would say so. (%016x)", c.hash()))
	}
	tokens, err := generate(schema, c.hash())
	if err != nil {
		return split("I do not understand the schema: " + err.Error())
	}
	if fenced {
		tokens = append(append(split("Here is my answer:\n\n```json\n"), tokens...), split("\n```\nI hope this helps {truly}.")...)
	}
	return tokens
}

// schema is what the answer must be valid by: that of response_format, or one
// that the last message shows, as a model that can read would do. Where no
// format binds the answer it comes in the middle of other words.
func (c *Chat) schema(ignored bool) (schema json.RawMessage, fenced bool) {
	if !ignored && c.Format() == "json_schema" {
		return c.ResponseFormat.JSONSchema.Schema, false
	}
	text := c.Messages[len(c.Messages)-1].Content
	for at := strings.IndexByte(text, '{'); at >= 0; {
		var raw json.RawMessage
		d := json.NewDecoder(strings.NewReader(text[at:]))
		if d.Decode(&raw) == nil && (bytes.Contains(raw, []byte(`"type"`)) || bytes.Contains(raw, []byte(`"enum"`))) {
			schema = raw
			at += len(raw)
		} else {
			at++
		}
		next := strings.IndexByte(text[at:], '{')
		if next < 0 {
			break
		}
		at += next
	}
	return schema, ignored || c.Format() == "text"
}
