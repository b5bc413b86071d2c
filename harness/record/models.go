package record

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Models is where the fitted model of one arm and repeat waits until all its
// cells are sealed, so that a kill during ranking does not cost the fit again.
type Models struct{ dir string }

// Models gives the place for an arm's model. The path is absolute, because a
// plugin works in a folder of its own.
func (r *Run) Models(arm string, repeat int) Models {
	dir := filepath.Join(r.dir, "models", arm, "r"+strconv.Itoa(repeat))
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	return Models{dir}
}

// Dir is the folder of the model.
func (m Models) Dir() string { return m.dir }

// Kept reports whether a whole model is there.
func (m Models) Kept() bool {
	_, err := os.Stat(m.dir)
	return err == nil
}

// Keep has a model written and puts it in place in one step.
func (m Models) Keep(save func(dir string) error) error {
	parent := filepath.Dir(m.dir)
	if err := makeDirs(parent); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, tempPrefix+"model-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp) // gone when the rename worked
	if err := save(temp); err != nil {
		return fmt.Errorf("model of %s: %w", m.dir, err)
	}
	if err := os.RemoveAll(m.dir); err != nil {
		return err
	}
	if err := os.Rename(temp, m.dir); err != nil {
		return err
	}
	return syncDir(parent)
}

// Drop removes the model, and the folders above it that this leaves empty.
func (m Models) Drop() {
	_ = os.RemoveAll(m.dir) // a model left behind costs space, nothing else
	_ = os.Remove(filepath.Dir(m.dir))
	_ = os.Remove(filepath.Dir(filepath.Dir(m.dir)))
}
