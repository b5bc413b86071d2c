package align

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/llm"
)

// talker is a language model that says as much as it may, and counts what it is asked.
type talker struct {
	mu             sync.Mutex
	calls          int64
	prompt, answer int64 // tokens
}

func (k *talker) Ask(_ context.Context, r llm.Request) (llm.Answer, error) {
	prompt, answer := llm.Estimate(r)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls, k.prompt, k.answer = k.calls+1, k.prompt+prompt, k.answer+answer
	text := strings.Repeat("word ", reflectionTokens*4/5)
	return llm.Answer{JSON: fmt.Appendf(nil, `{"situation":"","person":"","outcome":"","lesson":%q}`, text)}, nil
}

// TestMost: teaching never takes more than was foreseen, and as many examples where all
// pages were logged.
func TestMost(t *testing.T) {
	for name, c := range map[string]struct {
		logged, language bool
		exact            bool // examples
		change           func(*Recipe)
	}{
		"all that there is":       {logged: true, language: true, change: func(r *Recipe) { r.Objective = "pairs" }},
		"no pairs":                {logged: true, language: true, exact: true, change: func(*Recipe) {}},
		"no language model":       {logged: true, exact: true, change: func(*Recipe) {}},
		"policy alone":            {logged: true, language: true, exact: true, change: func(r *Recipe) { r.WorldModel, r.Counterfactuals = false, false }},
		"few pages":               {logged: true, language: true, exact: true, change: func(r *Recipe) { r.Examples = 2 }},
		"pages that nobody saw":   {language: true, change: func(*Recipe) {}},
		"lessons into the prompt": {logged: true, language: true, exact: true, change: func(r *Recipe) { r.Learning, r.WorldModel = "lessons", false }},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := &school{}, recipe()
			c.change(&r)
			w, _ := shop(t, t.TempDir(), s, r)
			st := stage(t, library{sessions: c.logged})
			w.Stage = func() *browse.Stage { return st }
			k := &talker{}
			w.Ask = Reflecting{Asker: k, Name: "talker", Language: c.language}
			most := w.Most()
			m, err := w.Build(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if k.calls > most.Calls || k.prompt > most.Prompt || k.answer > most.Answers || (k.calls > 0) != (most.Calls > 0) || m.Pages > most.Pages || c.logged && m.Pages != most.Pages {
				t.Errorf("took %+v for %d pages, foreseen %+v", k, m.Pages, most)
			}
			if after := w.Most(); !after.Built || after.Calls != 0 || after.Tuned {
				t.Errorf("built, and there is left %+v", after)
			}
			if r.Learning == "lessons" {
				if most.Examples != 0 {
					t.Errorf("%+v", most)
				}
				return
			}
			if _, err := w.Model(t.Context()); err != nil {
				t.Fatal(err)
			}
			examples, bytes := int64(0), 0
			for _, text := range s.read {
				examples, bytes = examples+int64(strings.Count(text, "\n")), bytes+len(text)
			}
			if examples == 0 || examples > most.Examples || c.exact && examples != most.Examples || int64(bytes/4) > most.Tokens {
				t.Errorf("%d examples of about %d tokens, foreseen %+v", examples, bytes/4, most)
			}
			if after := w.Most(); !after.Tuned || after.Examples != 0 {
				t.Errorf("tuned, and there is left %+v", after)
			}
		})
	}
}
