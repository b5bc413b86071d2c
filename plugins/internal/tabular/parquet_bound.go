package tabular

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The decoder allocates what a file claims: a list of so many elements, a page
// of so many bytes or values. So claims are held against what is there before
// it sees them. A page may well unpack to more than it is, and one number may
// stand for many equal values, hence the slack.
const (
	maxDepth     = 32
	maxHeader    = 16 << 20 // of a page, with its statistics
	pageSlack    = 16 << 20 // bytes or values of a page beyond what its size explains
	pageRatio    = 4096     // of a page's bytes unpacked to packed
	maxPage      = 1 << 30
	bitsPerByte  = 8
	tailBytes    = 8 // length of the footer, and the magic
	fewestBytes  = 4 + tailBytes
	parquetMagic = "PAR1"
)

// checkFooter holds the footer to its own length.
func checkFooter(at io.ReaderAt, size int64) error {
	var tail [tailBytes]byte
	if size < fewestBytes {
		return errors.New("too short")
	}
	if _, err := at.ReadAt(tail[:], size-tailBytes); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	if string(tail[4:]) != parquetMagic || n > size-fewestBytes {
		return errors.New("its end is missing")
	}
	footer := make([]byte, n)
	if _, err := at.ReadAt(footer, size-tailBytes-n); err != nil {
		return err
	}
	if _, err := structSize(footer, 0); err != nil {
		return fmt.Errorf("its footer is damaged: %w", err)
	}
	return nil
}

// checkPages holds every page of a decoded footer to the size of the file.
func checkPages(at io.ReaderAt, size int64, meta *format.FileMetaData) error {
	for g := range meta.RowGroups {
		for c := range meta.RowGroups[g].Columns {
			chunk := &meta.RowGroups[g].Columns[c]
			for _, part := range [][2]int64{
				{chunk.OffsetIndexOffset, int64(chunk.OffsetIndexLength)},
				{chunk.ColumnIndexOffset, int64(chunk.ColumnIndexLength)},
				{chunk.MetaData.DataPageOffset, chunk.MetaData.TotalCompressedSize},
			} {
				if part[0] < 0 || part[1] < 0 || part[0] > size || part[1] > size {
					return fmt.Errorf("row group %d: column %d: %d bytes at %d of a file of %d", g, c, part[1], part[0], size)
				}
			}
			starts := []int64{chunk.MetaData.DataPageOffset}
			if d := chunk.MetaData.DictionaryPageOffset; d != 0 && d != starts[0] {
				starts = append(starts, d)
			}
			for _, start := range starts {
				if err := checkChunk(at, size, start, start+chunk.MetaData.TotalCompressedSize); err != nil {
					return fmt.Errorf("row group %d: column %d: %w", g, c, err)
				}
			}
		}
	}
	return nil
}

// checkChunk looks at the header of every page from one position to another.
func checkChunk(at io.ReaderAt, size, from, to int64) error {
	for from < min(to, size) {
		head, err := pageHeader(at, size, from)
		if err != nil {
			return fmt.Errorf("page at %d: %w", from, err)
		}
		var p format.PageHeader
		if err := thrift.Unmarshal(new(thrift.CompactProtocol), head, &p); err != nil {
			return fmt.Errorf("page at %d: %w", from, err)
		}
		from += int64(len(head))
		packed, unpacked := int64(p.CompressedPageSize), int64(p.UncompressedPageSize)
		if packed < 0 || unpacked < 0 || packed > size-from {
			return fmt.Errorf("page at %d: %d bytes, %d unpacked, in a file of %d", from, packed, unpacked, size)
		}
		if unpacked > maxPage || unpacked > pageSlack+pageRatio*packed {
			return fmt.Errorf("page at %d: %d bytes unpack to %d: if that is so, write smaller pages", from, packed, unpacked)
		}
		for _, n := range []int32{p.DataPageHeader.V.NumValues, p.DataPageHeaderV2.V.NumValues, p.DictionaryPageHeader.V.NumValues} {
			if n < 0 || int64(n) > pageSlack+bitsPerByte*unpacked {
				return fmt.Errorf("page at %d: %d values in %d bytes: if that is so, write smaller pages", from, n, unpacked)
			}
		}
		from += packed
	}
	return nil
}

// pageHeader reads the structure at a position, in growing bites.
func pageHeader(at io.ReaderAt, size, from int64) ([]byte, error) {
	for bite := int64(1 << 10); ; bite *= 16 {
		b := make([]byte, min(bite, size-from))
		if _, err := at.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		n, err := structSize(b, 0)
		if err == nil {
			return b[:n], nil
		}
		if !errors.Is(err, errShort) || bite >= min(maxHeader, size-from) {
			return nil, err
		}
	}
}

// errShort says that more bytes are claimed than there are.
var errShort = errors.New("it claims more than there is")

// structSize walks over a structure in Thrift's compact protocol and gives its
// size. It follows no claim further than the bytes go.
func structSize(b []byte, depth int) (int, error) {
	at := 0
	for {
		if at >= len(b) {
			return 0, errShort
		}
		head := b[at]
		at++
		if head == 0 {
			return at, nil
		}
		if head>>4 == 0 { // the field's number follows
			_, n := binary.Uvarint(b[at:])
			if n <= 0 {
				return 0, errShort
			}
			at += n
		}
		n, err := fieldSize(b[at:], head&0x0f, depth)
		if err != nil {
			return 0, err
		}
		at += n
	}
}

// Types of the compact protocol.
const (
	thriftTrue, thriftFalse = 1, 2
	thriftI8                = 3
	thriftI16, thriftI64    = 4, 6 // and I32 between them
	thriftDouble            = 7
	thriftBinary            = 8
	thriftList, thriftSet   = 9, 10
	thriftStruct            = 12 // 11 is a map, which Parquet has none of
)

// fieldSize is the size of a value in a structure.
func fieldSize(b []byte, kind byte, depth int) (int, error) {
	if kind == thriftTrue || kind == thriftFalse {
		return 0, nil // the type is the value
	}
	return valueSize(b, kind, depth)
}

// valueSize is the size of a value, in a list or by itself.
func valueSize(b []byte, kind byte, depth int) (int, error) {
	if depth > maxDepth {
		return 0, errors.New("it is nested too deeply")
	}
	switch {
	case kind == thriftTrue, kind == thriftFalse, kind == thriftI8:
		return held(b, 1)
	case kind >= thriftI16 && kind <= thriftI64:
		_, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, errShort
		}
		return n, nil
	case kind == thriftDouble:
		return held(b, 8)
	case kind == thriftBinary:
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)-n) {
			return 0, errShort
		}
		return n + int(length), nil
	case kind == thriftList, kind == thriftSet:
		return listSize(b, depth+1)
	case kind == thriftStruct:
		return structSize(b, depth+1)
	}
	return 0, fmt.Errorf("type %d, which Parquet has none of", kind)
}

func held(b []byte, n int) (int, error) {
	if len(b) < n {
		return 0, errShort
	}
	return n, nil
}

func listSize(b []byte, depth int) (int, error) {
	if len(b) == 0 {
		return 0, errShort
	}
	kind, count, at := b[0]&0x0f, uint64(b[0]>>4), 1
	if count == 15 {
		long, n := binary.Uvarint(b[1:])
		if n <= 0 {
			return 0, errShort
		}
		count, at = long, at+n
	}
	if count > uint64(len(b)-at) { // every element has a byte
		return 0, errShort
	}
	for range count {
		n, err := valueSize(b[at:], kind, depth)
		if err != nil {
			return 0, err
		}
		at += n
	}
	return at, nil
}
