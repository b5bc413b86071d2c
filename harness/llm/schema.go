package llm

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is a JSON schema, compiled once and used by many goroutines.
type Schema struct {
	raw      []byte
	resolved *jsonschema.Resolved
}

// NewSchema compiles a schema. Its properties keep their order, because
// backends write an answer's fields in that order and answers depend on it.
func NewSchema(raw []byte) (*Schema, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(compact.Bytes(), &s); err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return &Schema{raw: compact.Bytes(), resolved: resolved}, nil
}

// Bytes gives the compact form, which is what backends get and what keys are
// made of. The caller must not change it.
func (s *Schema) Bytes() []byte { return s.raw }

// Validate reports the first place where an answer does not fit, in words that
// a model can act on: `ITEM_3.decision: want one of "watch", "skip", got 3`.
func (s *Schema) Validate(answer []byte) error {
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	err := s.resolved.Validate(v)
	if err == nil {
		return nil
	}
	if place := explain(s.resolved.Schema(), v, ""); place != nil {
		return place
	}
	return err
}
