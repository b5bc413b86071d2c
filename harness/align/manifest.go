package align

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/harness/agent"
)

// Manifest says what the files of a folder hold.
type Manifest struct {
	Version       int    `json:"version"` // of what is built
	Prompts       int    `json:"prompts"` // version of what agents are asked
	Recipe        Recipe `json:"recipe"`
	Data          string `json:"data,omitempty"`      // digest of the split
	Signature     string `json:"signature,omitempty"` // of recipe, prompts and data
	Users         int    `json:"users"`
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

func (m *Manifest) write(dir string) error { return writeJSON(filepath.Join(dir, ManifestFile), m) }

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
