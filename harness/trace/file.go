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
	if err := h.Check(); err != nil {
		return h, nil, fmt.Errorf("line 1: %w", err)
	}
	var sessions []Session
	n := 2
	for ; lines.Scan(); n++ {
		var s Session
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&s); err != nil {
			return h, nil, fmt.Errorf("line %d: %w", n, err)
		}
		if d.More() {
			return h, nil, fmt.Errorf("line %d: more than one session", n)
		}
		if err := s.Check(h.Items); err != nil {
			return h, nil, fmt.Errorf("line %d: %w", n, err)
		}
		sessions = append(sessions, s)
	}
	if err := lines.Err(); err != nil {
		return h, nil, fmt.Errorf("line %d: %w", n, err)
	}
	return h, sessions, nil
}

// Check refuses facts from which no metric can be computed.
func (h *Header) Check() error {
	if h.PageSize < 0 || h.PageLimit < 0 || h.Users < 0 || h.Items < 0 || h.Runs < 0 {
		return fmt.Errorf("header: page size %d, page limit %d, %d users, %d items, %d runs: want 0 or more", h.PageSize, h.PageLimit, h.Users, h.Items, h.Runs)
	}
	for _, f := range h.Shown {
		if f.Item < 0 || int(f.Item) >= h.Items {
			return fmt.Errorf("header: item %d of %d", f.Item, h.Items)
		}
		if f.Count < 0 || int(f.Count) > h.Users {
			return fmt.Errorf("header: item %d: %d training users of %d", f.Item, f.Count, h.Users)
		}
		for i, c := range f.Categories {
			if c < 0 || i > 0 && c <= f.Categories[i-1] {
				return fmt.Errorf("header: item %d: category %d: want them ascending from 0", f.Item, c)
			}
		}
	}
	return nil
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
	pages := 0 // list pages so far
	shown := map[int32]bool{}
	for n, v := range s.Pages {
		if err := v.follows(pages, shown); err != nil {
			return fmt.Errorf("page %d: %w", n, err)
		}
		pages = max(pages, v.Page+1)
		if len(v.Decision.Cards) != len(v.Items) {
			return fmt.Errorf("page %d: %d decisions on %d cards", n, len(v.Decision.Cards), len(v.Items))
		}
		for i, it := range v.Items {
			if it < 0 || int(it) >= items {
				return fmt.Errorf("page %d: item %d of %d", n, it, items)
			}
			shown[it] = true
			c := v.Decision.Cards[i]
			if c.P != nil && !(*c.P >= 0 && *c.P <= 1) {
				return fmt.Errorf("page %d, card %d: probability %v", n, i, *c.P)
			}
			if c.Value != nil && (math.IsNaN(*c.Value) || math.IsInf(*c.Value, 0) || !c.Watch) {
				return fmt.Errorf("page %d, card %d: value %v, watched %t", n, i, *c.Value, c.Watch)
			}
		}
	}
	if m := s.Matching; m != nil && (m.Invalid < 0 || m.Template != "" && m.Score != 0) {
		return fmt.Errorf("matching: %d invalid, score %v, template %q", m.Invalid, m.Score, m.Template)
	}
	if c := s.Closing; c != nil && c.Invalid == "" && (c.Satisfaction < 1 || c.Satisfaction > 10) {
		return fmt.Errorf("interview: satisfaction %d: want 1 to 10", c.Satisfaction)
	}
	return nil
}

// follows refuses a look that cannot come after the list pages and items before it.
func (v *PageView) follows(pages int, shown map[int32]bool) error {
	switch v.View {
	case "", List:
		if v.Page < 0 || v.Page > pages {
			return fmt.Errorf("list page %d after %d pages: want none left out", v.Page, pages)
		}
	case Detail:
		if v.Page < 0 || v.Page >= pages || len(v.Items) != 1 || !shown[v.Items[0]] {
			return fmt.Errorf("details of items %v on list page %d of %d: want one item that was shown", v.Items, v.Page, pages)
		}
	default:
		return fmt.Errorf("view %q: want list or detail", v.View)
	}
	return nil
}
