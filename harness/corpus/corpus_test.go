package corpus

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alignuser/alignuser/sdk"
)

func TestOpenReadsOnce(t *testing.T) {
	cfg := Config{CacheDir: t.TempDir(), Offline: true, AcceptedLicenses: []string{"x"}}
	f := small()
	c := mustOpen(t, cfg, f)
	if c.Users() != 2 || c.Items() != 4 || c.Interactions() != 6 || c.Name() != "fake" || c.Info().Version != "1" || len(c.Digest()) != 64 {
		t.Errorf("%d users, %d items, %d interactions, digest %s", c.Users(), c.Items(), c.Interactions(), c.Digest())
	}
	if diff := cmp.Diff([]string{"Title 0", "Title 1", "Title 2", "Title 3"}, c.ItemTitles()); diff != "" {
		t.Error(diff)
	}
	items, _ := c.Table(sdk.TableItems)
	if diff := cmp.Diff(f.tables[sdk.TableItems], items); diff != "" {
		t.Error(diff)
	}
	if !f.asked.Offline || !slices.Equal(f.asked.AcceptedLicenses, []string{"x"}) || !strings.HasPrefix(f.asked.CacheDir, cfg.CacheDir) {
		t.Errorf("prepare was asked %+v", f.asked)
	}
	if f.reads != 3 {
		t.Errorf("%d reads", f.reads)
	}
	again := mustOpen(t, cfg, f)
	if f.reads != 3 || again.Digest() != c.Digest() || again.Interactions() != 6 {
		t.Errorf("%d reads after the second open", f.reads)
	}
	if other := mustOpen(t, Config{}, small()); other.Digest() != c.Digest() {
		t.Error("the digest depends on the cache's path")
	}
	f.info.Sources = []sdk.File{{Path: "x", SHA256: "cd"}}
	if mustOpen(t, cfg, f); f.reads != 6 {
		t.Error("other sources, same cache")
	}
	if d, err := Open(t.Context(), cfg, "other identity", f); err != nil || f.reads != 9 {
		t.Errorf("another identity, same cache: %v", err)
	} else if err := d.Close(); err != nil {
		t.Error(err)
	}
}

func TestDigestCoversEveryCell(t *testing.T) {
	want := mustOpen(t, Config{}, small()).Digest()
	for name, change := range map[string]func(f *fake){
		"uid":   func(f *fake) { f.set(sdk.TableUsers, "uid", []string{"u0", "x"}) },
		"title": func(f *fake) { f.set(sdk.TableItems, "title", []string{"Title 0", "Title 1", "Title 2", "Title 4"}) },
		"value": func(f *fake) { f.set(sdk.TableInteractions, "value", []float32{5, 3, 1, 4, 2, 4}) },
		"time":  func(f *fake) { f.set(sdk.TableInteractions, "time", nil) },
		"new":   func(f *fake) { f.set(sdk.TableItems, "year", make([]int32, 4)) },
		"list":  func(f *fake) { f.tables[sdk.TableItems].Columns[2].Lists = []uint32{0, 1, 2, 4, 4} },
		"scale": func(f *fake) { f.info.Scale.LikeAt = 3 },
	} {
		f := small()
		change(f)
		if mustOpen(t, Config{}, f).Digest() == want {
			t.Errorf("%s does not count", name)
		}
	}
	f := small()
	slices.Reverse(f.tables[sdk.TableInteractions].Columns)
	if mustOpen(t, Config{}, f).Digest() != want {
		t.Error("the order of columns counts")
	}
}

func TestOpenInManyProcessesAtOnce(t *testing.T) {
	cfg := Config{CacheDir: t.TempDir()}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c, err := Open(t.Context(), cfg, "identity", small())
			if err != nil {
				t.Error(err)
				return
			}
			s, err := c.Split(SplitParams{Method: "user-temporal", Test: 0.5})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.TrainingFolder([]string{"items"}); err != nil {
				t.Error(err)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, kind := range []string{"corpora", "training"} {
		if left, _ := os.ReadDir(filepath.Join(cfg.CacheDir, kind)); len(left) != 1 {
			t.Errorf("%s has %d folders, want one", kind, len(left))
		}
	}
}

func TestFullDataIsPrivate(t *testing.T) {
	cfg := Config{CacheDir: filepath.Join(t.TempDir(), "new")}
	mustOpen(t, cfg, small())
	err := filepath.WalkDir(filepath.Join(cfg.CacheDir, "corpora"), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if e.IsDir() && info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDamagedCacheIsMadeAgain(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir string){
		"a flipped bit": func(t *testing.T, dir string) {
			edit(t, find(t, dir, "time"), func(b []byte) []byte { b[3] ^= 1; return b })
		},
		"a cut file":  func(t *testing.T, dir string) { edit(t, find(t, dir, "uid"), func(b []byte) []byte { return b[:1] }) },
		"no manifest": func(t *testing.T, dir string) { remove(t, find(t, dir, "manifest.json")) },
		"no entry":    func(t *testing.T, dir string) { remove(t, find(t, dir, entryFile)) },
		"empty entry": func(t *testing.T, dir string) { edit(t, find(t, dir, entryFile), func([]byte) []byte { return nil }) },
		"other entry": func(t *testing.T, dir string) {
			edit(t, find(t, dir, entryFile), func(b []byte) []byte { return []byte(strings.Replace(string(b), `"digest":"`, `"digest":"0`, 1)) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			var warned warnings
			cfg := Config{CacheDir: t.TempDir(), Emit: warned.emit}
			f := small()
			c, err := Open(t.Context(), cfg, "identity", f)
			if err != nil {
				t.Fatal(err)
			}
			want := c.Digest()
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			damage(t, filepath.Join(cfg.CacheDir, "corpora"))
			if c := mustOpen(t, cfg, f); c.Digest() != want || f.reads != 6 {
				t.Errorf("digest %s, %d reads", c.Digest(), f.reads)
			}
			if len(warned) != 1 || !strings.Contains(warned[0], "is damaged and is made again") {
				t.Errorf("warnings %q", warned)
			}
			if mustOpen(t, cfg, f); f.reads != 6 {
				t.Error("the mended folder is not used")
			}
			if left, _ := os.ReadDir(filepath.Join(cfg.CacheDir, "corpora")); len(left) != 1 {
				t.Errorf("left over: %v", left)
			}
		})
	}
}

// find gives the file below dir whose name holds a word.
func find(t *testing.T, dir, word string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.Contains(e.Name(), word) {
			found = path
		}
		return err
	})
	if err != nil || found == "" {
		t.Fatalf("no file with %q below %s: %v", word, dir, err)
	}
	return found
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	remove(t, path) // it is read-only, and may be mapped
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for want, spoil := range map[string]func(f *fake){
		"table users is empty":        func(f *fake) { f.set(sdk.TableUsers, "uid", []string{}) },
		"table interactions is empty": func(f *fake) { f.tables[sdk.TableInteractions] = eventTable(nil) },
		"table items is not declared": func(f *fake) {
			f.spec.Tables = slices.DeleteFunc(f.spec.Tables, func(t sdk.TableSpec) bool { return t.Name == "items" })
		},
		"row 1: uid \"u0\" is also in row 0":            func(f *fake) { f.set(sdk.TableUsers, "uid", []string{"u0", "u0"}) },
		"row 2: column iid is empty":                    func(f *fake) { f.set(sdk.TableItems, "iid", []string{"a", "b", "", "c"}) },
		"column title is missing":                       func(f *fake) { f.set(sdk.TableItems, "title", nil) },
		"column title is i32, want str":                 func(f *fake) { f.set(sdk.TableItems, "title", make([]int32, 4)) },
		"row 1: user 2: the table of users has rows 0":  func(f *fake) { f.set(sdk.TableInteractions, "user", []int32{0, 2, 0, 0, 1, 1}) },
		"row 5: item -1: the table of items has rows 0": func(f *fake) { f.set(sdk.TableInteractions, "item", []int32{0, 1, 2, 3, 1, -1}) },
		"column user is missing":                        func(f *fake) { f.set(sdk.TableInteractions, "user", nil) },
		"column user is i64, want i32":                  func(f *fake) { f.set(sdk.TableInteractions, "user", make([]int64, 6)) },
		"row 2: value 6 is outside the scale 1 to 5":    func(f *fake) { f.set(sdk.TableInteractions, "value", []float32{5, 3, 6, 4, 2, 5}) },
		"row 0: value +Inf is outside":                  func(f *fake) { f.set(sdk.TableInteractions, "value", []float32{inf, 3, 1, 4, 2, 5}) },
		"row 3: value is missing, and the column":       func(f *fake) { f.set(sdk.TableInteractions, "value", []float32{5, 3, 1, nan, 2, 5}) },
		"a scale but no column value":                   func(f *fake) { f.set(sdk.TableInteractions, "value", nil) },
		"a column value but no scale":                   func(f *fake) { f.info.Scale = nil },
		"want min <= dislike at":                        func(f *fake) { f.info.Scale.Min = 9 },
		"column time is i32, want i64":                  func(f *fake) { f.set(sdk.TableInteractions, "time", make([]int32, 6)) },
		"rows 0 and 2: user 0 and item 0 twice: keep":   func(f *fake) { f.set(sdk.TableInteractions, "item", []int32{0, 1, 0, 3, 1, 3}) },
		"no chunk came": func(f *fake) {
			f.read = func(context.Context, sdk.ReadRequest, func(sdk.Chunk) error) error { return nil }
		},
		"chunk 1 came where 0 was due": func(f *fake) {
			f.read = func(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
				return yield(sdk.Chunk{Table: f.tables[r.Table], Seq: 1})
			}
		},
		"in the first chunk": func(f *fake) {
			f.read = func(_ context.Context, r sdk.ReadRequest, yield func(sdk.Chunk) error) error {
				first := sdk.Chunk{Table: f.tables[r.Table]}
				second := sdk.Chunk{Table: sdk.Table{Name: r.Table, Columns: []sdk.Column{{Name: "x", Data: []int32{}}}}, Seq: 1}
				return errors.Join(yield(first), yield(second))
			}
		},
	} {
		f := small()
		spoil(f)
		cfg := Config{CacheDir: t.TempDir()}
		_, err := Open(t.Context(), cfg, "identity", f)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, sdk.ErrInvalid) {
			t.Errorf("want %q, have %v", want, err)
		}
		if left, _ := os.ReadDir(filepath.Join(cfg.CacheDir, "corpora")); len(left) != 0 {
			t.Errorf("%s: left %v", want, left)
		}
	}
	if _, err := Open(t.Context(), Config{}, "identity", small()); err == nil {
		t.Error("opened without a cache folder")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, Config{CacheDir: t.TempDir()}, "identity", small()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestNullableValues(t *testing.T) {
	f := small()
	f.set(sdk.TableInteractions, "value", []float32{5, 3, 1, float32(math.NaN()), 2, 5})
	for i := range f.spec.Tables {
		f.spec.Tables[i].Columns = []sdk.ColumnSpec{{Name: "value", Nullable: true}}
	}
	if facts := mustOpen(t, Config{}, f).Facts(); facts.MissingValues != 1 {
		t.Errorf("%+v", facts)
	}
}

// Tables longer than a chunk come back whole, lists included.
func TestManyChunks(t *testing.T) {
	const n = sdk.MaxChunkRows + 100
	events := make([]event, n)
	for i := range events {
		events[i] = event{0, int32(i), 3, int64(i)}
	}
	f := newFake(1, n, events)
	c := mustOpen(t, Config{}, f)
	for _, name := range tableNames() {
		got, _ := c.Table(name)
		if diff := cmp.Diff(f.tables[name], got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestFacts(t *testing.T) {
	f := newFake(3, 5, []event{{0, 0, 5, 10}, {0, 1, 5, -20}, {2, 0, 1, 30}})
	want := Facts{
		Users: 3, Items: 5, Interactions: 3, IdleUsers: 1, IdleItems: 3,
		Values: []Bin{{1, 1}, {5, 2}}, First: -20, Last: 30,
	}
	if diff := cmp.Diff(want, mustOpen(t, Config{}, f).Facts()); diff != "" {
		t.Error(diff)
	}
	implicit := small()
	implicit.info.Scale = nil
	implicit.set(sdk.TableInteractions, "value", nil)
	implicit.set(sdk.TableInteractions, "time", nil)
	got := mustOpen(t, Config{}, implicit).Facts()
	if got.Values != nil || got.First != sdk.MissingTime || got.Last != sdk.MissingTime {
		t.Errorf("%+v", got)
	}
	var many []float32
	for i := range 100 {
		many = append(many, 1+float32(i)*4/99)
	}
	bins, _ := histogram(many, stars())
	total := 0
	for _, b := range bins {
		total += b.Count
	}
	if len(bins) != wideBins || total != 100 || bins[0].Value != 1 || bins[0].Count != 5 {
		t.Errorf("%v", bins)
	}
}
