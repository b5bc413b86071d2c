package llm

import (
	"sync"

	"github.com/alignuser/alignuser/sdk"
)

// What a question may take before anything is known: four bytes a token and a
// few tokens a message are usual for English; an answer without a limit is
// taken for usualAnswer.
const (
	bytesPerToken    = 4
	tokensPerMessage = 4
	usualAnswer      = 512
)

// Estimate says how many tokens a question may take, from its length and the
// most that the answer may have.
func Estimate(r Request) (prompt, completion int64) {
	prompt = promptTokens(r.Messages)
	if r.Schema != nil {
		prompt += int64(len(r.Schema.Bytes())) / bytesPerToken
	}
	completion = int64(r.MaxTokens)
	if completion == 0 {
		completion = usualAnswer
	}
	return prompt, completion
}

func promptTokens(messages []sdk.Message) (n int64) {
	for _, m := range messages {
		n += tokensPerMessage + int64(len(m.Content)+bytesPerToken-1)/bytesPerToken
	}
	return n
}

// estimator learns how far the estimate of prompts is off for this backend.
type estimator struct {
	mu             sync.Mutex
	guessed, taken float64
}

func (s *estimator) see(messages []sdk.Message, u sdk.Usage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guessed += float64(promptTokens(messages))
	s.taken += float64(u.PromptTokens)
}

func (s *estimator) factor() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.guessed == 0 || s.taken == 0 {
		return 1
	}
	return s.taken / s.guessed
}

// need is what a call may take.
type need struct {
	amounts
	prompt int64
}

// need estimates a call: the prompt as learned, the answer at its longest.
func (c *Client) need(r *Request, messages []sdk.Message) need {
	asked := *r
	asked.Messages = messages
	prompt, completion := Estimate(asked)
	prompt = int64(float64(prompt) * c.learned.factor())
	cost := c.priced(sdk.Usage{PromptTokens: prompt, CompletionTokens: completion}).CostMicros
	return need{amounts{1, prompt + completion, cost}, prompt}
}
