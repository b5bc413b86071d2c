//go:build linux

package host

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alignuser/alignuser/sdk"
)

// pinned makes a folder with the bad plugin and a lock that pins it.
func pinned(t *testing.T) (lock *Lock, plugin string) {
	t.Helper()
	plugin = named(t, "recommender-mine")
	lock = &Lock{Path: filepath.Join(filepath.Dir(plugin), LockName)}
	h := openHost(t, nil)
	e := inspect(t, plugin)
	d, err := h.Describe(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := lock.Pin(e, d, "")
	if err != nil {
		t.Fatal(err)
	}
	lock.Set(entry)
	if err := WriteLock(lock); err != nil {
		t.Fatal(err)
	}
	if lock, err = LoadLock(lock.Path); err != nil {
		t.Fatal(err)
	}
	return lock, plugin
}

func TestPinnedRuns(t *testing.T) {
	lock, plugin := pinned(t)
	h := openHost(t, func(c *Config) { c.Lock = lock })
	e, err := h.Resolve(sdk.KindRecommender, "mine")
	if err != nil || e.Path != plugin || e.Builtin {
		t.Fatalf("resolve: %+v, %v", e, err)
	}
	p, err := h.Start(t.Context(), Instance{Executable: e, Component: "good"})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if list := h.List(); len(list) != 1 || list[0] != e {
		t.Fatalf("list: %+v", list)
	}
}

// TestChangedIsRefused: at Resolve, and between Resolve and Start.
func TestChangedIsRefused(t *testing.T) {
	lock, plugin := pinned(t)
	h := openHost(t, func(c *Config) { c.Lock = lock })
	e, err := h.Resolve(sdk.KindRecommender, "mine")
	if err != nil {
		t.Fatal(err)
	}
	// Another file under the same path: the built one is linked elsewhere.
	text, err := os.ReadFile(plugin)
	if err == nil {
		err = errors.Join(os.Remove(plugin), os.WriteFile(plugin, append(text, 0), 0o700))
	}
	if err != nil {
		t.Fatal(err)
	}
	now, err := Digest(plugin)
	if err != nil {
		t.Fatal(err)
	}
	_, resolved := h.Resolve(sdk.KindRecommender, "mine")
	_, started := h.Start(t.Context(), Instance{Executable: e, Component: "good"})
	for _, err := range []error{resolved, started} {
		var trust *TrustError
		if !errors.As(err, &trust) {
			t.Fatalf("have %v, want a refusal", err)
		}
		for _, want := range []string{"recommender-mine: ", e.Digest, now, "alignuser plugin lock " + plugin} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("no %q in: %v", want, err)
			}
		}
	}
}

func TestUnknownIsRefused(t *testing.T) {
	lock, _ := pinned(t)
	h := openHost(t, func(c *Config) { c.Lock = lock })
	for name, want := range map[string]string{
		"mien":        "no such recommender plugin (did you mean mine?) (if you have it as a program: alignuser plugin lock path/to/recommender-mien",
		"something":   "(known: mine)",
		"../../bin/x": "names are kebab-case",
	} {
		_, err := h.Resolve(sdk.KindRecommender, name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := h.Resolve(sdk.KindDataset, "mine"); err == nil {
		t.Error("a recommender was found as a dataset")
	}
}

// TestWorkingDirectory: an executable with the right name in the current folder
// is not found.
func TestWorkingDirectory(t *testing.T) {
	t.Chdir(filepath.Dir(named(t, "recommender-mine")))
	h := openHost(t, nil)
	if e, err := h.Resolve(sdk.KindRecommender, "mine"); err == nil {
		t.Fatalf("found %+v", e)
	}
	if list := h.List(); len(list) > 0 {
		t.Fatalf("list: %+v", list)
	}
}

// builtins builds programs with the build info of built-ins in a module of their
// own that only shares our module's name.
func builtins(t *testing.T, names ...string) string {
	t.Helper()
	src, bin := t.TempDir(), t.TempDir()
	files := map[string]string{"go.mod": "module github.com/alignuser/alignuser\n\ngo 1.26.0\n"}
	for _, n := range names {
		files[n+"/main.go"] = "package main\n\nfunc main() {}\n"
	}
	for name, text := range files {
		path := filepath.Join(src, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", bin+"/", "./...")
	cmd.Dir = src
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bin
}

func TestBuiltins(t *testing.T) {
	bin := builtins(t, "plugins/recommender-ours", "plugins/dataset-ours", "elsewhere/recommender-theirs")
	text, err := os.ReadFile(filepath.Join(bin, "recommender-ours"))
	if err == nil { // ours under another name is not what it says
		err = os.WriteFile(filepath.Join(bin, "recommender-renamed"), text, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(bin, "recommender-script"), []byte("#!/bin/sh\n"), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	h := openHost(t, func(c *Config) { c.BuiltinDir, c.Version = bin, "(devel)" })
	var names []string
	for _, e := range h.List() {
		names = append(names, e.Label())
		if !e.Builtin || e.Version != "(devel)" || e.Digest == "" {
			t.Errorf("list: %+v", e)
		}
	}
	if got := strings.Join(names, " "); got != "recommender-ours dataset-ours" {
		t.Errorf("list: %s", got)
	}
	if _, err := h.Resolve(sdk.KindRecommender, "ours"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"theirs":  "its main package is github.com/alignuser/alignuser/elsewhere/recommender-theirs (if you trust it: alignuser plugin lock ",
		"renamed": "its main package is github.com/alignuser/alignuser/plugins/recommender-ours",
		"script":  "no build info",
		"absent":  "no such recommender plugin",
	} {
		if _, err := h.Resolve(sdk.KindRecommender, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	older := openHost(t, func(c *Config) { c.BuiltinDir, c.Version = bin, "v1.2.3" })
	if _, err := older.Resolve(sdk.KindRecommender, "ours"); err == nil || !strings.Contains(err.Error(), "built at version (devel), alignuser is v1.2.3") {
		t.Errorf("another version: %v", err)
	}
}

// TestNoShadowing: a lock cannot put something else under a built-in's name.
func TestNoShadowing(t *testing.T) {
	bin := builtins(t, "plugins/recommender-mine")
	lock, _ := pinned(t)
	h := openHost(t, func(c *Config) { c.BuiltinDir, c.Version, c.Lock = bin, "(devel)", lock })
	if _, err := h.Resolve(sdk.KindRecommender, "mine"); err == nil || !strings.Contains(err.Error(), "under the name of a built-in") {
		t.Fatalf("have %v", err)
	}
}

// TestFolderPlugin: a folder is a plugin too, by the executable named "plugin".
func TestFolderPlugin(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\nexec " + badPlugin(t) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "plugin"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	h := openHost(t, nil)
	e := inspect(t, dir)
	e.Kind = sdk.KindRecommender
	p, err := h.Start(t.Context(), Instance{Executable: e, Component: "good"})
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if err := os.WriteFile(filepath.Join(dir, "more"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var trust *TrustError
	if _, err := h.Start(t.Context(), Instance{Executable: e, Component: "good"}); !errors.As(err, &trust) {
		t.Fatalf("a changed folder: %v", err)
	}
}
