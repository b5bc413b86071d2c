package reading

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/alignuser/alignuser/harness/control"
	"github.com/alignuser/alignuser/harness/llm"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/harness/task"
	"github.com/alignuser/alignuser/sdk"
)

// maxTokens is more than the longest answer takes.
const maxTokens = 128

// Prompts gives the version of the prompts.
func (Task) Prompts() int { return promptsVersion }

// Unit is the question.
func (Task) Unit() string { return "questions" }

// Predict yields one request per question.
func (b *bound) Predict(seed uint64, repeat int) iter.Seq[llm.Request] {
	return func(yield func(llm.Request) bool) {
		for i := range b.questions {
			r, err := b.request(i, seed, repeat)
			if err != nil || !yield(r) {
				return
			}
		}
	}
}

// request is one question as it goes to the backend.
func (b *bound) request(i int, seed uint64, repeat int) (llm.Request, error) {
	q := b.questions[i]
	schema, err := llm.NewSchema(q.schema)
	if err != nil {
		return llm.Request{}, err
	}
	own := sdk.Mix(seed, uint64(i))
	return llm.Request{
		Role: llm.RoleProbe, Repeat: repeat, Schema: schema, MaxTokens: maxTokens, Temperature: &b.temperature, Seed: &own,
		Messages: []sdk.Message{{Role: sdk.RoleSystem, Content: systemText}, {Role: sdk.RoleUser, Content: q.page}},
	}, nil
}

// Cell asks all questions, logs the answers as they come, and seals the rows.
func (b *bound) Cell(ctx context.Context, c task.Cell) error {
	if c.Control != "" {
		return b.seal(c, b.answered(c.Control, c.Seed))
	}
	rows, err := b.restore(c.Done)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Key, err)
	}
	if err := b.askAll(ctx, c, rows); err != nil {
		return err
	}
	out := make([]row, len(b.questions))
	for i := range out {
		out[i] = rows[i]
	}
	return b.seal(c, out)
}

func (b *bound) seal(c task.Cell, rows []row) error {
	return c.Seal(func(w io.Writer) error { return record.WriteParquet(w, rows) })
}

// answered are the rows of a control.
func (b *bound) answered(control string, seed uint64) []row {
	rows := make([]row, len(b.questions))
	for i := range rows {
		r := b.blank(i)
		r.Answer, r.P = b.rule(control, i, seed)
		rows[i] = r
	}
	return rows
}

// rule is how a control answers a question, and the probability that it gives to
// the truth.
func (b *bound) rule(name string, i int, seed uint64) (string, *float64) {
	q := b.questions[i]
	p := 1.0
	if name == control.OracleName {
		return q.truth, &p
	}
	p = 1 / float64(len(q.choices))
	l := &luck{seed: sdk.Mix(seed, uint64(i))}
	return q.choices[l.below(len(q.choices))], &p
}

func (b *bound) blank(i int) row {
	q := b.questions[i]
	return row{Question: int32(i), Kind: q.kind, Choices: q.choices, Truth: q.truth}
}

// logged is a row without what the questions say.
type logged struct {
	Question int      `json:"q"`
	Answer   string   `json:"a,omitempty"`
	Tries    int32    `json:"t"`
	Invalid  string   `json:"i,omitempty"`
	P        *float64 `json:"p,omitempty"`
	Tokens   int64    `json:"n"`
}

// restore reads what was logged, by question.
func (b *bound) restore(done [][]byte) (map[int]row, error) {
	rows := map[int]row{}
	for i, payload := range done {
		var part []logged
		if err := json.Unmarshal(payload, &part); err != nil {
			return nil, fmt.Errorf("log entry %d: %w", i+1, err)
		}
		for _, l := range part {
			if l.Question < 0 || l.Question >= len(b.questions) {
				return nil, fmt.Errorf("log entry %d: question %d of %d", i+1, l.Question, len(b.questions))
			}
			r := b.blank(l.Question)
			r.Answer, r.Tries, r.Invalid, r.P, r.Tokens = l.Answer, l.Tries, l.Invalid, l.P, l.Tokens
			if err := r.check(); err != nil {
				return nil, fmt.Errorf("log entry %d: %w", i+1, err)
			}
			rows[l.Question] = r
		}
	}
	return rows, nil
}
