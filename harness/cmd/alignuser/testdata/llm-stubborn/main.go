// Command llm-stubborn is a backend of stories that cannot be tuned, and refuses to answer.
package main

import (
	"context"
	"net/http"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/serve"
)

func main() { serve.LLMs(func() sdk.LLM { return stubborn{} }) }

type stubborn struct{}

func (stubborn) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{Kind: sdk.KindLLM, Name: "stubborn", Doc: "learns nothing", Determinism: sdk.DeterminismBitwise}
}

func (stubborn) Configure(context.Context, sdk.Config) error { return nil }

func (stubborn) Generate(_ context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	for _, r := range rs {
		if err := yield(sdk.GenerateResult{ID: r.ID, Failure: &sdk.CallFailure{Status: http.StatusBadRequest, Message: "no"}}); err != nil {
			return err
		}
	}
	return nil
}
