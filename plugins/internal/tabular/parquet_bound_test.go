package tabular

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/alignuser/alignuser/sdk"
)

// TestParquetClaims: a footer of nine bytes that says it lists two thousand
// million columns is refused before anything is made for them.
func TestParquetClaims(t *testing.T) {
	footer := []byte{
		0x15, 0x02, // field 1, i32: version 1
		0x19, 0xfc, // field 2, list of structures, whose number follows
		0xff, 0xff, 0xff, 0xff, 0x07, // 2³¹ − 1
	}
	file := append([]byte("PAR1"), footer...)
	file = append(append(file, byte(len(footer)), 0, 0, 0), "PAR1"...)
	before := allocated()
	err := readParquet(t, file)
	if !errors.Is(err, sdk.ErrInvalid) || !strings.Contains(err.Error(), "its footer is damaged: it claims more than there is: fetch it again") {
		t.Errorf("error %v", err)
	}
	if n := allocated() - before; n > 8<<20 {
		t.Errorf("%d bytes were made for it", n)
	}
}

// TestStructSize walks what the encoder writes, and no part of it.
func TestStructSize(t *testing.T) {
	b, err := thrift.Marshal(new(thrift.CompactProtocol), &format.FileMetaData{
		Version: 1, NumRows: 1 << 40, CreatedBy: "ann",
		Schema: []format.SchemaElement{{Name: "root"}, {Name: "é"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := structSize(append(b, 7, 7), 0); n != len(b) || err != nil {
		t.Errorf("%d of %d bytes, %v", n, len(b), err)
	}
	for cut := range b {
		if _, err := structSize(b[:cut], 0); !errors.Is(err, errShort) {
			t.Errorf("cut to %d of %d bytes: %v", cut, len(b), err)
		}
	}
	deep := bytes.Repeat([]byte{0x1c}, 100) // structures in structures
	if _, err := structSize(deep, 0); err == nil || !strings.Contains(err.Error(), "too deeply") {
		t.Errorf("nested: %v", err)
	}
	if _, err := structSize([]byte{0x1d, 0}, 0); err == nil || !strings.Contains(err.Error(), "type 13") {
		t.Errorf("unknown type: %v", err)
	}
}

func TestPageClaims(t *testing.T) {
	page := func(packed, unpacked, values int32) []byte {
		h := format.PageHeader{Type: format.DataPage, CompressedPageSize: packed, UncompressedPageSize: unpacked}
		h.DataPageHeader.Valid, h.DataPageHeader.V.NumValues = true, values
		b, err := thrift.Marshal(new(thrift.CompactProtocol), &h)
		if err != nil {
			t.Fatal(err)
		}
		return append(b, make([]byte, 10)...)
	}
	for _, c := range []struct {
		packed, unpacked, values int32
		want                     string // "": accepted
	}{
		{10, 10, 10, ""},
		{10, 16 << 20, 16 << 20, ""}, // equal values, packed well
		{11, 10, 10, "11 bytes, 10 unpacked, in a file of"},
		{-1, 10, 10, "-1 bytes"},
		{10, 1 << 30, 10, "10 bytes unpack to 1073741824: if that is so, write smaller pages"},
		{10, 10, 1 << 30, "1073741824 values in 10 bytes"},
		{10, 10, -1, "-1 values"},
	} {
		b := page(c.packed, c.unpacked, c.values)
		err := checkChunk(bytes.NewReader(b), int64(len(b)), 0, int64(len(b)))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: error %v", c, err)
		}
	}
}
