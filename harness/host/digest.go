package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
)

// entryName is the executable of a plugin that is a folder.
const entryName = "plugin"

// Digest hashes a plugin: "h1:" and the hex SHA-256 over one line
// "mode sha256 path" per file, sorted by path, where mode is 100755, 100644 or
// 120000 (a link, hashed by its target, which must stay inside). For a single
// executable the tree is that file under the path ".".
func Digest(p string) (string, error) {
	info, err := os.Stat(p)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() { // opening a pipe would wait for a writer
			return "", fmt.Errorf("digest: %s: neither file nor folder", p)
		}
		f, err := os.Open(p)
		if err != nil {
			return "", fmt.Errorf("digest: %w", err)
		}
		defer f.Close()
		return digestFile(f)
	}
	var lines []string
	root := os.DirFS(p)
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		line, err := digestEntry(p, name, d)
		lines = append(lines, line)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	if len(lines) == 0 {
		return "", fmt.Errorf("digest: %s: the folder is empty", p)
	}
	sort.Slice(lines, func(i, j int) bool { return pathOf(lines[i]) < pathOf(lines[j]) })
	return digestLines(lines), nil
}

// pathOf cuts "mode sha256 path"; mode has 6 letters and the hash 64.
func pathOf(line string) string { return line[6+1+64+1:] }

func digestEntry(root, name string, d fs.DirEntry) (string, error) {
	full := filepath.Join(root, filepath.FromSlash(name))
	switch {
	case strings.Contains(name, "\n"):
		return "", fmt.Errorf("%q: a line break in a file name", full)
	case d.Type()&fs.ModeSymlink != 0:
		target, err := os.Readlink(full)
		if err != nil {
			return "", err
		}
		slash := filepath.ToSlash(target)
		if path.IsAbs(slash) || !fs.ValidPath(path.Join(path.Dir(name), slash)) {
			return "", fmt.Errorf("%s: the link leaves the plugin's folder: %s", full, target)
		}
		sum := sha256.Sum256([]byte(slash))
		return "120000 " + hex.EncodeToString(sum[:]) + " " + name, nil
	case !d.Type().IsRegular():
		return "", fmt.Errorf("%s: neither file, folder nor link", full)
	}
	f, err := os.Open(full)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return digestLine(f, name)
}

func digestLine(f *os.File, name string) (string, error) {
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	mode := "100644"
	if info.Mode()&0o111 != 0 || runtime.GOOS == "windows" && strings.HasSuffix(name, ".exe") {
		mode = "100755"
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f, 0, info.Size())); err != nil {
		return "", err
	}
	return mode + " " + hex.EncodeToString(h.Sum(nil)) + " " + name, nil
}

func digestFile(f *os.File) (string, error) {
	line, err := digestLine(f, ".")
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	return digestLines([]string{line}), nil
}

func digestLines(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	return "h1:" + hex.EncodeToString(sum[:])
}

// image is an executable whose hash has just been checked.
type image struct {
	file *os.File // executed through its descriptor where that works; else nil
	path string   // what to execute
}

func (m image) close() {
	if m.file != nil {
		_ = m.file.Close()
	}
}

// open checks the executable against its digest and holds on to what it checked.
func (e Executable) open() (image, error) {
	info, err := os.Stat(e.Path)
	if err != nil {
		return image{}, e.untrusted(fmt.Sprintf("%s is missing", e.Path), err)
	}
	if info.IsDir() {
		have, err := Digest(e.Path)
		if err != nil {
			return image{}, err
		}
		return image{path: filepath.Join(e.Path, entryName)}, e.compare(have)
	}
	if !info.Mode().IsRegular() {
		return image{}, e.untrusted(e.Path+" is no longer a file", nil)
	}
	f, err := os.Open(e.Path)
	if err != nil {
		return image{}, err
	}
	have, err := digestFile(f)
	if err == nil {
		err = e.compare(have)
	}
	if err != nil {
		_ = f.Close()
		return image{}, err
	}
	if p := descriptorPath(f); p != "" {
		return image{file: f, path: p}, nil
	}
	_ = f.Close()
	return image{path: e.Path}, nil
}

func (e Executable) compare(have string) error {
	if have == e.Digest {
		return nil
	}
	return e.untrusted(fmt.Sprintf("%s has changed: pinned %s, found %s", e.Path, e.Digest, have), nil)
}

func (e Executable) untrusted(reason string, err error) error {
	fix := "if you trust it: alignuser plugin lock " + e.Path
	if e.Builtin {
		fix = "run the command again, and do not replace plugins during a run"
	}
	if errors.Is(err, fs.ErrNotExist) && !e.Builtin {
		fix = "build it, or remove its entry from the lock"
	}
	return &TrustError{Plugin: e.Label(), Reason: reason, Fix: fix}
}
