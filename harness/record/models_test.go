package record

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestModels(t *testing.T) {
	t.Chdir(t.TempDir())
	r, err := OpenRun("runs", "small", Identity{Suite: "s"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	m := r.Models("ease", 2)
	if !filepath.IsAbs(m.Dir()) {
		t.Errorf("%s: a plugin would look for it elsewhere", m.Dir())
	}
	broken := errors.New("broken")
	if err := m.Keep(func(string) error { return broken }); !errors.Is(err, broken) || m.Kept() {
		t.Errorf("after a save that broke: %v, kept %v", err, m.Kept())
	}
	save := func(dir string) error { return os.WriteFile(filepath.Join(dir, "model"), []byte("x"), 0o644) }
	for range 2 { // the second replaces the first
		if err := m.Keep(save); err != nil || !m.Kept() {
			t.Fatalf("keep: %v, kept %v", err, m.Kept())
		}
	}
	if _, err := os.Stat(filepath.Join(m.Dir(), "model")); err != nil {
		t.Error(err)
	}
	m.Drop()
	if _, err := os.Stat(filepath.Join(r.Dir(), "models")); !errors.Is(err, os.ErrNotExist) || m.Kept() {
		t.Errorf("after drop: %v", err)
	}
}
