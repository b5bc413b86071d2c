package main

import (
	"github.com/sashabaranov/go-openai"

	"github.com/alignuser/alignuser/sdk"
)

// mostTokens is more than any call can have.
const mostTokens = 1 << 30

// usage reads what a call cost. Numbers that are missing or cannot be are
// replaced by an estimate of a token per four bytes, and said to be one: a
// budget that counts nothing is worse than one that counts roughly.
func usage(u openai.Usage, x *exchange, prompt, completion int) (out sdk.Usage, estimated bool) {
	out = sdk.Usage{PromptTokens: int64(u.PromptTokens), CompletionTokens: int64(u.CompletionTokens), Requests: 1, ProviderWait: x.wait}
	if d := u.PromptTokensDetails; d != nil {
		out.CachedTokens = int64(d.CachedTokens)
	}
	if d := u.CompletionTokensDetails; d != nil {
		out.ReasoningTokens = int64(d.ReasoningTokens)
	}
	// Some providers do not count reasoning among the completion; their total
	// tells.
	if r := out.ReasoningTokens; r > 0 && int64(u.TotalTokens) == out.PromptTokens+out.CompletionTokens+r {
		out.CompletionTokens += r
	}
	if out.PromptTokens < 1 || out.PromptTokens > mostTokens {
		out.PromptTokens, estimated = int64(prompt+3)/4, true
	}
	if out.CompletionTokens < 0 || out.CompletionTokens > mostTokens || out.CompletionTokens == 0 && completion > 0 {
		out.CompletionTokens, estimated = int64(completion+3)/4, true
	}
	out.CachedTokens = min(max(0, out.CachedTokens), out.PromptTokens)
	out.ReasoningTokens = min(max(0, out.ReasoningTokens), out.CompletionTokens)
	return out, estimated
}
