package host

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"

	"github.com/alignuser/alignuser/sdk"
)

// builtinModule is where the main packages of built-ins live.
const builtinModule = "github.com/alignuser/alignuser/plugins/"

// Executable is a plugin that may be run: a built-in, or one that the lock pins.
type Executable struct {
	Kind    sdk.Kind
	Name    string // "neighbors"
	Path    string // of the executable, or of a folder that holds one named "plugin"
	Digest  string // see [Digest]; checked again at every start
	Builtin bool
	Version string
}

// Label is "recommender-neighbors", or the name alone before the kind is known.
func (e Executable) Label() string {
	if e.Kind == 0 {
		return e.Name
	}
	return e.Kind.String() + "-" + e.Name
}

// Resolve finds the plugin that a suite names. Nothing is trusted for where it
// lies: a built-in says in its build info that it is ours and of our version,
// anything else must be pinned in the lock and unchanged since.
func (h *Host) Resolve(kind sdk.Kind, name string) (Executable, error) {
	label := kind.String() + "-" + name
	if !nameForm.MatchString(name) {
		return Executable{}, &TrustError{label, "not a plugin's name", "names are kebab-case, such as neighbors"}
	}
	built, builtErr := h.builtin(kind, name)
	pinned, ok := h.cfg.Lock.Find(kind, name)
	switch {
	case ok && builtErr == nil:
		return Executable{}, &TrustError{label, h.cfg.Lock.Path + " pins a plugin under the name of a built-in", "rename it, or remove the entry"}
	case ok:
		e := h.cfg.Lock.executable(pinned)
		have, err := Digest(e.Path)
		if err != nil {
			return Executable{}, e.untrusted(e.Path+": "+reasonOf(err), err)
		}
		return e, h.lockFix(e.compare(have))
	case builtErr == nil:
		return built, nil
	case !errors.Is(builtErr, fs.ErrNotExist):
		return Executable{}, builtErr
	}
	return Executable{}, h.unknown(kind, name)
}

func reasonOf(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "pinned, but missing"
	}
	return err.Error()
}

// lockFix adds to the accepting command where its lock lies.
func (h *Host) lockFix(err error) error {
	var t *TrustError
	if dir := filepath.Dir(h.cfg.Lock.Path); errors.As(err, &t) && dir != "." {
		t.Fix += " --suite " + dir
	}
	return err
}

func (h *Host) unknown(kind sdk.Kind, name string) error {
	var known []string
	for _, e := range h.List() {
		if e.Kind == kind {
			known = append(known, e.Name)
		}
	}
	reason := "no such " + kind.String() + " plugin"
	if near := sdk.Nearest(name, known); near != "" {
		reason += fmt.Sprintf(" (did you mean %s?)", near)
	} else if len(known) > 0 {
		reason += " (known: " + strings.Join(known, ", ") + ")"
	}
	fix := "if you have it as a program: alignuser plugin lock path/to/" + kind.String() + "-" + name
	return h.lockFixOr(&TrustError{kind.String() + "-" + name, reason, fix})
}

func (h *Host) lockFixOr(err error) error {
	if h.cfg.Lock == nil {
		return err
	}
	return h.lockFix(err)
}

// List gives the built-ins and what the lock pins, by kind and name. Entries of
// the lock are not checked; Resolve does that.
func (h *Host) List() []Executable {
	var out []Executable
	files, _ := os.ReadDir(h.cfg.BuiltinDir)
	if h.cfg.BuiltinDir == "" {
		files = nil
	}
	for _, f := range files {
		kind, name, ok := splitLabel(strings.TrimSuffix(f.Name(), exeSuffix()))
		if !ok || f.IsDir() {
			continue
		}
		if e, err := h.builtin(kind, name); err == nil {
			out = append(out, e)
		}
	}
	if h.cfg.Lock != nil {
		for _, p := range h.cfg.Lock.Plugins {
			out = append(out, h.cfg.Lock.executable(p))
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		return out[i].Kind < out[j].Kind || out[i].Kind == out[j].Kind && out[i].Name < out[j].Name
	})
	return out
}

// builtin looks for a built-in; fs.ErrNotExist where there is no such file.
func (h *Host) builtin(kind sdk.Kind, name string) (Executable, error) {
	if h.cfg.BuiltinDir == "" {
		return Executable{}, fs.ErrNotExist
	}
	e := Executable{Kind: kind, Name: name, Builtin: true, Version: h.cfg.Version}
	e.Path = filepath.Join(h.cfg.BuiltinDir, e.Label()+exeSuffix())
	if _, err := os.Stat(e.Path); err != nil {
		return Executable{}, fs.ErrNotExist
	}
	refuse := func(fix, format string, args ...any) (Executable, error) {
		return Executable{}, &TrustError{e.Label(), e.Path + ": " + fmt.Sprintf(format, args...), fix}
	}
	accept := "if you trust it: alignuser plugin lock " + e.Path
	info, err := buildinfo.ReadFile(e.Path)
	switch {
	case err != nil:
		return refuse(accept, "not a built-in: no build info")
	case info.Path != builtinModule+e.Label():
		return refuse(accept, "not a built-in: its main package is %s", info.Path)
	case info.Main.Version != h.cfg.Version:
		return refuse("build or install both at one version", "built at version %s, alignuser is %s", info.Main.Version, h.cfg.Version)
	}
	if e.Digest, err = Digest(e.Path); err != nil {
		return Executable{}, err
	}
	return e, nil
}

// Inspect makes an Executable of a path that the user named on a command line,
// pinned or not. It is the one way around the lock: never call it with a path
// that came out of a file.
func Inspect(path string) (Executable, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Executable{}, fmt.Errorf("%s: %w", path, err)
	}
	if _, err := os.Stat(abs); errors.Is(err, fs.ErrNotExist) {
		return Executable{}, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	digest, err := Digest(abs)
	if err != nil {
		return Executable{}, err
	}
	base := strings.TrimSuffix(filepath.Base(abs), exeSuffix())
	e := Executable{Name: base, Path: abs, Digest: digest}
	if kind, name, ok := splitLabel(base); ok {
		e.Kind, e.Name = kind, name
	}
	return e, nil
}

// splitLabel cuts "recommender-neighbors".
func splitLabel(label string) (sdk.Kind, string, bool) {
	word, name, ok := strings.Cut(label, "-")
	kind, known := sdk.ParseKind(word)
	return kind, name, ok && known && nameForm.MatchString(name)
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
