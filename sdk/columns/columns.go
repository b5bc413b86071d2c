// Package columns keeps tables as folders of raw little-endian files, format
// "raw-le/1": one file per column, and a manifest with the size and hash of
// each. The host writes a folder once; any number of plugins map it into
// memory, in any language, without a library and at no cost per row.
//
// A folder is never changed once written, and must not be while it is mapped.
package columns

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"

	"github.com/alignuser/alignuser/sdk"
)

// Format is the name of the format in manifests and [sdk.DataRef].
const Format = "raw-le/1"

// ManifestName is the file that describes a folder.
const ManifestName = "manifest.json"

// Meta says over which ids a folder speaks: users are [0, Users), items are
// [0, Items), whether or not they occur in it.
type Meta struct {
	Users, Items int
}

// manifest is manifest.json.
type manifest struct {
	Format string      `json:"format"`
	Users  int         `json:"users"`
	Items  int         `json:"items"`
	Tables []tableFile `json:"tables"`
}

type tableFile struct {
	Name    string       `json:"name"`
	Rows    int          `json:"rows"`
	Columns []columnFile `json:"columns"`
}

// columnFile names the file of the elements. Strings have a second file with
// byte positions, lists one with element positions, both u32.
type columnFile struct {
	Name string `json:"name"`
	Type string `json:"type"`
	file
	Offsets *file `json:"offsets,omitempty"`
	Lists   *file `json:"lists,omitempty"`
}

type file struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// files lists every file of a manifest.
func (m manifest) files() []file {
	var out []file
	for _, t := range m.Tables {
		for _, c := range t.Columns {
			out = append(out, c.file)
			if c.Offsets != nil {
				out = append(out, *c.Offsets)
			}
			if c.Lists != nil {
				out = append(out, *c.Lists)
			}
		}
	}
	return out
}

// parse reads a manifest and checks all that can be checked without the files.
func parse(raw []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, sdk.Invalidf("", "%s: %v", ManifestName, err)
	}
	if m.Format != Format {
		return m, sdk.Invalidf("", "%s: format %q, want %q: written by another version", ManifestName, m.Format, Format)
	}
	if m.Users < 0 || m.Items < 0 || m.Users > math.MaxInt32 || m.Items > math.MaxInt32 {
		return m, sdk.Invalidf("", "%s: %d users and %d items", ManifestName, m.Users, m.Items)
	}
	seen := map[string]bool{}
	for _, t := range m.Tables {
		if err := t.check(); err != nil {
			return m, fmt.Errorf("%s: table %q: %w", ManifestName, t.Name, err)
		}
		if seen[t.Name] {
			return m, sdk.Invalidf("", "%s: table %q occurs twice", ManifestName, t.Name)
		}
		seen[t.Name] = true
	}
	for _, f := range m.files() {
		if seen["/"+f.File] {
			return m, sdk.Invalidf("", "%s: file %q occurs twice", ManifestName, f.File)
		}
		seen["/"+f.File] = true
	}
	return m, nil
}

func (t tableFile) check() error {
	if !name(t.Name) || t.Rows < 0 {
		return sdk.Invalidf("", "bad name or row count %d", t.Rows)
	}
	seen := map[string]bool{}
	for _, c := range t.Columns {
		if !name(c.Name) || seen[c.Name] {
			return sdk.Invalidf("", "column %q: bad or repeated name", c.Name)
		}
		seen[c.Name] = true
		typ, ok := sdk.ParseColumnType(c.Type)
		if !ok {
			return sdk.Invalidf("", "column %q: unknown type %q", c.Name, c.Type)
		}
		if err := c.check(typ, t.Rows); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	return nil
}

// check compares sizes with rows as far as the manifest alone tells.
func (c columnFile) check(typ sdk.ColumnType, rows int) error {
	for _, f := range []*file{&c.file, c.Offsets, c.Lists} {
		if f != nil && (!fileName(f.File) || f.Bytes < 0) {
			return sdk.Invalidf("", "bad file %q of %d bytes", f.File, f.Bytes)
		}
	}
	if (typ == sdk.ColumnStr) != (c.Offsets != nil) {
		return sdk.Invalidf("", "offsets belong to str columns, and only to them")
	}
	if c.Lists != nil && c.Lists.Bytes/4-1 != int64(rows) {
		return sdk.Invalidf("", "lists have %d bytes, want %d for %d rows", c.Lists.Bytes, 4*(int64(rows)+1), rows)
	}
	if c.Lists == nil {
		f, width, more := c.file, int64(typ.Size()), int64(0)
		if c.Offsets != nil {
			f, width, more = *c.Offsets, 4, 1
		}
		if f.Bytes%width != 0 || f.Bytes/width-more != int64(rows) {
			return sdk.Invalidf("", "file %s has %d bytes, which is not %d rows", f.File, f.Bytes, rows)
		}
	}
	return nil
}

// name tells whether a table or column may be called so: it becomes part of a
// file name.
func name(s string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`).MatchString(s)
}

func fileName(s string) bool {
	return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$`).MatchString(s) && s != ManifestName
}
