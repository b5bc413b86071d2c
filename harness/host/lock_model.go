package host

import (
	"errors"
	"fmt"
)

// LockModel pins what tuning made for an agent.
type LockModel struct {
	Name   string // of the agent
	Recipe string // digest of what the model learned, and from what
	Model  string // slash-separated below the recipe's folder of the cache, or a name at a provider
	SHA256 string // of the file, else of the name
}

type lockModel struct {
	Name   string `toml:"name"`
	Recipe string `toml:"recipe"`
	Model  string `toml:"model"`
	SHA256 string `toml:"sha256"`
}

func (t lockModel) check() error {
	switch {
	case !nameForm.MatchString(t.Name):
		return fmt.Errorf("name: want kebab-case, have %q", t.Name)
	case !hashForm.MatchString(t.Recipe):
		return fmt.Errorf("recipe: want 64 hex digits, have %q", t.Recipe)
	case t.Model == "":
		return errors.New("model: missing")
	case !hashForm.MatchString(t.SHA256):
		return fmt.Errorf("sha256: want 64 hex digits, have %q", t.SHA256)
	}
	return nil
}

// Model looks up what an agent's recipe became.
func (l *Lock) Model(name, recipe string) (LockModel, bool) {
	if l != nil {
		for _, m := range l.Models {
			if m.Name == name && m.Recipe == recipe {
				return m, true
			}
		}
	}
	return LockModel{}, false
}

// SetModel adds a model or replaces the one of the same agent and recipe.
func (l *Lock) SetModel(m LockModel) {
	for i, have := range l.Models {
		if have.Name == m.Name && have.Recipe == m.Recipe {
			l.Models[i] = m
			return
		}
	}
	l.Models = append(l.Models, m)
}
