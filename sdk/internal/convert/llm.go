package convert

import (
	"time"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// ToChat makes messages.
func ToChat(rs []sdk.ChatRequest) (*pb.GenerateRequest, error) {
	out := &pb.GenerateRequest{Requests: each(rs, toChatRequest)}
	_, err := FromChat(out)
	return out, err
}

// FromChat reads messages; ids must be distinct.
func FromChat(m *pb.GenerateRequest) ([]sdk.ChatRequest, error) {
	seen := map[string]bool{}
	return try(m.GetRequests(), func(r *pb.ChatRequest) (sdk.ChatRequest, error) {
		if seen[r.GetId()] {
			return sdk.ChatRequest{}, sdk.Invalidf("", "request id %q occurs twice", r.GetId())
		}
		seen[r.GetId()] = true
		return fromChatRequest(r)
	})
}

func toChatRequest(r sdk.ChatRequest) *pb.ChatRequest {
	return &pb.ChatRequest{
		Id: r.ID, Messages: each(r.Messages, toMessage), JsonSchema: r.JSONSchema, MaxTokens: int32(r.MaxTokens),
		Temperature: r.Temperature, TopP: r.TopP, Stop: r.Stop, Seed: r.Seed, Logprobs: int32(r.Logprobs),
	}
}

func fromChatRequest(m *pb.ChatRequest) (sdk.ChatRequest, error) {
	messages, err := try(m.GetMessages(), fromMessage)
	if err == nil && (m.GetMaxTokens() < 0 || m.GetLogprobs() < 0) {
		err = sdk.Invalidf("", "request %q: max tokens %d, logprobs %d", m.GetId(), m.GetMaxTokens(), m.GetLogprobs())
	}
	out := sdk.ChatRequest{
		ID: m.GetId(), Messages: messages, MaxTokens: int(m.GetMaxTokens()),
		Temperature: m.Temperature, TopP: m.TopP, Stop: m.GetStop(), Seed: m.Seed, Logprobs: int(m.GetLogprobs()),
	}
	if len(m.GetJsonSchema()) > 0 {
		out.JSONSchema = m.GetJsonSchema()
	}
	return out, err
}

func toMessage(m sdk.Message) *pb.Message {
	return &pb.Message{Role: pb.Role(m.Role), Content: m.Content}
}

func fromMessage(m *pb.Message) (sdk.Message, error) {
	return sdk.Message{Role: sdk.Role(m.GetRole()), Content: m.GetContent()}, known("role", m.GetRole(), pb.Role_ROLE_ASSISTANT)
}

// ToResult makes a message.
func ToResult(r sdk.GenerateResult) *pb.GenerateResponse {
	out := &pb.GenerateResponse{
		Id: r.ID, Text: r.Text, Json: r.JSON, FinishReason: pb.FinishReason(r.Finish), Tokens: each(r.Tokens, toToken),
		Usage: ToUsage(r.Usage), Model: r.Model, Fingerprint: r.Fingerprint,
		Choices: each(r.Choices, func(c sdk.ChoiceProbabilities) *pb.ChoiceProbabilities {
			return &pb.ChoiceProbabilities{Path: c.Path, Values: c.Values, Probabilities: le.Bytes(c.Probabilities)}
		}),
	}
	if f := r.Failure; f != nil {
		out.Failure = &pb.CallFailure{Status: int32(f.Status), Message: f.Message, RetryAfterNanos: int64(f.RetryAfter), Charged: f.Charged}
	}
	if l := r.RateLimits; l != nil {
		out.RateLimits = &pb.RateLimits{
			RequestsLimit: l.RequestsLimit, RequestsRemaining: l.RequestsRemaining, RequestsResetNanos: int64(l.RequestsReset),
			TokensLimit: l.TokensLimit, TokensRemaining: l.TokensRemaining, TokensResetNanos: int64(l.TokensReset),
		}
	}
	return out
}

// FromResult reads a message. A result is either a failure or has a finish
// reason of contract v1.
func FromResult(m *pb.GenerateResponse) (sdk.GenerateResult, error) {
	out := sdk.GenerateResult{
		ID: m.GetId(), Text: m.GetText(), Finish: sdk.FinishReason(m.GetFinishReason()),
		Usage: FromUsage(m.GetUsage()), Model: m.GetModel(), Fingerprint: m.GetFingerprint(),
	}
	if len(m.GetJson()) > 0 {
		out.JSON = m.GetJson()
	}
	if f := m.GetFailure(); f != nil {
		out.Failure = &sdk.CallFailure{
			Status: int(f.GetStatus()), Message: f.GetMessage(), RetryAfter: time.Duration(f.GetRetryAfterNanos()), Charged: f.GetCharged(),
		}
	} else if err := known("result "+m.GetId()+": finish reason", m.GetFinishReason(), pb.FinishReason_FINISH_REASON_REFUSAL); err != nil {
		return out, err
	}
	if l := m.GetRateLimits(); l != nil {
		out.RateLimits = &sdk.RateLimits{
			RequestsLimit: l.GetRequestsLimit(), RequestsRemaining: l.GetRequestsRemaining(), RequestsReset: time.Duration(l.GetRequestsResetNanos()),
			TokensLimit: l.GetTokensLimit(), TokensRemaining: l.GetTokensRemaining(), TokensReset: time.Duration(l.GetTokensResetNanos()),
		}
	}
	var err error
	if out.Tokens, err = fromTokens(m.GetTokens(), 0); err != nil {
		return out, err
	}
	out.Choices, err = try(m.GetChoices(), func(c *pb.ChoiceProbabilities) (sdk.ChoiceProbabilities, error) {
		p, err := column[float32]("probabilities of "+c.GetPath(), c.GetProbabilities(), len(c.GetValues()))
		return sdk.ChoiceProbabilities{Path: c.GetPath(), Values: c.GetValues(), Probabilities: p}, err
	})
	return out, err
}

func toToken(t sdk.TokenLogprob) *pb.TokenLogprob {
	return &pb.TokenLogprob{Token: t.Token, Logprob: t.Logprob, Alternatives: each(t.Alternatives, toToken)}
}

func fromTokens(ms []*pb.TokenLogprob, depth int) ([]sdk.TokenLogprob, error) {
	if depth > 1 && len(ms) > 0 {
		return nil, sdk.Invalidf("", "tokens: alternatives of alternatives")
	}
	return try(ms, func(m *pb.TokenLogprob) (sdk.TokenLogprob, error) {
		alternatives, err := fromTokens(m.GetAlternatives(), depth+1)
		return sdk.TokenLogprob{Token: m.GetToken(), Logprob: m.GetLogprob(), Alternatives: alternatives}, err
	})
}

// ToUsage makes a message.
func ToUsage(u sdk.Usage) *pb.Usage {
	return &pb.Usage{
		PromptTokens: u.PromptTokens, CachedTokens: u.CachedTokens, CompletionTokens: u.CompletionTokens,
		ReasoningTokens: u.ReasoningTokens, Requests: u.Requests, CostMicros: u.CostMicros, Currency: u.Currency,
		ProviderWaitNanos: int64(u.ProviderWait),
	}
}

// FromUsage reads a message.
func FromUsage(m *pb.Usage) sdk.Usage {
	return sdk.Usage{
		PromptTokens: m.GetPromptTokens(), CachedTokens: m.GetCachedTokens(), CompletionTokens: m.GetCompletionTokens(),
		ReasoningTokens: m.GetReasoningTokens(), Requests: m.GetRequests(), CostMicros: m.GetCostMicros(), Currency: m.GetCurrency(),
		ProviderWait: time.Duration(m.GetProviderWaitNanos()),
	}
}

// ToContinuations makes a message.
func ToContinuations(ps []sdk.Continuations) *pb.ScoreTextRequest {
	return &pb.ScoreTextRequest{Prompts: each(ps, func(p sdk.Continuations) *pb.Continuations {
		return &pb.Continuations{Prompt: each(p.Prompt, toMessage), Continuations: p.Continuations}
	})}
}

// FromContinuations reads a message.
func FromContinuations(m *pb.ScoreTextRequest) ([]sdk.Continuations, error) {
	return try(m.GetPrompts(), func(p *pb.Continuations) (sdk.Continuations, error) {
		prompt, err := try(p.GetPrompt(), fromMessage)
		return sdk.Continuations{Prompt: prompt, Continuations: p.GetContinuations()}, err
	})
}

// CountContinuations counts them over all prompts.
func CountContinuations(ps []sdk.Continuations) int {
	n := 0
	for _, p := range ps {
		n += len(p.Continuations)
	}
	return n
}

// ToTextScores makes a message out of an answer to n continuations.
func ToTextScores(s sdk.TextScores, n int) (*pb.ScoreTextResponse, error) {
	out := &pb.ScoreTextResponse{
		Logprobs: le.Bytes(s.Logprobs), TokenCounts: le.Bytes(s.TokenCounts), TokenLogprobs: le.Bytes(s.TokenLogprobs), Usage: ToUsage(s.Usage),
	}
	_, err := FromTextScores(out, n)
	return out, err
}

// FromTextScores reads a message for n continuations.
func FromTextScores(m *pb.ScoreTextResponse, n int) (sdk.TextScores, error) {
	out := sdk.TextScores{Usage: FromUsage(m.GetUsage())}
	var err error
	if out.Logprobs, err = column[float32]("logprobs", m.GetLogprobs(), n); err != nil {
		return out, err
	}
	if out.TokenCounts, err = column[int32]("token counts", m.GetTokenCounts(), n); err != nil {
		return out, err
	}
	tokens := 0
	for i, c := range out.TokenCounts {
		if c < 0 {
			return out, sdk.Invalidf("", "token counts: %d for continuation %d", c, i)
		}
		tokens += int(c)
	}
	out.TokenLogprobs, err = column[float32]("token logprobs", m.GetTokenLogprobs(), tokens)
	return out, err
}

// ToEmbeddings makes a message out of an answer to n texts.
func ToEmbeddings(e sdk.Embeddings, n int) (*pb.EmbedResponse, error) {
	out := &pb.EmbedResponse{Dimensions: int32(e.Dimensions), Vectors: le.Bytes(e.Vectors), Usage: ToUsage(e.Usage)}
	_, err := FromEmbeddings(out, n)
	return out, err
}

// FromEmbeddings reads a message for n texts.
func FromEmbeddings(m *pb.EmbedResponse, n int) (sdk.Embeddings, error) {
	out := sdk.Embeddings{Dimensions: int(m.GetDimensions()), Usage: FromUsage(m.GetUsage())}
	if out.Dimensions < 0 {
		return out, sdk.Invalidf("", "dimensions: %d", out.Dimensions)
	}
	var err error
	out.Vectors, err = column[float32]("vectors", m.GetVectors(), n*out.Dimensions)
	return out, err
}

// ToTuneRequest makes a message.
func ToTuneRequest(r sdk.TuneRequest) (*pb.StartTuneRequest, error) {
	options, err := ToOptions(r.Options)
	return &pb.StartTuneRequest{
		TrainFile: r.TrainFile, ValidFile: r.ValidFile, Format: r.Format, BaseModel: r.BaseModel,
		Options: options, Seed: r.Seed, OutputDir: r.OutputDir,
	}, err
}

// FromTuneRequest reads a message.
func FromTuneRequest(m *pb.StartTuneRequest) (sdk.TuneRequest, error) {
	options, err := FromOptions(m.GetOptions())
	return sdk.TuneRequest{
		TrainFile: m.GetTrainFile(), ValidFile: m.GetValidFile(), Format: m.GetFormat(), BaseModel: m.GetBaseModel(),
		Options: options, Seed: m.GetSeed(), OutputDir: m.GetOutputDir(),
	}, err
}

// ToTuneResult makes a message.
func ToTuneResult(r sdk.TuneResult) *pb.TuneDone {
	return &pb.TuneDone{Model: r.Model, Artifacts: ToFiles(r.Artifacts), Usage: ToUsage(r.Usage), Metrics: r.Metrics}
}

// FromTuneResult reads a message.
func FromTuneResult(m *pb.TuneDone) sdk.TuneResult {
	return sdk.TuneResult{Model: m.GetModel(), Artifacts: FromFiles(m.GetArtifacts()), Usage: FromUsage(m.GetUsage()), Metrics: m.GetMetrics()}
}
