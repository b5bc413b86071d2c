package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/alignuser/alignuser/sdk"
)

// base is where GroupLens keeps the archives.
const base = "https://files.grouplens.org/datasets/movielens/"

// archive is a public release as it can be had. A release without a fixed content,
// such as latest, is none.
type archive struct {
	folder string // that it unpacks to; the archive is called after it
	bytes  int64
	sha256 string
	files  []string // what is needed of it; its README, with the terms, is kept too
}

// archives by the word of the component or of its option release. Sizes and hashes
// are those that TensorFlow Datasets publishes for the same addresses; that of 32m
// was published by several users of it.
func archives() map[string]archive {
	table := []string{"ratings.csv", "movies.csv"}
	return map[string]archive{
		"100k": {"ml-100k", 4924029, "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229", []string{
			"u.data", "u.genre", "u.info", "u.item", "u.occupation", "u.user", "u1.base", "u1.test", "u2.base", "u2.test", "u3.base", "u3.test",
			"u4.base", "u4.test", "u5.base", "u5.test", "ua.base", "ua.test", "ub.base", "ub.test",
		}},
		"1m":           {"ml-1m", 5917549, "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20", []string{"ratings.dat", "movies.dat", "users.dat"}},
		"latest-small": {"ml-latest-small", 978202, "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436", table},
		"20m":          {"ml-20m", 198702078, "96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3", table},
		"25m":          {"ml-25m", 261978986, "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa", table},
		"32m":          {"ml-32m", 238950008, "e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee", table},
	}
}

// recordFile says beside an unpacked release where it came from, and that its
// licence was accepted.
const recordFile = "get.json"

// got is recordFile.
type got struct {
	From     string    `json:"from"`
	SHA256   string    `json:"sha256"`
	Bytes    int64     `json:"bytes"`
	License  string    `json:"license"`
	Accepted time.Time `json:"accepted"`
}

// fetchOptions are what components say of how to get a release.
func fetchOptions() []sdk.OptionSpec {
	return []sdk.OptionSpec{
		{
			Name: "archive", Type: sdk.OptionPath, Neutral: true,
			Doc: "A zip of the release that is at hand, for alignuser data get --from. It must be the public one, by its hash.",
		},
		{
			Name: "mirror", Type: sdk.OptionString, Default: base, Neutral: true,
			Doc: "Where alignuser data get finds the archives. What comes from there must have the public hash.",
		},
	}
}

// network is the host that Prepare may ask.
const network = "files.grouplens.org"

// pathOf gives the option path; "" where it is not given.
func pathOf(o sdk.Options) string {
	if !o.Has("path") {
		return ""
	}
	return o.String("path")
}

// fetcherOf knows how to get a release with a component's options.
func fetcherOf(release, word string, o sdk.Options) fetcher {
	f := fetcher{archive: archives()[release], word: word, mirror: o.String("mirror")}
	if o.Has("archive") {
		f.local = o.String("archive")
	}
	return f
}

// with adds what only Prepare knows.
func (f fetcher) with(q sdk.PrepareRequest, emit sdk.Emit) fetcher {
	f.request, f.emit = q, emit
	return f
}

// fetcher gets a release into a folder.
type fetcher struct {
	archive
	word    string // for messages: how to ask for it
	request sdk.PrepareRequest
	local   string // archive at hand
	mirror  string
	emit    sdk.Emit
	waits   [2]time.Duration // between tries, least and most; 0: the library's
}

// fetched gives the unpacked release, getting it where it is not there and may be
// got.
func (f fetcher) fetched(ctx context.Context) (string, error) {
	dir := filepath.Join(f.request.CacheDir, f.folder)
	if _, err := os.Stat(filepath.Join(dir, recordFile)); err == nil {
		return dir, nil
	}
	if !slices.Contains(f.request.AcceptedLicenses, license) {
		return "", sdk.Invalidf("path", "the release is not here: get it with alignuser data get movielens %s, or set path to its unpacked folder", f.word)
	}
	if err := os.MkdirAll(f.request.CacheDir, 0o700); err != nil {
		return "", err
	}
	path, record := f.local, got{From: filepath.Base(f.local), SHA256: f.sha256, Bytes: f.bytes, License: license, Accepted: time.Now().UTC().Truncate(time.Second)}
	if path == "" {
		path = filepath.Join(f.request.CacheDir, f.folder+".zip.part")
		record.From = f.address()
		if err := f.download(ctx, path); err != nil {
			return "", err
		}
	}
	if err := f.check(path); err != nil {
		if f.local == "" {
			return "", errors.Join(err, os.Remove(path)) // what it holds is of no use
		}
		return "", err
	}
	if err := f.unpack(ctx, path, dir, record); err != nil {
		return "", err
	}
	if f.local == "" {
		return dir, os.Remove(path)
	}
	return dir, nil
}

func (f fetcher) address() string {
	return strings.TrimSuffix(f.mirror, "/") + "/" + f.folder + ".zip"
}

func (f fetcher) say(step int64, format string, args ...any) {
	if f.emit != nil {
		f.emit(sdk.Progress{Stage: "get " + f.folder, Step: step, Total: f.bytes, Message: fmt.Sprintf(format, args...)})
	}
}

// download appends what is missing of the archive to path, so that a download that
// was cut goes on from there.
func (f fetcher) download(ctx context.Context, path string) error {
	if f.request.Offline {
		return sdk.Invalidf("archive", "the network may not be used (ALIGNUSER_OFFLINE=1): download %s elsewhere, then alignuser data get movielens %s --from %s.zip", f.address(), f.word, f.folder)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close() // closed for good below
	have, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have >= f.bytes {
		return file.Close()
	}
	address := f.address()
	if u, err := url.Parse(address); err != nil || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return sdk.Invalidf("mirror", "want an address that begins with https:// and holds no login")
	}
	f.say(have, "from %s", address)
	reply, err := f.ask(ctx, address, have)
	if plain, ok := strings.CutPrefix(address, "https://"); ok && badCertificate(err) {
		f.warn("the certificate of %s is not valid: downloading without encryption, since the content is checked by its hash", f.mirror)
		reply, err = f.ask(ctx, "http://"+plain, have)
	}
	if err != nil {
		return sdk.Invalidf("mirror", "%s: %v: try again later, or download it by other means and alignuser data get movielens %s --from %s.zip", address, err, f.word, f.folder)
	}
	defer reply.Body.Close()
	if reply.StatusCode == http.StatusOK {
		if have, err = 0, file.Truncate(0); err != nil {
			return err
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	if err := f.copy(file, reply.Body, have); err != nil {
		return err
	}
	return file.Close()
}

// ask requests the bytes from an offset on. Failures that pass are tried again.
func (f fetcher) ask(ctx context.Context, address string, from int64) (*http.Response, error) {
	client := retryablehttp.NewClient()
	client.Logger, client.RetryMax = nil, 4
	if f.waits[1] > 0 {
		client.RetryWaitMin, client.RetryWaitMax = f.waits[0], f.waits[1]
	}
	request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if from > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	reply, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if reply.StatusCode == http.StatusOK || reply.StatusCode == http.StatusPartialContent && from > 0 {
		return reply, nil
	}
	_ = reply.Body.Close() // the status says it all
	return nil, fmt.Errorf("the server answers %s", reply.Status)
}

func badCertificate(err error) bool {
	var expired x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	return errors.As(err, &expired) || errors.As(err, &unknown) || errors.As(err, &name)
}

// copy takes no more than the archive can have.
func (f fetcher) copy(to io.Writer, from io.Reader, have int64) error {
	buffer := make([]byte, 1<<18)
	for have <= f.bytes {
		n, err := from.Read(buffer)
		if _, e := to.Write(buffer[:n]); e != nil {
			return e
		}
		have += int64(n)
		f.say(have, "")
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return sdk.Invalidf("mirror", "%s: cut after %d of %d bytes: %v: the same command goes on from there", f.address(), have, f.bytes, err)
		}
	}
	return nil
}

func (f fetcher) warn(format string, args ...any) {
	if f.emit != nil {
		f.emit(sdk.Warning{Diagnostic: sdk.Diagnostic{Severity: sdk.SeverityWarning, Summary: fmt.Sprintf(format, args...)}})
	}
}

// check holds an archive to size and hash.
func (f fetcher) check(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return sdk.Invalidf("archive", "%s: there is no such file", path)
	}
	if err != nil {
		return sdk.Invalidf("archive", "%v", err)
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if err != nil {
		return sdk.Invalidf("archive", "%v", err)
	}
	if have := hex.EncodeToString(sum.Sum(nil)); n != f.bytes || have != f.sha256 {
		name := f.address()
		if f.local != "" {
			name = f.local
		}
		return sdk.Invalidf("archive", "%s is not the public release: %d bytes with sha256 %s, want %d with %s: get it from %s%s.zip, or unpack it and set path if you trust it",
			name, n, have, f.bytes, f.sha256, base, f.folder)
	}
	return nil
}

func (g got) write(dir string) error {
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, recordFile), append(text, '\n'), 0o600)
}
