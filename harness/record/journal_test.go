package record

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// filledJournal writes n entries and gives the file's bytes.
func filledJournal(t *testing.T, path string, n int) []byte {
	t.Helper()
	j, err := OpenJournal(path, "test")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := j.Append(fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestJournalCutAnywhereKeepsAPrefix(t *testing.T) {
	dir := t.TempDir()
	whole := filledJournal(t, filepath.Join(dir, "whole"), 5)
	path := filepath.Join(dir, "cut")
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(path, "test")
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		have := len(j.Entries())
		lines := bytes.Count(whole[:cut], []byte("\n"))
		if want := max(0, lines-1); have != want { // the first line is the header
			t.Fatalf("cut at %d: %d entries, want %d", cut, have, want)
		}
		for i := have; i < 5; i++ {
			if err := j.Append(fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, whole) {
			t.Fatalf("cut at %d: the resumed journal differs:\n%s", cut, got)
		}
	}
}

func TestJournalStopsAtTheFirstBadLine(t *testing.T) {
	dir := t.TempDir()
	whole := filledJournal(t, filepath.Join(dir, "whole"), 4)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	join := func(order ...int) []byte {
		var b []byte
		for _, i := range order {
			b = append(b, lines[i]...)
		}
		return b
	}
	flipped := bytes.Clone(whole)
	flipped[len(lines[0])+len(lines[1])+30] ^= 1 // inside the third line: entry 1
	for _, c := range []struct {
		name string
		data []byte
		want int
	}{
		{"a flipped bit", flipped, 1},
		{"a lost line", join(0, 1, 3, 4), 1},
		{"exchanged lines", join(0, 2, 1, 3, 4), 0},
		{"a doubled line", join(0, 1, 1, 2), 1},
		{"zeros from a power cut", append(join(0, 1), make([]byte, 100)...), 1},
	} {
		path := filepath.Join(dir, "bad")
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(path, "test")
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Entries()) != c.want || j.Dropped() == 0 {
			t.Errorf("%s: %d entries, %d bytes dropped; want %d entries", c.name, len(j.Entries()), j.Dropped(), c.want)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestJournalRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "j")
	filledJournal(t, path, 1)
	if _, err := OpenJournal(path, "other"); err == nil || !strings.Contains(err.Error(), "journal of test, want other") {
		t.Errorf("another kind: %v", err)
	}
	header := `{"schema":9,"kind":"test"}`
	line := linePrefix + lineSum("", []byte(header)) + lineMiddle + header + lineSuffix
	if err := os.WriteFile(path, []byte(line), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenJournal(path, "test"); err == nil || !strings.Contains(err.Error(), "schema 9: this program reads schema 1") {
		t.Errorf("another schema: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != line {
		t.Error("a refused journal was changed")
	}
	j, err := OpenJournal(filepath.Join(dir, "k"), "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "{", "{}\n", "{\n}", "NaN", "1 2"} {
		if err := j.Append([]byte(bad)); err == nil {
			t.Errorf("entry %q was taken", bad)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// fullDisk is a file on a disk with room for a number of bytes.
type fullDisk struct {
	*os.File
	room       *int
	noTruncate bool
}

func (f fullDisk) Write(b []byte) (int, error) {
	n := min(len(b), *f.room)
	*f.room -= n
	if _, err := f.File.Write(b[:n]); err != nil {
		return 0, err
	}
	if n < len(b) {
		return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	return n, nil
}

func (f fullDisk) Truncate(size int64) error {
	if f.noTruncate {
		return syscall.EIO
	}
	return f.File.Truncate(size)
}

func fullDiskOf(room *int, noTruncate bool) disk {
	return disk{
		open: func(path string) (file, error) {
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
			return fullDisk{f, room, noTruncate}, err
		},
		temp: func(dir, pattern string) (file, error) {
			f, err := os.CreateTemp(dir, pattern)
			return fullDisk{f, room, false}, err
		},
	}
}

func TestJournalOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	room := 150
	j, err := openJournal(fullDiskOf(&room, false), path, "test")
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for ; taken < 10; taken++ {
		if err = j.Append(fmt.Appendf(nil, `{"n":%d}`, taken)); err != nil {
			break
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || taken == 0 {
		t.Fatalf("after %d entries: %v", taken, err)
	}
	room = 1 << 20 // somebody made room
	for i := taken; i < 10; i++ {
		if err := j.Append(fmt.Appendf(nil, `{"n":%d}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(path)
	if want := filledJournal(t, path+"2", 10); !bytes.Equal(got, want) {
		t.Errorf("the journal is not whole:\n%s", got)
	}
}

func TestJournalWithUnknownEndTakesNoMore(t *testing.T) {
	room := 150
	j, err := openJournal(fullDiskOf(&room, true), filepath.Join(t.TempDir(), "j"), "test")
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		err = j.Append([]byte(`{"n":1}`))
	}
	kept := len(j.Entries())
	room = 1 << 20
	if err := j.Append([]byte(`{"n":1}`)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("want the first error again, have %v", err)
	}
	if len(j.Entries()) != kept {
		t.Error("an entry was taken after the end was lost")
	}
	_ = j.Close() // its error is the same again
}

func TestJournalConcurrentAppends(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	j, err := OpenJournal(path, "test")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 100 {
				if err := j.Append(fmt.Appendf(nil, `[%d,%d]`, g, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = OpenJournal(path, "test"); err != nil || len(j.Entries()) != 800 || j.Dropped() != 0 {
		t.Errorf("%d entries, %d bytes dropped, %v", len(j.Entries()), j.Dropped(), err)
	}
	_ = j.Close()
}

func TestJournalPrefixProperty(t *testing.T) {
	dir := t.TempDir()
	whole := filledJournal(t, filepath.Join(dir, "whole"), 20)
	want := parseJournal(whole)
	rapid.Check(t, func(t *rapid.T) {
		damaged := bytes.Clone(whole)
		for range rapid.IntRange(1, 4).Draw(t, "hits") {
			damaged[rapid.IntRange(0, len(damaged)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		got := parseJournal(damaged)
		if len(got.entries) > len(want.entries) {
			t.Fatal("damage made entries")
		}
		for i := range got.entries {
			if !bytes.Equal(got.entries[i], want.entries[i]) {
				t.Fatalf("entry %d changed to %s", i, got.entries[i])
			}
		}
	})
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte(`{"sum":"0000000000000000","entry":{}}` + "\n"))
	one := linePrefix + lineSum("", []byte(`1`)) + lineMiddle + `1` + lineSuffix
	f.Add([]byte(one))
	f.Add([]byte(one + one + "\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := parseJournal(data)
		if p.size > int64(len(data)) {
			t.Fatalf("%d bytes of %d", p.size, len(data))
		}
		again := parseJournal(data[:p.size])
		if again.size != p.size || len(again.entries) != len(p.entries) || again.sum != p.sum {
			t.Fatal("the whole part reads differently on its own")
		}
	})
}
