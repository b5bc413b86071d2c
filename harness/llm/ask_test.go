package llm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

const watchOrSkip = `{"type":"object","properties":{"decision":{"enum":["watch","skip"]}},"required":["decision"],"additionalProperties":false}`

func schema(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := NewSchema([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAnsweredOnceAndForAll(t *testing.T) {
	s := &scripted{answer: echo}
	j, path := journal(t)
	cfg := s.config()
	cfg.Journal = j
	c := open(t, cfg)
	first := ask(t, c, question("a"))
	if first.Replayed || first.Text != "re: a" {
		t.Fatalf("fresh answer: %+v", first)
	}
	other := question("a")
	other.Cell, other.Role = "elsewhere", RoleJudge
	again := ask(t, c, other)
	sample := question("a")
	sample.Repeat = 1
	if ask(t, c, sample).Replayed {
		t.Error("a repeat is a question of its own")
	}
	_ = c.Close()
	_ = j.Close()

	cfg.Journal = reopen(t, path)
	later := ask(t, open(t, cfg), question("a"))
	if s.count() != 2 {
		t.Errorf("asked %d times, want 2: once, and once for the repeat", s.count())
	}
	for _, a := range []Answer{again, later} {
		if !a.Replayed {
			t.Error("not replayed")
		}
		a.Replayed = false
		if d := cmp.Diff(first, a); d != "" {
			t.Errorf("a replayed answer differs:\n%s", d)
		}
	}
}

func TestEqualQuestionsAtOneTimeAreAskedOnce(t *testing.T) {
	gate := make(chan struct{})
	s := &scripted{answer: func(ctx context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
		<-gate
		return echo(ctx, n, r)
	}}
	cfg := s.config()
	cfg.Journal, _ = journal(t)
	c := open(t, cfg)
	ctx, leave := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if i == 0 {
				_, _ = c.Ask(ctx, question("a")) // it may be the one that asks, and goes away
				return
			}
			if a, err := c.Ask(context.Background(), question("a")); err != nil || a.Text != "re: a" {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	leave()
	close(gate)
	all.Wait()
	if n := s.count(); n > 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestInvalidAnswersAreAskedAgainWithTheReason(t *testing.T) {
	replies := []sdk.GenerateResult{
		says(`{"decision":"maybe"}`),
		{Finish: sdk.FinishRefusal, Text: "I cannot.", Usage: sdk.Usage{Requests: 1, PromptTokens: 10, CompletionTokens: 5}},
		says("```json\n{\"decision\":\"skip\"}\n```"),
	}
	s := &scripted{answer: func(_ context.Context, n int, _ sdk.ChatRequest) (sdk.GenerateResult, error) {
		return replies[n-1], nil
	}}
	cfg := s.config()
	cfg.Journal, _ = journal(t)
	c := open(t, cfg)
	r := question("watch it?")
	r.Schema = schema(t, watchOrSkip)
	a := ask(t, c, r)
	if a.Invalid != "" || string(a.JSON) != `{"decision":"skip"}` || a.Tries != 3 || a.Usage.PromptTokens != 30 {
		t.Errorf("%+v", a)
	}
	if got := s.asked[1].Messages; len(got) != 3 || got[1].Role != sdk.RoleAssistant ||
		got[2].Content != `Your answer does not fit the schema: decision: want one of "watch", "skip", got "maybe". Answer again, with JSON that fits the schema and nothing else.` {
		t.Errorf("second try asked %v", got)
	}
	b := ask(t, c, r)
	a.Replayed = true
	if d := cmp.Diff(a, b); d != "" || s.count() != 3 {
		t.Errorf("replayed with %d calls:\n%s", s.count(), d)
	}
	if u := Total(c.Usage()); u.Invalid != 2 || u.Requests != 3 {
		t.Errorf("usage %+v", u)
	}
}

func TestNoValidAnswerIsAnAnswer(t *testing.T) {
	for _, x := range []struct {
		finish sdk.FinishReason
		tries  int
		reason string
	}{
		{sdk.FinishLength, 3, "the answer was cut at the limit of tokens"},
		{sdk.FinishRefusal, 3, "the model refused: no"},
		{sdk.FinishFilter, 1, "the provider's filter took the answer away"},
		{sdk.FinishStop, 3, "the answer does not fit the schema: there is no JSON in it"},
	} {
		s := &scripted{answer: func(context.Context, int, sdk.ChatRequest) (sdk.GenerateResult, error) {
			return sdk.GenerateResult{Text: "no", Finish: x.finish}, nil
		}}
		r := question("?")
		r.Schema = schema(t, watchOrSkip)
		a := ask(t, open(t, s.config()), r)
		if a.Invalid != x.reason || a.Tries != x.tries {
			t.Errorf("finish %d: %d tries, %q", x.finish, a.Tries, a.Invalid)
		}
	}
}

// TestFailures is the table of docs/llm-calls.md.
func TestFailures(t *testing.T) {
	for _, x := range []struct {
		status int
		calls  int // with six retries
		kind   error
		whole  bool // the backend is given up
	}{
		{0, 7, nil, true},
		{200, 7, nil, true},
		{307, 1, sdk.ErrInvalid, true},
		{400, 1, sdk.ErrInvalid, false},
		{401, 1, sdk.ErrDenied, true},
		{402, 1, sdk.ErrDenied, true},
		{403, 1, sdk.ErrDenied, true},
		{404, 1, sdk.ErrInvalid, true},
		{408, 7, nil, true},
		{409, 7, nil, true},
		{413, 1, sdk.ErrTooLarge, false},
		{422, 1, sdk.ErrInvalid, false},
		{425, 7, nil, true},
		{429, 7, nil, true},
		{500, 7, nil, true},
		{501, 1, sdk.ErrUnsupported, true},
		{502, 7, nil, true},
		{503, 7, nil, true},
		{529, 7, nil, true},
	} {
		t.Run(fmt.Sprint(x.status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scripted{answer: func(context.Context, int, sdk.ChatRequest) (sdk.GenerateResult, error) {
					return fails(x.status, "so it is"), nil
				}}
				c := open(t, s.config())
				_, err := c.Ask(t.Context(), question("a"))
				mustSay(t, err, "so it is")
				if x.kind != nil && !errors.Is(err, x.kind) {
					t.Errorf("%v is not %v", err, x.kind)
				}
				if s.count() != x.calls {
					t.Errorf("%d calls, want %d", s.count(), x.calls)
				}
				var whole *BackendError
				if errors.As(err, &whole) != x.whole {
					t.Errorf("the backend given up: %v, want %v: %v", !x.whole, x.whole, err)
				}
				_, second := c.Ask(t.Context(), question("b"))
				if fast := s.count() == x.calls; fast != x.whole {
					t.Errorf("the next question made %d calls", s.count()-x.calls)
				}
				if x.whole && second.Error() != err.Error() {
					t.Errorf("another reason: %v, %v", err, second)
				}
			})
		})
	}
}

func TestABadSpellIsSurvived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(ctx context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
			switch n {
			case 1:
				out := fails(429, "slowly")
				out.Failure.RetryAfter = 7 * time.Second
				return out, nil
			case 2:
				return sdk.GenerateResult{}, &sdk.Error{Kind: sdk.ErrCrashed, Msg: "killed"}
			case 3:
				out := fails(200, "half an answer")
				out.Failure.Charged = true
				return out, nil
			}
			return echo(ctx, n, r)
		}}
		var lines []string
		cfg := s.config()
		cfg.Price = &Price{Input: 1, Output: 2, Currency: "EUR"}
		cfg.Notice = func(line string) { lines = append(lines, line) }
		c := open(t, cfg)
		began := time.Now()
		if a := ask(t, c, question("a")); a.Text != "re: a" {
			t.Errorf("%+v", a)
		}
		if d := time.Since(began); d < 7*time.Second || d > 12*time.Second {
			t.Errorf("waited %s: the provider asked for 7 s, and two backoffs are at most 3 s", d)
		}
		// Two failures may have been charged: the crash and the half answer.
		// Each is counted with the estimate of the prompt, 4 + 1 tokens.
		u := c.Usage()[0]
		if u.Retries != 3 || u.Charged != 2 || u.Requests != 3 || u.PromptTokens != 20 || u.CostMicros != 5+5+10+2*5 {
			t.Errorf("usage %+v", u)
		}
		if len(lines) != 3 || lines[0] != "b: attempt 1: status 429: slowly: again in 7s" {
			t.Errorf("notices %q", lines)
		}
	})
}

func TestAProviderThatAsksForTooMuchPatience(t *testing.T) {
	s := &scripted{answer: func(context.Context, int, sdk.ChatRequest) (sdk.GenerateResult, error) {
		out := fails(429, "quota")
		out.Failure.RetryAfter = 3 * time.Hour
		return out, nil
	}}
	_, err := open(t, s.config()).Ask(t.Context(), question("a"))
	mustSay(t, err, "quota", "asks to wait 3h0m0s", "same command later")
}

func TestTimeoutIsTriedAgainWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(ctx context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
			if n > 1 {
				return echo(ctx, n, r)
			}
			<-ctx.Done()
			if !errors.Is(ctx.Err(), context.Canceled) {
				t.Errorf("ended by %v: a host would end the plugin", ctx.Err())
			}
			return sdk.GenerateResult{}, ctx.Err()
		}}
		cfg := s.config()
		cfg.Timeout = time.Minute
		c := open(t, cfg)
		if ask(t, c, question("a")); c.Usage()[0].Charged != 1 {
			t.Errorf("%+v", c.Usage())
		}
	})
}

func TestBackendThatDoesNotStart(t *testing.T) {
	starts := 0
	cfg := Config{Name: "b", Backend: func(context.Context) (sdk.LLM, error) {
		starts++
		return nil, sdk.Invalidf("model", "no such model")
	}}
	c := open(t, cfg)
	for range 3 {
		_, err := c.Ask(t.Context(), question("a"))
		mustSay(t, err, "b: model: no such model")
		if !errors.Is(err, sdk.ErrInvalid) {
			t.Error(err)
		}
	}
	if starts != 1 {
		t.Errorf("started %d times", starts)
	}
}

func TestReplayNeverCalls(t *testing.T) {
	j, _ := journal(t)
	c := open(t, Config{Name: "b", Identity: "id", ReplayOnly: true, Layers: []Store{j}})
	r := question("Which film?\nAnd why?")
	_, err := c.Ask(t.Context(), r)
	mustSay(t, err, "b: agent of cell micro/pop/a/r0", `"Which film?"`, "without --replay")
	if !errors.Is(err, ErrMiss) {
		t.Error(err)
	}
}

func TestBatchesForm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(ctx context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
			time.Sleep(time.Millisecond)
			return echo(ctx, n, r)
		}}
		cfg := s.config()
		cfg.Batch = true
		c := open(t, cfg)
		var all sync.WaitGroup
		for i := range 500 {
			all.Go(func() {
				if a := ask(t, c, question(fmt.Sprint(i))); a.Text != fmt.Sprint("re: ", i) {
					t.Errorf("%d: %q", i, a.Text)
				}
			})
		}
		all.Wait()
		if s.calls > 20 {
			t.Errorf("500 questions in %d calls", s.calls)
		}
	})
}

func TestAQuestionThatCrashesTheBackendGoesAloneNextTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answer: func(ctx context.Context, n int, r sdk.ChatRequest) (sdk.GenerateResult, error) {
			time.Sleep(time.Millisecond)
			if r.Messages[0].Content == "poison" {
				return sdk.GenerateResult{}, &sdk.Error{Kind: sdk.ErrCrashed, Msg: "exited with status 7"}
			}
			return echo(ctx, n, r)
		}}
		cfg := s.config()
		cfg.Batch = true
		c := open(t, cfg)
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() { ask(t, c, question(fmt.Sprint(i))) })
		}
		all.Go(func() {
			_, err := c.Ask(t.Context(), question("poison"))
			mustSay(t, err, "exited with status 7")
		})
		all.Wait()
	})
}

func TestEmbedsEachTextOnce(t *testing.T) {
	e := &embedder{}
	j, path := journal(t)
	cfg := Config{Name: "b", Identity: "id", Journal: j, Backend: func(context.Context) (sdk.LLM, error) { return e, nil }}
	c := open(t, cfg)
	r := EmbedRequest{Cell: "c", Role: RoleAgent, Texts: []string{"a", "bb", "a"}}
	first, err := c.Embed(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{1, 2, 1}; !cmp.Equal(want, first.Vectors) || first.Dimensions != 1 {
		t.Errorf("%+v", first)
	}
	_ = c.Close()
	_ = j.Close()
	cfg.Journal = reopen(t, path)
	c = open(t, cfg)
	second, err := c.Embed(t.Context(), r)
	if err != nil || !cmp.Equal(first, second) || e.texts != 2 {
		t.Errorf("%+v, %v: %d texts embedded", second, err, e.texts)
	}
	// "a" and "bb" share 5 tokens as 2 to 3: cumulative 5·2/5 = 2, then 5.
	if u := Total(c.Usage()); u.PromptTokens != 5 || u.Requests != 1 {
		t.Errorf("usage %+v", u)
	}
	plain := open(t, (&scripted{answer: echo}).config())
	if _, err := plain.Embed(t.Context(), r); !errors.Is(err, sdk.ErrUnsupported) {
		t.Error(err)
	}
}

type embedder struct {
	scripted
	texts int
}

func (e *embedder) Embed(_ context.Context, texts []string) (sdk.Embeddings, error) {
	out := sdk.Embeddings{Dimensions: 1, Usage: sdk.Usage{Requests: 1, PromptTokens: 5}}
	for _, t := range texts {
		e.texts++
		out.Vectors = append(out.Vectors, float32(len(t)))
	}
	return out, nil
}

func TestOpenRefuses(t *testing.T) {
	s := &scripted{answer: echo}
	for name, x := range map[string]struct {
		change func(*Config)
		parts  []string
	}{
		"no backend":  {func(c *Config) { c.Backend = nil }, []string{"no backend"}},
		"no identity": {func(c *Config) { c.Identity = ""; c.Layers = []Store{&Cassette{}} }, []string{"identity"}},
		"too many":    {func(c *Config) { c.Concurrency = 257 }, []string{"1 to 256", "257"}},
		"below zero":  {func(c *Config) { c.Price = &Price{Input: -1, Currency: "EUR"} }, []string{"price: input", "-1"}},
		"no currency": {func(c *Config) { c.Price = &Price{Input: 1} }, []string{"currency"}},
		"no price":    {func(c *Config) { c.Ledger, _ = NewLedger(nil, Budget{CostMicros: 5}, Budget{}) }, []string{"needs a price"}},
	} {
		cfg := s.config()
		x.change(&cfg)
		_, err := Open(cfg)
		t.Log(name, err)
		mustSay(t, err, append(x.parts, "b: ")...)
	}
	if _, err := NewLedger(nil, Budget{Calls: -1}, Budget{}); err == nil {
		t.Error("a negative ceiling passed")
	}
}
