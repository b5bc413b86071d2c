package trace

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Schema numbers the layout of session files.
const Schema = 1

// Header is the first line of a session file: what its metrics need to know.
type Header struct {
	Schema    int     `json:"schema"`
	PageSize  int     `json:"page_size"`
	PageLimit int     `json:"page_limit"`
	LikeAt    float64 `json:"like_at,omitempty"` // 0: the data has no values
	Users     int     `json:"users"`             // with training interactions
	Items     int     `json:"items"`             // of the catalogue
	// Exit says where leaving comes from: "answered", "sessions" or "prior".
	Exit string `json:"exit,omitempty"`
	// Notes are caveats that reach every table made of the file.
	Notes []string `json:"notes,omitempty"`
	// Runs is how many independent runs the exposures are divided into; 0: one.
	Runs int `json:"runs,omitempty"`
	// Given are numbers that somebody else measured, in place of sessions.
	Given []Measured `json:"given,omitempty"`
	// Categories are the names that ItemFacts numbers.
	Categories []string `json:"categories,omitempty"`
	// Shown holds facts of the items that the sessions show, by item.
	Shown []ItemFacts `json:"shown,omitempty"`
}

// Measured is a number without the sessions behind it.
type Measured struct {
	Metric string   `json:"metric"`
	Value  float64  `json:"value"`
	N      int      `json:"n"`
	Lo     *float64 `json:"lo,omitempty"`
	Hi     *float64 `json:"hi,omitempty"`
}

// ItemFacts is what metrics of exposure read of an item.
type ItemFacts struct {
	Item       int32   `json:"item"`
	Title      string  `json:"title,omitempty"`
	Count      int32   `json:"count"` // training users
	Categories []int32 `json:"categories,omitempty"`
}

// Write writes a file of sessions: the header and a line of JSON each. Equal
// sessions give equal bytes.
func Write(w io.Writer, h Header, sessions []Session) error {
	h.Schema = Schema
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(h); err != nil {
		return err
	}
	for i := range sessions {
		if err := enc.Encode(&sessions[i]); err != nil {
			return err
		}
	}
	return b.Flush()
}

// maxLine bounds a session's line, and with it what a damaged file can ask for.
const maxLine = 64 << 20

// Read reads a file of sessions. The error names the line.
func Read(r io.Reader) (Header, []Session, error) {
	var h Header
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	if !lines.Scan() {
		return h, nil, errors.Join(errors.New("line 1: no header"), lines.Err())
	}
	if err := json.Unmarshal(lines.Bytes(), &h); err != nil {
		return h, nil, fmt.Errorf("line 1: %w", err)
	}
	if h.Schema != Schema {
		return h, nil, fmt.Errorf("line 1: schema %d: this program reads %d", h.Schema, Schema)
	}
	var sessions []Session
	for n := 2; lines.Scan(); n++ {
		var s Session
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&s); err != nil {
			return h, nil, fmt.Errorf("line %d: %w", n, err)
		}
		if err := s.Check(h.Items); err != nil {
			return h, nil, fmt.Errorf("line %d: %w", n, err)
		}
		sessions = append(sessions, s)
	}
	return h, sessions, lines.Err()
}

// Check refuses a session that no agent could have had. Items are below items.
func (s *Session) Check(items int) error {
	if s.User < 0 || s.Exposure < 0 {
		return fmt.Errorf("user %d, exposure %d: want 0 or more", s.User, s.Exposure)
	}
	switch s.End {
	case EndExit, EndLimit, EndEmpty, EndInvalid:
	default:
		return fmt.Errorf("end %q: want exit, limit, empty or invalid", s.End)
	}
	for n, v := range s.Pages {
		if len(v.Decision.Cards) != len(v.Items) {
			return fmt.Errorf("page %d: %d decisions on %d cards", n, len(v.Decision.Cards), len(v.Items))
		}
		for i, it := range v.Items {
			if it < 0 || int(it) >= items {
				return fmt.Errorf("page %d: item %d of %d", n, it, items)
			}
			c := v.Decision.Cards[i]
			if c.P != nil && !(*c.P >= 0 && *c.P <= 1) {
				return fmt.Errorf("page %d, card %d: probability %v", n, i, *c.P)
			}
			if c.Value != nil && (math.IsNaN(*c.Value) || math.IsInf(*c.Value, 0) || !c.Watch) {
				return fmt.Errorf("page %d, card %d: value %v, watched %t", n, i, *c.Value, c.Watch)
			}
		}
	}
	if c := s.Closing; c != nil && c.Invalid == "" && (c.Satisfaction < 1 || c.Satisfaction > 10) {
		return fmt.Errorf("interview: satisfaction %d: want 1 to 10", c.Satisfaction)
	}
	return nil
}
