package llm

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/alignuser/alignuser/sdk"
)

// Price is what a backend costs, in units of Currency per million tokens.
type Price struct {
	Input       float64
	CachedInput *float64 // nil: as Input
	Output      float64  // reasoning tokens are output
	Currency    string
}

// Check refuses negative prices and prices without a currency.
func (p Price) Check() error {
	list := []struct {
		name  string
		value float64
	}{{"input", p.Input}, {"output", p.Output}}
	if p.CachedInput != nil {
		list = append(list, struct {
			name  string
			value float64
		}{"cached-input", *p.CachedInput})
	}
	for _, x := range list {
		if !(x.value >= 0) || math.IsInf(x.value, 0) {
			return fmt.Errorf("price: %s: want 0 or more per million tokens, got %v", x.name, x.value)
		}
	}
	if p.Currency == "" {
		return errors.New(`price: currency: missing (such as "USD")`)
	}
	return nil
}

// Cost is what usage costs, in millionths of Currency, rounded up.
func (p Price) Cost(u sdk.Usage) int64 {
	cached := p.Input
	if p.CachedInput != nil {
		cached = *p.CachedInput
	}
	// A unit per million tokens is a millionth per token.
	return int64(math.Ceil(float64(u.PromptTokens-u.CachedTokens)*p.Input + float64(u.CachedTokens)*cached + float64(u.CompletionTokens)*p.Output - 1e-9))
}

// Budget holds ceilings; 0 is none. That a user writes 0 is for the suite's
// reader to refuse, who knows the place.
type Budget struct {
	Calls      int64 // requests that were answered or may have been charged
	Tokens     int64 // prompt and completion
	CostMicros int64 // millionths of the price's currency
}

// Check refuses negative ceilings.
func (b Budget) Check() error {
	for _, x := range []struct {
		name  string
		value int64
	}{{"calls", b.Calls}, {"tokens", b.Tokens}, {"cost", b.CostMicros}} {
		if x.value < 0 {
			return fmt.Errorf("budget: %s: want more than 0, got %d", x.name, x.value)
		}
	}
	return nil
}

// ErrBudget is what a question beyond a ceiling gets; the error is a *BudgetError.
var ErrBudget = errors.New("budget spent")

// BudgetError says which ceiling was reached.
type BudgetError struct {
	Cell     string // empty: the run's ceiling
	What     string // "calls", "tokens", "cost"
	Ceiling  int64  // cost in millionths of Currency
	Spent    int64
	Needs    int64 // what the next call may take
	Currency string
}

// Error says what is spent and how to go on.
func (e *BudgetError) Error() string {
	where := "the run"
	if e.Cell != "" {
		where = "cell " + e.Cell
	}
	show := func(v int64) string { return strconv.FormatInt(v, 10) + " " + e.What }
	if e.What == "cost" {
		show = func(v int64) string { return money(v) + " " + e.Currency }
	}
	return fmt.Sprintf("budget: %s may use %s, has used %s, and the next call may take %s (raise the ceiling and give the same command: answers already paid for are kept)",
		where, show(e.Ceiling), show(e.Spent), show(e.Needs))
}

// Unwrap makes errors.Is(err, ErrBudget) true.
func (e *BudgetError) Unwrap() error { return ErrBudget }
