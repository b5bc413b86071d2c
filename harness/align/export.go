package align

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/alignuser/alignuser/sdk"
)

// Export copies the training files into a folder, built first where they are not there,
// and last the manifest. A folder that holds anything but an earlier export is refused.
func (w *Workshop) Export(ctx context.Context, dir string) (*Manifest, error) {
	release, err := w.claim(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	old, err := exported(dir)
	if err != nil {
		return nil, err
	}
	m, err := w.build(ctx)
	if err != nil {
		return nil, err
	}
	if err := old.remove(dir); err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := copyFile(filepath.Join(dir, f.Name), filepath.Join(w.Dir, f.Name)); err != nil {
			return nil, err
		}
	}
	return m, m.write(dir)
}

// exported reads the manifest of an earlier export; nil: the folder is empty, or now made.
func exported(dir string) (*Manifest, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	there, err := os.ReadDir(dir)
	if err != nil || len(there) == 0 {
		return nil, err
	}
	m, err := ReadManifest(dir)
	if err != nil || m.Version == 0 || m.Signature == "" {
		return nil, sdk.Invalidf("", "%s: it holds other things: choose another folder, or an empty one", dir)
	}
	return m, nil
}

// remove deletes the files of an export: another recipe may have fewer.
func (m *Manifest) remove(dir string) error {
	if m == nil {
		return nil
	}
	names := []string{ManifestFile}
	for _, f := range m.Files {
		names = append(names, filepath.Base(f.Name))
	}
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // only read
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
