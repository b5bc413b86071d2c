package host

import (
	"errors"
	"fmt"
)

// LockModel pins what tuning made for an agent of a suite. The program that made it is no
// part of the recipe: where another one makes the same model, the pin holds, and where it
// makes another, their hashes differ.
type LockModel struct {
	Suite  string // its name
	Name   string // of the agent
	Recipe string // digest of what the model learned, from what, and by which backend
	Model  string // slash-separated below the recipe's folder of the cache, or a name at a provider
	SHA256 string // of the file, else of the name
}

type lockModel struct {
	Suite  string `toml:"suite"`
	Name   string `toml:"name"`
	Recipe string `toml:"recipe"`
	Model  string `toml:"model"`
	SHA256 string `toml:"sha256"`
}

func (t lockModel) check() error {
	switch {
	case !nameForm.MatchString(t.Suite):
		return fmt.Errorf("suite: want the name of a suite, have %q: remove the entry, and pin the model again", t.Suite)
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

// Model looks up what the recipe of an agent of a suite became.
func (l *Lock) Model(suite, name, recipe string) (LockModel, bool) {
	return l.model(func(m LockModel) bool { return m.of(suite, name) && m.Recipe == recipe })
}

// HasModel reports whether the agent of a suite has a model pinned, of whichever recipe.
func (l *Lock) HasModel(suite, name string) bool {
	_, ok := l.model(func(m LockModel) bool { return m.of(suite, name) })
	return ok
}

func (m LockModel) of(suite, name string) bool { return m.Suite == suite && m.Name == name }

func (l *Lock) model(is func(LockModel) bool) (LockModel, bool) {
	if l != nil {
		for _, m := range l.Models {
			if is(m) {
				return m, true
			}
		}
	}
	return LockModel{}, false
}

// SetModel adds a model or replaces the one of the same suite, agent and recipe.
func (l *Lock) SetModel(m LockModel) {
	for i, have := range l.Models {
		if have.of(m.Suite, m.Name) && have.Recipe == m.Recipe {
			l.Models[i] = m
			return
		}
	}
	l.Models = append(l.Models, m)
}
