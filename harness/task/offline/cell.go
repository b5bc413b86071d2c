package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// batch is the number of users in one Recommend call: large enough that the
// wire costs nothing, small enough that a kill loses little.
const batch = 256

// row is the evidence of one user: all that the metrics read.
type row struct {
	User     int32   `parquet:"user" json:"u"`
	Relevant int32   `parquet:"relevant" json:"n"`  // relevant items
	Hits     []int32 `parquet:"hits,list" json:"h"` // 1-based ranks of relevant items in List, ascending
	List     []int32 `parquet:"list,list" json:"l"` // head of the ranking, best first
	Tied     int32   `parquet:"tied" json:"t"`      // places of List whose score another place or the next item shares
	Catalog  int32   `parquet:"catalog" json:"-"`   // items in the catalogue
}

// Cell asks for rankings batch by batch, logs each, and seals the rows.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	rows, err := b.restore(c.Done)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Key, err)
	}
	c.Step(len(rows) / batch)
	if len(rows) < len(b.users) {
		rec, err := c.Recommender(ctx)
		if err != nil {
			return err
		}
		for len(rows) < len(b.users) {
			if c.Stopping() {
				return task.ErrStopped
			}
			next, err := b.ask(ctx, rec, c.Seed, b.users[len(rows):min(len(rows)+batch, len(b.users))])
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
			rows = append(rows, next...)
			c.Step((len(rows) + batch - 1) / batch)
		}
	}
	for i := range rows {
		rows[i].Catalog = int32(b.split.Test().Items())
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

// restore reads logged batches. They must be a prefix of the users in order.
func (b *bound) restore(done [][]byte) ([]row, error) {
	var rows []row
	for i, payload := range done {
		var part []row
		if err := json.Unmarshal(payload, &part); err != nil {
			return nil, fmt.Errorf("log entry %d: %w", i+1, err)
		}
		rows = append(rows, part...)
	}
	if len(rows) > len(b.users) || (len(rows)%batch != 0 && len(rows) != len(b.users)) {
		return nil, fmt.Errorf("log holds %d users where batches of %d from %d users were expected", len(rows), batch, len(b.users))
	}
	for i, r := range rows {
		if r.User != b.users[i] {
			return nil, fmt.Errorf("log has user %d in place %d, want %d", r.User, i, b.users[i])
		}
	}
	return rows, nil
}

// ask gets the rankings of some users. One item more than the longest cutoff
// is asked for, so that a tie across the cut can be seen.
func (b *bound) ask(ctx context.Context, rec sdk.Recommender, seed uint64, users []int32) ([]row, error) {
	k := b.depth + 1
	req := sdk.RecommendRequest{Users: users, K: k, Purpose: sdk.PurposeRanking, Seed: seed}
	for _, u := range users {
		req.Exclude.Append(b.seen(u)...)
	}
	reply, err := rec.Recommend(ctx, req)
	if err != nil {
		return nil, err
	}
	rows := make([]row, len(users))
	for i, u := range users {
		n := int(reply.Counts[i])
		rows[i] = b.judge(u, reply.Items[i*k:i*k+n], reply.Scores[i*k:i*k+n])
	}
	return rows, nil
}

// seen lists what may not be recommended: training and validation items.
func (b *bound) seen(u int32) []int32 {
	return append(slices.Clone(b.split.Train().Of(u)), b.split.Valid().Of(u)...)
}

// judge turns one ranking into evidence.
func (b *bound) judge(u int32, items []int32, scores []float32) row {
	depth := min(b.depth, len(items))
	r := row{User: u, Relevant: int32(len(b.relevant[u])), Hits: []int32{}, List: slices.Clone(items[:depth])}
	for i, it := range r.List {
		if _, hit := slices.BinarySearch(b.relevant[u], it); hit {
			r.Hits = append(r.Hits, int32(i+1))
		}
		if (i > 0 && scores[i] == scores[i-1]) || (i+1 < len(items) && scores[i] == scores[i+1]) {
			r.Tied++
		}
	}
	return r
}
