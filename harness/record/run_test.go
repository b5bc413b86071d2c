package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var key = CellKey{Task: "offline", Recommender: "popular"}

func testIdentity() Identity {
	return Identity{Suite: "s", Data: "d", Split: "p", Arms: []ArmDigest{{"a", "1"}, {"b", "2"}}, Seed: 7}
}

func mustOpen(t *testing.T, root string) *Run {
	t.Helper()
	r, err := OpenRun(root, "suite", testIdentity())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mustClose(t *testing.T, r *Run) {
	t.Helper()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func TestIdentity(t *testing.T) {
	id := testIdentity()
	first := id.ID()
	if len(first) != 12 || strings.Trim(first, "0123456789abcdef") != "" {
		t.Errorf("id %q is not twelve hex digits", first)
	}
	swapped := testIdentity()
	swapped.Arms[0], swapped.Arms[1] = swapped.Arms[1], swapped.Arms[0]
	if swapped.ID() != first {
		t.Error("the order of arms changed the id")
	}
	for name, change := range map[string]func(*Identity){
		"suite": func(i *Identity) { i.Suite = "t" },
		"data":  func(i *Identity) { i.Data = "e" },
		"split": func(i *Identity) { i.Split = "q" },
		"arm":   func(i *Identity) { i.Arms[0].Digest = "3" },
		"name":  func(i *Identity) { i.Arms[0].Name = "c" },
		"seed":  func(i *Identity) { i.Seed++ },
	} {
		other := testIdentity()
		change(&other)
		if other.ID() == first {
			t.Errorf("%s does not count", name)
		}
	}
}

func TestOpenRunRefuses(t *testing.T) {
	root := t.TempDir()
	if _, err := OpenRun(root, "../x", testIdentity()); err == nil {
		t.Error("a suite name that leaves the root")
	}
	r := mustOpen(t, root)
	var locked *LockedError
	if _, err := OpenRun(root, "suite", testIdentity()); !errors.As(err, &locked) || locked.PID != os.Getpid() || locked.Host == "" {
		t.Errorf("a second run: %v", err)
	} else if !strings.Contains(err.Error(), fmt.Sprintf("process %d on ", os.Getpid())) {
		t.Errorf("the holder is not named: %v", err)
	}
	mustClose(t, r)
	r = mustOpen(t, root)
	mustClose(t, r)
	if b, err := os.ReadFile(filepath.Join(r.Dir(), LockFile)); err != nil || len(b) != 0 {
		t.Errorf("a free lock holds %q, %v", b, err)
	}
	if err := os.WriteFile(filepath.Join(r.Dir(), "identity.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRun(root, "suite", testIdentity()); err == nil || !strings.Contains(err.Error(), "something else") {
		t.Errorf("a foreign folder: %v", err)
	}
}

func TestSeal(t *testing.T) {
	r := mustOpen(t, t.TempDir())
	defer mustClose(t, r)
	p, err := r.Partial(key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Partial(key); err == nil {
		t.Error("a second journal of one cell")
	}
	if err := p.Append([]byte(`{}`)); err != nil {
		t.Fatal(err)
	}
	if err := r.Fail(key, "first try"); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := r.Seal(key, func(io.Writer) error { return broken }); !errors.Is(err, broken) || r.Sealed(key) {
		t.Errorf("a failed seal: %v, sealed %v", err, r.Sealed(key))
	}
	if err := r.Seal(key, text("evidence")); err != nil {
		t.Fatal(err)
	}
	if !r.Sealed(key) || len(r.Failures()) != 0 {
		t.Error("sealed evidence still counts as failed")
	}
	if err := r.Seal(key, text("other")); !errors.Is(err, ErrSealed) {
		t.Errorf("sealed twice: %v", err)
	}
	if _, err := r.Partial(key); !errors.Is(err, ErrSealed) {
		t.Errorf("a journal of a sealed cell: %v", err)
	}
	want := filepath.Join(r.Dir(), "evidence", "offline", "popular", "r0.parquet")
	if got := r.Evidence(key); got != want {
		t.Errorf("evidence at %s", got)
	}
	if b, _ := os.ReadFile(want); string(b) != "evidence" {
		t.Errorf("evidence is %q", b)
	}
	if info, _ := os.Stat(want); info.Mode().Perm() != 0o444 {
		t.Errorf("evidence has mode %v", info.Mode())
	}
	if files, _ := os.ReadDir(filepath.Dir(want)); len(files) != 1 {
		t.Errorf("left beside the evidence: %v", files)
	}
	if got := r.Evidence(CellKey{"sim", "a", "rule", 3}); got != filepath.Join(r.Dir(), "evidence", "sim", "a", "rule", "r3.parquet") {
		t.Errorf("evidence at %s", got)
	}
	for _, bad := range []CellKey{{"", "a", "", 0}, {"offline", "", "", 0}, {"offline", "a/b", "", 0}, {"offline", "A", "", 0}, {"offline", "a", "..", 0}, {"offline", "a", "", -1}} {
		if err := r.Seal(bad, text("")); err == nil {
			t.Errorf("sealed %v", bad)
		}
		if _, err := r.Partial(bad); err == nil {
			t.Errorf("a journal of %v", bad)
		}
		if err := r.Fail(bad, "x"); err == nil {
			t.Errorf("a failure of %v", bad)
		}
	}
}

func TestResume(t *testing.T) {
	root := t.TempDir()
	r := mustOpen(t, root)
	second := CellKey{"offline", "random", "", 1}
	p, err := r.Partial(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		p.Append([]byte(`{"user":1}`)),
		r.Fail(key, "crashed"), r.Fail(second, "slow"), r.Fail(second, "slower"),
		r.Time(key, Timing{Attempts: 1, FitMS: 5}),
	); err != nil {
		t.Fatal(err)
	}
	// As a killed process leaves it: nothing flushed, the lock gone.
	for _, name := range []string{"evidence/offline/popular/.tmp-r0.parquet-1", ".tmp-cells.csv-2"} {
		if err := os.WriteFile(filepath.Join(r.Dir(), name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(r.Dir(), "models", ".tmp-model-1", "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unlock(r.lock); err != nil {
		t.Fatal(err)
	}
	again := mustOpen(t, root)
	want := []Failure{{key, "crashed"}, {second, "slower"}}
	if diff := cmp.Diff(want, again.Failures()); diff != "" {
		t.Error(diff)
	}
	if ts := again.Timings(); len(ts) != 1 || ts[0].FitMS != 5 {
		t.Errorf("timings %v", ts)
	}
	q, err := again.Partial(key)
	if err != nil || len(q.Entries()) != 1 || string(q.Entries()[0]) != `{"user":1}` {
		t.Fatalf("entries %s, %v", q.Entries(), err)
	}
	mustClose(t, again)
	var temps []string
	_ = filepath.WalkDir(again.Dir(), func(path string, _ fs.DirEntry, _ error) error {
		if strings.Contains(path, tempPrefix) || strings.HasSuffix(path, progressFile) {
			temps = append(temps, path)
		}
		return nil
	})
	if len(temps) > 0 {
		t.Errorf("left over: %v", temps)
	}
	third := mustOpen(t, root) // now from failures.csv
	if diff := cmp.Diff(want, third.Failures()); diff != "" {
		t.Error(diff)
	}
	// Killed between the rename and the removal of the journal.
	if err := os.WriteFile(third.Evidence(key), []byte("evidence"), 0o444); err != nil {
		t.Fatal(err)
	}
	mustClose(t, third)
	fourth := mustOpen(t, root)
	defer mustClose(t, fourth)
	if diff := cmp.Diff(want[1:], fourth.Failures()); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(fourth.partialPath(key)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the journal of a sealed cell is still there")
	}
}

func TestRunOnAFullDisk(t *testing.T) {
	root := t.TempDir()
	room := 1000
	r, err := openRun(fullDiskOf(&room, false), root, "suite", testIdentity())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Seal(key, text(strings.Repeat("x", 2000))); !errors.Is(err, syscall.ENOSPC) || r.Sealed(key) {
		t.Errorf("sealing: %v", err)
	}
	if err := r.Fail(key, "no space"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("failing: %v", err)
	}
	if len(r.Failures()) != 1 {
		t.Error("the failure was forgotten")
	}
	room = 1 << 20
	if err := r.Seal(key, text(strings.Repeat("x", 2000))); err != nil {
		t.Error(err)
	}
	mustClose(t, r)
}

// The kernel's own full disk.
func TestDevFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	d := disk{temp: func(string, string) (file, error) { return os.OpenFile("/dev/full", os.O_WRONLY, 0) }}
	r := mustOpen(t, t.TempDir())
	defer mustClose(t, r)
	r.disk = disk{temp: func(dir, pattern string) (file, error) {
		f, err := d.temp(dir, pattern)
		return unnamed{f}, err
	}}
	err := r.Seal(key, func(w io.Writer) error { return WriteParquet(w, []evidence{{User: 1}}) })
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("sealing: %v", err)
	}
	if err := r.WriteManifest(Manifest{Identity: testIdentity()}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("manifest: %v", err)
	}
}

// unnamed keeps the clean-up from removing the device.
type unnamed struct{ file }

func (unnamed) Name() string { return "" }

func TestManifest(t *testing.T) {
	r := mustOpen(t, t.TempDir())
	defer mustClose(t, r)
	m := Manifest{
		HostVersion: "v0.1.0", Identity: testIdentity(), Command: "alignuser run x.toml",
		Suite:   SuiteFacts{Name: "x", Source: "schema = 1\n# <b>\n", Canonical: json.RawMessage(`{"seed":7}`), Seed: 7, Repeats: 1},
		Arms:    []ArmFacts{{Name: "a", Options: map[string]any{"k": 1.5}}},
		Started: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC),
	}
	if err := r.WriteManifest(m); err != nil {
		t.Fatal(err)
	}
	got, err := r.ReadManifest()
	if err != nil {
		t.Fatal(err)
	}
	m.Schema, m.ID, m.Started = 1, testIdentity().ID(), m.Started.Truncate(time.Second)
	m.Suite.Canonical = got.Suite.Canonical // indented
	if diff := cmp.Diff(m, got); diff != "" {
		t.Error(diff)
	}
	other := m
	other.Identity.Seed++
	if err := r.WriteManifest(other); err == nil {
		t.Error("a manifest of another run was written")
	}
	path := filepath.Join(r.Dir(), ManifestFile)
	for text, want := range map[string]string{
		`{"schema":2,"host_version":"v3.0.0"}`: "use alignuser v3.0.0 or later",
		`{"schema":2}`:                         "this program reads schema 1",
		`{}`:                                   "not one of a run",
		`{"schema":1`:                          "unexpected end",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadManifest(r.Dir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

type evidence struct {
	User  int32     `parquet:"user"`
	Ranks []int32   `parquet:"ranks,list"`
	Score float64   `parquet:"score"`
	More  []float32 `parquet:"more,list"`
}

func evidenceRows(n int) []evidence {
	rows := make([]evidence, n)
	for i := range rows {
		rows[i] = evidence{User: int32(i), Score: float64(i) / 3}
		for j := range i % 5 {
			rows[i].Ranks = append(rows[i].Ranks, int32(j*i))
			rows[i].More = append(rows[i].More, float32(j))
		}
	}
	return rows
}

func TestParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	for _, n := range []int{0, 1, 20_000} {
		rows := evidenceRows(n)
		var first, second bytes.Buffer
		if err := errors.Join(WriteParquet(&first, rows), WriteParquet(&second, rows)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("equal rows, other bytes")
		}
		if err := os.WriteFile(path, first.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		back, err := ReadParquet[evidence](path)
		if err != nil || len(back) != n {
			t.Fatalf("%d rows of %d: %v", len(back), n, err)
		}
		for i := range back {
			if back[i].User != rows[i].User || back[i].Score != rows[i].Score || len(back[i].Ranks) != len(rows[i].Ranks) {
				t.Fatalf("row %d: %+v, want %+v", i, back[i], rows[i])
			}
		}
	}
	type other struct {
		User int64 `parquet:"user"`
	}
	if _, err := ReadParquet[other](path); err == nil || !strings.Contains(err.Error(), "columns are not those") {
		t.Errorf("other columns: %v", err)
	}
	whole, _ := os.ReadFile(path)
	for cut := 0; cut < len(whole); cut += 1 + len(whole)/50 {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadParquet[evidence](path); err == nil {
			t.Errorf("a file cut at %d of %d was read", cut, len(whole))
		}
	}
	zero := 0.0
	for _, bad := range []evidence{{Score: 1 / zero}, {More: []float32{0, float32(zero / zero)}}} {
		if err := WriteParquet(io.Discard, []evidence{{}, bad}); err == nil || !strings.Contains(err.Error(), "row 1: ") {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
