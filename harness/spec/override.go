package spec

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/alignuser/alignuser/sdk"
)

// override applies "dotted.path=value" to a decoded suite. The value is TOML
// where it parses and a bare string elsewhere, so that paths need no quotes.
// Elements of lists go by name or, from 0, by index. A path that names no key
// of a suite is found by read, like one in the file. The places it leaves have
// no base, so that file paths given here start from the current folder.
func override(tree map[string]any, root *place, set string, es *Errors) {
	path, text, ok := strings.Cut(set, "=")
	path = strings.TrimSpace(path)
	here := &place{Pos: Pos{File: "--set " + path}}
	keys, good := split(path)
	if !ok || !good {
		es.add(here, "", "write --set limits.workers=4", "want path=value")
		return
	}
	var at any = tree
	p := root
	for i, key := range keys {
		last := i == len(keys)-1
		switch node := at.(type) {
		case map[string]any:
			if last {
				node[key] = bare(text)
				p.replace(key, here)
				return
			}
			if _, ok := node[key]; !ok {
				node[key] = map[string]any{}
				p.replace(key, here)
			}
			at, p = node[key], p.child(key, p.Pos)
		case []any:
			n, why, fix := find(node, keys[:i], key)
			if n < 0 {
				es.add(here, strings.Join(keys[:i], "."), fix, "%s", why)
				return
			}
			for len(p.list) <= n {
				p.element(p.Pos)
			}
			if last {
				node[n], p.list[n] = bare(text), here
				return
			}
			at, p = node[n], p.list[n]
		default:
			es.add(here, strings.Join(keys[:i], "."), "", "has no keys: it is %s", describe(at))
			return
		}
	}
}

// split divides a dotted path; parts may be quoted as in TOML.
func split(path string) (keys []string, ok bool) {
	s := &scanner{src: path}
	for {
		s.spaces()
		before := s.at
		keys = append(keys, s.key())
		if s.at == before {
			return nil, false
		}
		s.spaces()
		if s.at == len(path) {
			return keys, true
		}
		if s.peek() != '.' {
			return nil, false
		}
		s.next()
	}
}

func bare(text string) any {
	tree := map[string]any{}
	if _, err := toml.Decode("v = "+text, &tree); err != nil || len(tree) != 1 {
		return strings.TrimSpace(text)
	}
	return plain(tree["v"])
}

// find gives the index of a list element, or -1 and what to say.
func find(list []any, path []string, key string) (n int, why, fix string) {
	n = -1
	names := make([]string, len(list))
	for i, e := range list {
		t, _ := e.(map[string]any)
		names[i] = label(t)
		if names[i] == key {
			if n >= 0 {
				return -1, fmt.Sprintf("%q is the name of two elements", key), fmt.Sprintf("take the index, %d or %d", n, i)
			}
			n = i
		}
	}
	if n >= 0 {
		return n, "", ""
	}
	if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(list) {
		return i, "", ""
	}
	why = fmt.Sprintf("no %s %q", path[len(path)-1], key)
	if near := sdk.Nearest(key, names); near != "" {
		return -1, why, "did you mean " + near + "?"
	}
	return -1, why, "known: " + strings.Join(names, ", ")
}

// label is what an element of a list is called: an arm by its name, else by its
// component or, where that is left out too, its plugin; a task by its kind.
func label(t map[string]any) string {
	for _, key := range []string{"name", "kind", "component", "plugin"} {
		if s, ok := t[key].(string); ok && s != "" {
			return s
		}
	}
	return ""
}
