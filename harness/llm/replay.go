package llm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"

	"github.com/klauspost/compress/zstd"
)

// Cassette is a recording. Lookups are safe from several goroutines.
type Cassette struct {
	name    string
	r       io.ReaderAt
	close   func() error
	dec     *zstd.Decoder
	binding Binding
	id      string
	answers uint64
	blocks  []block
}

type block struct {
	first  Key
	at     int64
	length int
}

// OpenCassette opens a recording and checks all of it against its checksum.
func OpenCassette(path string) (*Cassette, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a file", path)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	c, err := readCassette(path, f, info.Size())
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	c.close = f.Close
	return c, nil
}

func readCassette(name string, r io.ReaderAt, size int64) (*Cassette, error) {
	c := &Cassette{name: name, r: r, close: func() error { return nil }}
	fail := func(err error) (*Cassette, error) {
		return nil, fmt.Errorf("%s: %w (get the file again, or make it anew with llm export)", name, err)
	}
	start := make([]byte, len(magic)+4)
	if _, err := r.ReadAt(start, 0); err != nil || string(start[:len(magic)]) != magic {
		return fail(errors.New("not a cassette that this program reads"))
	}
	bindingLen := int64(binary.LittleEndian.Uint32(start[len(magic):]))
	body := int64(len(start)) + bindingLen
	if bindingLen > mostBinding || size > mostCassette || size < body+int64(trailerSize) {
		return fail(errors.New("the cassette is cut short"))
	}
	trailer := make([]byte, trailerSize)
	if _, err := r.ReadAt(trailer, size-int64(trailerSize)); err != nil {
		return fail(err)
	}
	if string(trailer[trailerSize-len(magicEnd):]) != magicEnd {
		return fail(errors.New("the cassette is cut short"))
	}
	summed := size - int64(sha256.Size+len(magicEnd))
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(r, 0, summed)); err != nil {
		return fail(err)
	}
	want := trailer[20 : 20+sha256.Size]
	if !bytes.Equal(sum.Sum(nil), want) {
		return fail(errors.New("the cassette is damaged: its checksum differs"))
	}
	c.id = hex.EncodeToString(want)
	binding := make([]byte, bindingLen)
	if _, err := r.ReadAt(binding, int64(len(start))); err != nil {
		return fail(err)
	}
	if err := json.Unmarshal(binding, &c.binding); err != nil {
		return fail(fmt.Errorf("whose it is: %w", err))
	}
	if err := c.readIndex(trailer, body, size); err != nil {
		return fail(err)
	}
	return c, nil
}

// readIndex does not believe the index: a checksum tells damage, not malice.
func (c *Cassette) readIndex(trailer []byte, body, size int64) (err error) {
	if c.dec, err = cassetteDecoder(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			c.dec.Close()
		}
	}()
	at, length := binary.LittleEndian.Uint64(trailer), binary.LittleEndian.Uint32(trailer[8:])
	c.answers = binary.LittleEndian.Uint64(trailer[12:])
	if at < uint64(body) || at+uint64(length) != uint64(size)-uint64(trailerSize) {
		return errors.New("the cassette's index is out of place")
	}
	packed := make([]byte, length)
	if _, err := c.r.ReadAt(packed, int64(at)); err != nil {
		return err
	}
	index, err := c.dec.DecodeAll(packed, nil)
	if err != nil || len(index)%indexRecord != 0 {
		return errors.New("the cassette's index cannot be read")
	}
	next := uint64(body)
	for r := range slices.Chunk(index, indexRecord) {
		b := block{first: Key(r[:sha256.Size])}
		off := binary.LittleEndian.Uint64(r[sha256.Size:])
		b.at, b.length = int64(off), int(binary.LittleEndian.Uint32(r[sha256.Size+8:]))
		if n := len(c.blocks); off != next || uint64(b.length) > at-off || n > 0 && bytes.Compare(c.blocks[n-1].first[:], b.first[:]) >= 0 {
			return errors.New("the cassette's index is out of order")
		}
		next += uint64(b.length)
		c.blocks = append(c.blocks, b)
	}
	return nil
}

// Binding says what was recorded.
func (c *Cassette) Binding() Binding { return c.binding }

// Check refuses the recording of another run than b.
func (c *Cassette) Check(b Binding) error {
	if c.binding.Suite == b.Suite && c.binding.Run == b.Run {
		return nil
	}
	return fmt.Errorf("%s: a recording of suite %s, run %s: this is suite %s, run %s (replay the suite, data and version that were recorded)",
		c.name, c.binding.Suite, c.binding.Run, b.Suite, b.Run)
}

// ID is the SHA-256 that the file is known by, in hex.
func (c *Cassette) ID() string { return c.id }

// Len counts the answers.
func (c *Cassette) Len() int { return int(c.answers) }

// Lookup implements [Store].
func (c *Cassette) Lookup(k Key) (entry []byte, ok bool, err error) {
	i := sort.Search(len(c.blocks), func(i int) bool { return bytes.Compare(c.blocks[i].first[:], k[:]) > 0 }) - 1
	if i < 0 {
		return nil, false, nil
	}
	bad := func(err error) ([]byte, bool, error) {
		return nil, false, fmt.Errorf("%s: block %d: %w (get the file again)", c.name, i, err)
	}
	packed := make([]byte, c.blocks[i].length)
	if _, err := c.r.ReadAt(packed, c.blocks[i].at); err != nil {
		return bad(err)
	}
	rest, err := c.dec.DecodeAll(packed, nil)
	if err != nil {
		return bad(err)
	}
	for len(rest) > 0 {
		if len(rest) < len(k) {
			return bad(errEntry)
		}
		key := Key(rest[:len(k)])
		n, size := binary.Uvarint(rest[len(k):])
		rest = rest[len(k):]
		if size <= 0 || n > uint64(len(rest)-size) {
			return bad(errEntry)
		}
		if key == k {
			return rest[size : size+int(n) : size+int(n)], true, nil
		}
		rest = rest[size+int(n):]
	}
	return nil, false, nil
}

// Close closes the file.
func (c *Cassette) Close() error {
	c.dec.Close()
	return c.close()
}
