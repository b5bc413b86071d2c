package convert

import (
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"github.com/alignuser/alignuser/sdk"
	"github.com/alignuser/alignuser/sdk/internal/le"
	pb "github.com/alignuser/alignuser/sdk/internal/wire/pluginv1"
)

// ToChunk makes a message. A chunk beyond sdk.MaxChunkRows or sdk.MaxMessage is
// refused; sdk.Cut makes none unless a single row is too large.
func ToChunk(c sdk.Chunk) (*pb.ColumnChunk, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Rows() > sdk.MaxChunkRows {
		return nil, sdk.Invalidf("", "table %s: chunk of %d rows: at most %d, as sdk.Cut makes them", c.Name, c.Rows(), sdk.MaxChunkRows)
	}
	out := &pb.ColumnChunk{Table: c.Name, Seq: c.Seq, Rows: int32(c.Rows())}
	for _, col := range c.Columns {
		w, err := toColumn(col)
		if err != nil {
			return nil, fmt.Errorf("table %s: column %s: %w", c.Name, col.Name, err)
		}
		out.Columns = append(out.Columns, w)
	}
	out.Crc32C = checksum(out.Columns)
	if n := proto.Size(out); n > sdk.MaxMessage {
		if c.Rows() == 1 {
			return nil, sdk.Invalidf("", "table %s: a single row has %d bytes: at most %d: shorten its text", c.Name, n, sdk.MaxMessage)
		}
		return nil, sdk.Invalidf("", "table %s: chunk of %d rows has %d bytes: at most %d, as sdk.Cut makes them", c.Name, c.Rows(), n, sdk.MaxMessage)
	}
	return out, nil
}

func toColumn(c sdk.Column) (*pb.Column, error) {
	out := &pb.Column{Name: c.Name, Type: pb.ColumnType(c.Type()), Lists: le.Bytes(c.Lists)}
	switch d := c.Data.(type) {
	case []int32:
		out.Data = le.Bytes(d)
	case []int64:
		out.Data = le.Bytes(d)
	case []float32:
		out.Data = le.Bytes(d)
	case []float64:
		out.Data = le.Bytes(d)
	case []uint8:
		out.Data = d
	case []string:
		offsets := make([]uint32, len(d)+1)
		at := 0
		for i, s := range d {
			if at += len(s); at > math.MaxUint32 {
				return nil, sdk.Invalidf("", "more than 4 GiB of text")
			}
			offsets[i+1] = uint32(at)
		}
		out.Offsets = le.Bytes(offsets)
		out.Data = []byte(strings.Join(d, ""))
		if !utf8.Valid(out.Data) {
			return nil, sdk.Invalidf("", "text is not UTF-8")
		}
	}
	return out, nil
}

// checksum is CRC-32C over data, offsets and lists of every column in order.
func checksum(columns []*pb.Column) uint32 {
	table, sum := crc32.MakeTable(crc32.Castagnoli), uint32(0)
	for _, c := range columns {
		sum = crc32.Update(sum, table, c.GetData())
		sum = crc32.Update(sum, table, c.GetOffsets())
		sum = crc32.Update(sum, table, c.GetLists())
	}
	return sum
}

// FromChunk reads a message and verifies its checksum, size and shape.
func FromChunk(m *pb.ColumnChunk) (sdk.Chunk, error) {
	rows := int(m.GetRows())
	out := sdk.Chunk{Table: sdk.Table{Name: m.GetTable()}, Seq: m.GetSeq()}
	if rows < 0 || rows > sdk.MaxChunkRows {
		return out, sdk.Invalidf("", "table %s: chunk of %d rows: at most %d", m.GetTable(), rows, sdk.MaxChunkRows)
	}
	if n := proto.Size(m); n > sdk.MaxMessage {
		return out, sdk.Invalidf("", "table %s: chunk of %d bytes: at most %d", m.GetTable(), n, sdk.MaxMessage)
	}
	if sum := checksum(m.GetColumns()); sum != m.GetCrc32C() {
		return out, sdk.Invalidf("", "table %s: chunk %d: checksum %08x, want %08x", m.GetTable(), m.GetSeq(), sum, m.GetCrc32C())
	}
	for _, c := range m.GetColumns() {
		col, err := fromColumn(c, rows)
		if err != nil {
			return out, fmt.Errorf("table %s: chunk %d: column %s: %w", m.GetTable(), m.GetSeq(), c.GetName(), err)
		}
		if _, twice := out.Column(col.Name); twice || col.Name == "" {
			return out, sdk.Invalidf("", "table %s: chunk %d: column %q: empty or repeated name", m.GetTable(), m.GetSeq(), col.Name)
		}
		out.Columns = append(out.Columns, col)
	}
	if rows > 0 && len(out.Columns) == 0 {
		return out, sdk.Invalidf("", "table %s: chunk %d: %d rows without columns", m.GetTable(), m.GetSeq(), rows)
	}
	return out, out.Check()
}

func fromColumn(m *pb.Column, rows int) (sdk.Column, error) {
	out := sdk.Column{Name: m.GetName()}
	elements := rows
	if len(m.GetLists()) > 0 {
		lists, err := positions("lists", m.GetLists(), rows)
		if err != nil {
			return out, err
		}
		out.Lists, elements = lists, int(lists[rows])
	}
	var err error
	switch m.GetType() {
	case pb.ColumnType_COLUMN_TYPE_I32:
		out.Data, err = data[int32](m, elements)
	case pb.ColumnType_COLUMN_TYPE_I64:
		out.Data, err = data[int64](m, elements)
	case pb.ColumnType_COLUMN_TYPE_F32:
		out.Data, err = data[float32](m, elements)
	case pb.ColumnType_COLUMN_TYPE_F64:
		out.Data, err = data[float64](m, elements)
	case pb.ColumnType_COLUMN_TYPE_U8:
		out.Data, err = data[uint8](m, elements)
	case pb.ColumnType_COLUMN_TYPE_STR:
		out.Data, err = texts(m, elements)
	default:
		err = known("type", m.GetType(), 0)
	}
	return out, err
}

// data reads numbers; never nil, so that the column's type is known.
func data[T le.Number](m *pb.Column, elements int) (any, error) {
	v, err := column[T]("data", m.GetData(), elements)
	if v == nil {
		v = []T{}
	}
	return v, err
}

func texts(m *pb.Column, elements int) (any, error) {
	offsets, err := positions("offsets", m.GetOffsets(), elements)
	if err != nil {
		return nil, err
	}
	raw := m.GetData()
	if int(offsets[elements]) != len(raw) || !utf8.Valid(raw) {
		return nil, sdk.Invalidf("", "%d bytes of text are not the %d of the offsets, or not UTF-8", len(raw), offsets[elements])
	}
	all, out := string(raw), make([]string, elements)
	for i := range out {
		if at := int(offsets[i]); at < len(raw) && !utf8.RuneStart(raw[at]) {
			return nil, sdk.Invalidf("", "an offset cuts a character at byte %d", at)
		}
		out[i] = all[offsets[i]:offsets[i+1]]
	}
	return out, nil
}

// positions reads n+1 u32 that start at 0 and never decrease.
func positions(what string, b []byte, n int) ([]uint32, error) {
	p, err := column[uint32](what, b, n+1)
	if err != nil {
		return nil, err
	}
	if p[0] != 0 {
		return nil, sdk.Invalidf("", "%s start at %d", what, p[0])
	}
	for i := 1; i < len(p); i++ {
		if p[i] < p[i-1] {
			return nil, sdk.Invalidf("", "%s decrease at %d", what, i)
		}
	}
	return p, nil
}
