package llm

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Ledger counts what the calls of a run used and holds them to ceilings. The
// clients of a run share one.
type Ledger struct {
	run, perCell Budget

	mu       sync.Mutex
	rows     map[useKey]*Usage
	total    account
	cells    map[string]*account
	currency string
	changed  chan struct{} // closed and replaced when a reservation ends
}

// account is what was spent, and what calls in flight may yet spend.
type account struct{ spent, reserved amounts }

// amounts are in the order of a Budget: calls, tokens, cost.
type amounts [3]int64

func (a *amounts) add(b amounts, sign int64) {
	for i := range a {
		a[i] += sign * b[i]
	}
}

func (b Budget) amounts() amounts { return amounts{b.Calls, b.Tokens, b.CostMicros} }

func (u *Usage) amounts() amounts { return amounts{u.Requests, u.tokens(), u.CostMicros} }

// NewLedger begins with what the journal says was spent by earlier attempts of
// the run. A nil journal: counting begins at nothing.
func NewLedger(j *Journal, run, perCell Budget) (*Ledger, error) {
	if err := run.Check(); err != nil {
		return nil, err
	}
	if err := perCell.Check(); err != nil {
		return nil, fmt.Errorf("per cell: %w", err)
	}
	l := &Ledger{run: run, perCell: perCell, rows: map[useKey]*Usage{}, cells: map[string]*account{}, changed: make(chan struct{})}
	if j == nil {
		return l, nil
	}
	rows, err := j.Usage()
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		l.add(r)
	}
	return l, nil
}

// adopt makes sure that all money is of one currency, where it has a ceiling.
func (l *Ledger) adopt(name string, p *Price) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.run.CostMicros == 0 && l.perCell.CostMicros == 0 {
		return nil
	}
	switch {
	case p == nil:
		return fmt.Errorf("%s: a ceiling in money needs a price (give the backend one, or a ceiling in calls or tokens)", name)
	case l.currency != "" && l.currency != p.Currency:
		return fmt.Errorf("%s: price in %s, and another backend's in %s: one ceiling cannot hold both (give both in one currency)", name, p.Currency, l.currency)
	}
	l.currency = p.Currency
	return nil
}

// add counts usage. The lock need not be held.
func (l *Ledger) add(u Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.addLocked(u)
}

func (l *Ledger) addLocked(u Usage) {
	row := l.rows[u.key()]
	if row == nil {
		row = &Usage{}
		l.rows[u.key()] = row
	}
	row.add(u)
	l.total.spent.add(u.amounts(), 1)
	l.cell(u.Cell).spent.add(u.amounts(), 1)
}

func (l *Ledger) cell(name string) *account {
	a := l.cells[name]
	if a == nil {
		a = &account{}
		l.cells[name] = a
	}
	return a
}

// reserve waits until a call that may take this much is within the ceilings
// whatever the calls in flight turn out to take. Where it could not be even if
// they took nothing, it is a *BudgetError.
func (l *Ledger) reserve(ctx context.Context, cell string, may amounts) error {
	for {
		l.mu.Lock()
		err, full := l.fits("", l.run, &l.total, may)
		if err == nil && !full {
			err, full = l.fits(cell, l.perCell, l.cell(cell), may)
		}
		if err != nil {
			l.mu.Unlock()
			return err
		}
		if !full {
			l.total.reserved.add(may, 1)
			l.cell(cell).reserved.add(may, 1)
			l.mu.Unlock()
			return nil
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Ledger) fits(cell string, b Budget, a *account, may amounts) (err error, full bool) {
	for i, ceiling := range b.amounts() {
		switch {
		case ceiling == 0:
		case a.spent[i]+may[i] > ceiling:
			return &BudgetError{
				Cell: cell, What: [...]string{"calls", "tokens", "cost"}[i],
				Ceiling: ceiling, Spent: a.spent[i], Needs: may[i], Currency: l.currency,
			}, false
		case a.spent[i]+a.reserved[i]+may[i] > ceiling:
			full = true
		}
	}
	return nil, full
}

// settle ends a reservation with what was used.
func (l *Ledger) settle(cell string, may amounts, used Usage) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total.reserved.add(may, -1)
	l.cell(cell).reserved.add(may, -1)
	if used != (Usage{}) {
		l.addLocked(used)
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// Usage gives one row per backend, cell and role, sorted.
func (l *Ledger) Usage() []Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := make([]Usage, 0, len(l.rows))
	for _, r := range slices.Collect(maps.Values(l.rows)) {
		rows = append(rows, *r)
	}
	slices.SortFunc(rows, Usage.compare)
	return rows
}
