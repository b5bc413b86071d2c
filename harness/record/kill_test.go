package record

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

const childEnv = "ALIGNUSER_RECORD_TEST_CHILD"

func TestMain(m *testing.M) {
	if root := os.Getenv(childEnv); root != "" {
		if err := work(root, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const killCells, killEntries = 4, 300

// work does a small run, resuming whatever is there, and says each step.
func work(root string, say io.Writer) error {
	r, err := OpenRun(root, "suite", testIdentity())
	if err != nil {
		return err
	}
	for c := range killCells {
		key := CellKey{Task: "offline", Recommender: "popular", Repeat: c}
		if r.Sealed(key) {
			continue
		}
		p, err := r.Partial(key)
		if err != nil {
			return err
		}
		for i := len(p.Entries()); i < killEntries; i++ {
			if err := p.Append(fmt.Appendf(nil, `{"cell":%d,"user":%d}`, c, i)); err != nil {
				return err
			}
			fmt.Fprintln(say, i)
		}
		if c == 1 {
			if err := r.Fail(CellKey{Task: "offline", Recommender: "broken"}, "always"); err != nil {
				return err
			}
		}
		if err := r.Seal(key, func(w io.Writer) error {
			_, err := w.Write(bytes.Join(p.Entries(), []byte("\n")))
			return err
		}); err != nil {
			return err
		}
		fmt.Fprintln(say, "sealed")
	}
	return r.Close()
}

func TestKilledAnywhereEndsTheSame(t *testing.T) {
	unbroken := t.TempDir()
	if err := work(unbroken, io.Discard); err != nil {
		t.Fatal(err)
	}
	want := contents(t, unbroken)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for kills < 20 {
		child := exec.Command(self)
		child.Env = append(os.Environ(), childEnv+"="+root)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for left := random.IntN(120); left > 0 && lines.Scan(); left-- { //nolint:revive // counting lines is the point
		}
		_ = child.Process.Kill()
		for lines.Scan() { //nolint:revive // Wait wants the pipe drained
		}
		if err := child.Wait(); err == nil { // it was done before the kill: begin another folder
			if got := contents(t, root); !equalTrees(got, want) {
				t.Fatal("a run that was killed on its way differs from an unbroken one")
			}
			root = t.TempDir()
			continue
		}
		kills++
		checkRecoverable(t, root)
	}
	if err := work(root, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, root); !equalTrees(got, want) {
		for name := range got {
			if !bytes.Equal(got[name], want[name]) {
				t.Errorf("%s differs", name)
			}
		}
		t.Fatalf("have %d files, want %d", len(got), len(want))
	}
}

// checkRecoverable reads every journal that the kill left: each is a prefix.
func checkRecoverable(t *testing.T, root string) {
	t.Helper()
	for name, data := range contents(t, root) {
		if filepath.Ext(name) != partialSuffix {
			continue
		}
		p := parseJournal(data)
		for i, e := range p.entries[min(1, len(p.entries)):] {
			var c, n int
			if _, err := fmt.Sscanf(string(e), `{"cell":%d,"user":%d}`, &c, &n); err != nil || n != i {
				t.Fatalf("%s: entry %d is %s", name, i, e)
			}
		}
	}
}

func contents(t *testing.T, root string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, _ := filepath.Rel(root, path)
		files[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func equalTrees(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for name, data := range a {
		if other, ok := b[name]; !ok || !bytes.Equal(data, other) {
			return false
		}
	}
	return true
}
