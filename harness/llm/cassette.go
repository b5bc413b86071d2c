package llm

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
	"go.etcd.io/bbolt"
)

// A cassette is, in this order:
//
//	magic
//	uint32 length, binding as JSON
//	blocks: zstd over records of key, uvarint length, entry in its plain form,
//	        sorted by key
//	index:  zstd over, per block, its first key, uint64 offset, uint32 length
//	trailer: uint64 offset of the index, uint32 its length, uint64 number of
//	        answers, SHA-256 of everything before the sum, magicEnd
//
// All numbers are little-endian. The sum at the end is the cassette's id.
// There is no time, place or name of a machine in it.
const (
	magic    = "alignuser cassette 1\n"
	magicEnd = "cassette"

	// blockSize is of a block before compression: a lookup unpacks one.
	blockSize    = 16 << 10
	indexRecord  = sha256.Size + 8 + 4
	trailerSize  = 8 + 4 + 8 + sha256.Size + len(magicEnd)
	mostBinding  = 1 << 16
	mostCassette = 1 << 40
)

// WriteCassette writes the answers of journals into one file that replays
// them. Equal answers and bindings give equal bytes. The id is the SHA-256, in
// hex, that the file ends with and is known by. Where two journals answer the
// same question the first one counts.
func WriteCassette(w io.Writer, b Binding, journals ...*Journal) (id string, err error) {
	if len(journals) == 0 {
		return "", errors.New("cassette: no journal to write")
	}
	p, err := newPacker()
	if err != nil {
		return "", err
	}
	defer p.close()
	buf := bufio.NewWriterSize(w, 1<<16)
	out := &cassetteWriter{w: buf, sum: sha256.New(), packer: p}
	head, err := json.Marshal(b)
	if err != nil {
		return "", err
	}
	out.write([]byte(magic))
	out.write(binary.LittleEndian.AppendUint32(nil, uint32(len(head))))
	out.write(head)
	if err := merge(journals, out.add); err != nil {
		return "", err
	}
	id = out.finish()
	if out.err == nil {
		out.err = buf.Flush()
	}
	return id, out.err
}

// merge walks the answers of all journals in the order of keys, each key once.
func merge(journals []*Journal, add func(Key, []byte) error) error {
	if len(journals) == 1 {
		return journals[0].view(func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketAnswers).ForEach(func(k, v []byte) error { return add(Key(k), v) })
		})
	}
	cursors := make([]*bbolt.Cursor, len(journals))
	keys, values := make([][]byte, len(journals)), make([][]byte, len(journals))
	for i, j := range journals {
		tx, err := j.db.Begin(false)
		if err != nil {
			return fmt.Errorf("%s: %w", j.path, err)
		}
		defer func() { _ = tx.Rollback() }() // it only read
		cursors[i] = tx.Bucket(bucketAnswers).Cursor()
	}
	return guard(func() error {
		for i, c := range cursors {
			keys[i], values[i] = c.First()
		}
		for {
			first := -1
			for i, k := range keys {
				if k != nil && (first < 0 || bytes.Compare(k, keys[first]) < 0) {
					first = i
				}
			}
			if first < 0 {
				return nil
			}
			k := Key(keys[first])
			if err := add(k, values[first]); err != nil {
				return err
			}
			for i, c := range cursors {
				if keys[i] != nil && bytes.Equal(keys[i], k[:]) {
					keys[i], values[i] = c.Next()
				}
			}
		}
	})
}

// cassetteWriter keeps the first error and writes no more after it.
type cassetteWriter struct {
	w       io.Writer
	sum     hash.Hash
	packer  *packer
	at      uint64
	block   []byte
	first   Key // of the block
	index   []byte
	answers uint64
	err     error
}

func (c *cassetteWriter) write(b []byte) {
	if c.err != nil {
		return
	}
	_, _ = c.sum.Write(b) // a hash cannot fail
	_, c.err = c.w.Write(b)
	c.at += uint64(len(b))
}

func (c *cassetteWriter) add(k Key, raw []byte) error {
	plain, err := c.packer.plain(k, raw)
	if err != nil {
		return err
	}
	if len(c.block) == 0 {
		c.first = k
	}
	c.block = append(c.block, k[:]...)
	c.block = append(binary.AppendUvarint(c.block, uint64(len(plain))), plain...)
	c.answers++
	if len(c.block) >= blockSize {
		c.flush()
	}
	return c.err
}

func (c *cassetteWriter) flush() {
	if len(c.block) == 0 {
		return
	}
	packed := c.packer.enc.EncodeAll(c.block, nil)
	c.index = append(c.index, c.first[:]...)
	c.index = binary.LittleEndian.AppendUint64(c.index, c.at)
	c.index = binary.LittleEndian.AppendUint32(c.index, uint32(len(packed)))
	c.write(packed)
	c.block = c.block[:0]
}

func (c *cassetteWriter) finish() (id string) {
	c.flush()
	at := c.at
	packed := c.packer.enc.EncodeAll(c.index, nil)
	c.write(packed)
	trailer := binary.LittleEndian.AppendUint64(nil, at)
	trailer = binary.LittleEndian.AppendUint32(trailer, uint32(len(packed)))
	c.write(binary.LittleEndian.AppendUint64(trailer, c.answers))
	sum := c.sum.Sum(nil)
	c.write(sum)
	c.write([]byte(magicEnd))
	return hex.EncodeToString(sum)
}

// cassetteDecoder reads blocks of a file that may be anything.
func cassetteDecoder() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxEntry+blockSize))
}
