package rating

import (
	"context"
	"fmt"
	"io"

	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// row is the evidence of one user. The first four lists go together.
type row struct {
	User        int32     `parquet:"user" json:"u"`
	Items       []int32   `parquet:"items,list" json:"-"`             // held-out items with a value and a prediction, ascending
	Values      []float64 `parquet:"values,list" json:"-"`            // the true values
	Predictions []float64 `parquet:"predictions,list" json:"p"`       // as they were given
	Answers     []float64 `parquet:"answers,list" json:"-"`           // and on the scale
	Missing     []int32   `parquet:"missing,list" json:"m,omitempty"` // held-out items with a value and no prediction, ascending
	ScaleMin    float64   `parquet:"scale_min" json:"-"`              // the scale is the same in every row
	ScaleMax    float64   `parquet:"scale_max" json:"-"`
	ScaleStep   float64   `parquet:"scale_step" json:"-"` // 0: any value between
}

// scale is the data set's, without what is liked on it.
func (r row) scale() sdk.Scale { return sdk.Scale{Min: r.ScaleMin, Max: r.ScaleMax, Step: r.ScaleStep} }

// Cell asks for predictions batch by batch, logs each, and seals the rows.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	rows, err := task.InBatches(ctx, c, b.users, func(r row) int32 { return r.User },
		func(rec sdk.Recommender, users []int32) ([]row, error) { return b.ask(ctx, rec, users) })
	if err != nil {
		return err
	}
	for i := range rows {
		if err := b.complete(&rows[i]); err != nil {
			return fmt.Errorf("%s: %w", c.Key, err)
		}
	}
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

// ask gets the predictions of some users.
func (b *bound) ask(ctx context.Context, rec sdk.Recommender, users []int32) ([]row, error) {
	scorer, ok := rec.(sdk.Scorer)
	if !ok {
		return nil, sdk.Unsupportedf("%s has no Score", rec.Spec().Name)
	}
	req := sdk.ScoreRequest{Users: users, Candidates: &sdk.Ragged{}}
	for _, u := range users {
		req.Candidates.Append(b.items[u]...)
	}
	scores, err := scorer.Score(ctx, req)
	if err != nil {
		return nil, err
	}
	if len(scores) != len(req.Candidates.Items) {
		return nil, fmt.Errorf("score: %d values for %d pairs", len(scores), len(req.Candidates.Items))
	}
	rows := make([]row, len(users))
	for i, u := range users {
		rows[i] = row{User: u, Predictions: []float64{}}
		from := req.Candidates.Offsets[i]
		for n, it := range b.items[u] {
			if v := scores[int(from)+n]; v != v {
				rows[i].Missing = append(rows[i].Missing, it)
			} else {
				rows[i].Predictions = append(rows[i].Predictions, float64(v))
			}
		}
	}
	return rows, nil
}

// complete adds what the data alone decides, so it need not be logged.
func (b *bound) complete(r *row) error {
	r.ScaleMin, r.ScaleMax, r.ScaleStep = b.scale.Min, b.scale.Max, b.scale.Step
	missing := r.Missing
	for n, it := range b.items[r.User] {
		if len(missing) > 0 && missing[0] == it {
			missing = missing[1:]
			continue
		}
		r.Items, r.Values = append(r.Items, it), append(r.Values, b.values[r.User][n])
	}
	if len(missing) > 0 || len(r.Items) != len(r.Predictions) {
		return fmt.Errorf("log has %d predictions of user %d, and %d pairs without, where %d values are held out",
			len(r.Predictions), r.User, len(r.Missing), len(b.items[r.User]))
	}
	for _, v := range r.Predictions {
		r.Answers = append(r.Answers, answer(b.scale, v))
	}
	return nil
}
