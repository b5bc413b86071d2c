package main

import (
	"bytes"
	"context"
	"runtime"
	"sync"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/sdk"
)

// model is the component.
type model struct {
	weights *weights
	threads int

	mu      sync.Mutex
	schemas map[string]parsed
	texts   map[string][]*line
	jobs    map[string]*job
}

// parsed is a schema, or why it cannot be honoured.
type parsed struct {
	shape *shape
	err   error
}

func newModel() sdk.LLM {
	return &model{weights: untuned(), schemas: map[string]parsed{}, texts: map[string][]*line{}, jobs: map[string]*job{}}
}

// Spec describes the component; alignuser plugin describe prints it.
func (m *model) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindLLM, Name: "embedded",
		Doc: "Not a language model: a small log-linear model of the finite choices that an answer's JSON schema leaves open. No key, no network; can be tuned.",
		Options: []sdk.OptionSpec{{
			Name: "model", Type: sdk.OptionPath,
			Doc: "A file that tuning wrote. Without, weights are a prior that knows a few general words; see docs/embedded.md.",
		}},
		Features:    []string{sdk.FeatureScore, sdk.FeatureEmbed, sdk.FeatureTune},
		Determinism: sdk.DeterminismBitwise,
		License:     "Apache-2.0",
	}
}

// Configure loads the model, where one is named.
func (m *model) Configure(_ context.Context, c sdk.Config) error {
	m.threads = c.Threads
	if m.threads <= 0 {
		m.threads = runtime.NumCPU()
	}
	if !c.Options.Has("model") || c.Options.String("model") == "" {
		return nil
	}
	w, err := loadModel(c.Options.String("model"))
	if err != nil {
		return err
	}
	m.weights = w
	return nil
}

// Generate answers in order; the work is spread over the threads.
func (m *model) Generate(ctx context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	out := make([]sdk.GenerateResult, len(rs))
	if err := cores.Each(ctx, len(rs), m.threads, func(_, i int) { out[i] = m.answer(rs[i]) }); err != nil {
		return err
	}
	for _, r := range out {
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) answer(r sdk.ChatRequest) sdk.GenerateResult {
	out := sdk.GenerateResult{ID: r.ID, Finish: sdk.FinishStop, Model: m.weights.name, Fingerprint: m.weights.name}
	p := m.read(r.Messages)
	for _, message := range r.Messages {
		out.Usage.PromptTokens += tokens(message.Content)
	}
	w := &writer{weights: m.weights, prompt: p, seed: p.sum, heat: 1}
	if r.Seed != nil {
		w.seed = combine(*r.Seed, 1)
	}
	if r.Temperature != nil {
		w.heat = *r.Temperature
	}
	out.Text = "I am no language model: I choose among the answers that a JSON schema leaves open."
	if r.JSONSchema != nil {
		s := m.schema(r.JSONSchema)
		var text bytes.Buffer
		err := s.err
		if err == nil {
			err = w.fill(&text, "", s.shape)
		}
		if err != nil {
			return sdk.GenerateResult{ID: r.ID, Failure: &sdk.CallFailure{Status: 400, Message: "schema: " + err.Error()}}
		}
		out.JSON, out.Text, out.Choices = text.Bytes(), text.String(), w.choices
	}
	out.Usage.Requests, out.Usage.CompletionTokens = 1, tokens(out.Text)
	return out
}

// tokens is a quarter of the bytes, at least one: a count, not a vocabulary's.
func tokens(text string) int64 { return int64(len(text)+3)/4 + 1 }

// What is kept between requests: the schema and the stable part of prompts recur.
const (
	maxSchemas = 256
	maxTexts   = 1024
	maxKept    = 1 << 16 // bytes of one text
)

func (m *model) schema(raw []byte) parsed {
	m.mu.Lock()
	s, ok := m.schemas[string(raw)]
	m.mu.Unlock()
	if ok {
		return s
	}
	s.shape, s.err = parseSchema(raw)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.schemas) >= maxSchemas {
		clear(m.schemas)
	}
	m.schemas[string(raw)] = s
	return s
}

// read cuts messages into a prompt.
func (m *model) read(messages []sdk.Message) *prompt {
	var lines []*line
	sum := basis
	for _, message := range messages {
		sum = hash(combine(sum, uint64(message.Role)), message.Content)
		lines = append(lines, m.text(message.Content)...)
		lines = append(lines, &line{}) // a message ends a block
	}
	return arrange(lines, sum)
}

func (m *model) text(text string) []*line {
	if len(text) > maxKept {
		return parseText(text)
	}
	m.mu.Lock()
	lines, ok := m.texts[text]
	m.mu.Unlock()
	if ok {
		return lines
	}
	lines = parseText(text)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.texts) >= maxTexts {
		clear(m.texts)
	}
	m.texts[text] = lines
	return lines
}
