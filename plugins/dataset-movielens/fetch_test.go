package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alignuser/alignuser/sdk"
)

// entry is a file of a made-up archive.
type entry struct {
	name, text string
	mode       fs.FileMode
}

func zipOf(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(e.mode | 0o644)
		f, err := w.CreateHeader(h)
		if err == nil {
			_, err = f.Write([]byte(e.text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func toyZip(t *testing.T, more ...entry) []byte {
	return zipOf(t, append([]entry{
		{"toy/", "", fs.ModeDir}, {"toy/a.csv", "rows of a\n", 0}, {"toy/README.txt", "terms", 0}, {"toy/tags.csv", "not wanted", 0},
	}, more...)...)
}

// toy is a fetcher of an archive from a server.
func toy(t *testing.T, content []byte, handler http.HandlerFunc) (fetcher, *[]string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	sum := sha256.Sum256(content)
	said := &[]string{}
	return fetcher{
		archive: archive{"toy", int64(len(content)), hex.EncodeToString(sum[:]), []string{"a.csv"}},
		word:    "toy", mirror: server.URL + "/x", waits: [2]time.Duration{time.Millisecond, time.Millisecond},
		request: sdk.PrepareRequest{CacheDir: filepath.Join(t.TempDir(), "cache"), AcceptedLicenses: []string{license}},
		emit: func(e sdk.Event) {
			if w, ok := e.(sdk.Warning); ok {
				*said = append(*said, w.Summary)
			}
		},
	}, said
}

func archiveAt(content []byte, asked *atomic.Int32) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.ServeContent(w, r, "toy.zip", time.Time{}, bytes.NewReader(content))
	}
}

// wantRelease checks what lies in the folder, and that nothing else was left.
func wantRelease(t *testing.T, f fetcher, dir string) {
	t.Helper()
	var names []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	text, _ := os.ReadFile(filepath.Join(dir, "a.csv"))
	if got := strings.Join(names, " "); got != "README a.csv get.json" || string(text) != "rows of a\n" {
		t.Errorf("%s; a.csv is %q", got, text)
	}
	if left, _ := os.ReadDir(f.request.CacheDir); len(left) != 1 {
		t.Errorf("left %v", left)
	}
}

func TestFetch(t *testing.T) {
	var asked atomic.Int32
	content := toyZip(t)
	f, _ := toy(t, content, archiveAt(content, &asked))
	dir, err := f.fetched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantRelease(t, f, dir)
	var record got
	text, _ := os.ReadFile(filepath.Join(dir, recordFile))
	if err := json.Unmarshal(text, &record); err != nil || record.SHA256 != f.sha256 || record.License != license || record.From != f.mirror+"/toy.zip" || record.Accepted.IsZero() {
		t.Errorf("%+v, %v", record, err)
	}
	f.request.AcceptedLicenses, f.request.Offline = nil, true
	if again, err := f.fetched(t.Context()); err != nil || again != dir || asked.Load() != 1 {
		t.Errorf("what is here is asked for again: %v, %d requests", err, asked.Load())
	}
}

// TestFetchGoesOn: after failures that pass, and from where a cut download ended.
func TestFetchGoesOn(t *testing.T) {
	content := toyZip(t)
	var n atomic.Int32
	f, _ := toy(t, content, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 1, 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3: // half of it, then the line is cut
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			_, _ = w.Write(content[:len(content)/2])
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			panic(http.ErrAbortHandler)
		default:
			if want := fmt.Sprintf("bytes=%d-", len(content)/2); r.Header.Get("Range") != want {
				t.Errorf("range %q, want %q", r.Header.Get("Range"), want)
			}
			http.ServeContent(w, r, "toy.zip", time.Time{}, bytes.NewReader(content))
		}
	})
	if _, err := f.fetched(t.Context()); err == nil || !strings.Contains(err.Error(), "the same command goes on from there") {
		t.Fatalf("a cut download: %v", err)
	}
	dir, err := f.fetched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantRelease(t, f, dir)

	// A server that knows no ranges sends all of it again.
	f, _ = toy(t, content, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	if err := os.MkdirAll(f.request.CacheDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(f.request.CacheDir, "toy.zip.part"), []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if dir, err = f.fetched(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRelease(t, f, dir)
}

func TestFetchRefuses(t *testing.T) {
	content := toyZip(t)
	whole := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }
	for name, c := range map[string]struct {
		change  func(f *fetcher)
		handler http.HandlerFunc
		want    string
	}{
		"licence":    {func(f *fetcher) { f.request.AcceptedLicenses = []string{"MIT"} }, whole, "get it with alignuser data get movielens toy"},
		"offline":    {func(f *fetcher) { f.request.Offline = true }, whole, "the network may not be used"},
		"hash":       {func(f *fetcher) { f.sha256 = strings.Repeat("0", 64) }, whole, "is not the public release"},
		"too long":   {func(f *fetcher) { f.bytes -= 5 }, whole, "is not the public release"},
		"login":      {func(f *fetcher) { f.mirror = "https://me:secret@host/x" }, whole, "holds no login"},
		"not there":  {nil, http.NotFound, "the server answers 404"},
		"down":       {nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "giving up after 5 attempt(s)"},
		"no archive": {func(f *fetcher) { f.local = "/nowhere.zip" }, whole, "there is no such file"},
		"no file":    {func(f *fetcher) { f.files = []string{"a.csv", "b.csv"} }, whole, "has no b.csv"},
	} {
		f, _ := toy(t, content, c.handler)
		if c.change != nil {
			c.change(&f)
		}
		_, err := f.fetched(t.Context())
		if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if _, err := os.Stat(filepath.Join(f.request.CacheDir, "toy")); err == nil {
			t.Errorf("%s: a release lies there", name)
		}
	}
	f, _ := toy(t, content, whole)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.fetched(ctx); err == nil {
		t.Error("an ended context")
	}
}

// TestHostileArchive: names lead nowhere but to the files that are wanted, once
// each, and links are none.
func TestHostileArchive(t *testing.T) {
	for name, more := range map[string]entry{
		"climbs":   {"toy/../../a.csv", "evil", 0},
		"absolute": {"/toy/a.csv", "evil", 0},
		"twice":    {"toy/a.csv", "evil", 0},
		"link":     {"toy/b.csv", "/etc/passwd", fs.ModeSymlink},
	} {
		content := toyZip(t, more)
		f, _ := toy(t, content, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
		dir, err := f.fetched(t.Context())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantRelease(t, f, dir)
	}
	content := zipOf(t, entry{"toy/a.csv", "/etc/passwd", fs.ModeSymlink})
	f, _ := toy(t, content, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	if _, err := f.fetched(t.Context()); err == nil || !strings.Contains(err.Error(), "has no a.csv") {
		t.Errorf("a link in the place of a file: %v", err)
	}
	content = []byte("no zip at all")
	f, _ = toy(t, content, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	if _, err := f.fetched(t.Context()); !errors.Is(err, sdk.ErrInvalid) {
		t.Errorf("no zip: %v", err)
	}
}

// TestBadCertificate: the content is pinned, so a server whose certificate ran out
// is asked without encryption, and said so.
func TestBadCertificate(t *testing.T) {
	content := toyZip(t)
	plain, said := toy(t, content, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // its complaints are what is wanted
	secure.StartTLS()                                   // signed by nobody that is known
	defer secure.Close()
	reply, err := plain.ask(t.Context(), secure.URL, 0)
	if err == nil {
		reply.Body.Close()
	}
	if !badCertificate(err) {
		t.Fatalf("%v", err)
	}
	if badCertificate(errors.New("other")) || badCertificate(nil) {
		t.Error("any error is one of certificates")
	}
	// Both doors on one address cannot be; that the second is asked is seen by its error.
	plain.mirror = strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)
	if _, err := plain.fetched(t.Context()); err == nil || len(*said) != 1 || !strings.Contains((*said)[0], "is not valid") {
		t.Errorf("%v, said %q", err, *said)
	}
}

// TestPins: every release that can be asked for is pinned.
func TestPins(t *testing.T) {
	for name, a := range archives() {
		if len(a.sha256) != 64 || a.bytes < 1e5 || len(a.files) < 2 || !strings.HasPrefix(a.folder, "ml-") {
			t.Errorf("%s: %+v", name, a)
		}
	}
	for _, d := range []sdk.Dataset{new100K(), new1M(), newLatest()} {
		words := []string{d.Spec().Name}
		for _, o := range d.Spec().Options {
			if o.Name == "release" {
				words = o.Choices
			}
		}
		for _, w := range words {
			if archives()[w].sha256 == "" {
				t.Errorf("%s is not pinned", w)
			}
		}
	}
}
