package tabular

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/alignuser/alignuser/sdk"
)

// source is a file that is hashed while it is read and unpacked where it is
// packed.
type source struct {
	name string
	file *os.File
	sum  hash.Hash
	size int64
	raw  io.Reader // the file as it lies there; reading hashes it
	text io.Reader // unpacked
	zstd *zstd.Decoder
	pack string // "gzip", "zstd" or ""
}

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// openSource opens dir/name. Packing is told by the first bytes, not by the
// name, but a name that promises packing must be right.
func openSource(dir, name string) (*source, error) {
	if !filepath.IsLocal(name) {
		return nil, sdk.Invalidf("path", "%s: want a file inside the folder %s: set path to the folder that holds all files", name, dir)
	}
	path := filepath.Join(dir, name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, sdk.Invalidf("path", "%s: there is no such file in %s%s", name, dir, nearby(dir, name))
	}
	if err != nil {
		return nil, sdk.Invalidf("path", "%s: %v", name, err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = sdk.Invalidf("path", "%s: is no plain file", name)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	s := &source{name: name, file: file, sum: sha256.New(), size: info.Size()}
	buffered := bufio.NewReaderSize(file, 1<<18)
	head, _ := buffered.Peek(4) // a shorter file has a shorter head
	s.raw = io.TeeReader(buffered, s.sum)
	if err := s.unpack(head); err != nil {
		_ = s.Close() // the first error counts
		return nil, err
	}
	return s, nil
}

// nearby names a file that was probably meant.
func nearby(dir, name string) string {
	stem := name
	for _, ext := range []string{".gz", ".zst"} {
		stem = strings.TrimSuffix(stem, ext)
	}
	var names []string
	entries, _ := os.ReadDir(dir) // nothing to suggest where it cannot be read
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	for _, other := range []string{stem, stem + ".gz", stem + ".zst", sdk.Nearest(name, names)} {
		if info, err := os.Stat(filepath.Join(dir, other)); other != "" && other != name && err == nil && info.Mode().IsRegular() {
			return ": did you mean " + other + "?"
		}
	}
	if len(names) > 0 && len(names) <= 12 {
		return ", which holds " + strings.Join(names, ", ")
	}
	return ""
}

func (s *source) unpack(head []byte) (err error) {
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		s.pack = "gzip"
		s.text, err = gzip.NewReader(s.raw)
	case bytes.HasPrefix(head, zstdMagic):
		s.pack = "zstd"
		s.zstd, err = zstd.NewReader(s.raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		s.text = s.zstd
	case strings.HasSuffix(s.name, ".gz"), strings.HasSuffix(s.name, ".zst"):
		return sdk.Invalidf("path", "%s: its name says packed, its content does not: fetch it again, or take the ending off its name if it was unpacked", s.name)
	default:
		s.text = s.raw
	}
	if err != nil {
		return sdk.Invalidf("path", "%s: damaged %s: %v: fetch it again", s.name, s.pack, err)
	}
	return nil
}

// Read gives unpacked bytes. Damage has a remedy in its text.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.text.Read(p)
	if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return n, err
	}
	if s.pack == "" {
		return n, sdk.Invalidf("path", "%s: %v", s.name, err)
	}
	why := "damaged " + s.pack
	if errors.Is(err, io.ErrUnexpectedEOF) {
		why = "cut short in the " + s.pack
	}
	return n, sdk.Invalidf("path", "%s: %s (%v): fetch it again", s.name, why, err)
}

// finish reads what unpacking left over, so that the hash covers every byte.
func (s *source) finish() error {
	if _, err := io.Copy(io.Discard, s.raw); err != nil {
		return sdk.Invalidf("path", "%s: %v", s.name, err)
	}
	return nil
}

func (s *source) source() sdk.File {
	return sdk.File{Path: filepath.ToSlash(s.name), Bytes: s.size, SHA256: hex.EncodeToString(s.sum.Sum(nil))}
}

func (s *source) Close() error {
	if s.zstd != nil {
		s.zstd.Close()
	}
	return s.file.Close()
}
