package llm

import "errors"

// Price is what a backend costs, in units of Currency per million tokens.
type Price struct {
	Input       float64
	CachedInput *float64 // nil: as Input
	Output      float64  // reasoning tokens are output
	Currency    string
}

// Check refuses negative prices and prices without a currency.
func (p Price) Check() error { return nil }

// Budget holds ceilings; 0 is none. That a user writes 0 is for the suite's
// reader to refuse, who knows the place.
type Budget struct {
	Calls      int64 // requests that were answered or may have been charged
	Tokens     int64 // prompt and completion
	CostMicros int64 // millionths of the price's currency
}

// Check refuses negative ceilings.
func (b Budget) Check() error { return nil }

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
func (e *BudgetError) Error() string { return "" }

// Unwrap makes errors.Is(err, ErrBudget) true.
func (e *BudgetError) Unwrap() error { return ErrBudget }

// Ledger counts what the calls of a run used and holds them to ceilings. The
// clients of a run share one.
type Ledger struct{}

// NewLedger begins with what the journal says was spent by earlier attempts of
// the run. A nil journal: counting begins at nothing.
func NewLedger(j *Journal, run, perCell Budget) (*Ledger, error) { return &Ledger{}, nil }

// Usage gives one row per backend, cell and role, sorted.
func (l *Ledger) Usage() []Usage { return nil }
