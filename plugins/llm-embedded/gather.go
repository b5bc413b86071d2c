package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/alignuser/alignuser/plugins/internal/cores"
	"github.com/alignuser/alignuser/sdk"
)

// choice is a question with its answer, as training keeps it.
type choice struct {
	field  uint64
	values []uint64
	common []input
	own    [][]input
	prior  []float64
	truth  int
	other  int     // pairs: the rejected value; -1: none
	weight float64 // of the example
}

// input is a feature without words.
type input struct {
	hash   uint64
	value  float32
	linear bool
}

func inputs(fs []feature) []input {
	out := make([]input, len(fs))
	for i, f := range fs {
		out[i] = input{f.hash, float32(f.value), f.linear}
	}
	return out
}

// chosen makes the choices of one answer. Other is a second answer to the same
// prompt, for pairs: only where the two differ is there something to learn.
func (m *model) chosen(v vocabulary, prompt []message, raw json.RawMessage, answer, other string, weight float64) ([]choice, error) {
	messages := make([]sdk.Message, len(prompt))
	for i, t := range prompt {
		messages[i] = sdk.Message{Role: map[string]sdk.Role{"system": sdk.RoleSystem, "assistant": sdk.RoleAssistant}[t.Role], Content: t.Content}
		if messages[i].Role == 0 {
			messages[i].Role = sdk.RoleUser
		}
	}
	all, err := leaves(answer)
	if err != nil {
		return nil, err
	}
	against := map[string]string{}
	if other != "" {
		rejected, err := leaves(other)
		if err != nil {
			return nil, err
		}
		for _, l := range rejected {
			against[l.path] = l.word
		}
	}
	given := map[string]*shape{}
	if raw != nil {
		s := m.schema(raw)
		if s.err != nil {
			return nil, fmt.Errorf("response_format: %w", s.err)
		}
		s.shape.choices("", given)
	}
	p := m.read(messages)
	var out []choice
	var before []taken
	for _, l := range all {
		field, _, _ := fieldOf(l.path)
		s := given[l.path]
		if s == nil && raw == nil {
			if words := v[field]; len(words) > 1 {
				s = &shape{kind: "choice", words: words}
			}
		}
		if s != nil && len(s.words) > 1 {
			truth := slices.Index(s.words, l.word)
			if truth < 0 {
				return nil, fmt.Errorf("%s: %q is none of the schema's values", l.path, l.word)
			}
			rejected := -1
			if other != "" {
				rejected = slices.Index(s.words, against[l.path])
			}
			if other == "" || rejected >= 0 && rejected != truth {
				out = append(out, keep(p.ask(l.path, s, before, true), truth, rejected, weight))
			}
		}
		if s != nil {
			before = append(before, taken{field, l.word})
		}
	}
	return out, nil
}

func keep(q question, truth, rejected int, weight float64) choice {
	c := choice{field: q.field, values: q.values, common: inputs(q.common), prior: q.lean, truth: truth, other: rejected, weight: weight}
	for i, own := range q.own {
		c.own = append(c.own, inputs(own))
		for _, f := range own {
			c.prior[i] += float64(f.prior * f.value)
		}
	}
	return c
}

// choices lists the open choices of a shape by path.
func (s *shape) choices(path string, out map[string]*shape) {
	switch s.kind {
	case "choice":
		out[path] = s
	case "object":
		for _, f := range s.fields {
			f.shape.choices(join(path, f.name), out)
		}
	case "array":
		for i, item := range s.items {
			item.choices(join(path, strconv.Itoa(i)), out)
		}
	}
}

// batch is how many examples are described at a time.
const batch = 4096

// gather reads a file into choices. Examples are described on all threads and kept
// in the order of the file.
func (m *model) gather(ctx context.Context, v vocabulary, path, format string, progress func(examples int)) ([]choice, int, error) {
	var out []choice
	var waiting []example
	total := 0
	flush := func() error {
		made, errs := make([][]choice, len(waiting)), make([]error, len(waiting))
		err := cores.Each(ctx, len(waiting), m.threads, func(_, i int) {
			made[i], errs[i] = m.describeExample(v, waiting[i], format)
		})
		if err != nil {
			return err
		}
		for i := range made {
			if errs[i] != nil {
				return fmt.Errorf("example %d of the file: %w", total+i+1, errs[i])
			}
			out = append(out, made[i]...)
		}
		total += len(waiting)
		waiting = waiting[:0]
		progress(total)
		return nil
	}
	err := readExamples(ctx, path, format, func(_ int, e example) error {
		if waiting = append(waiting, e); len(waiting) == batch {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	return out, total, err
}

func (m *model) describeExample(v vocabulary, e example, format string) ([]choice, error) {
	weight := 1.0
	if e.Weight != nil {
		weight = *e.Weight
	}
	if format == "pairs" {
		return m.chosen(v, e.Prompt, e.Format.Schema.Schema, e.Chosen[0].Content, e.Rejected[0].Content, weight)
	}
	last := len(e.Messages) - 1
	return m.chosen(v, e.Messages[:last], e.Format.Schema.Schema, e.Messages[last].Content, "", weight)
}
