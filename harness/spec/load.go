package spec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxSize of a suite; it also bounds how deep values can nest.
const maxSize = 1 << 20

// Load reads the suite at path with overrides such as
// "recommender.ease.options.l2=200". What it returns is right as far as the
// file alone can tell; the options are still to be checked by [Suite.Check].
// The error is of type [Errors].
func Load(path string, sets []string) (*Suite, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		what, fix := err.Error(), ""
		if errors.Is(err, fs.ErrNotExist) {
			what, fix = "no such suite", "alignuser list shows those at hand"
		} else if pe := (*fs.PathError)(nil); errors.As(err, &pe) {
			what = pe.Err.Error()
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				what, fix = "a folder, not a suite", "alignuser list "+path+" shows the suites in it"
			}
		}
		return nil, Errors{{Pos: Pos{File: path}, What: what, Fix: fix, Cause: err}}
	}
	return Parse(path, src, sets)
}

// Parse is Load for a text at hand. Path names it in messages, and its folder
// is where relative paths in the text start.
func Parse(path string, src []byte, sets []string) (*Suite, error) {
	file := Pos{File: path}
	if len(src) > maxSize {
		return nil, Errors{{Pos: file, What: fmt.Sprintf("%d bytes are too many for a suite", len(src)), Fix: fmt.Sprintf("at most %d", maxSize)}}
	}
	base, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, Errors{{Pos: file, What: err.Error(), Cause: err}}
	}
	tree := map[string]any{}
	if _, err := toml.Decode(string(src), &tree); err != nil {
		return nil, Errors{syntaxError(path, err)}
	}
	tree = plain(tree).(map[string]any)
	root := scan(string(src), path, base)

	var es Errors
	for _, s := range sets {
		override(tree, root, s, &es)
	}
	suite := read(tree, root, &es)
	if err := es.err(); err != nil {
		return nil, err
	}
	suite.Path, suite.Source, suite.Sets = path, src, sets
	return suite, nil
}

func syntaxError(path string, err error) Error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return Error{Pos: Pos{File: path}, What: err.Error(), Cause: err}
	}
	fix, _, _ := strings.Cut(strings.TrimSpace(pe.Usage), "\n")
	return Error{
		Pos:  Pos{File: path, Line: pe.Position.Line, Column: pe.Position.Col},
		What: "not TOML: " + strings.TrimSuffix(pe.Message, "."), Fix: strings.TrimSuffix(fix, ":"), Cause: err,
	}
}

// plain turns the two list types of the toml package into one.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			v[k] = plain(e)
		}
	case []map[string]any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case []any:
		for i, e := range v {
			v[i] = plain(e)
		}
	}
	return v
}
