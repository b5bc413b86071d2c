package task

import (
	"context"
	"encoding/json"
	"fmt"
)

// InSteps makes a cell's rows step by step and logs each step's before it goes on. It
// takes up what the cell's log holds and stops between steps when the cell says so. It
// is for tasks whose steps have any number of rows; what a step asks for, and how many
// steps there are, must not depend on where the cell began.
func InSteps[R any](ctx context.Context, c Cell, steps int, ask func(ctx context.Context, step int) ([]R, error)) ([]R, error) {
	if len(c.Done) > steps {
		return nil, fmt.Errorf("%s: log holds %d steps of %d", c.Key, len(c.Done), steps)
	}
	var rows []R
	for i, payload := range c.Done {
		var part []R
		if err := json.Unmarshal(payload, &part); err != nil {
			return nil, fmt.Errorf("%s: log entry %d: %w", c.Key, i+1, err)
		}
		rows = append(rows, part...)
	}
	c.Step(len(c.Done))
	return goOn(c, rows, len(c.Done), steps, func(n int) ([]R, error) { return ask(ctx, n) })
}

// goOn asks step by step, from one on, and logs the rows of each before the next.
func goOn[R any](c Cell, rows []R, from, steps int, ask func(step int) ([]R, error)) ([]R, error) {
	for n := from; n < steps; n++ {
		if c.Stopping() {
			return nil, ErrStopped
		}
		part, err := ask(n)
		if err != nil {
			return nil, err
		}
		payload, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("%s: log: %w", c.Key, err)
		}
		if err := c.Log(payload); err != nil {
			return nil, err
		}
		rows = append(rows, part...)
		c.Step(n + 1)
	}
	return rows, nil
}
