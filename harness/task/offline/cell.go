package offline

import (
	"context"
	"io"
	"slices"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// row is the evidence of one user: all that most metrics read.
type row struct {
	User     int32   `parquet:"user" json:"u"`
	Relevant int32   `parquet:"relevant" json:"n"`  // relevant items
	Hits     []int32 `parquet:"hits,list" json:"h"` // 1-based ranks of relevant items in List, ascending
	List     []int32 `parquet:"list,list" json:"l"` // head of the ranking, best first
	Tied     int32   `parquet:"tied" json:"t"`      // places of List whose score another place or the next item shares
	Catalog  int32   `parquet:"catalog" json:"-"`   // items in the catalogue
}

// wideRow is what a cell holds where a metric needs to know which items were
// shown, or how all of them were scored.
type wideRow struct {
	row
	Counts         []int32 `parquet:"counts,list" json:"-"`          // training users of each item in List
	TrainUsers     int32   `parquet:"train_users" json:"-"`          // users with training interactions
	Categories     []int32 `parquet:"categories,list" json:"-"`      // of the items in List, one item after another
	CategoryCounts []int32 `parquet:"category_counts,list" json:"-"` // how many of Categories belong to each item in List
	Scored         bool    `parquet:"scored" json:"s,omitempty"`     // all items were scored; else the next three are empty
	Above          []int32 `parquet:"above,list" json:"a,omitempty"` // of each relevant item, best first: others scored above it
	Equal          []int32 `parquet:"equal,list" json:"e,omitempty"` // and others scored as it is
	Others         int32   `parquet:"others" json:"o,omitempty"`     // items neither relevant nor in training or validation
}

// Cell asks for rankings batch by batch, logs each, and seals the rows.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	rows, err := task.InBatches(ctx, c, b.users, func(r wideRow) int32 { return r.User },
		func(rec sdk.Recommender, users []int32) ([]wideRow, error) { return b.ask(ctx, rec, c.Seed, users) })
	if err != nil {
		return err
	}
	for i := range rows {
		b.complete(&rows[i])
	}
	if b.wide {
		return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
	}
	narrow := make([]row, len(rows))
	for i, r := range rows {
		narrow[i] = r.row
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, narrow) })
}

// complete adds what the data alone decides, so it need not be logged.
func (b *bound) complete(r *wideRow) {
	train := b.split.Train()
	r.Catalog = int32(b.split.Test().Items())
	if !b.wide {
		return
	}
	r.TrainUsers = b.trainUsers
	for _, it := range r.List {
		r.Counts = append(r.Counts, int32(train.Count(it)))
		var of []int32
		if b.categories != nil {
			of = b.categories[it]
		}
		r.Categories = append(r.Categories, of...)
		r.CategoryCounts = append(r.CategoryCounts, int32(len(of)))
	}
}

// ask gets the rankings of some users. One item more than the longest cutoff
// is asked for, so that a tie across the cut can be seen.
func (b *bound) ask(ctx context.Context, rec sdk.Recommender, seed uint64, users []int32) ([]wideRow, error) {
	k := b.depth + 1
	req := sdk.RecommendRequest{Users: users, K: k, Purpose: sdk.PurposeRanking, Seed: seed}
	for _, u := range users {
		req.Exclude.Append(b.seen(u)...)
	}
	reply, err := rec.Recommend(ctx, req)
	if err != nil {
		return nil, err
	}
	rows := make([]wideRow, len(users))
	for i, u := range users {
		n := int(reply.Counts[i])
		rows[i].row = b.judge(u, reply.Items[i*k:i*k+n], reply.Scores[i*k:i*k+n])
	}
	if b.scores {
		if err := b.order(ctx, rec, rows); err != nil {
			return nil, err
		}
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
