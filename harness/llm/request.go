package llm

import "github.com/alignuser/alignuser/sdk"

// Role says what a call is for; usage and cost are told apart by it.
type Role string

// The roles of a run.
const (
	RoleAgent      Role = "agent"      // decisions of a simulated user
	RoleJudge      Role = "judge"      // verdicts on what others answered
	RoleReflection Role = "reflection" // training texts
	RoleTuning     Role = "tuning"     // jobs that train a model
	RoleProbe      Role = "probe"      // ping and other looks at the backend
)

// Request is one question. Two requests are the same question where everything
// but Cell and Role is equal.
type Request struct {
	Cell string // who asks, record.CellKey's text: budgets and usage per cell
	Role Role
	// Repeat tells questions apart that read the same and are to be answered
	// anew, such as samples.
	Repeat      int
	Messages    []sdk.Message
	Schema      *Schema // nil: free text
	MaxTokens   int     // 0: the backend's own
	Temperature *float64
	TopP        *float64
	Seed        *uint64
	Logprobs    int // 0: none, else alternatives per token
	Stop        []string
}

// Answer is what came of a question.
type Answer struct {
	Text    string
	JSON    []byte // with a schema: the part of Text that is JSON; valid where Invalid is empty
	Finish  sdk.FinishReason
	Choices []sdk.ChoiceProbabilities
	Tokens  []sdk.TokenLogprob
	// Invalid says why no valid answer came within the retries; empty: valid.
	// An invalid answer is an answer, not an error.
	Invalid     string
	Tries       int
	Usage       sdk.Usage // of all tries; the same whether journalled or fresh
	Model       string
	Fingerprint string
	// Replayed: every try came from the journal or a layer. It never
	// influences a result.
	Replayed bool
}

// EmbedRequest asks for one vector a text.
type EmbedRequest struct {
	Cell  string
	Role  Role
	Texts []string
}
