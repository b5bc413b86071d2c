package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/alignuser/alignuser/harness/browse"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/harness/trace"
)

// batch is the number of sessions that go forward together: enough that no call is
// small, few enough that a kill loses little.
const batch = 256

// Cell runs the sessions in batches, logs each, and seals them.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	settings := Settings(b.options)
	settings.Seed, settings.Repeat = c.Seed, c.Key.Repeat
	simulator, err := c.Simulator(ctx, settings)
	if err != nil {
		return err
	}
	return Browse(ctx, c, simulator, b.visits)
}

// Browse carries visits out for a cell and seals the sessions. It goes on from what
// the cell's log holds.
func Browse(ctx context.Context, c task.Cell, s *browse.Simulator, visits []browse.Visit) error {
	sessions, err := restore(c.Done, visits)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Key, err)
	}
	c.Step(len(sessions) / batch)
	for len(sessions) < len(visits) {
		if c.Stopping() {
			return task.ErrStopped
		}
		rec, err := c.Recommender(ctx)
		if err != nil {
			return err
		}
		next, err := s.Run(ctx, rec, visits[len(sessions):min(len(sessions)+batch, len(visits))])
		if err != nil {
			return err
		}
		payload, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("%s: log: %w", c.Key, err)
		}
		if err := c.Log(payload); err != nil {
			return err
		}
		sessions = append(sessions, next...)
		c.Step((len(sessions) + batch - 1) / batch)
	}
	return c.SealSessions(func(w io.Writer) error { return record.WriteSessions(w, s.Header(sessions), sessions) })
}

// restore reads logged batches. They must be the first visits in order.
func restore(done [][]byte, visits []browse.Visit) ([]trace.Session, error) {
	var sessions []trace.Session
	for i, payload := range done {
		var part []trace.Session
		if err := json.Unmarshal(payload, &part); err != nil {
			return nil, fmt.Errorf("log entry %d: %w", i+1, err)
		}
		sessions = append(sessions, part...)
	}
	if len(sessions) > len(visits) || len(sessions)%batch != 0 && len(sessions) != len(visits) {
		return nil, fmt.Errorf("log holds %d sessions where batches of %d from %d were expected", len(sessions), batch, len(visits))
	}
	for i, s := range sessions {
		if s.User != visits[i].User || s.Exposure != visits[i].Exposure {
			return nil, fmt.Errorf("log has session %d of user %d in place %d, want session %d of user %d", s.Exposure, s.User, i, visits[i].Exposure, visits[i].User)
		}
	}
	return sessions, nil
}
