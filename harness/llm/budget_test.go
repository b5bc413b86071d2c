package llm

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

func TestCostByHand(t *testing.T) {
	cached := 0.1
	p := Price{Input: 2, CachedInput: &cached, Output: 8, Currency: "USD"}
	// 600 · 2 + 400 · 0.1 + 50 · 8 = 1200 + 40 + 400
	if got := p.Cost(sdk.Usage{PromptTokens: 1000, CachedTokens: 400, CompletionTokens: 50, ReasoningTokens: 30}); got != 1640 {
		t.Errorf("%d millionths, want 1640", got)
	}
	// A tenth of a millionth is rounded up: money is never undercounted.
	if got := p.Cost(sdk.Usage{PromptTokens: 1, CachedTokens: 1}); got != 1 {
		t.Errorf("%d, want 1", got)
	}
}

func TestCeilingsHoldAndARaisedOneGoesOn(t *testing.T) {
	price := &Price{Input: 1, Output: 1, Currency: "EUR"}
	for _, x := range []struct {
		name        string
		run, raised Budget
		most        int
		parts       []string
	}{
		{"calls", Budget{Calls: 7}, Budget{Calls: 20}, 7, []string{"the run may use 7 calls, has used 7 calls"}},
		// An answer is 15 tokens; before it, 5 for the prompt as estimated (later
		// 10, as learned) and 20 for the longest answer.
		{"tokens", Budget{Tokens: 100}, Budget{Tokens: 1000}, 6, []string{"tokens"}},
		{"cost", Budget{CostMicros: 100}, Budget{CostMicros: 1000}, 6, []string{"the run may use 0.000100 EUR", "raise the ceiling and give the same command"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			j, path := journal(t)
			s := &scripted{answer: echo}
			run := func(j *Journal, b Budget) (answered int, last error) {
				l, err := NewLedger(j, b, Budget{})
				if err != nil {
					t.Fatal(err)
				}
				cfg := s.config()
				cfg.Journal, cfg.Ledger, cfg.Price = j, l, price
				c := open(t, cfg)
				defer c.Close()
				var all sync.WaitGroup
				var mu sync.Mutex
				for i := range 10 {
					all.Go(func() {
						r := question(fmt.Sprint(i))
						r.MaxTokens = 20
						_, err := c.Ask(t.Context(), r)
						mu.Lock()
						defer mu.Unlock()
						if err == nil {
							answered++
						} else {
							last = err
						}
					})
				}
				all.Wait()
				return answered, last
			}
			n, err := run(j, x.run)
			t.Log(n, err)
			if n == 0 || n > x.most || !errors.Is(err, ErrBudget) {
				t.Errorf("%d answers, %v", n, err)
			}
			mustSay(t, err, x.parts...)
			_ = j.Close()
			j = reopen(t, path)
			// What is learned about the length of prompts is forgotten by then, so
			// one more may fit.
			if again, err := run(j, x.run); again < n || again > x.most || !errors.Is(err, ErrBudget) || s.count() != again {
				t.Errorf("the same ceiling again: %d answers, %v, %d calls", again, err, s.count())
			}
			if n, err := run(j, x.raised); n != 10 || err != nil || s.count() != 10 {
				t.Errorf("a higher ceiling: %d answers, %v, %d calls", n, err, s.count())
			}
		})
	}
}

func TestACellsCeilingIsItsOwn(t *testing.T) {
	l, err := NewLedger(nil, Budget{}, Budget{Calls: 2})
	if err != nil {
		t.Fatal(err)
	}
	cfg := (&scripted{answer: echo}).config()
	cfg.Ledger = l
	c := open(t, cfg)
	for i := range 3 {
		_, err := c.Ask(t.Context(), question(fmt.Sprint(i)))
		if i < 2 && err != nil || i == 2 && !errors.Is(err, ErrBudget) {
			t.Errorf("%d: %v", i, err)
		}
		if i == 2 {
			mustSay(t, err, "cell micro/pop/a/r0")
		}
	}
	other := question("x")
	other.Cell = "micro/rnd/a/r0"
	ask(t, c, other)
}

func TestOneCeilingOneCurrency(t *testing.T) {
	l, err := NewLedger(nil, Budget{CostMicros: 9}, Budget{})
	if err != nil {
		t.Fatal(err)
	}
	cfg := (&scripted{answer: echo}).config()
	cfg.Ledger, cfg.Price = l, &Price{Currency: "EUR"}
	open(t, cfg)
	cfg.Price = &Price{Currency: "USD"}
	_, err = Open(cfg)
	mustSay(t, err, "USD", "EUR", "one currency")
}
