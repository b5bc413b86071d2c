package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

func TestLockRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), LockName)
	empty, err := LoadLock(path)
	if err != nil || len(empty.Plugins) != 0 {
		t.Fatalf("a missing lock: %+v, %v", empty, err)
	}
	digest := "h1:" + strings.Repeat("ab", 32)
	a := LockEntry{Kind: sdk.KindRecommender, Name: "b", Version: `v1 "quoted" \ ` + "\x01é", Path: "../p/recommender-b", Digest: digest, Protocol: 1}
	b := LockEntry{Kind: sdk.KindRecommender, Name: "a", Path: "a", Digest: digest, Protocol: 1}
	c := LockEntry{Kind: sdk.KindDataset, Name: "a", Path: "d", Digest: digest, Protocol: 1}
	for _, e := range []LockEntry{c, a, b} {
		empty.Set(e)
	}
	hash := strings.Repeat("cd", 32)
	x := LockModel{Suite: "s", Name: "aligned", Recipe: hash, Model: "tune/chat/embedded.model", SHA256: hash}
	other := LockModel{Suite: "t", Name: "aligned", Recipe: hash, Model: "ft:1", SHA256: hash}
	y := LockModel{Suite: "s", Name: "aligned", Recipe: strings.Repeat("0", 64), Model: "ft:small \"1\"", SHA256: hash}
	for _, m := range []LockModel{other, {Suite: "s", Name: x.Name, Recipe: x.Recipe, Model: "before", SHA256: hash}, y, x} {
		empty.SetModel(m)
	}
	if err := WriteLock(empty); err != nil {
		t.Fatal(err)
	}
	have, err := LoadLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]LockEntry{b, a, c}, have.Plugins); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff([]LockModel{y, x, other}, have.Models); diff != "" {
		t.Fatal(diff)
	}
	if m, ok := have.Model("s", "aligned", hash); !ok || m != x {
		t.Fatalf("%+v, %t", m, ok)
	}
	if _, ok := have.Model("s", "aligned", strings.Repeat("1", 64)); ok || !have.HasModel("s", "aligned") || have.HasModel("s", "b") || have.HasModel("u", "aligned") {
		t.Fatal("another recipe, agent or suite")
	}
	before, _ := os.ReadFile(path)
	b.Version = "v2"
	have.Set(b)
	have.Set(LockEntry{Kind: b.Kind, Name: b.Name, Path: "a", Digest: digest, Protocol: 1})
	if err := WriteLock(have); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Fatalf("equal locks, other bytes:\n%s\n%s", before, after)
	}
}

func TestLockErrors(t *testing.T) {
	good := `schema = 1
[[plugin]]
kind = "recommender"
name = "mine"
version = "v1"
path = "recommender-mine"
digest = "h1:` + strings.Repeat("0", 64) + `"
protocol = 1
[[model]]
suite = "quickstart"
name = "aligned"
recipe = "` + strings.Repeat("1", 64) + `"
model = "ft:1"
sha256 = "` + strings.Repeat("2", 64) + `"
`
	cases := map[string]string{ // what to replace by what, and the error
		`schema = 1|schema = 2`:                     "schema: want 1, have 2",
		`name = "mine"|name = "Mine"`:               `plugin 1: name: want kebab-case, have "Mine"`,
		`name = "mine"|name = "../mine"`:            "want kebab-case",
		`kind = "recommender"|kind = "agent"`:       "kind: want recommender, dataset or llm",
		`h1:00|h1:0`:                                "digest: want h1: and 64 hex digits",
		`protocol = 1|protocol = 2`:                 "protocol: this alignuser speaks 1, the plugin 2",
		`path = "recommender-mine"|path = ""`:       "path: missing",
		`version = "v1"|grant = "v1"`:               "plugin.grant: unknown key",
		`version = "v1"|version = v1`:               LockName + ":5:",
		"schema = 1|schema = 1\n" + entriesOf(good): "mine is pinned twice",
		"schema = 1|schema = 1\n" + modelOf(good):   "model 2: agent aligned of suite quickstart is pinned twice for one recipe",
		`suite = "quickstart"|`:                     `model 1: suite: want the name of a suite, have "": remove the entry, and pin the model again`,
		`name = "aligned"|name = "al igned"`:        `model 1: name: want kebab-case, have "al igned"`,
		`recipe = "11|recipe = "1`:                  "model 1: recipe: want 64 hex digits",
		`sha256 = "22|sha256 = "2G`:                 "model 1: sha256: want 64 hex digits",
		`model = "ft:1"|model = ""`:                 "model 1: model: missing",
		`model = "ft:1"|models = "ft:1"`:            "model.models: unknown key",
	}
	for change, want := range cases {
		old, replacement, _ := strings.Cut(change, "|")
		path := filepath.Join(t.TempDir(), LockName)
		if err := os.WriteFile(path, []byte(strings.Replace(good, old, replacement, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadLock(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), LockName) {
			t.Errorf("%s: have %v, want %s", change, err, want)
		}
	}
}

func entriesOf(lock string) string {
	return lock[strings.Index(lock, "[["):strings.Index(lock, "[[model")]
}

func modelOf(lock string) string { return lock[strings.Index(lock, "[[model"):] }

// TestDigest: the values are part of every lock file and must never change.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	digest := func(path string) string {
		t.Helper()
		d, err := Digest(path)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// sha256 of "100755 <sha256 of abc> .\n"
	one := digest(write("one", "abc", 0o755))
	if want := "h1:05e19ac9c20691c0541c5c7392fee2b80891ba4c7d1660da9191856eb1aadd78"; one != want {
		t.Errorf("one file: %s, want %s", one, want)
	}
	if other := digest(write("two", "abc", 0o700)); other != one {
		t.Error("name or group bits of a single executable count")
	}
	if other := digest(write("three", "abc", 0o644)); other == one {
		t.Error("the executable bit does not count")
	}
	write("tree/plugin", "abc", 0o755)
	write("tree/lib/a.py", "def", 0o644)
	tree := digest(filepath.Join(dir, "tree"))
	write("tree/lib/a.py", "deg", 0o644)
	if digest(filepath.Join(dir, "tree")) == tree {
		t.Error("a file's content does not count")
	}
	write("tree/lib/a.py", "def", 0o644)
	if err := os.Rename(filepath.Join(dir, "tree/lib/a.py"), filepath.Join(dir, "tree/lib/b.py")); err != nil {
		t.Fatal(err)
	}
	if digest(filepath.Join(dir, "tree")) == tree {
		t.Error("a file's name does not count")
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "tree/out")); err != nil {
		t.Fatal(err)
	}
	if _, err := Digest(filepath.Join(dir, "tree")); err == nil || !strings.Contains(err.Error(), "leaves the plugin's folder") {
		t.Errorf("a link out: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Digest(filepath.Join(dir, "empty")); err == nil {
		t.Error("an empty folder has a digest")
	}
}
