package llm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/alignuser/alignuser/sdk"
)

func TestMain(m *testing.M) {
	if at := os.Getenv(childEnv); at != "" {
		if err := child(at); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// scripted is a backend whose answers a test writes. It counts what it was
// asked.
type scripted struct {
	answer func(ctx context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error)

	mu    sync.Mutex
	asked []sdk.ChatRequest
	calls int
}

func (s *scripted) Spec() sdk.ComponentSpec                     { return sdk.ComponentSpec{Name: "scripted"} }
func (s *scripted) Configure(context.Context, sdk.Config) error { return nil }

func (s *scripted) Generate(ctx context.Context, rs []sdk.ChatRequest, yield func(sdk.GenerateResult) error) error {
	s.mu.Lock()
	s.calls++
	s.mu.Unlock()
	for _, r := range rs {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		n := len(s.asked)
		s.mu.Unlock()
		out, err := s.answer(ctx, n, r)
		if err != nil {
			return err
		}
		out.ID = r.ID
		if err := yield(out); err != nil {
			return err
		}
	}
	return nil
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// echo answers the last message, for 10 and 5 tokens.
func echo(_ context.Context, _ int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
	return says("re: " + r.Messages[len(r.Messages)-1].Content), nil
}

func says(text string) sdk.GenerateResult {
	return sdk.GenerateResult{Text: text, Finish: sdk.FinishStop, Model: "m", Usage: sdk.Usage{Requests: 1, PromptTokens: 10, CompletionTokens: 5}}
}

func fails(status int, message string) sdk.GenerateResult {
	return sdk.GenerateResult{Failure: &sdk.CallFailure{Status: status, Message: message}}
}

func (s *scripted) config() Config {
	return Config{Name: "b", Identity: "id", Backend: func(context.Context) (sdk.LLM, error) { return s, nil }}
}

func open(t testing.TB, cfg Config) *Client {
	t.Helper()
	c, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

var toy = Binding{Suite: "toy", Run: "0123456789ab"}

func journal(t testing.TB) (*Journal, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "answers.db")
	return reopen(t, path), path
}

func reopen(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path, toy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func question(text string) Request {
	return Request{Cell: "micro/pop/a/r0", Role: RoleAgent, Messages: []sdk.Message{{Role: sdk.RoleUser, Content: text}}}
}

func ask(t testing.TB, c *Client, r Request) Answer {
	t.Helper()
	a, err := c.Ask(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func mustSay(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q lacks %q", err, p)
		}
	}
}
