package align

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/sdk"
)

// Model is what a backend became by tuning.
type Model struct {
	Recipe    string             `json:"recipe"` // digest
	Name      string             `json:"name"`   // for the backend's option model: a file of the folder, or a name at a provider
	File      bool               `json:"file"`   // Name is a file
	SHA256    string             `json:"sha256"` // of the file, else of the name
	Objective string             `json:"objective"`
	Jobs      []string           `json:"jobs,omitempty"` // of a provider
	Metrics   map[string]float64 `json:"metrics,omitempty"`
}

func (m *Model) take(job string, r sdk.TuneResult) {
	for name, v := range r.Metrics {
		m.Metrics[job+"."+name] = v
	}
}

// ReadModel reads the model of a folder, and checks the file that it names.
func ReadModel(dir string) (*Model, error) {
	text, err := os.ReadFile(filepath.Join(dir, modelFile))
	if err != nil {
		return nil, err
	}
	m := &Model{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, modelFile), err)
	}
	if !m.File {
		return m, nil
	}
	content, err := os.ReadFile(m.Path(dir))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != m.SHA256 {
		return nil, fmt.Errorf("%s: its hash is not the one in %s: remove the folder to tune again", m.Path(dir), modelFile)
	}
	return m, nil
}

// Path is what the backend's option model is set to.
func (m *Model) Path(dir string) string {
	if m.File {
		return filepath.Join(dir, m.Name)
	}
	return m.Name
}
