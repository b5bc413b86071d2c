package llm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alignuser/alignuser/sdk"
)

func layer(t testing.TB, path string) *Journal {
	t.Helper()
	j, err := ReadJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func record(t testing.TB, js ...*Journal) (path, id string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "toy.cassette")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	id, err = WriteCassette(f, toy, js...)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return path, id
}

func TestCassetteReplaysWithTheServerGone(t *testing.T) {
	const n = 700
	j := layer(t, filled(t, n))
	path, id := record(t, j)
	k, err := OpenCassette(path)
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if k.ID() != id || k.Len() != n || k.Binding() != toy || len(k.blocks) < 2 {
		t.Errorf("id %s, want %s; %d answers in %d blocks of %+v", k.ID(), id, k.Len(), len(k.blocks), k.Binding())
	}
	c := open(t, Config{Name: "b", Identity: "id", ReplayOnly: true, Layers: []Store{k}})
	for i := range n {
		if a := ask(t, c, question(fmt.Sprint(i))); a.Text != fmt.Sprint("re: ", i) || a.Usage.PromptTokens != 10 {
			t.Fatalf("%d: %+v", i, a)
		}
	}
	if _, err := c.Ask(t.Context(), question("new")); !errors.Is(err, ErrMiss) {
		t.Error(err)
	}
	mustSay(t, k.Check(Binding{Suite: "other", Run: "ba9876543210"}), path, "recording of suite toy, run 0123456789ab", "suite other")
	if err := k.Check(toy); err != nil {
		t.Error(err)
	}
}

func TestEqualAnswersEqualBytes(t *testing.T) {
	a, b := filled(t, 200), filled(t, 200)
	pathA, idA := record(t, layer(t, a))
	pathB, idB := record(t, layer(t, b))
	both, idBoth := record(t, layer(t, b), layer(t, filled(t, 50)))
	x, _ := os.ReadFile(pathA)
	y, _ := os.ReadFile(pathB)
	z, _ := os.ReadFile(both)
	if !bytes.Equal(x, y) || !bytes.Equal(x, z) || idA != idB || idA != idBoth {
		t.Errorf("bytes differ: %s, %s, %s", idA, idB, idBoth)
	}
	// The id can be checked with sha256sum over all but the last 40 bytes.
	sum := sha256.Sum256(x[:len(x)-sha256.Size-len(magicEnd)])
	if idA != hex.EncodeToString(sum[:]) {
		t.Error("the id is not the sum")
	}
}

func TestADamagedCassetteIsRefused(t *testing.T) {
	path, _ := record(t, layer(t, filled(t, 100)))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		b := bytes.Clone(whole)
		b[at] ^= 1
		if _, err := readCassette("x", bytes.NewReader(b), int64(len(b))); err == nil {
			t.Fatalf("byte %d of %d changed and nobody noticed", at, len(b))
		}
	}
	for n := range whole {
		if _, err := readCassette("x", bytes.NewReader(whole[:n]), int64(n)); err == nil {
			t.Fatalf("cut to %d of %d bytes and nobody noticed", n, len(whole))
		}
	}
	_, err = readCassette("x", bytes.NewReader(whole[:99]), 99)
	mustSay(t, err, "x: the cassette is cut short", "llm export")
}

func FuzzCassette(f *testing.F) {
	path, _ := record(f, layer(f, filled(f, 60)))
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > trailerSize { // a checksum must not keep the fuzzer out
			end := len(b) - sha256.Size - len(magicEnd)
			sum := sha256.Sum256(b[:end])
			copy(b[end:], sum[:])
			copy(b[end+sha256.Size:], magicEnd)
		}
		k, err := readCassette("x", bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		defer k.Close()
		for _, x := range k.blocks {
			_, _, _ = k.Lookup(x.first)
			x.first[31]++
			_, _, _ = k.Lookup(x.first)
		}
	})
}

func FuzzEntry(f *testing.F) {
	p, err := newPacker()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(p.close)
	f.Add((&entry{Text: "{}", JSON: []byte("{}"), Tokens: []sdk.TokenLogprob{{Token: "a", Alternatives: []sdk.TokenLogprob{{Token: "b"}}}}}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &reader{rest: b}
		e := r.entry()
		if r.bad || len(r.rest) > 0 {
			return
		}
		// What is read and written again reads the same.
		again := &reader{rest: e.append(nil)}
		e2 := again.entry()
		if again.bad || !bytes.Equal(e2.append(nil), e.append(nil)) {
			t.Errorf("%+v became %+v", e, e2)
		}
	})
}

func TestEntriesComeBackWhole(t *testing.T) {
	p, err := newPacker()
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	float := rapid.Float32Range(-100, 0)
	token := rapid.Custom(func(t *rapid.T) sdk.TokenLogprob {
		return sdk.TokenLogprob{Token: rapid.String().Draw(t, "token"), Logprob: float.Draw(t, "logprob")}
	})
	rapid.Check(t, func(t *rapid.T) {
		e := &entry{
			Text: rapid.String().Draw(t, "text"), Finish: sdk.FinishReason(rapid.IntRange(0, 4).Draw(t, "finish")),
			Model: rapid.String().Draw(t, "model"), Usage: sdk.Usage{PromptTokens: rapid.Int64().Draw(t, "prompt"), CostMicros: rapid.Int64().Draw(t, "cost"), Currency: "EUR"},
		}
		if rapid.Bool().Draw(t, "same") {
			e.JSON = append([]byte{}, e.Text...)
		}
		for range rapid.IntRange(0, 4).Draw(t, "tokens") {
			x := token.Draw(t, "token")
			if rapid.Bool().Draw(t, "alternatives") {
				x.Alternatives = []sdk.TokenLogprob{token.Draw(t, "alternative")}
			}
			e.Tokens = append(e.Tokens, x)
		}
		if rapid.Bool().Draw(t, "choice") {
			e.Choices = []sdk.ChoiceProbabilities{{Path: "a.b", Values: []string{"x", ""}, Probabilities: []float32{0.25, 0.75}}}
		}
		key := Key{1}
		got, err := p.unpack(key, p.pack(key, e))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(e, got); d != "" {
			t.Fatal(d)
		}
		if _, err := p.unpack(Key{2}, p.pack(key, e)); err == nil {
			t.Fatal("an entry passed under another's key")
		}
	})
}
