package llm

import (
	"fmt"

	"github.com/alignuser/alignuser/sdk"
)

// Usage is what one role of one cell used at one backend and this run paid
// for. Answers that an earlier run paid for count in Reused alone.
type Usage struct {
	Backend          string `json:"backend"`
	Cell             string `json:"cell"`
	Role             Role   `json:"role"`
	Requests         int64  `json:"requests"` // answered or charged
	PromptTokens     int64  `json:"prompt_tokens"`
	CachedTokens     int64  `json:"cached_tokens"` // of PromptTokens
	CompletionTokens int64  `json:"completion_tokens"`
	ReasoningTokens  int64  `json:"reasoning_tokens"` // of CompletionTokens
	Retries          int64  `json:"retries"`          // after failures of the road
	Invalid          int64  `json:"invalid"`          // answers that broke the schema, were cut or refused
	Charged          int64  `json:"charged"`          // failures that may have been charged; their tokens are estimates
	Reused           int64  `json:"reused"`           // answers from layers
	CostMicros       int64  `json:"cost_micros"`      // millionths of Currency
	Currency         string `json:"currency"`
}

// useKey is what tells rows apart.
type useKey struct {
	backend, cell string
	role          Role
}

func (u Usage) key() useKey { return useKey{u.Backend, u.Cell, u.Role} }

// add adds numbers; names are taken where there are none yet.
func (u *Usage) add(o Usage) {
	if u.key() == (useKey{}) {
		u.Backend, u.Cell, u.Role = o.Backend, o.Cell, o.Role
	}
	if o.Currency != "" {
		u.Currency = o.Currency
	}
	for i, v := range o.numbers() {
		*u.numbers()[i] += *v
	}
}

func (u *Usage) numbers() []*int64 {
	return []*int64{
		&u.Requests, &u.PromptTokens, &u.CachedTokens, &u.CompletionTokens, &u.ReasoningTokens,
		&u.Retries, &u.Invalid, &u.Charged, &u.Reused, &u.CostMicros,
	}
}

// tokens is what ceilings in tokens count.
func (u *Usage) tokens() int64 { return u.PromptTokens + u.CompletionTokens }

// take adds what a backend reported of one call.
func (u *Usage) take(s sdk.Usage) {
	u.Requests += s.Requests
	u.PromptTokens += s.PromptTokens
	u.CachedTokens += s.CachedTokens
	u.CompletionTokens += s.CompletionTokens
	u.ReasoningTokens += s.ReasoningTokens
	u.CostMicros += s.CostMicros
	if s.Currency != "" {
		u.Currency = s.Currency
	}
}

// Total adds rows up; names and currency stay where all rows agree.
func Total(rows []Usage) (sum Usage) {
	for i, r := range rows {
		if i == 0 {
			sum = r
			continue
		}
		for k, v := range r.numbers() {
			*sum.numbers()[k] += *v
		}
		keep := func(a *string, b string) {
			if *a != b {
				*a = ""
			}
		}
		role := string(sum.Role)
		keep(&role, string(r.Role))
		sum.Role = Role(role)
		keep(&sum.Backend, r.Backend)
		keep(&sum.Cell, r.Cell)
		keep(&sum.Currency, r.Currency)
	}
	return sum
}

// money gives millionths as units with all six decimals, so that sums of
// printed numbers are the printed sum.
func money(micros int64) string {
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	return fmt.Sprintf("%s%d.%06d", sign, micros/1e6, micros%1e6)
}
