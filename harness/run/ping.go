package run

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/spec"
	"github.com/alignuser/alignuser/sdk"
)

// Pong is what came of one question to a backend.
type Pong struct {
	Backend     string          `json:"backend"`
	Component   string          `json:"component"` // plugin/component
	Version     string          `json:"version"`
	Model       string          `json:"model,omitempty"`
	Answer      string          `json:"answer"`
	Valid       bool            `json:"valid"`
	Invalid     string          `json:"invalid,omitempty"` // why not
	Tries       int             `json:"tries"`
	LatencyMS   float64         `json:"latency_ms"` // of the last call, its process already there
	StartMS     float64         `json:"start_ms"`   // of the process
	Features    []string        `json:"features"`
	Determinism string          `json:"determinism"`
	Journaled   bool            `json:"journaled"` // runs keep its answers
	Tokens      PongTokens      `json:"tokens"`
	Cost        float64         `json:"cost"`
	Currency    string          `json:"currency,omitempty"`
	Choices     int             `json:"choices"` // open choices that came with probabilities
	RateLimits  *sdk.RateLimits `json:"-"`
	Limits      *PongLimits     `json:"limits,omitempty"` // the same, for programs
}

// PongTokens counts what the question took.
type PongTokens struct {
	Prompt     int64 `json:"prompt"`
	Cached     int64 `json:"cached"` // of Prompt
	Completion int64 `json:"completion"`
	Reasoning  int64 `json:"reasoning"` // of Completion
}

// PongLimits are what the provider said of its limits; -1: it did not.
type PongLimits struct {
	Requests          int64 `json:"requests"`
	RequestsRemaining int64 `json:"requests_remaining"`
	Tokens            int64 `json:"tokens"`
	TokensRemaining   int64 `json:"tokens_remaining"`
}

// Ping puts one structured question to a backend of the suite, whose data is not
// touched.
func Ping(ctx context.Context, c Config, name string) (pong Pong, err error) {
	if c.Events == nil {
		c.Events = func(Event) {}
	}
	catalogue := Catalogue{Context: ctx, Host: c.Host, Tasks: c.Tasks}
	if err := c.Suite.CheckBackends(catalogue); err != nil {
		return pong, err
	}
	one := *c.Suite
	one.Backends = slices.DeleteFunc(slices.Clone(one.Backends), func(b spec.Backend) bool { return b.Name != name })
	if err := missingSecrets(&one, c.Getenv); err != nil {
		return pong, err
	}
	c.Suite = &one
	p := &Plan{config: c}
	if err := p.findBackends(catalogue); err != nil {
		return pong, err
	}
	b := &p.backends[0]
	pong = Pong{
		Backend: b.Name, Component: b.Plugin + "/" + b.component.Name, Version: b.exe.Version, Journaled: b.journaled,
		Features: append([]string{}, b.component.Features...), Determinism: b.component.Determinism.String(),
	}
	b.journaled = false
	watch := &watched{}
	d := p.newDesk("")
	d.once = true // who waits at a terminal wants to know now
	d.tap = func(m sdk.LLM) sdk.LLM { watch.LLM = m; return watch }
	started := time.Now()
	defer func() {
		for _, o := range d.open {
			err = errors.Join(err, o.end())
		}
	}()
	client, err := d.backend(name, record.CellKey{})
	if err != nil {
		return pong, err
	}
	answer, err := client.Ask(ctx, pingQuestion())
	watch.report(&pong, started)
	if err != nil {
		return pong, err
	}
	pong.Model, pong.Tries, pong.Choices = answer.Model, answer.Tries, len(answer.Choices)
	u := answer.Usage
	pong.Tokens = PongTokens{Prompt: u.PromptTokens, Cached: u.CachedTokens, Completion: u.CompletionTokens, Reasoning: u.ReasoningTokens}
	pong.Answer, pong.Valid, pong.Invalid = string(answer.JSON), answer.Invalid == "", answer.Invalid
	if !pong.Valid {
		pong.Answer = answer.Text
	}
	total := llm.Total(d.open[name].ledger.Usage())
	pong.Cost, pong.Currency = float64(total.CostMicros)/1e6, total.Currency
	return pong, nil
}

// pingQuestion has one answer, which stands in it.
func pingQuestion() llm.Request {
	schema, err := llm.NewSchema([]byte(`{"type":"object","properties":{"answer":{"type":"string","enum":["ITEM_1","ITEM_2","ITEM_3"]}},"required":["answer"],"additionalProperties":false}`))
	if err != nil {
		panic(err) // the schema is ours
	}
	zero := 0.0
	seed := uint64(1)
	return llm.Request{
		Role: llm.RoleProbe, Schema: schema, MaxTokens: 64, Temperature: &zero, Seed: &seed,
		Messages: []sdk.Message{{Role: sdk.RoleUser, Content: "ITEM_1: \"hammer\"; category: tool\nITEM_2: \"apple\"; category: fruit\nITEM_3: \"chair\"; category: furniture\n" +
			"Question: which card is of the category \"fruit\"?\nThe answer is a JSON object with the one key \"answer\", whose value is one of: ITEM_1, ITEM_2, ITEM_3."}},
	}
}

// watched is a backend whose calls are timed and whose limits are noted.
type watched struct {
	sdk.LLM

	mu     sync.Mutex
	first  time.Time // of the calls
	took   time.Duration
	limits *sdk.RateLimits
}

// Generate passes the call on.
func (w *watched) Generate(ctx context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	began := time.Now()
	w.mu.Lock()
	if w.first.IsZero() {
		w.first = began
	}
	w.mu.Unlock()
	return w.LLM.Generate(ctx, rs, func(g sdk.GenerateResult) error {
		w.mu.Lock()
		w.took = time.Since(began)
		if g.RateLimits != nil {
			w.limits = g.RateLimits
		}
		w.mu.Unlock()
		return yield(g)
	})
}

func (w *watched) report(p *Pong, started time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p.LatencyMS, p.RateLimits = milliseconds(w.took), w.limits
	if l := w.limits; l != nil {
		p.Limits = &PongLimits{Requests: l.RequestsLimit, RequestsRemaining: l.RequestsRemaining, Tokens: l.TokensLimit, TokensRemaining: l.TokensRemaining}
	}
	if !w.first.IsZero() {
		p.StartMS = milliseconds(w.first.Sub(started))
	}
}
