package task

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/alignuser/alignuser/sdk"
)

// Batch is the number of users in one call: large enough that the wire costs
// nothing, small enough that a kill loses little.
const Batch = 256

// Batches counts the steps of asking so many users.
func Batches(users int) int { return (users + Batch - 1) / Batch }

// InBatches asks a recommender about users, batch by batch, and logs each answer
// before it goes on. It takes up what the cell's log holds, whose rows must be
// those of the first users in their order, and stops between batches when the
// cell says so. The arm is fitted only where somebody is left to ask about.
func InBatches[R any](ctx context.Context, c Cell, users []int32, userOf func(R) int32, ask func(rec sdk.Recommender, users []int32) ([]R, error)) ([]R, error) {
	rows, err := restore(c.Done, users, userOf)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Key, err)
	}
	c.Step(len(rows) / Batch)
	if len(rows) == len(users) {
		return rows, nil
	}
	rec, err := c.Recommender(ctx)
	if err != nil {
		return nil, err
	}
	return goOn(c, rows, len(rows)/Batch, Batches(len(users)), func(n int) ([]R, error) {
		return ask(rec, users[n*Batch:min((n+1)*Batch, len(users))])
	})
}

// restore reads logged batches. They must be a prefix of the users in order.
func restore[R any](done [][]byte, users []int32, userOf func(R) int32) ([]R, error) {
	var rows []R
	for i, payload := range done {
		var part []R
		if err := json.Unmarshal(payload, &part); err != nil {
			return nil, fmt.Errorf("log entry %d: %w", i+1, err)
		}
		rows = append(rows, part...)
	}
	if len(rows) > len(users) || (len(rows)%Batch != 0 && len(rows) != len(users)) {
		return nil, fmt.Errorf("log holds %d users where batches of %d from %d users were expected", len(rows), Batch, len(users))
	}
	for i, r := range rows {
		if userOf(r) != users[i] {
			return nil, fmt.Errorf("log has user %d in place %d, want %d", userOf(r), i, users[i])
		}
	}
	return rows, nil
}
