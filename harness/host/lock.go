package host

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alignuser/alignuser/sdk"
)

// LockName is the file that pins plugins and tuned models, beside the suite that uses them.
const LockName = "alignuser.lock"

// Protocol is the major version of the plugin contract that this host speaks.
const Protocol = 1

const lockSchema = 1

var (
	digestForm = regexp.MustCompile(`^h1:[0-9a-f]{64}$`)
	hashForm   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	nameForm   = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
)

// Lock is the content of a lock file: the plugins that the user accepted, and the models
// that backends became by tuning.
type Lock struct {
	Path    string // of the file; plugins' paths are relative to its folder
	Plugins []LockEntry
	Models  []LockModel
}

// LockEntry pins one plugin.
type LockEntry struct {
	Kind     sdk.Kind
	Name     string
	Version  string // what the plugin said of itself when it was pinned
	Path     string // slash-separated, relative to the lock file
	Digest   string // see [Digest]
	Protocol int
}

type lockFile struct {
	Schema int         `toml:"schema"`
	Plugin []lockTable `toml:"plugin"`
	Model  []lockModel `toml:"model"`
}

type lockTable struct {
	Kind     string `toml:"kind"`
	Name     string `toml:"name"`
	Version  string `toml:"version"`
	Path     string `toml:"path"`
	Digest   string `toml:"digest"`
	Protocol int    `toml:"protocol"`
}

// LoadLock reads a lock file. A file that does not exist is an empty lock.
func LoadLock(path string) (*Lock, error) {
	l := &Lock{Path: path}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	var file lockFile
	meta, err := toml.Decode(string(b), &file)
	if err != nil {
		var p toml.ParseError
		if errors.As(err, &p) {
			return nil, fmt.Errorf("%s:%d: %s", path, p.Position.Line, p.Message)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("%s: %s: unknown key (was the file written by a newer alignuser?)", path, unknown[0])
	}
	if file.Schema != lockSchema {
		return nil, fmt.Errorf("%s: schema: want %d, have %d", path, lockSchema, file.Schema)
	}
	for i, t := range file.Plugin {
		e, err := t.entry()
		if err != nil {
			return nil, fmt.Errorf("%s: plugin %d: %w", path, i+1, err)
		}
		if _, twice := l.Find(e.Kind, e.Name); twice {
			return nil, fmt.Errorf("%s: plugin %d: %s-%s is pinned twice", path, i+1, e.Kind, e.Name)
		}
		l.Plugins = append(l.Plugins, e)
	}
	for i, t := range file.Model {
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("%s: model %d: %w", path, i+1, err)
		}
		if _, twice := l.Model(t.Suite, t.Name, t.Recipe); twice {
			return nil, fmt.Errorf("%s: model %d: agent %s of suite %s is pinned twice for one recipe", path, i+1, t.Name, t.Suite)
		}
		l.Models = append(l.Models, LockModel(t))
	}
	return l, nil
}

func (t lockTable) entry() (LockEntry, error) {
	kind, ok := sdk.ParseKind(t.Kind)
	switch {
	case !ok:
		return LockEntry{}, fmt.Errorf("kind: want recommender, dataset or llm, have %q", t.Kind)
	case !nameForm.MatchString(t.Name):
		return LockEntry{}, fmt.Errorf("name: want kebab-case, have %q", t.Name)
	case t.Path == "":
		return LockEntry{}, errors.New("path: missing")
	case !digestForm.MatchString(t.Digest):
		return LockEntry{}, fmt.Errorf("digest: want h1: and 64 hex digits, have %q", t.Digest)
	case t.Protocol != Protocol:
		return LockEntry{}, fmt.Errorf("protocol: this alignuser speaks %d, the plugin %d: update one of them", Protocol, t.Protocol)
	}
	return LockEntry{Kind: kind, Name: t.Name, Version: t.Version, Path: t.Path, Digest: t.Digest, Protocol: t.Protocol}, nil
}

// Find looks up an entry.
func (l *Lock) Find(kind sdk.Kind, name string) (LockEntry, bool) {
	if l != nil {
		for _, e := range l.Plugins {
			if e.Kind == kind && e.Name == name {
				return e, true
			}
		}
	}
	return LockEntry{}, false
}

// Pin makes the entry for an executable that has been described. An empty name
// takes the file's, without the kind in front.
func (l *Lock) Pin(e Executable, d sdk.Description, name string) (LockEntry, error) {
	if err := matches(e, d); err != nil {
		return LockEntry{}, fmt.Errorf("%s: %w", e.Path, err)
	}
	kind := d.Components[0].Kind
	if name == "" {
		name = strings.TrimPrefix(e.Name, kind.String()+"-")
	}
	if !nameForm.MatchString(name) {
		return LockEntry{}, fmt.Errorf("%s: %q is no plugin's name: want kebab-case", e.Path, name)
	}
	base, err := filepath.Abs(filepath.Dir(l.Path))
	if err != nil {
		return LockEntry{}, fmt.Errorf("lock: %w", err)
	}
	path := e.Path
	if rel, err := filepath.Rel(base, path); err == nil {
		path = rel
	}
	return LockEntry{
		Kind: kind, Name: name, Version: d.Version, Path: filepath.ToSlash(path), Digest: e.Digest, Protocol: Protocol,
	}, nil
}

// Set adds an entry or replaces the one of the same kind and name.
func (l *Lock) Set(e LockEntry) {
	for i, have := range l.Plugins {
		if have.Kind == e.Kind && have.Name == e.Name {
			l.Plugins[i] = e
			return
		}
	}
	l.Plugins = append(l.Plugins, e)
}

// executable is what an entry pins.
func (l *Lock) executable(e LockEntry) Executable {
	p := filepath.FromSlash(e.Path)
	if !filepath.IsAbs(p) {
		p = filepath.Join(filepath.Dir(l.Path), p)
	}
	// Absolute, because plugins are started in folders of their own. Without a
	// current folder there is nothing to be relative to.
	if abs, err := filepath.Abs(p); err == nil {
		p = abs
	}
	return Executable{Kind: e.Kind, Name: e.Name, Path: p, Digest: e.Digest, Version: e.Version}
}

// WriteLock writes the file in one step; equal locks give equal bytes.
func WriteLock(l *Lock) error {
	var b bytes.Buffer
	b.WriteString("# Written by `alignuser plugin lock` and `alignuser align tune --lock`. Each plugin is a program\n" +
		"# that you allowed suites in this folder to run, as it was then. Commit this file.\n")
	fmt.Fprintf(&b, "schema = %d\n", lockSchema)
	l.write(&b)
	tmp := l.Path + ".new"
	if err := os.WriteFile(tmp, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := os.Rename(tmp, l.Path); err != nil {
		_ = os.Remove(tmp)
		return fmt.Errorf("lock: %w", err)
	}
	return nil
}

// write gives the entries in their order.
func (l *Lock) write(b *bytes.Buffer) {
	plugins, models := slices.Clone(l.Plugins), slices.Clone(l.Models)
	slices.SortFunc(plugins, func(x, y LockEntry) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	slices.SortFunc(models, func(x, y LockModel) int {
		return cmp.Or(cmp.Compare(x.Suite, y.Suite), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Recipe, y.Recipe))
	})
	table := func(name string, pairs [][2]string) {
		fmt.Fprintf(b, "\n[[%s]]\n", name)
		for _, kv := range pairs {
			fmt.Fprintf(b, "%s = %s\n", kv[0], kv[1])
		}
	}
	for _, e := range plugins {
		table("plugin", [][2]string{
			{"kind", strconv.Quote(e.Kind.String())},
			{"name", strconv.Quote(e.Name)},
			{"version", quoteTOML(e.Version)},
			{"path", quoteTOML(e.Path)},
			{"digest", strconv.Quote(e.Digest)},
			{"protocol", strconv.Itoa(e.Protocol)},
		})
	}
	for _, m := range models {
		table("model", [][2]string{
			{"suite", strconv.Quote(m.Suite)},
			{"name", strconv.Quote(m.Name)},
			{"recipe", strconv.Quote(m.Recipe)},
			{"model", quoteTOML(m.Model)},
			{"sha256", strconv.Quote(m.SHA256)},
		})
	}
}

// quoteTOML writes a basic string.
func quoteTOML(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
