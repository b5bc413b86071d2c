package columns_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

// FuzzOpen opens a good folder with one file replaced: an error, or tables of
// the right shape, never a panic.
func FuzzOpen(f *testing.F) {
	ref, err := columns.Write(filepath.Join(f.TempDir(), "good"), columns.Meta{Users: 2, Items: 4}, tables()...)
	if err != nil {
		f.Fatal(err)
	}
	entries, err := os.ReadDir(ref.Dir)
	if err != nil {
		f.Fatal(err)
	}
	good := map[string][]byte{}
	var names []string
	for i, e := range entries {
		raw, err := os.ReadFile(filepath.Join(ref.Dir, e.Name()))
		if err != nil {
			f.Fatal(err)
		}
		good[e.Name()] = raw
		names = append(names, e.Name())
		f.Add(uint8(i), raw)
	}
	f.Fuzz(func(t *testing.T, which uint8, content []byte) {
		dir, replaced := t.TempDir(), names[int(which)%len(names)]
		for name, raw := range good {
			if name == replaced {
				raw = content
			}
			if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		folder, err := columns.Open(sdk.DataRef{Dir: dir})
		if err != nil {
			return
		}
		defer folder.Close()
		_ = folder.Verify()
		for _, name := range folder.Tables() {
			table, ok := folder.Table(name)
			if !ok {
				t.Fatalf("no table %s", name)
			}
			if err := table.Check(); err != nil {
				t.Fatal(err)
			}
			x, err := folder.Interactions(name)
			if err == nil && (len(x.User) != table.Rows() || len(x.Item) != table.Rows()) {
				t.Fatalf("%d users, %d items, %d rows", len(x.User), len(x.Item), table.Rows())
			}
		}
	})
}
