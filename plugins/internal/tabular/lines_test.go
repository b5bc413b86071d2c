package tabular

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

func openLines(t testing.TB, content string, keys ...string) ([][]string, Rows, error) {
	t.Helper()
	r, err := OpenLines(write(t, "f", []byte(content)), "f", "|", keys)
	if err != nil {
		return nil, nil, err
	}
	t.Cleanup(func() { _ = r.Close() })
	rows, err := all(r)
	return rows, r, err
}

func TestLines(t *testing.T) {
	rows, r, err := openLines(t, "\xef\xbb\xbf{\"user\": \"ann\", \"items\": [12, \"x\", null], \"more\": {}}\n\n"+
		"{\"items\": 1e3, \"user\": true}\r\n{\"user\": null}", "user", "items")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]string{{"ann", "12|x|"}, {"true", "1e3"}, {"", ""}}, rows); d != "" {
		t.Error(d)
	}
	if r.Line() != 4 || len(r.Notes()) != 1 || !strings.Contains(r.Notes()[0], "f:4: the last line has no line end") {
		t.Errorf("line %d, notes %q", r.Line(), r.Notes())
	}
	if s := r.Source(); s.SHA256 == "" || s.Bytes == 0 {
		t.Errorf("%+v", s)
	}
}

func TestBadLines(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"{\"usr\": 1, \"item\": 2}\n", `f:1: has no key "user" (it has item, usr)`},
		{"{\"user\": 1, \"item\": 2}\nuser,item\n", "f:2: is no JSON object"},
		{"{\"user\": 1, \"item\": 2}\n[1, 2]\n", "f:2: is no JSON object"},
		{"null\n", "f:1: is null"},
		{"{\"user\": 1, \"item\": {\"id\": 2}}\n", `f:1: key "item" holds an object`},
		{"{\"user\": 1, \"item\": [[2]]}\n", `f:1: key "item" holds an object or a list of lists`},
		{"{\"user\": 1, \"item\": 2} {}\n", "there is more behind its value"},
		{"{\"user\": 1, \"item\": 2", "f:1: is no JSON object (unexpected EOF)"},
		{"{\"user\": \"" + strings.Repeat("x", maxLine) + "\"}\n", "is longer than"},
	} {
		_, _, err := openLines(t, c.content, "user", "item")
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("%.40q: %v, want %q", c.content, err, c.want)
		}
	}
}

// FuzzLines: whatever the bytes, there are rows of as many fields as keys, or an
// error that is the file's fault.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"a\": [1, \"x\"], \"b\": 2.5}\n{\"a\": null}\n"))
	f.Add([]byte("{\"a\":1,\"b\":{}}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, _, err := openLines(t, string(content), "a", "b")
		if err != nil && !errors.Is(err, sdk.ErrInvalid) {
			t.Fatalf("error without a kind: %v", err)
		}
		for _, row := range rows {
			if len(row) != 2 {
				t.Fatalf("%d fields", len(row))
			}
		}
	})
}
