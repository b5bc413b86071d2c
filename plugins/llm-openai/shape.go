package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/google/jsonschema-go/jsonschema"
)

// shape is what an answer must look like: a schema in all the forms in which
// it is needed.
type shape struct {
	raw    json.RawMessage
	valid  *jsonschema.Resolved
	frame  *jsonschema.Resolved // types, names and choices alone, which whoever enforces schemas enforces
	strict json.RawMessage      // nil: it has no strict form
	why    error                // why not
	unfit  atomic.Bool          // the server takes schemas, but not this one
	object bool                 // the root is an object, as JSON mode demands
}

// hasStrict tells whether it can be asked for in strict mode.
func (s *shape) hasStrict() bool { return s.strict != nil && !s.unfit.Load() }

// shapes remembers those that were asked for; a run has a few.
type shapes struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]*shape
}

// shapesLimit is when to forget them all.
const shapesLimit = 512

// of reads a schema, or says why it is none.
func (c *shapes) of(raw []byte) (*shape, error) {
	key := sha256.Sum256(raw)
	c.mu.Lock()
	s := c.known[key]
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	s, err := newShape(raw)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= shapesLimit {
		c.known = map[[sha256.Size]byte]*shape{}
	}
	c.known[key] = s
	return s, nil
}

func newShape(raw []byte) (*shape, error) {
	s := &shape{raw: raw}
	var err error
	if s.valid, err = resolve(raw); err != nil {
		return nil, err
	}
	o, err := readObject(raw)
	if err != nil {
		return nil, err
	}
	if s.frame, err = resolve(framed(raw, 0)); err != nil {
		return nil, err
	}
	s.object = slices.Equal(words(o.get("type")), []string{"object"})
	s.strict, s.why = toStrict(raw)
	return s, nil
}

func resolve(raw []byte) (*jsonschema.Resolved, error) {
	var s jsonschema.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	r, err := s.Resolve(nil)
	if err != nil {
		return nil, fmt.Errorf("it cannot be resolved: %w", err)
	}
	return r, nil
}

// framed takes the bounds out of a schema, which servers enforce or not.
func framed(raw json.RawMessage, depth int) json.RawMessage {
	in, err := readObject(raw)
	if err != nil || depth > deepest {
		return raw
	}
	var out object
	for _, m := range in {
		switch m.name {
		case "type", "enum", "required", "$ref":
		case "items":
			m.value = framed(m.value, depth+1)
		case "anyOf":
			schemas := elements(m.value)
			for i, s := range schemas {
				schemas[i] = framed(s, depth+1)
			}
			m.value = list(schemas)
		case "properties", "$defs", "definitions":
			schemas, err := readObject(m.value)
			if err != nil {
				return raw
			}
			for i, s := range schemas {
				schemas[i].value = framed(s.value, depth+1)
			}
			m.value = schemas.raw()
		default:
			continue
		}
		out = append(out, m)
	}
	return out.raw()
}

// fits tells whether an answer is valid.
func fits(r *jsonschema.Resolved, raw json.RawMessage) bool {
	var v any
	return json.Unmarshal(raw, &v) == nil && r.Validate(v) == nil
}
