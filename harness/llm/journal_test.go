package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/alignuser/alignuser/sdk"
)

// filled is the file of a journal with n answers.
func filled(t testing.TB, n int) string {
	t.Helper()
	j, path := journal(t)
	cfg := (&scripted{answer: echo}).config()
	cfg.Journal = j
	c := open(t, cfg)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { ask(t, c, question(fmt.Sprint(i))) })
	}
	all.Wait()
	if j.Len() != n {
		t.Fatalf("%d answers, want %d", j.Len(), n)
	}
	if err := errors.Join(c.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDamageIsToldNeverForgotten(t *testing.T) {
	path := filled(t, 300)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damage := range map[string]func([]byte) []byte{
		"empty":        func(b []byte) []byte { return nil },
		"cut to half":  func(b []byte) []byte { return b[:len(b)/2] },
		"cut to 100":   func(b []byte) []byte { return b[:100] },
		"zeroed":       func(b []byte) []byte { return make([]byte, len(b)) },
		"other":        func(b []byte) []byte { return bytes.Repeat([]byte("text "), 9999) },
		"both headers": func(b []byte) []byte { b = bytes.Clone(b); clear(b[:2*os.Getpagesize()]); return b },
	} {
		// A place of its own each: what breaks while it is opened stays locked
		// until the process ends.
		path := filepath.Join(t.TempDir(), "answers.db")
		if err := os.WriteFile(path, damage(whole), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := OpenJournal(path, toy)
		t.Log(name, err)
		mustSay(t, err, path, "damaged", "asked and paid for again")
	}
}

// TestABitThatFlipsIsNoAnswer flips bytes all over the file: every lookup
// gives the true answer or an error.
func TestABitThatFlipsIsNoAnswer(t *testing.T) {
	path := filled(t, 300)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong, told := 0, 0
	for at := 16; at < len(whole); at += len(whole) / 97 {
		b := bytes.Clone(whole)
		b[at] ^= 0x10
		path := filepath.Join(t.TempDir(), "answers.db")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(path, toy)
		if err != nil {
			told++
			continue
		}
		c, err := Open(Config{Name: "b", Identity: "id", ReplayOnly: true, Journal: j})
		if err != nil {
			told++
			_ = j.Close()
			continue
		}
		for i := range 300 {
			a, err := c.Ask(context.Background(), question(fmt.Sprint(i)))
			switch {
			case err != nil && !errors.Is(err, ErrMiss):
				told++
			case err == nil && a.Text != fmt.Sprint("re: ", i):
				wrong++
			}
		}
		_ = c.Close()
		_ = j.Close()
	}
	if wrong > 0 || told == 0 {
		t.Errorf("%d wrong answers, %d errors", wrong, told)
	}
}

func TestJournalsAreOfOneRun(t *testing.T) {
	path := filled(t, 1)
	_, err := OpenJournal(path, Binding{Suite: "toy", Run: "ffffffffffff"})
	mustSay(t, err, path, "0123456789ab", "ffffffffffff", "move the file away")

	db, err := bbolt.Open(path, 0o644, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketMeta).Put(metaHeader, []byte(`{"format":99}`))
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = OpenJournal(path, toy)
	mustSay(t, err, path, "format 99", "reads format 1")
}

func TestOneWriter(t *testing.T) {
	j, path := journal(t)
	_, err := ReadJournal(path)
	mustSay(t, err, path, "another process has it open")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.put(&write{}); err == nil {
		t.Error("a closed journal takes answers")
	}
}

func TestLayersAnswerAndAreCopied(t *testing.T) {
	old, err := ReadJournal(filled(t, 3))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	s := &scripted{answer: echo}
	cfg := s.config()
	cfg.Journal, _ = journal(t)
	cfg.Layers = []Store{old}
	c := open(t, cfg)
	for i := range 4 {
		if a := ask(t, c, question(fmt.Sprint(i))); a.Replayed != (i < 3) {
			t.Errorf("%d: replayed %v", i, a.Replayed)
		}
	}
	u := c.Usage()[0]
	if cfg.Journal.Len() != 4 || s.count() != 1 || u.Reused != 3 || u.Requests != 1 {
		t.Errorf("%d kept, %d asked, %+v", cfg.Journal.Len(), s.count(), u)
	}
}

func TestUsageSurvives(t *testing.T) {
	j, path := journal(t)
	cfg := (&scripted{answer: echo}).config()
	cfg.Journal, cfg.Price = j, &Price{Input: 0.5, Output: 2, Currency: "USD"}
	c := open(t, cfg)
	for i := range 5 {
		r := question(fmt.Sprint(i))
		if i > 2 {
			r.Role = RoleJudge
		}
		ask(t, c, r)
	}
	if err := c.Charge("", RoleTuning, sdk.Usage{Requests: 1, PromptTokens: 1000}); err != nil {
		t.Fatal(err)
	}
	before := c.Usage()
	_ = c.Close()
	_ = j.Close()
	cfg.Journal, cfg.Ledger = reopen(t, path), nil
	after := open(t, cfg).Usage()
	// 10 · 0.5 + 5 · 2 = 15 millionths an answer; 1000 · 0.5 for the tuning.
	want := []Usage{
		{Backend: "b", Role: RoleTuning, Requests: 1, PromptTokens: 1000, CostMicros: 500, Currency: "USD"},
		{Backend: "b", Cell: "micro/pop/a/r0", Role: RoleAgent, Requests: 3, PromptTokens: 30, CompletionTokens: 15, CostMicros: 45, Currency: "USD"},
		{Backend: "b", Cell: "micro/pop/a/r0", Role: RoleJudge, Requests: 2, PromptTokens: 20, CompletionTokens: 10, CostMicros: 30, Currency: "USD"},
	}
	if !slices.Equal(before, want) || !slices.Equal(after, want) {
		t.Errorf("before:\n%+v\nafter:\n%+v\nwant:\n%+v", before, after, want)
	}
}

func TestJournalBegunAndKilledIsNoDamage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "answers.db")
	if err := os.WriteFile(filepath.Join(dir, ".tmp-answers.db"), []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	reopen(t, path)
}
