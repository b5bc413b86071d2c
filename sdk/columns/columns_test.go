package columns_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/columns"
)

func tables() []sdk.Table {
	return []sdk.Table{
		{Name: "interactions", Columns: []sdk.Column{
			{Name: "user", Data: []int32{0, 1, 1}},
			{Name: "item", Data: []int32{3, 0, 2}},
			{Name: "value", Data: []float32{5, 0.5, 3}},
			{Name: "time", Data: []int64{10, sdk.MissingTime, 30}},
			{Name: "kind", Data: []uint8{0, 1, 2}},
		}},
		{Name: "items", Columns: []sdk.Column{
			{Name: "title", Data: []string{"Alien", "", "Amélie", "八月"}},
			{Name: "categories", Data: []string{"horror", "sci-fi", "romance"}, Lists: []uint32{0, 2, 2, 3, 3}},
			{Name: "vector", Data: []float64{1, 2, math.Pi}, Lists: []uint32{0, 0, 1, 1, 3}},
		}},
		{Name: "empty", Columns: []sdk.Column{
			{Name: "user", Data: []int32{}},
			{Name: "item", Data: []int32{}},
			{Name: "name", Data: []string{}},
		}},
	}
}

func written(t *testing.T) sdk.DataRef {
	t.Helper()
	ref, err := columns.Write(filepath.Join(t.TempDir(), "data"), columns.Meta{Users: 2, Items: 4}, tables()...)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestRoundTrip(t *testing.T) {
	ref := written(t)
	f, err := columns.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
	if got := f.Meta(); got != (columns.Meta{Users: 2, Items: 4}) {
		t.Errorf("meta %+v", got)
	}
	for _, want := range tables() {
		got, ok := f.Table(want.Name)
		if !ok {
			t.Fatalf("no table %s", want.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("table %s (-want +got):\n%s", want.Name, diff)
		}
		if err := got.Check(); err != nil {
			t.Error(err)
		}
	}
	if _, ok := f.Table("ratings"); ok {
		t.Error("found a table that was never written")
	}
	x, err := f.Interactions("interactions")
	if err != nil {
		t.Fatal(err)
	}
	want := columns.Interactions{
		Users: 2, Items: 4,
		User: []int32{0, 1, 1}, Item: []int32{3, 0, 2}, Value: []float32{5, 0.5, 3},
		Time: []int64{10, sdk.MissingTime, 30}, Kind: []uint8{0, 1, 2},
	}
	if diff := cmp.Diff(want, x); diff != "" {
		t.Error(diff)
	}
	if x, err := f.Interactions("empty"); err != nil || x.Rows() != 0 || x.Value != nil {
		t.Errorf("empty interactions: %+v, %v", x, err)
	}
}

func TestEqualTablesMakeEqualBytes(t *testing.T) {
	if a, b := written(t), written(t); a.ManifestSHA256 != b.ManifestSHA256 {
		t.Errorf("%s and %s", a.ManifestSHA256, b.ManifestSHA256)
	}
}

func TestWriteIsAllOrNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "data")
	bad := sdk.Table{Name: "items", Columns: []sdk.Column{{Name: "a", Data: []int32{1}}, {Name: "b", Data: []int32{}}}}
	if _, err := columns.Write(dir, columns.Meta{}, tables()[0], bad); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("ragged table: %v", err)
	}
	left, err := os.ReadDir(parent)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if _, err := columns.Write(dir, columns.Meta{}); err != nil {
		t.Fatal(err)
	}
	if _, err := columns.Write(dir, columns.Meta{}); !errors.Is(err, os.ErrExist) {
		t.Errorf("second write: %v", err)
	}
	for _, name := range []string{"", "../up", "a/b", "a.b", strings.Repeat("x", 64)} {
		if _, err := columns.Write(dir+"2", columns.Meta{}, sdk.Table{Name: name}); !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("table name %q: %v", name, err)
		}
	}
	info, err := os.Stat(filepath.Join(written(t).Dir, "interactions.user.i32"))
	if err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("mode %v, %v: want read-only", info.Mode(), err)
	}
}

// edit changes one file of a folder.
func edit(t *testing.T, ref sdk.DataRef, name string, change func(string) string) {
	t.Helper()
	path := filepath.Join(ref.Dir, name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(raw))), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	replace := func(old, new string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				panic("nothing to replace: " + old)
			}
			return strings.Replace(s, old, new, 1)
		}
	}
	for _, c := range []struct {
		name, file string
		change     func(string) string
		want       string
	}{
		{"truncated", "interactions.user.i32", func(s string) string { return s[:8] }, "has 8 bytes, want 12"},
		{"rows", columns.ManifestName, replace(`"rows": 3`, `"rows": 4`), "not 4 rows"},
		{"negative rows", columns.ManifestName, replace(`"rows": 3`, `"rows": -3`), "row count -3"},
		{"format", columns.ManifestName, replace(`raw-le/1`, `raw-le/2`), "another version"},
		{"type", columns.ManifestName, replace(`"i32"`, `"i33"`), "unknown type"},
		{"path", columns.ManifestName, replace(`"interactions.user.i32"`, `"../interactions.user.i32"`), "bad file"},
		{"same file twice", columns.ManifestName, replace(`"interactions.user.i32"`, `"interactions.item.i32"`), "occurs twice"},
		{"no JSON", columns.ManifestName, func(string) string { return "{" }, "unexpected end"},
		{"string positions", "items.title.offsets", func(s string) string { return "\xff" + s[1:] }, "from 0 on"},
		{"decreasing", "items.title.offsets", func(s string) string { return s[:4] + "\xff" + s[5:] }, "decreases"},
		{"cut character", "items.title.offsets", replace("\x05\x00\x00\x00\x0c", "\x08\x00\x00\x00\x0c"), "cuts a character"},
		{"no UTF-8", "items.title.str", replace("A", "\xff"), "not UTF-8"},
		{"lists", "items.vector.lists", replace("\x03", "\x02"), "not 2 elements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ref := written(t)
			edit(t, ref, c.file, c.change)
			if c.file == columns.ManifestName {
				if _, err := columns.Open(ref); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "changed after") {
					t.Errorf("with its hash: %v", err)
				}
			}
			ref.ManifestSHA256 = ""
			_, err := columns.Open(ref)
			if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestVerifyFindsAChangedByte(t *testing.T) {
	ref := written(t)
	edit(t, ref, "interactions.value.f32", func(s string) string { return "\x01" + s[1:] })
	f, err := columns.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Verify(); !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "interactions.value.f32") {
		t.Errorf("got %v", err)
	}
}

func TestInteractionsRefusesIdsOutOfRange(t *testing.T) {
	for _, c := range []struct {
		meta columns.Meta
		want string
	}{
		{columns.Meta{Users: 1, Items: 4}, "column user: row 1: id 1 is outside [0, 1)"},
		{columns.Meta{Users: 2, Items: 3}, "column item: row 0: id 3 is outside [0, 3)"},
	} {
		ref, err := columns.Write(filepath.Join(t.TempDir(), "d"), c.meta, tables()...)
		if err != nil {
			t.Fatal(err)
		}
		f, err := columns.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.Interactions("interactions"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if _, err := f.Interactions("items"); err == nil || !strings.Contains(err.Error(), "no column user") {
			t.Errorf("got %v", err)
		}
		if _, err := f.Interactions("nothing"); err == nil {
			t.Error("no error for a missing table")
		}
	}
}
