package spec

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

// awkward documents of TOML 1.1: every kind of key, string and nesting.
var awkward = []string{
	"a=1\nb.c = 2\n'd e'.\"f\\tg\" = 3 # c = 9\n",
	"\xef\xbb\xbfa = 1\r\n[b]\r\nc = 2\r\n",
	"[a]\nx=1\n[a.b]\nx=2\n[[c]]\nx=3\n[[c]]\nx=4\n[c.d]\ny=5\n[[c.e]]\nz=6\n[[c.e]]\nz=7\n",
	"a = [1, 2, [3, {b = 4, c.d = [5]}], # ] }\n  6,\n]\nb = { x = 1,\n y = 'a # b', # no\n z = {}, }\n",
	"s = \"\"\"\na = 1\n[b]\n\"\"\"\nt = '''\nc = \"\"\"\n'''\nu = \"a\\\"b\"\nv = \"\"\"x\\\"\"\"\"\"\nw = 1\n",
	"d = 1979-05-27 07:32:00\ne = +inf\nf = 0xdead_beef\n'z' = 1\n''.' ' . x = 2",
	"[ a . 'b' ] # c\n\"k\\u00e9\\U0001F600\\x41\\e\" = 1\n",
	"a = ''''x'''''\nb = 1\nc = ''\nd = \"\"\n",
}

func TestPositions(t *testing.T) {
	for _, src := range awkward {
		if _, err := toml.Decode(src, &map[string]any{}); err != nil {
			t.Errorf("%q is no TOML: %v", src, err)
		}
		checkPlaces(t, src)
	}
	root := scan("a = 1\n\n[b]\n  c = [\n 1,\n 2]\n[[d]]\n[[d]]\n e.f = 2\n", "f", "")
	for _, c := range []struct {
		place        *place
		line, column int
	}{
		{root.at("a"), 1, 1},
		{root.at("b"), 3, 2},
		{root.at("b").at("c"), 4, 3},
		{root.at("b").at("c").item(1), 6, 2},
		{root.at("d").item(1), 8, 3},
		{root.at("d").item(1).at("e").at("f"), 9, 4},
		{root.at("d").item(1).at("none"), 8, 3},
		{root.at("none").at("none").item(3), 0, 0},
	} {
		if c.place.Line != c.line || c.place.Column != c.column {
			t.Errorf("%d:%d, want %d:%d", c.place.Line, c.place.Column, c.line, c.column)
		}
	}
}

// FuzzPositions: no text makes the scanner panic, and in a valid document every
// key is found where its text is.
func FuzzPositions(f *testing.F) {
	for _, src := range awkward {
		f.Add(src)
	}
	f.Add("a = [[[")
	f.Add("[[a]]]\n'''")
	f.Add("a = { b = \"\\")
	f.Fuzz(checkPlaces)
}

func checkPlaces(t *testing.T, src string) {
	root := scan(src, "f", "")
	tree := map[string]any{}
	if _, err := toml.Decode(src, &tree); err == nil {
		comparePlaces(t, src, plain(tree), root, "")
	}
}

func comparePlaces(t *testing.T, src string, v any, p *place, where string) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if len(v) != len(p.table) {
			t.Errorf("%q: %s has %d keys, %d with a place", src, where, len(v), len(p.table))
		}
		for key, e := range v {
			c, ok := p.table[key]
			if !ok {
				t.Errorf("%q: no place for %s.%q", src, where, key)
				continue
			}
			if text := textAt(src, c.Pos); !strings.HasPrefix(text, key) && !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, "'") {
				t.Errorf("%q: %s.%q placed at %q", src, where, key, text)
			}
			comparePlaces(t, src, e, c, where+"."+key)
		}
	case []any:
		if len(v) != len(p.list) {
			t.Errorf("%q: %s has %d elements, %d with a place", src, where, len(v), len(p.list))
		}
		for i, e := range v {
			comparePlaces(t, src, e, p.item(i), where+"[]")
		}
	}
}

func textAt(src string, p Pos) string {
	lines := strings.SplitAfter(src, "\n")
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 {
		return ""
	}
	line := lines[p.Line-1]
	if p.Line == 1 {
		for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
			line = strings.TrimPrefix(line, mark)
		}
	}
	return line[min(p.Column-1, len(line)):]
}
