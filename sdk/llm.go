package sdk

import (
	"context"
	"time"
)

// LLM is a backend that answers chat requests. It never retries: a failure
// goes back to the host with all that the provider said about waiting.
type LLM interface {
	Component
	// Generate yields one result per request in order of completion. An error
	// means that the call as a whole broke; the failure of one request is a
	// result. Yield may be called from any goroutine, one at a time.
	Generate(ctx context.Context, rs []ChatRequest, yield func(GenerateResult) error) error
}

// TextScorer is feature "score": log-probabilities of given continuations.
type TextScorer interface {
	ScoreText(ctx context.Context, prompts []Continuations) (TextScores, error)
}

// Embedder is feature "embed".
type Embedder interface {
	Embed(ctx context.Context, texts []string) (Embeddings, error)
}

// Tuner is feature "tune". Jobs outlive the call that starts them.
type Tuner interface {
	StartTune(ctx context.Context, r TuneRequest) (job string, err error)
	// WatchTune emits events from a sequence number on and returns when the
	// job has ended.
	WatchTune(ctx context.Context, job string, from int64, emit func(seq int64, e Event)) (TuneResult, error)
	CancelTune(ctx context.Context, job string) error
}

// Role of a message.
type Role int

// Roles of the chat format.
const (
	RoleSystem Role = iota + 1
	RoleUser
	RoleAssistant
)

// Message is one turn.
type Message struct {
	Role    Role
	Content string
}

// ChatRequest is one question.
type ChatRequest struct {
	ID          string // unique within the call
	Messages    []Message
	JSONSchema  []byte // nil: free text
	MaxTokens   int
	Temperature *float64 // nil: the backend's own
	TopP        *float64
	Stop        []string
	Seed        *uint64
	Logprobs    int // 0: none, else alternatives per token
}

// FinishReason says why an answer ended.
type FinishReason int

// Finish reasons.
const (
	FinishStop FinishReason = iota + 1
	FinishLength
	FinishFilter
	FinishRefusal
)

// GenerateResult answers one request.
type GenerateResult struct {
	ID          string
	Text        string
	JSON        []byte
	Finish      FinishReason
	Tokens      []TokenLogprob
	Choices     []ChoiceProbabilities
	Usage       Usage
	Model       string
	Fingerprint string
	Failure     *CallFailure // set instead of an answer
	RateLimits  *RateLimits
}

// TokenLogprob is a token with its natural log-probability.
type TokenLogprob struct {
	Token        string
	Logprob      float32
	Alternatives []TokenLogprob
}

// ChoiceProbabilities is the distribution over one choice that the answer's
// schema left open.
type ChoiceProbabilities struct {
	Path          string // dotted path in the answer
	Values        []string
	Probabilities []float32
}

// CallFailure is what a provider said instead of an answer.
type CallFailure struct {
	Status     int // HTTP status, 0 where there was none
	Message    string
	RetryAfter time.Duration // 0: not said
	Charged    bool
}

// RateLimits as a provider reported them; -1 is not said.
type RateLimits struct {
	RequestsLimit, RequestsRemaining int64
	RequestsReset                    time.Duration
	TokensLimit, TokensRemaining     int64
	TokensReset                      time.Duration
}

// Usage is what a call cost.
type Usage struct {
	PromptTokens, CachedTokens        int64
	CompletionTokens, ReasoningTokens int64
	Requests                          int64
	CostMicros                        int64 // millionths of Currency; 0: unknown or free
	Currency                          string
	ProviderWait                      time.Duration
}

// Continuations are texts to score after a prompt.
type Continuations struct {
	Prompt        []Message
	Continuations []string
}

// TextScores holds one summed log-probability per continuation in order of
// prompts, its number of tokens, and the log-probabilities of all tokens joined.
type TextScores struct {
	Logprobs      []float32
	TokenCounts   []int32
	TokenLogprobs []float32
	Usage         Usage
}

// Embeddings holds len(texts) x Dimensions values.
type Embeddings struct {
	Dimensions int
	Vectors    []float32
	Usage      Usage
}

// TuneRequest starts a job.
type TuneRequest struct {
	TrainFile string // JSON lines in the chat fine-tuning format
	ValidFile string // empty: none
	Format    string // "chat" or "pairs"
	BaseModel string
	Options   Options
	Seed      uint64
	OutputDir string // where a local backend writes what it trained
}

// TuneResult is what a job made.
type TuneResult struct {
	Model     string
	Artifacts []File
	Usage     Usage
	Metrics   map[string]float64
}
