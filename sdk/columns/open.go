package columns

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/le"
)

// maxManifest bounds what Open reads before it has checked anything.
const maxManifest = 16 << 20

// Folder is an open folder. It may be used from many goroutines, but not
// during or after Close.
type Folder struct {
	manifest manifest
	maps     map[string][]byte // by file name
}

// Open maps a folder into memory. It checks the manifest's hash (unless ref
// names none), the size of every file and the positions of strings and lists,
// so that nothing in the folder can make a later call panic; numbers are not
// touched. [Folder.Verify] checks the bytes.
func Open(ref sdk.DataRef) (*Folder, error) {
	f, err := open(ref)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", filepath.Base(ref.Dir), err)
	}
	return f, nil
}

func open(ref sdk.DataRef) (*Folder, error) {
	if ref.Format != "" && ref.Format != Format {
		return nil, sdk.Invalidf("", "format %q, want %q", ref.Format, Format)
	}
	raw, err := readManifest(filepath.Join(ref.Dir, ManifestName))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(raw); ref.ManifestSHA256 != "" && hex.EncodeToString(sum[:]) != ref.ManifestSHA256 {
		return nil, sdk.Invalidf("", "%s has hash %x, want %s: it was changed after it was written", ManifestName, sum, ref.ManifestSHA256)
	}
	m, err := parse(raw)
	if err != nil {
		return nil, err
	}
	f := &Folder{manifest: m, maps: map[string][]byte{}}
	for _, part := range m.files() {
		b, err := mapFile(filepath.Join(ref.Dir, part.File), part.Bytes)
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		f.maps[part.File] = b
	}
	for _, t := range m.Tables {
		for _, c := range t.Columns {
			if err := f.checkPositions(c, t.Rows); err != nil {
				_ = f.Close()
				return nil, fmt.Errorf("table %s: column %s: %w", t.Name, c.Name, err)
			}
		}
	}
	return f, nil
}

func readManifest(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err == nil && len(raw) > maxManifest {
		err = sdk.Invalidf("", "%s is larger than %d bytes", ManifestName, maxManifest)
	}
	return raw, err
}

// mapFile maps a file of a known size; a file of another size is refused.
func mapFile(path string, size int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() != size {
		return nil, sdk.Invalidf("", "%s has %d bytes, want %d", filepath.Base(path), info.Size(), size)
	}
	if size == 0 {
		return nil, nil
	}
	if int64(int(size)) != size {
		return nil, sdk.Invalidf("", "%s has %d bytes, which this machine cannot address", filepath.Base(path), size)
	}
	return mmap(f, int(size))
}

// checkPositions makes sure that offsets and lists cut their column into
// pieces, and that every string is UTF-8.
func (f *Folder) checkPositions(c columnFile, rows int) error {
	typ, _ := sdk.ParseColumnType(c.Type)
	elements := rows
	if c.Lists != nil {
		lists, err := f.positions(c.Lists)
		if err != nil {
			return err
		}
		elements = int(lists[rows])
		if typ != sdk.ColumnStr && c.Bytes != int64(elements)*int64(typ.Size()) {
			return sdk.Invalidf("", "%s has %d bytes, which is not %d elements", c.File, c.Bytes, elements)
		}
	}
	if typ != sdk.ColumnStr {
		return nil
	}
	offsets, err := f.positions(c.Offsets)
	if err != nil {
		return err
	}
	data := f.maps[c.File]
	if len(offsets) != elements+1 || int64(offsets[elements]) != c.Bytes {
		return sdk.Invalidf("", "offsets do not cover %d strings of %d bytes", elements, c.Bytes)
	}
	if !utf8.Valid(data) {
		return sdk.Invalidf("", "%s is not UTF-8", c.File)
	}
	for _, at := range offsets {
		if int(at) < len(data) && !utf8.RuneStart(data[at]) {
			return sdk.Invalidf("", "an offset cuts a character at byte %d", at)
		}
	}
	return nil
}

// positions reads a file of u32 that starts at 0 and never decreases.
func (f *Folder) positions(part *file) ([]uint32, error) {
	p, err := le.Slice[uint32](f.maps[part.File])
	if err != nil || len(p) == 0 || p[0] != 0 {
		return nil, sdk.Invalidf("", "%s is not a list of positions from 0 on", part.File)
	}
	for i := 1; i < len(p); i++ {
		if p[i] < p[i-1] {
			return nil, sdk.Invalidf("", "%s decreases at %d", part.File, i)
		}
	}
	return p, nil
}

// Meta gives the numbers of users and items.
func (f *Folder) Meta() Meta { return Meta{Users: f.manifest.Users, Items: f.manifest.Items} }

// Tables names the tables in the order in which they were written.
func (f *Folder) Tables() []string {
	var out []string
	for _, t := range f.manifest.Tables {
		out = append(out, t.Name)
	}
	return out
}

// Close unmaps the files: slices of numbers from this folder must not be
// touched afterwards. Strings are copies and stay valid.
func (f *Folder) Close() error {
	var first error
	for name, b := range f.maps {
		if err := munmap(b); err != nil && first == nil {
			first = fmt.Errorf("close %s: %w", name, err)
		}
	}
	f.maps = nil
	return first
}

// Verify reads every file and compares its hash with the manifest.
func (f *Folder) Verify() error {
	for _, part := range f.manifest.files() {
		if sum := sha256.Sum256(f.maps[part.File]); hex.EncodeToString(sum[:]) != part.SHA256 {
			return sdk.Invalidf("", "%s has hash %x, want %s: it was changed after it was written", part.File, sum, part.SHA256)
		}
	}
	return nil
}

// Table gives a table. Its numbers are the mapped files themselves: read-only,
// and writing to them ends the process. Strings are copied on each call.
func (f *Folder) Table(name string) (sdk.Table, bool) {
	for _, t := range f.manifest.Tables {
		if t.Name == name {
			out := sdk.Table{Name: name}
			for _, c := range t.Columns {
				out.Columns = append(out.Columns, f.column(c))
			}
			return out, true
		}
	}
	return sdk.Table{}, false
}

// column cannot fail: Open has checked all sizes and positions.
func (f *Folder) column(c columnFile) sdk.Column {
	out := sdk.Column{Name: c.Name}
	raw := f.maps[c.File]
	switch typ, _ := sdk.ParseColumnType(c.Type); typ {
	case sdk.ColumnI32:
		out.Data = numbers[int32](raw)
	case sdk.ColumnI64:
		out.Data = numbers[int64](raw)
	case sdk.ColumnF32:
		out.Data = numbers[float32](raw)
	case sdk.ColumnF64:
		out.Data = numbers[float64](raw)
	case sdk.ColumnU8:
		out.Data = numbers[uint8](raw)
	case sdk.ColumnStr:
		offsets, text := numbers[uint32](f.maps[c.Offsets.File]), string(raw)
		strs := make([]string, len(offsets)-1)
		for i := range strs {
			strs[i] = text[offsets[i]:offsets[i+1]]
		}
		out.Data = strs
	}
	if c.Lists != nil {
		out.Lists = numbers[uint32](f.maps[c.Lists.File])
	}
	return out
}

func numbers[T le.Number](raw []byte) []T {
	v, err := le.Slice[T](raw)
	if err != nil || v == nil {
		return []T{}
	}
	return v[:len(v):len(v)]
}
