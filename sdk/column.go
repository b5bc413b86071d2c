package sdk

import (
	"fmt"
	"math"
)

// ColumnType is the element type of a column.
type ColumnType int

// Column types. Missing values: NaN in floats, [MissingTime] in int64, -1 in
// int32 references, "" in strings.
const (
	ColumnI32 ColumnType = iota + 1
	ColumnI64
	ColumnF32
	ColumnF64
	ColumnU8
	ColumnStr
)

var columnTypeNames = [...]string{"unknown", "i32", "i64", "f32", "f64", "u8", "str"}

// String gives the name used in manifests.
func (t ColumnType) String() string {
	if t < 0 || int(t) >= len(columnTypeNames) {
		return columnTypeNames[0]
	}
	return columnTypeNames[t]
}

// ParseColumnType is the inverse of ColumnType.String.
func ParseColumnType(s string) (ColumnType, bool) {
	for t, name := range columnTypeNames[1:] {
		if name == s {
			return ColumnType(t + 1), true
		}
	}
	return 0, false
}

// Size of one element in bytes; 0 for strings.
func (t ColumnType) Size() int {
	switch t {
	case ColumnI32, ColumnF32:
		return 4
	case ColumnI64, ColumnF64:
		return 8
	case ColumnU8:
		return 1
	}
	return 0
}

// MissingTime marks an interaction without a time.
const MissingTime int64 = math.MinInt64

// MaxChunkRows is the largest number of rows in one chunk, MaxMessage the
// largest size of one streamed message in bytes.
const (
	MaxChunkRows = 32768
	MaxMessage   = 1 << 20
)

// Column is a named column. Data is []int32, []int64, []float32, []float64,
// []uint8 or []string. A list column has row offsets in Lists: row i owns
// elements Lists[i]:Lists[i+1].
type Column struct {
	Name  string
	Data  any
	Lists []uint32
}

// Type of the column's elements; 0 when Data is none of the known slices.
func (c Column) Type() ColumnType {
	switch c.Data.(type) {
	case []int32:
		return ColumnI32
	case []int64:
		return ColumnI64
	case []float32:
		return ColumnF32
	case []float64:
		return ColumnF64
	case []uint8:
		return ColumnU8
	case []string:
		return ColumnStr
	}
	return 0
}

// Elements counts the elements, which differ from rows in list columns.
func (c Column) Elements() int {
	switch d := c.Data.(type) {
	case []int32:
		return len(d)
	case []int64:
		return len(d)
	case []float32:
		return len(d)
	case []float64:
		return len(d)
	case []uint8:
		return len(d)
	case []string:
		return len(d)
	}
	return 0
}

// Rows counts the rows.
func (c Column) Rows() int {
	if c.Lists != nil {
		return len(c.Lists) - 1
	}
	return c.Elements()
}

// slice gives rows [from, to) without copying data; list offsets are rebased.
func (c Column) slice(from, to int) Column {
	out := Column{Name: c.Name}
	lo, hi := from, to
	if c.Lists != nil {
		lo, hi = int(c.Lists[from]), int(c.Lists[to])
		out.Lists = make([]uint32, to-from+1)
		for i := range out.Lists {
			out.Lists[i] = c.Lists[from+i] - c.Lists[from]
		}
	}
	switch d := c.Data.(type) {
	case []int32:
		out.Data = d[lo:hi]
	case []int64:
		out.Data = d[lo:hi]
	case []float32:
		out.Data = d[lo:hi]
	case []float64:
		out.Data = d[lo:hi]
	case []uint8:
		out.Data = d[lo:hi]
	case []string:
		out.Data = d[lo:hi]
	}
	return out
}

// bytes estimates the encoded size of rows [from, to).
func (c Column) bytes(from, to int) int {
	n := 0
	if c.Lists != nil {
		n += 4 * (to - from + 1)
		from, to = int(c.Lists[from]), int(c.Lists[to])
	}
	if d, ok := c.Data.([]string); ok {
		for _, s := range d[from:to] {
			n += len(s) + 4
		}
		return n + 4
	}
	return n + (to-from)*c.Type().Size()
}

// Table is a named set of columns with equal row counts.
type Table struct {
	Name    string
	Columns []Column
}

// Rows counts the rows.
func (t Table) Rows() int {
	if len(t.Columns) == 0 {
		return 0
	}
	return t.Columns[0].Rows()
}

// Column finds a column by name.
func (t Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// Check reports a column of unknown type, of another length, or with list
// offsets that do not fit.
func (t Table) Check() error {
	for _, c := range t.Columns {
		if c.Type() == 0 {
			return Invalidf("", "table %s: column %s: type %T", t.Name, c.Name, c.Data)
		}
		if c.Lists != nil {
			if err := (Ragged{Offsets: c.Lists, Items: make([]int32, 0)}).checkLists(c.Elements()); err != nil {
				return fmt.Errorf("table %s: column %s: %w", t.Name, c.Name, err)
			}
		}
		if c.Rows() != t.Rows() {
			return Invalidf("", "table %s: column %s has %d rows, %s has %d", t.Name, c.Name, c.Rows(), t.Columns[0].Name, t.Rows())
		}
	}
	return nil
}

func (r Ragged) checkLists(elements int) error {
	if len(r.Offsets) == 0 || r.Offsets[0] != 0 || int(r.Offsets[len(r.Offsets)-1]) != elements {
		return Invalidf("", "list offsets do not cover %d elements", elements)
	}
	for i := 1; i < len(r.Offsets); i++ {
		if r.Offsets[i] < r.Offsets[i-1] {
			return Invalidf("", "list offsets decrease at row %d", i-1)
		}
	}
	return nil
}

// Chunk is a run of rows of one table, in order; Seq counts from 0.
type Chunk struct {
	Table
	Seq int64
}

// Cut yields a table in chunks of at most [MaxChunkRows] rows and about three quarters of
// [MaxMessage] bytes. Names restricts the columns; none means all. An empty
// table is one chunk of no rows, so that its columns are known.
func Cut(t Table, names []string, yield func(Chunk) error) error {
	if err := t.Check(); err != nil {
		return err
	}
	cols := t.Columns
	if len(names) > 0 {
		cols = nil
		for _, n := range names {
			c, ok := t.Column(n)
			if !ok {
				return Invalidf("", "table %s has no column %s", t.Name, n)
			}
			cols = append(cols, c)
		}
	}
	rows := t.Rows()
	for from, seq := 0, int64(0); seq == 0 || from < rows; seq++ {
		to := min(rows, from+MaxChunkRows)
		for to > from+1 && sizeOf(cols, from, to) > MaxMessage*3/4 {
			to = from + (to-from)/2
		}
		chunk := Chunk{Table: Table{Name: t.Name}, Seq: seq}
		for _, c := range cols {
			chunk.Columns = append(chunk.Columns, c.slice(from, to))
		}
		if err := yield(chunk); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func sizeOf(cols []Column, from, to int) int {
	n := 0
	for _, c := range cols {
		n += c.bytes(from, to)
	}
	return n
}
