package align

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/alignuser/alignuser/harness/agent"
	"github.com/alignuser/alignuser/harness/record"
	"github.com/alignuser/alignuser/sdk"
)

// Manifest says what the files of a folder hold.
type Manifest struct {
	Version       int    `json:"version"` // of what is built
	Prompts       int    `json:"prompts"` // version of what agents are asked
	Recipe        Recipe `json:"recipe"`
	Data          string `json:"data,omitempty"`      // digest of the split
	Signature     string `json:"signature,omitempty"` // of recipe, prompts and data
	Users         int    `json:"users"`
	Items         int    `json:"items"`
	First         string `json:"first,omitempty"` // date of what was learned from; empty: the data has no times
	Last          string `json:"last,omitempty"`
	Pages         int    `json:"pages"`
	Reconstructed int    `json:"reconstructed"` // of them: made of interactions, never shown to anybody
	Cards         int    `json:"cards"`
	Watched       int    `json:"watched"`
	Valued        int    `json:"valued"`
	Left          int    `json:"left"` // pages after which the person left
	Alternatives  int    `json:"alternatives"`
	Rejected      int    `json:"rejected"` // of them: the log contradicts them
	Reflections   int    `json:"reflections"`
	Reflecting    string `json:"reflecting,omitempty"` // who wrote them
	Invalid       int    `json:"invalid,omitempty"`    // reflections that could not be used
	Files         []File `json:"files"`
}

// File is one of them.
type File struct {
	Name  string `json:"name"`
	Lines int    `json:"lines"`
}

// census counts what demonstrations are of.
type census struct {
	users, items map[int32]bool
	from, to     int64 // sdk.MissingTime: not known yet
}

func newCensus() census {
	return census{map[int32]bool{}, map[int32]bool{}, sdk.MissingTime, sdk.MissingTime}
}

// see counts a demonstration.
func (c *census) see(e *agent.Example) {
	c.users[e.View.User] = true
	for _, card := range e.View.State.Cards {
		c.items[card.Item] = true
	}
	for _, t := range []int64{e.From, e.To} {
		if t == sdk.MissingTime {
			continue
		}
		if c.from == sdk.MissingTime || t < c.from {
			c.from = t
		}
		c.to = max(c.to, t)
	}
}

// tell writes the census into a manifest.
func (c *census) tell(m *Manifest) {
	m.Users, m.Items = len(c.users), len(c.items)
	if c.to != sdk.MissingTime {
		m.First, m.Last = time.Unix(c.from, 0).UTC().Format(time.DateOnly), time.Unix(c.to, 0).UTC().Format(time.DateOnly)
	}
}

// see counts a demonstration.
func (m *Manifest) see(e *agent.Example) {
	m.Pages++
	if e.Reconstructed {
		m.Reconstructed++
	}
	for _, c := range e.Decision.Cards {
		m.Cards++
		if c.Watch {
			m.Watched++
		}
		if c.Value != nil {
			m.Valued++
		}
	}
	if e.Decision.Action == "EXIT" {
		m.Left++
	}
}

func (m *Manifest) write(dir string) error {
	return record.WriteJSON(filepath.Join(dir, ManifestFile), m)
}

// ReadManifest reads the manifest of a folder.
func ReadManifest(dir string) (*Manifest, error) {
	text, err := os.ReadFile(filepath.Join(dir, ManifestFile))
	if err != nil {
		return nil, err
	}
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ManifestFile), err)
	}
	return m, nil
}
