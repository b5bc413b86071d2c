//go:build unix

package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alignuser/alignuser/sdk"
)

// leaky is a language-model backend that tells its key to everybody who
// listens. The executable serves it when its name begins with "llm-".
type leaky struct{ key string }

func newLeaky() sdk.LLM { return &leaky{} }

func (l *leaky) Spec() sdk.ComponentSpec {
	return sdk.ComponentSpec{
		Kind: sdk.KindLLM, Name: "leaky", Doc: "tells its key to everybody who listens",
		Determinism: sdk.DeterminismNone, Needs: sdk.Needs{Secrets: []string{"KEY"}},
	}
}

func (l *leaky) Configure(_ context.Context, c sdk.Config) error {
	l.key = c.Secrets["KEY"]
	fmt.Fprintf(os.Stderr, "configured with %d secrets: %s\n", len(c.Secrets), l.key)
	fmt.Fprintf(os.Stderr, `{"@level":"warn","@message":"key %s","key":%q}`+"\n", l.key, l.key)
	return nil
}

// Generate fails the first request with the key in the message, and then the call.
func (l *leaky) Generate(_ context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	for _, r := range rs {
		failure := &sdk.CallFailure{Status: 401, Message: "no such key: " + l.key}
		if err := yield(sdk.GenerateResult{ID: r.ID, Failure: failure}); err != nil {
			return err
		}
	}
	return fmt.Errorf("refused: %s", l.key)
}
